import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startCluster, type EmbeddedCluster } from '@sluice/apiserver';
import { createCluster, type Cluster } from '@sluice/kube';
import { field } from '../kinds/index.js';
import { runFlux, type Outcome } from '../testing/replay.js';

describe('create, into a cluster', () => {
  let embedded: EmbeddedCluster;
  let cluster: Cluster;
  let directory: string;
  const flux = (line: string): Promise<Outcome> => runFlux(line, { KUBECONFIG: join(directory, 'kubeconfig'), HOME: directory });

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'sluice-create-'));
    embedded = await startCluster({ ephemeral: true, port: 0, simulate: false });
    writeFileSync(join(directory, 'kubeconfig'), embedded.kubeconfig, { mode: 0o600 });
    cluster = createCluster(embedded.fetch);
  });
  after(async () => {
    await embedded.stop();
    rmSync(directory, { recursive: true });
  });

  test('the token of a Receiver is not the one that the API server is asked with', async () => {
    const { code, stderr } = await flux('create secret receiver hook --type=github --token=of-the-hook --hostname=flux.example -n default');
    assert.equal(code, 0, stderr);
    const secret = await cluster.get({ apiVersion: 'v1', kind: 'Secret', namespace: 'default', name: 'hook' });
    assert.equal(field(secret, 'data', 'token'), Buffer.from('of-the-hook').toString('base64'));
    assert.match((await flux('get kustomizations --token=of-nobody')).stderr, /Unauthorized/);
  });

  test('a tenant gets another role', async () => {
    for (const role of ['cluster-admin', 'view', 'view']) {
      const { code, stderr } = await flux(`create tenant team --with-namespace=team --cluster-role=${role}`);
      assert.equal(code, 0, stderr);
      const key = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding', namespace: 'team', name: 'team-reconciler' };
      assert.equal(field(await cluster.get(key), 'roleRef', 'name'), role);
    }
  });
});
