import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startCluster, type EmbeddedCluster } from '@sluice/apiserver';
import { createCluster, type Cluster } from '@sluice/kube';
import { configMap, createApplication, dataOf } from '../testing/application.js';
import { keyOfKind, startWorld, type World } from '../testing/world.js';

describe('a Kustomization of another cluster', () => {
  let world: World;
  let remote: EmbeddedCluster;
  let there: Cluster;
  before(async () => {
    [world, remote] = await Promise.all([startWorld(), startCluster({ ephemeral: true, simulate: false })]);
    there = createCluster(remote.fetch);
    await world.startControllers();
  });
  after(async () => {
    await world.close();
    await remote.stop();
  });

  async function setUp(kubeConfig: object) {
    const application = await createApplication(world, { 'a.yaml': configMap('a', '"1"') }, {});
    const { namespace, apply } = application;
    await there.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }, { fieldManager: 'test' });
    await apply('app', { path: './', kubeConfig });
    return application;
  }

  const secret = (namespace: string, text: string) =>
    world.cluster.create({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'other', namespace }, stringData: { value: text } });

  test('is applied there, kept there, and deleted there', async () => {
    const { namespace, ready, get } = await setUp({ secretRef: { name: 'other' } });
    await secret(namespace, remote.kubeconfig);
    await ready();
    const key = { apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'a' };
    assert.equal(await get('ConfigMap', 'a'), undefined);
    assert.deepEqual(dataOf(await there.get(key)), { v: '1' });
    await there.patch(key, 'merge', { data: { v: 'drifted' } }, { fieldManager: 'kubectl-edit' });
    await world.eventually('it is put right', async () => JSON.stringify(dataOf(await there.get(key))) === '{"v":"1"}', 3000);
    await there.delete(key);
    await world.eventually('it is made anew', () => there.get(key), 3000);
    await world.cluster.delete(keyOfKind('Kustomization', namespace, 'app'));
    await world.eventually('it is gone', async () => (await there.get(key)) === undefined);
  });

  test('a kubeconfig that asks for a command, a file or no check of certificates is refused', async () => {
    for (const { text, message } of [
      {
        text: remote.kubeconfig.replace(/token: .*/, 'exec: {apiVersion: client.authentication.k8s.io/v1, command: /bin/true}'),
        message: /^failed to build kube client: .*commands in a kubeconfig that comes from a cluster are not run/,
      },
      { text: remote.kubeconfig.replace(/token: .*/, 'tokenFile: /etc/passwd'), message: /must hold the data itself/ },
      {
        text: remote.kubeconfig.replace(/certificate-authority-data: .*/, 'insecure-skip-tls-verify: true'),
        message: /insecure-skip-tls-verify.*--insecure-kubeconfig-tls/,
      },
    ]) {
      const { namespace, failed } = await setUp({ secretRef: { name: 'other' } });
      await secret(namespace, text);
      await failed('ReconciliationFailed', message);
    }
  });

  test('a ConfigMap says which ServiceAccount to be there', async () => {
    const { namespace, failed } = await setUp({ configMapRef: { name: 'other' } });
    await failed('ReconciliationFailed', /unable to read KubeConfig configmap 't\d+\/other'/);
    const key = { apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'other' };
    await world.cluster.create({ ...key, metadata: { name: 'other', namespace }, data: { provider: 'aws', cluster: 'arn:x' } });
    await failed('ReconciliationFailed', /the provider 'aws' is not supported: use 'generic'/);
    const authority = Buffer.from(/certificate-authority-data: (\S+)/.exec(remote.kubeconfig)![1]!, 'base64').toString();
    await world.cluster.patch(key, 'merge', {
      data: { provider: 'generic', address: remote.url, 'ca.crt': authority, serviceAccountName: 'deployer' },
    });
    await failed('ReconciliationFailed', /no token for the ServiceAccount t\d+\/deployer/);
    await world.cluster.create({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'deployer', namespace } });
    // The other cluster does not know this one's tokens: it is asked, and says no.
    await failed('ReconciliationFailed', /Unauthorized/i);
  });
});
