import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startRegistry } from '../testing/registry.js';
import { runFlux } from '../testing/replay.js';

describe('artifacts of a registry', () => {
  let directory: string;
  let registry: Awaited<ReturnType<typeof startRegistry>>;
  const run = (line: string, stdin = '') =>
    runFlux(line.replaceAll('REPO', `oci://${registry.host}/team/app`).replaceAll('DIR', directory), { HOME: directory }, stdin);
  const from = '--source https://git.example/app --revision main@sha1:abc';

  before(async () => {
    registry = await startRegistry();
    directory = mkdtempSync(join(tmpdir(), 'sluice-artifacts-'));
    mkdirSync(join(directory, 'manifests'));
    mkdirSync(join(directory, 'pulled'));
    writeFileSync(join(directory, 'manifests/settings.yaml'), 'kind: ConfigMap\n');
    writeFileSync(join(directory, 'manifests/logo.png'), 'no manifest');
  });
  after(async () => {
    await registry.stop();
    rmSync(directory, { recursive: true });
  });

  test('a directory is pushed, and pulled as it was, but for what is ignored', async () => {
    const pushed = await run(`push artifact REPO:v1 --path DIR/manifests ${from}`);
    assert.equal(pushed.code, 0, pushed.stderr);
    assert.match(
      pushed.stderr,
      /^► pushing artifact to 127\.0\.0\.1:\d+\/team\/app:v1\n✔ artifact successfully pushed to .*\/team\/app@sha256:[0-9a-f]{64}\n$/,
    );
    const pulled = await run('pull artifact REPO:v1 --output DIR/pulled');
    assert.equal(pulled.code, 0, pulled.stderr);
    assert.match(pulled.stderr, /✔ source https:\/\/git\.example\/app\n✔ revision main@sha1:abc\n✔ digest /);
    assert.equal(readFileSync(join(directory, 'pulled/settings.yaml'), 'utf8'), 'kind: ConfigMap\n');
    assert.throws(() => readFileSync(join(directory, 'pulled/logo.png')));
  });

  test('what is piped in is pushed; the same input gives the same digest', async () => {
    const push = `push artifact REPO:v2 --path - ${from} --reproducible -o json`;
    const [first, second] = [await run(push, 'kind: Secret\n'), await run(push, 'kind: Secret\n')];
    assert.equal(first.code, 0, first.stderr);
    assert.deepEqual(JSON.parse(first.stdout), JSON.parse(second.stdout));
    assert.equal((JSON.parse(first.stdout) as { tag: string }).tag, 'v2');
  });

  test('tags are added and listed', async () => {
    assert.equal((await run('tag artifact REPO:v1 --tag latest --tag stable')).code, 0);
    const { stdout } = await run('list artifacts REPO --filter-regex ^(v|s)');
    assert.deepEqual(stdout.match(/app:\w+/g), ['app:v2', 'app:v1', 'app:stable']);
  });

  test('a difference is a failure that names the files', async () => {
    assert.equal((await run('diff artifact REPO:v1 --path DIR/manifests')).code, 0);
    writeFileSync(join(directory, 'manifests/more.yaml'), 'kind: Service\n');
    const { code, stdout, stderr } = await run('diff artifact REPO:v1 --path DIR/manifests');
    assert.deepEqual([code, stdout, stderr], [1, '+ more.yaml\n', '✗ the remote artifact contents differs from the local one\n']);
  });

  const refused: readonly [line: string, message: RegExp][] = [
    ['push artifact REPO:v1 --path DIR/manifests --revision r', /--source is required/],
    [`push artifact REPO:v1 --path DIR/nothing ${from}`, /must point to an existing directory or file/],
    [`push artifact ghcr.io/x:v1 --path DIR/manifests ${from}`, /oci:\/\//],
    [`push artifact REPO:v1 --path DIR/manifests ${from} --annotations bad`, /must be in the format key=value/],
    ['pull artifact REPO:nope --output DIR/pulled', /nope|not found|unknown/i],
    ['pull artifact REPO:v1 --output DIR/nowhere', /invalid output path/],
    ['tag artifact REPO:v1', /--tag is required/],
  ];
  for (const [line, message] of refused) {
    test(`refused: ${line}`, async () => {
      const { code, stderr } = await run(line);
      assert.equal(code, 1);
      assert.match(stderr, message);
    });
  }
});
