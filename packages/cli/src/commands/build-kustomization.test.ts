import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { runFlux } from '../testing/replay.js';

describe('build kustomization, remote bases', () => {
  let directory: string;
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  };
  const build = (path: string): ReturnType<typeof runFlux> =>
    runFlux(`build kustomization app --path ${directory}/${path} --kustomization-file ${directory}/app.yaml --dry-run`, {});

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

  test('are fetched, and go through the other stages', async () => {
    const { code, stdout, stderr } = await build('overlay');
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^ {2}hello: you$[\s\S]*^ {2}namespace: shop$/m);
    assert.match(stderr, /^► fetching file:.*ref=main\n$/);
  });

  test('that are not there fail the build, by their name', async () => {
    const { code, stderr } = await build('nowhere');
    assert.equal(code, 1);
    assert.match(stderr, /✗ kustomize build failed: .*no-repository/);
  });
});
