import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { main } from '../main.js';
import { terminalOver } from '../terminal.js';

const configMap = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: base\n';

describe('sluice kustomize build', () => {
  let directory: string;
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  };
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'sluice-build-'));
    write('remote/deploy/kustomization.yaml', 'resources: [cm.yaml]\n');
    write('remote/deploy/cm.yaml', configMap);
    const git = (...args: string[]) =>
      execFileSync('git', ['-C', join(directory, 'remote'), '-c', 'user.name=t', '-c', 'user.email=t@localhost', ...args]);
    git('init', '--quiet', '--initial-branch=main');
    git('add', '--all');
    git('commit', '--quiet', '--message=base');
    git('tag', 'v1');
    write('overlay/kustomization.yaml', `namePrefix: my-\nresources: ["file://${directory}/remote//deploy?ref=v1"]\n`);
    write('chart/charts/web/Chart.yaml', 'apiVersion: v2\nname: web\nversion: 1.0.0\n');
    write('chart/charts/web/values.yaml', 'color: red\n');
    write(
      'chart/charts/web/templates/cm.yaml',
      'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\ndata:\n  color: {{ .Values.color }}\n',
    );
    write('chart/kustomization.yaml', 'helmCharts:\n- name: web\n  releaseName: shop\n  valuesInline: {color: blue}\n');
  });
  after(() => rmSync(directory, { recursive: true }));

  test('a remote base is refused, and says so; allowed, it is fetched by its tag', async () => {
    const refused = await run(join(directory, 'overlay'));
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /remote bases are off/);
    const { code, stdout, stderr } = await run(join(directory, 'overlay'), '--allow-remote-bases');
    assert.equal(code, 0, stderr);
    assert.equal(stdout, configMap.replace('base', 'my-base'));
    assert.match(stderr, /^► fetching file:.*ref=v1\n$/);
  });

  test('charts are rendered when that is enabled', async () => {
    assert.match((await run(join(directory, 'chart'))).stderr, /must specify --enable-helm/);
    const { stdout, stderr } = await run(join(directory, 'chart'), '--enable-helm');
    assert.equal(stdout, 'apiVersion: v1\ndata:\n  color: blue\nkind: ConfigMap\nmetadata:\n  name: shop\n', stderr);
  });

  test('-o writes a file', async () => {
    const file = join(directory, 'out.yaml');
    const { code, stdout } = await run(join(directory, 'remote/deploy'), '-o', file);
    assert.deepEqual({ code, stdout }, { code: 0, stdout: '' });
    assert.equal(readFileSync(file, 'utf8'), configMap);
  });
});

async function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  let stdout = '';
  let stderr = '';
  const terminal = terminalOver(
    (text) => (stdout += text),
    (text) => (stderr += text),
    {},
  );
  const code = await main('sluice', ['kustomize', 'build', ...args], terminal, new AbortController().signal);
  return { code, stdout, stderr };
}
