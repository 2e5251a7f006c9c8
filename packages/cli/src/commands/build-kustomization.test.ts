import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { runFlux } from '../testing/replay.js';

describe('build kustomization', () => {
  let directory: string;
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  };
  const build = (path: string, more = ''): ReturnType<typeof runFlux> =>
    runFlux(`build kustomization app --path ${directory}/${path} --kustomization-file ${directory}/app.yaml --dry-run ${more}`, {});

  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'sluice-build-'));
    write('remote/kustomization.yaml', 'resources: [cm.yaml]\n');
    write('remote/cm.yaml', 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: base\ndata:\n  hello: ${who}\n');
    const git = (...args: string[]): unknown =>
      execFileSync('git', ['-C', join(directory, 'remote'), '-c', 'user.name=t', '-c', 'user.email=t@localhost', ...args]);
    git('init', '--quiet', '--initial-branch=main');
    git('add', '--all');
    git('commit', '--quiet', '--message=base');
    write('overlay/kustomization.yaml', `resources: ["file://${directory}/remote?ref=main"]\n`);
    write('nowhere/kustomization.yaml', `resources: ["file://${directory}/no-repository?ref=main"]\n`);
    write('generated/a.yaml', configMap('a'));
    write('generated/b.yaml', configMap('b'));
    write('generated/deep/c.yaml', configMap('c'));
    write('generated/.sourceignore', 'a.yaml\n');
    write('generated/deep/.sourceignore', '/c.yaml\n');
    write('written/kustomization.yaml', 'resources: [a.yaml, b.yaml, sub]\n');
    write('written/a.yaml', configMap('a'));
    write('written/b.yaml', configMap('b'));
    write('written/.sourceignore', 'a.yaml\n');
    write('written/sub/kustomization.yaml', 'nameSuffix: -of-sub\nresources: [a.yaml]\n');
    write('written/sub/a.yaml', configMap('a'));
    write(
      'app.yaml',
      `apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: app}
spec:
  interval: 1m
  prune: true
  path: ./apps
  targetNamespace: shop
  sourceRef: {kind: GitRepository, name: fleet}
  postBuild: {substitute: {who: you}}
`,
    );
  });
  after(() => rmSync(directory, { recursive: true }));

  test('remote bases are fetched, and go through the other stages', async () => {
    const { code, stdout, stderr } = await build('overlay');
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^ {2}hello: you$[\s\S]*^ {2}namespace: shop$/m);
    assert.match(stderr, /^► fetching file:.*ref=main\n$/);
  });

  test('remote bases that are not there fail the build, by their name', async () => {
    const { code, stderr } = await build('nowhere');
    assert.equal(code, 1);
    assert.match(stderr, /✗ kustomize build failed: .*no-repository/);
  });

  const ignored: readonly [name: string, path: string, flag: string, names: readonly string[]][] = [
    ['what .sourceignore files leave out is not part of a kustomization that is not written', 'generated', '', ['b']],
    ['more patterns are added to theirs, and may take something back', 'generated', '--ignore-paths=b.yaml,!a.yaml', ['a']],
    ['of a written one, entries are left out, and not what these bring', 'written', '', ['b', 'a-of-sub']],
    ['a directory is an entry', 'written', '--ignore-paths=sub', ['b']],
  ];
  for (const [name, path, flag, names] of ignored)
    test(name, async () => {
      const { stdout, stderr } = await build(path, flag);
      assert.deepEqual(
        Array.from(stdout.matchAll(/^ {2}name: (.*)$/gm), ([, found]) => found),
        names,
        stderr,
      );
    });

  test('messages name files as this machine does', async () => {
    write('twice/a.yaml', configMap('a'));
    write('twice/b.yaml', configMap('a'));
    assert.match(
      (await build('twice')).stderr,
      new RegExp(`must build at directory: '${directory}/twice/b\\.yaml'.*\\[${directory}/twice/b\\.yaml:1\\]`),
    );
  });
});

function configMap(name: string): string {
  return `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\n`;
}
