import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startCluster, type EmbeddedCluster } from '@sluice/apiserver';
import { createCluster, type Cluster } from '@sluice/kube';
import type { KubeObject } from '@sluice/core';
import { listen } from '@sluice/sources/testing';
import { configMap, createApplication, dataOf } from '../testing/application.js';
import { startGateway } from '../testing/gateway.js';
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

  const description = (namespace: string, data: Readonly<Record<string, string>>) =>
    world.cluster.apply(
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'other', namespace }, data },
      { fieldManager: 'test', force: true },
    );
  const account = (namespace: string, annotations: Readonly<Record<string, string>> = {}) =>
    world.cluster.create({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'deployer', namespace, annotations } });
  const allow = (user: string) =>
    there.apply(
      {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRoleBinding',
        metadata: { name: user.replaceAll(':', '.') },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
        subjects: [{ kind: 'User', name: user, apiGroup: 'rbac.authorization.k8s.io' }],
      },
      { fieldManager: 'test', force: true },
    );

  test('that a ConfigMap describes is entered by a ServiceAccount of this one, where it trusts its tokens', async () => {
    const given = new Set<string>();
    const gateway = await startGateway(remote.fetch, async (token) => {
      const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', metadata: {}, spec: { token, audiences: ['there'] } };
      const { status } = await world.cluster.create<KubeObject & { status?: unknown }>(review);
      const { authenticated, user } = status as { authenticated?: boolean; user?: { username: string } };
      if (authenticated !== true) return undefined;
      given.add(token);
      return user?.username;
    });
    try {
      const { namespace, failed, ready, get } = await setUp({ configMapRef: { name: 'other' } });
      await failed('ReconciliationFailed', /unable to read KubeConfig configmap 't\d+\/other'/);
      const data = { provider: 'generic', address: gateway.url, 'ca.crt': gateway.authority };
      await description(namespace, { ...data, provider: 'hetzner' });
      await failed(
        'ReconciliationFailed',
        /configmap 't\d+\/other': provider 'hetzner' not implemented: there are aws, azure, gcp and generic/,
      );
      await description(namespace, data);
      await failed('ReconciliationFailed', /this process does not run as a ServiceAccount of a cluster: name one as serviceAccountName/);
      await description(namespace, { ...data, serviceAccountName: 'deployer' });
      await failed('ReconciliationFailed', /failed to get service account 't\d+\/deployer'/);
      await allow(`system:serviceaccount:${namespace}:deployer`);
      await account(namespace);
      // Whose tokens are for somebody else is nobody there.
      await failed('ReconciliationFailed', /Unauthorized/i);
      await description(namespace, { ...data, serviceAccountName: 'deployer', audiences: 'elsewhere\n there \n' });
      await ready();
      assert.equal(await get('ConfigMap', 'a'), undefined);
      const key = { apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'a' };
      assert.deepEqual(dataOf(await there.get(key)), { v: '1' });
      assert.equal(given.size, 1);
      await world.cluster.delete(keyOfKind('Kustomization', namespace, 'app'));
      await world.eventually('it is gone', async () => (await there.get(key)) === undefined);
    } finally {
      await gateway.close();
    }
  });

  test('that a ConfigMap describes is a cluster of EKS, entered by the role of a ServiceAccount', async () => {
    const gateway = await startGateway(remote.fetch, (token) => {
      const url = new URL(Buffer.from(token.replace('k8s-aws-v1.', ''), 'base64url').toString());
      const isOurs =
        url.searchParams.get('X-Amz-Credential')?.startsWith('AK/') === true && url.searchParams.get('Action') === 'GetCallerIdentity';
      return Promise.resolve(isOurs ? 'deployer-role' : undefined);
    });
    const aws = await listen((request, response) => {
      const isDescription = request.method === 'GET' && request.url === '/clusters/prod';
      const cluster = { endpoint: gateway.url, certificateAuthority: { data: Buffer.from(gateway.authority).toString('base64') } };
      const keys = `<AccessKeyId>AK</AccessKeyId><SecretAccessKey>SK</SecretAccessKey><Expiration>${new Date(Date.now() + 3600_000).toISOString()}</Expiration>`;
      response.end(isDescription ? JSON.stringify({ cluster }) : keys);
    });
    const environment = { AWS_ENDPOINT_URL_EKS: aws.url, AWS_ENDPOINT_URL_STS: aws.url };
    Object.assign(process.env, environment);
    try {
      await allow('deployer-role');
      const { namespace, failed, ready } = await setUp({ configMapRef: { name: 'other' } });
      await account(namespace);
      const data = { provider: 'aws', cluster: 'arn:aws:eks:eu-west-1:1:cluster/prod', serviceAccountName: 'deployer' };
      await description(namespace, data);
      await failed('ReconciliationFailed', /the ServiceAccount t\d+\/deployer lacks the annotation eks.amazonaws.com\/role-arn/);
      const annotations = { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::1:role/deployer' };
      await world.cluster.patch({ apiVersion: 'v1', kind: 'ServiceAccount', namespace, name: 'deployer' }, 'merge', {
        metadata: { annotations },
      });
      await ready();
      assert.deepEqual(dataOf(await there.get({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'a' })), { v: '1' });
    } finally {
      for (const name of Object.keys(environment)) Reflect.deleteProperty(process.env, name);
      await aws.close();
      await gateway.close();
    }
  });
});
