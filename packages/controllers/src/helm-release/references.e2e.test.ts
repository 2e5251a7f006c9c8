import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { startCluster, type EmbeddedCluster } from '@sluice/apiserver';
import { createCluster } from '@sluice/kube';
import { encrypt, generateAgeKey } from '@sluice/sops';
import { createOciClient } from '@sluice/sources';
import { chartFiles, createReleases } from '../testing/release.js';
import { keyOfKind, startWorld, type World } from '../testing/world.js';

const SOPS_KEYS = { namespace: 'default', name: 'sops-age' };

describe('what a HelmRelease refers to', () => {
  let world: World;
  before(async () => {
    world = await startWorld();
    await world.startControllers({ helm: { sopsAgeSecret: SOPS_KEYS, requeueDependencyMs: 600_000 } });
  });
  after(() => world.close());

  const create = (kind: string, namespace: string, name: string, rest: object, apiVersion = 'v1') =>
    world.cluster.create({ apiVersion, kind, metadata: { name, namespace }, ...rest });
  const valueOf = async (namespace: string, name = 'app-cm'): Promise<unknown> => {
    const found = await world.cluster.get({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name });
    return (found?.['data'] as { v?: unknown } | undefined)?.v;
  };

  test('values follow their ConfigMaps and Secrets', async () => {
    const { namespace, apply, ready, failed } = await createReleases(world, undefined, {});
    await apply('app', {
      valuesFrom: [
        { kind: 'ConfigMap', name: 'vals' },
        { kind: 'Secret', name: 'one', valuesKey: 'k', targetPath: 'v', optional: true },
      ],
    });
    assert.match(
      (await failed(/ValuesError/)).message,
      /could not resolve ConfigMap chart values reference 'r\d+\/vals' with key 'values.yaml'/,
    );
    await create('ConfigMap', namespace, 'vals', { data: { 'values.yaml': 'v: first\n' } });
    await ready();
    assert.equal(await valueOf(namespace), 'first');
    const key = { apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'vals' };
    await world.cluster.patch(key, 'merge', { data: { 'values.yaml': 'v: second\n' } });
    await world.eventually('the second value', async () => (await valueOf(namespace)) === 'second');
    await create('Secret', namespace, 'one', { stringData: { k: 'third' } });
    await world.eventually('the third value', async () => (await valueOf(namespace)) === 'third');
    await ready();
    await world.cluster.patch(key, 'merge', { data: { 'values.yaml': 'v: [does\nnot: parse\n' } });
    assert.match((await failed(/ValuesError/)).message, /could not resolve ConfigMap chart values reference 'r\d+\/vals'/);
    assert.equal(await valueOf(namespace), 'third');
  });

  test('encrypted values are decrypted with the keys of the engine', async () => {
    const { namespace, apply, ready, failed } = await createReleases(world, undefined, {});
    const { identity, recipient } = await generateAgeKey();
    const text = await encrypt(Buffer.from('v: secret\nplain: x\n'), {
      format: 'yaml',
      groups: [[{ type: 'age', recipient, enc: '' }]],
      rule: {},
      now: new Date(),
      random: (size) => randomBytes(size),
    });
    await create('Secret', namespace, 'vals', { data: { 'values.yaml': Buffer.from(text).toString('base64') } });
    await apply('app', { valuesFrom: [{ kind: 'Secret', name: 'vals' }] });
    const { message } = await failed(/ValuesError/);
    assert.match(
      message,
      /could not resolve Secret chart values reference .*: Secret default\/sops-age, which has the keys for encrypted values, is not there/,
    );
    await world.cluster.create({ apiVersion: 'v1', kind: 'Secret', metadata: SOPS_KEYS, stringData: { 'a.agekey': identity } });
    await ready();
    assert.equal(await valueOf(namespace), 'secret');
  });

  test('dependencies are waited for and heard of, of whatever kind', async () => {
    const { namespace, apply, ready, failed } = await createReleases(world, undefined, {
      last: { dependsOn: [{ name: 'middle' }] },
      middle: { dependsOn: [{ name: 'first' }, { kind: 'ConfigMap', apiVersion: 'v1', name: 'flag', readyExpr: "dep.data.go == 'yes'" }] },
    });
    await failed(/DependencyNotReady/, 'last');
    assert.match(
      (await failed(/DependencyNotReady/, 'middle')).message,
      /unable to get 'r\d+\/first' dependency: helmreleases.helm.toolkit.fluxcd.io "first" not found/,
    );
    await apply('first', {});
    await ready('first');
    await create('ConfigMap', namespace, 'flag', { data: { go: 'no' } });
    await world.eventually('the flag is seen', async () =>
      /ConfigMap\/r\d+\/flag' is not ready according to readyExpr/.test((await failed(/DependencyNotReady/, 'middle')).message),
    );
    await world.cluster.patch({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'flag' }, 'merge', { data: { go: 'yes' } });
    await ready('middle');
    await ready('last');
  });

  test('those who wait for each other are told so', async () => {
    const { failed } = await createReleases(world, undefined, {
      a: { dependsOn: [{ name: 'b' }] },
      b: { dependsOn: [{ name: 'c' }] },
      c: { dependsOn: [{ name: 'a' }] },
    });
    for (const name of ['a', 'b', 'c'])
      assert.match((await failed(/DependencyCycle/, name)).message, new RegExp(`wait for each other: r\\d+/${name} -> `));
  });

  test('a chart may be the artifact of an OCIRepository, and follows its tag', async () => {
    const { namespace, apply, ready, release } = await createReleases(world, undefined, {});
    const client = createOciClient({ url: `oci://${world.web.host}/charts/${namespace}` });
    const push = (version: string) =>
      client.push({
        tag: 'latest',
        config: { mediaType: 'application/vnd.cncf.helm.config.v1+json', content: Buffer.from('{}') },
        layers: [
          {
            mediaType: 'application/vnd.cncf.helm.chart.content.v1.tar+gzip',
            content: world.web.charts.add(`oci-${namespace}`, version, chartFiles()),
          },
        ],
      });
    const digest = await push('1.0.0');
    await create(
      'OCIRepository',
      namespace,
      'oci',
      {
        spec: {
          interval: '10m',
          insecure: true,
          url: `oci://${world.web.host}/charts/${namespace}`,
          ref: { tag: 'latest' },
          layerSelector: { mediaType: 'application/vnd.cncf.helm.chart.content.v1.tar+gzip', operation: 'copy' },
        },
      },
      'source.toolkit.fluxcd.io/v1',
    );
    await apply('app', { chart: undefined, chartRef: { kind: 'OCIRepository', name: 'oci' } });
    await ready();
    const { status } = await release();
    assert.equal(status?.lastAttemptedRevision, `1.0.0+${digest.slice('sha256:'.length, 'sha256:'.length + 12)}`);
    assert.equal(status?.lastAttemptedRevisionDigest, digest);
    await push('1.1.0');
    await world.cluster.patch({ apiVersion: 'source.toolkit.fluxcd.io/v1', kind: 'OCIRepository', namespace, name: 'oci' }, 'merge', {
      metadata: { annotations: { 'reconcile.fluxcd.io/requestedAt': 'now' } },
    });
    await world.eventually('the new chart', async () => (await release()).status?.history?.[0]?.chartVersion.startsWith('1.1.0+'));
    await client.close();
  });

  test('a chart may be a HelmChart that somebody else made', async () => {
    const { namespace, chart, apply, ready, release } = await createReleases(world, undefined, {});
    await create(
      'HelmChart',
      namespace,
      'theirs',
      { spec: { chart, version: '1.x', interval: '10m', sourceRef: { kind: 'HelmRepository', name: 'repo' } } },
      'source.toolkit.fluxcd.io/v1',
    );
    await apply('app', { chart: undefined, chartRef: { kind: 'HelmChart', name: 'theirs' } });
    await ready();
    assert.equal((await release()).status?.lastAttemptedRevision, '1.0.0');
  });

  test('a chart may be what somebody else serves for an ExternalArtifact, and follows its revision', async () => {
    const { namespace, chart, apply, ready, failed, release, becomes } = await createReleases(
      world,
      { '1.0.0': chartFiles(), '1.1.0': chartFiles() },
      {},
    );
    const key = keyOfKind('ExternalArtifact', namespace, 'theirs');
    await create(
      'ExternalArtifact',
      namespace,
      'theirs',
      { spec: { sourceRef: { apiVersion: 'example.com/v1', kind: 'Thing', name: 'x' } } },
      key.apiVersion,
    );
    // As its controller would: an archive on its server, address and digest in the status.
    const serve = async (version: string, revision: string, digest?: string): Promise<void> => {
      const file = `${chart}-${version}.tgz`;
      const sum = createHash('sha256').update(world.web.charts.files.get(file)!).digest('hex');
      const time = '2026-01-01T00:00:00Z';
      const artifact = {
        path: file,
        url: `http://${world.web.host}/charts/${file}`,
        lastUpdateTime: time,
        revision,
        digest: digest ?? `sha256:${sum}`,
      };
      const conditions = [{ type: 'Ready', status: 'True', reason: 'Succeeded', message: '', lastTransitionTime: time }];
      await world.cluster.patch(key, 'merge', { status: { artifact, conditions } }, { subresource: 'status' });
    };
    await apply('app', { chart: undefined, chartRef: { kind: 'ExternalArtifact', name: 'theirs' } });
    assert.match((await failed(/SourceNotReady/)).message, /ExternalArtifact 'r\d+\/theirs' is not ready: does not have an artifact/);
    await serve('1.0.0', '1.0.0');
    await ready();
    assert.equal((await release()).status?.lastAttemptedRevision, '1.0.0');
    const revision = `1.1.0@sha256:${'ab'.repeat(32)}`;
    await serve('1.1.0', revision);
    await world.eventually('the new chart', async () => (await release()).status?.history?.[0]?.chartVersion === '1.1.0+abababababab');
    await ready();
    assert.equal((await release()).status?.lastAttemptedRevisionDigest, revision.slice('1.1.0@'.length));
    await serve('1.0.0', 'other', `sha256:${'00'.repeat(32)}`);
    assert.match((await becomes('Ready', 'False', /ArtifactFailed/)).message, /digest/);
  });

  test('the ServiceAccount that it names is who acts', async () => {
    const { namespace, apply, failed, ready } = await createReleases(world, undefined, {});
    await create('ServiceAccount', namespace, 'deployer', {});
    await apply('app', { serviceAccountName: 'deployer' });
    assert.match(
      (await failed(/^(?!SourceNotReady)/)).message,
      new RegExp(`User "system:serviceaccount:${namespace}:deployer" cannot list resource "secrets"`),
    );
    const role = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role' };
    await world.cluster.create({
      ...role,
      metadata: { name: 'deployer', namespace },
      rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }],
    });
    await world.cluster.create({
      ...role,
      kind: 'RoleBinding',
      metadata: { name: 'deployer', namespace },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'deployer' },
      subjects: [{ kind: 'ServiceAccount', name: 'deployer', namespace }],
    });
    await ready();
  });

  describe('another cluster', () => {
    let remote: EmbeddedCluster;
    before(async () => {
      remote = await startCluster({ ephemeral: true, simulate: false });
    });
    after(() => remote.stop());

    test('is where the release and its records are', async () => {
      const there = createCluster(remote.fetch);
      const { namespace, apply, ready, get, release, records, delete: remove } = await createReleases(world, undefined, {});
      await there.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
      await apply('app', { kubeConfig: { secretRef: { name: 'other' } }, driftDetection: { mode: 'enabled' } });
      await create('Secret', namespace, 'other', { stringData: { value: remote.kubeconfig } });
      await ready();
      const key = { apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'app-cm' };
      assert.ok(await there.get(key));
      assert.equal(await get('ConfigMap', 'app-cm'), undefined);
      assert.deepEqual(await records(), []);
      await remove();
      await world.eventually('it is gone', async () => (await release()) === undefined);
      assert.equal(await there.get(key), undefined);
    });
  });
});
