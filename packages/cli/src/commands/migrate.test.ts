import assert from 'node:assert/strict';
import { chmodSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { runFlux, shared } from '../testing/replay.js';

const recorded = join(shared, 'cli/golden/testdata/migrate');

describe('migrate -f', { skip: existsSync(recorded) ? false : '../shared/conformance is not there' }, () => {
  if (!existsSync(recorded)) return;
  const folder = 'testdata/migrate/file-system';
  let here: string;
  let directory: string;
  before(() => {
    here = process.cwd();
    directory = mkdtempSync(join(tmpdir(), 'sluice-migrate-'));
    cpSync(recorded, join(directory, 'testdata/migrate'), { recursive: true });
    // The recording can't be written, nor can its copy.
    chmodSync(join(directory, folder), 0o755);
    symlinkSync('single-file.yaml', join(directory, folder, 'link.yaml'));
    process.chdir(directory);
  });
  after(() => {
    process.chdir(here);
    rmSync(directory, { recursive: true, force: true });
  });

  const run = (line: string) => runFlux(`migrate ${line}`, { HOME: directory });
  const golden = (name: string) => readFileSync(join(recorded, 'file-system', name), 'utf8');

  test('a dry run changes nothing', async () => {
    const { code, stderr } = await run(`-f ${folder}/single-file.yaml --dry-run`);
    assert.equal(code, 0);
    assert.match(stderr, /dry-run mode enabled, no changes will be made/);
    assert.equal(readFileSync(join(directory, folder, 'single-file.yaml'), 'utf8'), golden('single-file.yaml'));
  });

  test('files become those of the latest versions', async () => {
    const copy = 'copy.yaml';
    writeFileSync(join(directory, copy), golden('single-file.yaml'));
    const { code, stderr } = await run(`-f ${copy} --yes`);
    assert.equal(code, 0, stderr);
    assert.equal(readFileSync(join(directory, copy), 'utf8'), golden('single-file.yaml.golden'));
    assert.equal(stderr, golden('single-file.yaml.output.golden').replaceAll(`${folder}/single-file.yaml`, copy));
  });

  const refused: readonly [what: string, line: string, error: string][] = [
    ['a link', `-f ${folder}/link.yaml --yes`, `file ${folder}/link.yaml is irregular`],
    ['another extension', `-f ${folder}/single-file-wrong-ext.json.txt --yes`, 'does not match the specified extensions: .yaml, .yml'],
    [
      'a version that is not known',
      `-f ${folder} --version 1.0`,
      'version 1.0 is not supported, supported versions are: 2.9, 2.8, 2.7, 2.6',
    ],
    ['a path that is not there', '-f nowhere --yes', 'failed to stat path nowhere'],
  ];
  for (const [what, line, error] of refused) {
    test(`${what} is refused`, async () => {
      const { code, stderr } = await run(line);
      assert.equal(code, 1);
      assert.ok(stderr.includes(error), stderr);
    });
  }
});
