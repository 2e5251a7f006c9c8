import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { GitRepository } from '@sluice/api';
import type { Fetch } from '@sluice/kube';
import { createCluster } from '@sluice/kube';
import { findCondition } from '@sluice/runtime';
import { configMap, createApplication, dataOf } from '../testing/application.js';
import { keyOfKind, startWorld, type World } from '../testing/world.js';

const secretOf = (value: string): string =>
  `apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nimmutable: true\nstringData: {k: "${value}"}\n`;

describe('a Kustomization, from Git to the cluster', { concurrency: 4 }, () => {
  let world: World;
  /** Requests that were made of the cluster, as `PATCH /api/v1/…`. */
  const requests: string[] = [];
  before(async () => {
    world = await startWorld();
    const counting: Fetch = (request) => {
      requests.push(`${request.method} ${request.path}`);
      return world.embedded.fetch(request);
    };
    await world.startControllers({ cluster: createCluster(counting), settings: { pruneLimit: 0.5 } });
  });
  after(() => world.close());

  const setUp = (files: Record<string, string>, specs?: Record<string, object>) => createApplication(world, files, specs);

  test('a commit is in the cluster; what is gone from it is deleted; the rest is left alone', async () => {
    const { get, ready, push, applied, kustomization } = await setUp({ 'a.yaml': configMap('a', '"1"'), 'b.yaml': configMap('b', '"1"') });
    await ready();
    const before = await get('ConfigMap', 'a');
    assert.deepEqual(dataOf(before), { v: '1' });
    assert.equal(before!.metadata.labels!['kustomize.toolkit.fluxcd.io/name'], 'app');
    await applied(await push({ files: { 'c.yaml': configMap('c', '"1"') }, remove: ['b.yaml'] }));
    assert.equal(await get('ConfigMap', 'b'), undefined);
    assert.deepEqual(dataOf(await get('ConfigMap', 'c')), { v: '1' });
    assert.equal((await get('ConfigMap', 'a'))!.metadata.resourceVersion, before!.metadata.resourceVersion);
    assert.deepEqual(
      (await kustomization()).status!.inventory!.entries.map(({ id }) => id.split('_')[1]),
      ['a', 'c'],
    );
  });

  test('a change by hand is taken back within a second, and told with its field and manager', async () => {
    const { get, ready, namespace } = await setUp({ 'a.yaml': configMap('a', '"1"') });
    await ready();
    const key = { apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'a' };
    await world.cluster.patch(key, 'merge', { data: { v: 'drifted', extra: 'x' } }, { fieldManager: 'kubectl-edit' });
    await world.eventually('the value is back', async () => JSON.stringify(dataOf(await get('ConfigMap', 'a'))) === '{"v":"1"}', 3000);
    await world.cluster.delete(key);
    await world.eventually('the object is back', async () => dataOf(await get('ConfigMap', 'a')) !== undefined, 3000);
    const told = world.events.filter(({ reason, involvedObject }) => reason === 'DriftCorrected' && involvedObject.namespace === namespace);
    assert.deepEqual(
      told.map(({ message }) => message),
      [`ConfigMap/${namespace}/a: .data.v was changed by kubectl-edit`, `ConfigMap/${namespace}/a was deleted`],
    );
  });

  test('fields that others own are theirs', async () => {
    const { get, ready, namespace } = await setUp({ 'a.yaml': configMap('a', '"1"') });
    await ready();
    const key = { apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'a' };
    await world.cluster.patch(key, 'merge', { data: { other: 'x' } }, { fieldManager: 'another-controller' });
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.deepEqual(dataOf(await get('ConfigMap', 'a')), { v: '1', other: 'x' });
  });

  for (const { name, files, reason, message } of [
    { name: 'YAML that does not parse', files: { 'bad.yaml': 'a: [\n' }, reason: 'BuildFailed', message: / \[bad\.yaml:\d\]$/ },
    {
      name: 'a missing file',
      files: { 'kustomization.yaml': 'resources: [a.yaml, nope.yaml]' },
      reason: 'BuildFailed',
      message: /nope\.yaml.* \[kustomization\.yaml:1\]$/,
    },
    {
      name: 'invalid objects, all of them named',
      files: {
        'bad.yaml': 'apiVersion: v1\nkind: Service\nmetadata: {name: s1}\nspec: {ports: [{port: 99999999}]}\n',
        'worse.yaml': 'apiVersion: v1\nkind: Service\nmetadata: {name: s2}\nspec: {ports: [{port: -1}]}\n',
      },
      reason: 'ReconciliationFailed',
      message: /Service\/t\d+\/s1 dry-run failed.* \[bad\.yaml:1\]\nService\/t\d+\/s2 dry-run failed.* \[worse\.yaml:1\]\n/s,
    },
    {
      name: 'a variable without a value',
      files: { 'b.yaml': configMap('b', '${nope}') },
      reason: 'BuildFailed',
      message: /ConfigMap\.v1\.\[noGrp\]\/b.*"nope".* \[b\.yaml:6\]\nlooked for in spec\.postBuild\.substitute$/,
    },
  ]) {
    test(`a broken commit (${name}): nothing is written, and the next good one recovers`, async () => {
      const { get, ready, failed, push, applied } = await setUp(
        { 'a.yaml': configMap('a', '"1"') },
        { app: { path: './', postBuild: { substitute: { x: 'y' } } } },
      );
      await ready();
      await push({ files: { 'a.yaml': configMap('a', '"2"'), ...files } });
      assert.match((await failed(reason)).message, message);
      assert.deepEqual(dataOf(await get('ConfigMap', 'a')), { v: '1' });
      await applied(await push({ remove: Object.keys(files) }));
      assert.deepEqual(dataOf(await get('ConfigMap', 'a')), { v: '2' });
    });
  }

  test('deletion removes what was applied, and only that', async () => {
    const { get, ready, namespace } = await setUp({
      'a.yaml': configMap('a', '"1"'),
      'b.yaml': configMap('b', '"1"', '  annotations: {kustomize.toolkit.fluxcd.io/prune: disabled}\n'),
    });
    await ready();
    await world.cluster.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'mine', namespace } });
    await world.cluster.delete(keyOfKind('Kustomization', namespace, 'app'));
    await world.eventually('it is gone', async () => (await world.cluster.get(keyOfKind('Kustomization', namespace, 'app'))) === undefined);
    assert.equal(await get('ConfigMap', 'a'), undefined);
    assert.notEqual(await get('ConfigMap', 'b'), undefined);
    assert.notEqual(await get('ConfigMap', 'mine'), undefined);
  });

  test('a dependent starts when its dependency is ready, not an interval later', async () => {
    const { ready, push, applied, apply, failed, namespace } = await setUp(
      { 'base/a.yaml': configMap('a', '"1"'), 'app/b.yaml': configMap('b', '"1"') },
      {},
    );
    await apply('app', { path: './app', dependsOn: [{ name: 'base' }] });
    await apply('base', { path: './base' });
    const startedAt = Date.now();
    await ready('app');
    assert.ok(Date.now() - startedAt < 5000);
    const told = world.events.length;
    const hash = await push({ files: { 'base/a.yaml': configMap('a', '"2"'), 'app/b.yaml': configMap('b', '"2"') } });
    await applied(hash, 'app');
    const ofDependent = world.events
      .slice(told)
      .filter(({ involvedObject }) => involvedObject.namespace === namespace && involvedObject.name === 'app');
    assert.ok(!ofDependent.some(({ reason }) => reason === 'DependencyNotReady'));
    await push({ files: { 'base/a.yaml': 'a: [' } });
    await failed('BuildFailed', /^/, 'base');
    await failed('DependencyNotReady', /base' is not ready/, 'app');
    await applied(await push({ files: { 'base/a.yaml': configMap('a', '"3"') } }), 'app');
  });

  test('Kustomizations that wait for each other are named', async () => {
    const { failed, namespace } = await setUp(
      { 'a.yaml': configMap('a', '"1"') },
      { one: { path: './', dependsOn: [{ name: 'two' }] }, two: { path: './', dependsOn: [{ name: 'one' }] } },
    );
    const { message } = await failed('DependencyCycle', /two ->/, 'two');
    assert.match(message, new RegExp(`${namespace}/two -> ${namespace}/one -> ${namespace}/two`));
  });

  test('what is waited for may be of any kind', async () => {
    const { ready, failed, apply, namespace, get } = await setUp({ 'a.yaml': configMap('a', '"1"') }, {});
    await apply('app', { path: './', dependsOn: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'db' }] });
    await failed('DependencyNotReady', /^dependency 'Deployment\/t\d+\/db' not found/);
    const key = { apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: 'db' };
    await world.cluster.create({
      ...key,
      metadata: { name: 'db', namespace },
      spec: {
        replicas: 0,
        selector: { matchLabels: { app: 'db' } },
        template: { metadata: { labels: { app: 'db' } }, spec: { containers: [{ name: 'db', image: 'example.com/db' }] } },
      },
    });
    await failed('DependencyNotReady', /db' is not ready/);
    assert.equal(await get('ConfigMap', 'a'), undefined);
    const conditions = [
      { type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable' },
      { type: 'Available', status: 'True' },
    ];
    await world.cluster.patch(key, 'merge', { status: { observedGeneration: 1, conditions } }, { subresource: 'status' });
    await ready();
    await apply('other', { path: './', dependsOn: [{ kind: 'Widget', name: 'w' }] });
    await failed('InvalidDependency', /name its apiVersion/, 'other');
  });

  test('a step of a dependency that is not its last is no news', async () => {
    const { ready, apply, failed, namespace } = await setUp(
      { 'base/a.yaml': configMap('a', '"1"'), 'app/b.yaml': configMap('b', '"1"') },
      {},
    );
    await apply('app', { path: './app', dependsOn: [{ name: 'base' }] });
    await failed('DependencyNotReady', /^/);
    await apply('base', { path: './base', suspend: true });
    for (const label of ['x', 'y', 'z']) {
      await world.cluster.patch(keyOfKind('Kustomization', namespace, 'base'), 'merge', { metadata: { labels: { label } } });
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await apply('base', { path: './base', suspend: false });
    await ready('app');
    const told = world.events.filter(
      ({ reason, involvedObject }) => reason === 'DependencyNotReady' && involvedObject.namespace === namespace,
    );
    assert.ok(told.length <= 2, `told ${told.length} times`);
  });

  test('a commit to another application costs no build and no request for the objects', async () => {
    const { ready, push, applied, namespace } = await setUp(
      { 'one/a.yaml': configMap('a', '"1"'), 'two/b.yaml': configMap('b', '"1"') },
      { one: { path: './one' }, two: { path: './two' } },
    );
    await Promise.all([ready('one'), ready('two')]);
    const from = requests.length;
    const hash = await push({ files: { 'two/b.yaml': configMap('b', '"2"') } });
    await Promise.all([applied(hash, 'one'), applied(hash, 'two')]);
    const ofObjects = requests.slice(from).filter((request) => request.includes(`/namespaces/${namespace}/configmaps`));
    assert.ok(ofObjects.length > 0);
    assert.deepEqual(
      ofObjects.filter((request) => request.includes('/configmaps/a')),
      [],
    );
  });

  test('when nothing changes nothing is written', async () => {
    const { ready, namespace } = await setUp({ 'a.yaml': configMap('a', '"1"') }, { app: { path: './', interval: '300ms' } });
    await ready();
    await new Promise((resolve) => setTimeout(resolve, 300));
    const from = requests.length;
    await new Promise((resolve) => setTimeout(resolve, 1200));
    assert.deepEqual(
      requests.slice(from).filter((request) => !request.startsWith('GET') && request.includes(`/namespaces/${namespace}/`)),
      [],
    );
  });

  test('an object that is to be created only once is left alone afterwards', async () => {
    const once = '  annotations: {kustomize.toolkit.fluxcd.io/ssa: IfNotPresent}\n';
    const { get, ready, push, applied } = await setUp({ 'a.yaml': configMap('a', '"1"', once) });
    await ready();
    await applied(await push({ files: { 'a.yaml': configMap('a', '"2"', once) } }));
    assert.deepEqual(dataOf(await get('ConfigMap', 'a')), { v: '1' });
  });

  test('an immutable field is changed only by force, and then by making the object anew', async () => {
    const { get, ready, failed, push, apply } = await setUp({ 's.yaml': secretOf('1') });
    await ready();
    const before = await get('Secret', 's');
    await push({ files: { 's.yaml': secretOf('2') } });
    const { message } = await failed('ReconciliationFailed');
    assert.match(message, /immutable/);
    await apply('app', { path: './', force: true });
    await ready();
    const now = await get('Secret', 's');
    assert.notEqual(now!.metadata.uid, before!.metadata.uid);
    assert.deepEqual(dataOf(now), { k: Buffer.from('2').toString('base64') });
  });

  test('a custom resource and its definition come in one pass', async () => {
    const crd = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.e2e.example.org}
spec:
  group: e2e.example.org
  scope: Namespaced
  names: {kind: Widget, plural: widgets, singular: widget, listKind: WidgetList}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
`;
    const { get, ready } = await setUp({
      'crd.yaml': crd,
      'w.yaml': 'apiVersion: e2e.example.org/v1\nkind: Widget\nmetadata: {name: w}\nspec: {x: 1}\n',
    });
    await ready();
    assert.notEqual(await get('Widget', 'w', 'e2e.example.org/v1'), undefined);
  });

  test('without rights of its ServiceAccount a Kustomization applies nothing', async () => {
    const { get, failed } = await setUp({ 'a.yaml': configMap('a', '"1"') }, { app: { path: './', serviceAccountName: 'nobody' } });
    const { message } = await failed('ReconciliationFailed');
    assert.match(message, /system:serviceaccount:t\d+:nobody" cannot patch resource/);
    assert.equal(await get('ConfigMap', 'a'), undefined);
  });

  test('a suspended Kustomization does nothing until it is resumed', async () => {
    const { get, ready, push, applied, apply, kustomization } = await setUp({ 'a.yaml': configMap('a', '"1"') });
    await ready();
    await apply('app', { path: './', suspend: true });
    await world.eventually('it is seen', async () => (await kustomization()).status?.observedGeneration === 2);
    const hash = await push({ files: { 'a.yaml': configMap('a', '"2"') } });
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.deepEqual(dataOf(await get('ConfigMap', 'a')), { v: '1' });
    await apply('app', { path: './', suspend: false });
    await applied(hash);
    assert.deepEqual(dataOf(await get('ConfigMap', 'a')), { v: '2' });
  });

  test('the path can not leave the source', async () => {
    const { failed } = await setUp({ 'a.yaml': configMap('a', '"1"') }, { app: { path: '../../etc' } });
    await failed('ArtifactFailed', /kustomization path not found: stat etc/);
  });

  for (const { order, held } of [
    { order: 'its old Kustomization comes first', held: 'two' },
    { order: 'its new Kustomization comes first', held: 'one' },
  ]) {
    test(`an object that moves to another Kustomization in one commit is not deleted: ${order}`, async () => {
      const { get, ready, push, applied, apply, kustomization, namespace } = await setUp(
        { 'one/a.yaml': configMap('a', '"1"'), 'one/keep.yaml': configMap('k1', '"1"'), 'two/keep.yaml': configMap('k2', '"1"') },
        { one: { path: './one' }, two: { path: './two' } },
      );
      await Promise.all([ready('one'), ready('two')]);
      const { uid } = (await get('ConfigMap', 'a'))!.metadata;
      const first = held === 'one' ? 'two' : 'one';
      await apply(held, { path: `./${held}`, suspend: true });
      const commit = await push({ files: { 'two/a.yaml': configMap('a', '"2"') }, remove: ['one/a.yaml'] });
      await applied(commit, first);
      assert.equal((await get('ConfigMap', 'a'))?.metadata.uid, uid);
      await apply(held, { path: `./${held}`, suspend: false });
      await applied(commit, held);
      const now = await get('ConfigMap', 'a');
      assert.equal(now?.metadata.uid, uid);
      assert.deepEqual(dataOf(now), { v: '2' });
      assert.equal(now?.metadata.labels?.['kustomize.toolkit.fluxcd.io/name'], 'two');
      await apply('one', { path: './one', suspend: false, interval: '9m' });
      const ids = async (name: string): Promise<unknown> =>
        (await kustomization(name)).status?.inventory?.entries.map(({ id }) => id.split('_')[1]).join();
      await world.eventually('one has it no more on record', async () => (await ids('one')) === 'k1');
      assert.equal(await ids('two'), 'a,k2');
      await world.cluster.delete(keyOfKind('Kustomization', namespace, 'one'));
      await world.eventually(
        'one is gone',
        async () => (await world.cluster.get(keyOfKind('Kustomization', namespace, 'one'))) === undefined,
      );
      assert.equal((await get('ConfigMap', 'a'))?.metadata.uid, uid);
    });
  }

  test('a commit that is not signed is no artifact when signatures are demanded; what was applied stays', async () => {
    const files = { 'a.yaml': configMap('a', '"1"') };
    const { ready, push, namespace, get } = await createApplication(world, files, { app: { path: './' } }, 'GitRepository');
    await ready();
    await world.cluster.create({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'keys', namespace },
      stringData: { 'me.sshpub': '' },
    });
    const repository = keyOfKind('GitRepository', namespace, 'repo');
    const before = (await world.cluster.get<GitRepository>(repository))!.status!.artifact;
    await world.cluster.patch(repository, 'merge', { spec: { verify: { mode: 'HEAD', secretRef: { name: 'keys' } } } });
    const commit = await push({ files: { 'a.yaml': configMap('a', '"2"') } });
    const status = await world.eventually('the commit is refused', async () => {
      const { status } = (await world.cluster.get<GitRepository>(repository))!;
      const verified = findCondition(status?.conditions, 'SourceVerified');
      return verified?.status === 'False' && verified.message.includes(commit) && status;
    });
    assert.equal(findCondition(status.conditions, 'Ready')?.reason, 'InvalidCommitSignature');
    assert.deepEqual(status.artifact, before);
    assert.deepEqual(dataOf(await get('ConfigMap', 'a')), { v: '1' });
  });

  test('a build that comes out empty deletes nothing', async () => {
    const { get, ready, failed, push } = await setUp({ 'a.yaml': configMap('a', '"1"'), 'README.md': 'x' });
    await ready();
    await push({ remove: ['a.yaml'] });
    assert.match((await failed('PruneFailed')).message, /no objects/);
    assert.notEqual(await get('ConfigMap', 'a'), undefined);
  });

  test('a commit that would delete more than the operator allows deletes nothing', async () => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    const { get, ready, failed, push, applied } = await setUp(
      Object.fromEntries(names.map((name) => [`${name}.yaml`, configMap(name, '"1"')])),
    );
    await ready();
    await push({ remove: ['a.yaml', 'b.yaml', 'c.yaml'] });
    assert.match((await failed('PruneFailed')).message, /^3 of the 5 objects .* no more than 50 % may be at a time/);
    assert.notEqual(await get('ConfigMap', 'a'), undefined);
    await applied(await push({ files: { 'c.yaml': configMap('c', '"1"') } }));
    assert.equal(await get('ConfigMap', 'a'), undefined);
    assert.notEqual(await get('ConfigMap', 'c'), undefined);
  });

  test('a changed ConfigMap of variables is applied at once', async () => {
    const { get, ready, namespace, apply } = await setUp({ 'a.yaml': configMap('a', '${who}') }, {});
    const variables = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'vars', namespace }, data: { who: 'one' } };
    await world.cluster.create(variables);
    await apply('app', { path: './', postBuild: { substituteFrom: [{ kind: 'ConfigMap', name: 'vars' }] } });
    await ready();
    await world.cluster.patch({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'vars' }, 'merge', { data: { who: 'two' } });
    await world.eventually('the new value is there', async () => (dataOf(await get('ConfigMap', 'a')) as { v: string }).v === 'two', 2000);
  });
});
