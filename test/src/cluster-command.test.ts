import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { createCluster, loadKubeconfig, networkFetch, type Cluster } from '@sluice/kube';
import { freePort, runSluice } from './quickstart.js';

const mine = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'default', name: 'mine' };

describe('a cluster in the background', () => {
  const parent = mkdtempSync(join(tmpdir(), 'sluice-cluster-'));
  const directory = join(parent, 'state');
  const cluster = (...args: string[]) => runSluice(['cluster', ...args, '--directory', directory]);
  after(async () => {
    await cluster('stop');
    rmSync(parent, { recursive: true });
  });

  async function withCluster(use: (client: Cluster) => Promise<void>): Promise<void> {
    const { stdout } = await cluster('kubeconfig');
    const network = networkFetch(await loadKubeconfig({ path: stdout.trim() }));
    try {
      await use(createCluster(network));
    } finally {
      await network.close();
    }
  }

  test('starts, and says how to reach it', async () => {
    const { code, stdout, stderr } = await cluster('start', '--port', String(await freePort()), '--no-simulate');
    assert.equal(code, 0, stderr);
    assert.equal(stdout, `export KUBECONFIG=${join(directory, 'kubeconfig')}\n`);
    assert.match(stderr, /^✔ cluster runs in the background \(process \d+\); stop it with `sluice cluster stop`\n$/);
    await withCluster(async (client) => {
      await client.create({ ...key(mine), data: { a: '1' } });
    });
  });

  test('a second one on the same directory is refused', async () => {
    const { code, stderr } = await cluster('start');
    assert.equal(code, 1);
    assert.match(stderr, /^✗ .* is in use by process \d+: stop that one first, or choose another --directory\.\n$/);
  });

  test('stops; started again, it has its state', async () => {
    assert.deepEqual(await cluster('stop'), { code: 0, stdout: '', stderr: '✔ cluster stopped\n' });
    assert.deepEqual(await cluster('stop'), { code: 0, stdout: '', stderr: `✔ no cluster runs on ${directory}\n` });
    assert.equal((await cluster('start', '--port', String(await freePort()))).code, 0);
    await withCluster(async (client) => assert.ok(await client.get(mine)));
  });

  test('a reset ends it and forgets its state', async () => {
    assert.equal((await cluster('reset')).code, 0);
    assert.ok(!existsSync(join(directory, 'kubeconfig')));
    assert.equal((await cluster('kubeconfig')).code, 1);
    assert.equal((await cluster('start', '--port', String(await freePort()))).code, 0);
    await withCluster(async (client) => assert.equal(await client.get(mine), undefined));
  });

  test('one in memory needs the foreground', async () => {
    const { code, stderr } = await runSluice(['cluster', 'start', '--ephemeral', '--directory', join(parent, 'other')]);
    assert.equal(code, 1);
    assert.match(stderr, /^✗ --ephemeral needs --foreground/);
  });
});

function key({ apiVersion, kind, namespace, name }: typeof mine) {
  return { apiVersion, kind, metadata: { namespace, name } };
}
