import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { configMap, createApplication, dataOf } from '../testing/application.js';
import { keyOfKind, startWorld, type World } from '../testing/world.js';

const annotated = (name: string, value: string, annotations: string): string => configMap(name, value, `  annotations: {${annotations}}\n`);

const immutableSecret = (value: string): string =>
  `apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nimmutable: true\nstringData: {pin: "${value}"}\n`;

/** One ConfigMap for each policy, by its name. */
const withPolicies = (value: string): Record<string, string> =>
  Object.fromEntries(
    ['Override', 'Merge', 'Ignore'].map((policy) => [
      `${policy}.yaml`,
      annotated(policy.toLowerCase(), `"${value}"`, `kustomize.toolkit.fluxcd.io/ssa: ${policy}`),
    ]),
  );

describe('what a spec and its manifests may ask for', { concurrency: 4 }, () => {
  let world: World;
  before(async () => {
    world = await startWorld();
    await world.startControllers();
  });
  after(() => world.close());

  for (const { name, manifest } of [
    { name: 'a number for a text', manifest: 'stringData: {pin: 27182818}' },
    { name: 'what is not base64', manifest: 'data: {pin: "27182818?"}' },
    { name: 'a list for a text', manifest: 'stringData: {pin: ["27182818"]}' },
    { name: 'data that are no map', manifest: 'data: "27182818"' },
  ]) {
    test(`a Secret that is refused for ${name} is named without its value`, async () => {
      const { failed, namespace } = await createApplication(world, {
        's.yaml': `apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n${manifest}\n`,
      });
      const { message } = await failed('ReconciliationFailed', /Secret/).catch(() => failed('BuildFailed'));
      assert.doesNotMatch(message, /27182818/);
      const told = world.events.filter(({ involvedObject }) => involvedObject.namespace === namespace).map((event) => event.message);
      assert.doesNotMatch(told.join('\n'), /27182818/);
    });
  }

  test('an immutable Secret that would change is named without its values', async () => {
    const { ready, failed, push } = await createApplication(world, { 's.yaml': immutableSecret('before-27182818') });
    await ready();
    await push({ files: { 's.yaml': immutableSecret('after-27182818') } });
    const { message } = await failed('ReconciliationFailed', /immutable/);
    assert.doesNotMatch(message, /27182818/);
  });

  test('the legacy validation is accepted with a warning, and objects are validated before the first write', async () => {
    const { namespace, failed, get } = await createApplication(
      world,
      { 'a.yaml': configMap('a', '"1"'), 'bad.yaml': 'apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {ports: [{port: -1}]}\n' },
      {},
    );
    const { status, headers } = await world.embedded.fetch({
      method: 'POST',
      path: `/apis/kustomize.toolkit.fluxcd.io/v1beta1/namespaces/${namespace}/kustomizations`,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        apiVersion: 'kustomize.toolkit.fluxcd.io/v1beta1',
        kind: 'Kustomization',
        metadata: { name: 'app', namespace },
        spec: { interval: '10m', prune: true, validation: 'client', sourceRef: { kind: 'GitRepository', name: 'repo' }, path: './' },
      }),
    });
    assert.equal(status, 201);
    assert.match(String(headers['warning']), /v1beta1/);
    await world.cluster.patch(keyOfKind('Kustomization', namespace, 'app'), 'merge', {
      spec: { targetNamespace: namespace, sourceRef: { kind: 'ExternalArtifact', name: 'repo' } },
    });
    await failed('ReconciliationFailed', /Service/);
    assert.equal(await get('ConfigMap', 'a'), undefined);
  });

  test('an older object with its legacy field is applied again after its status was written', async () => {
    const { namespace, ready } = await createApplication(world, { 'a.yaml': configMap('a', '"1"') });
    await ready();
    const legacy = {
      apiVersion: 'kustomize.toolkit.fluxcd.io/v1beta2',
      kind: 'Kustomization',
      metadata: { name: 'legacy', namespace },
      spec: { interval: '10m', prune: true, validation: 'client', sourceRef: { kind: 'GitRepository', name: 'none' }, path: './' },
    };
    for (const round of [1, 2, 3]) {
      await world.cluster.apply(legacy, { fieldManager: 'kustomize-controller', force: true });
      const status = { lastHandledReconcileAt: String(round) };
      await world.cluster.patch(
        keyOfKind('Kustomization', namespace, 'legacy'),
        'merge',
        { status },
        { fieldManager: 'x', subresource: 'status' },
      );
    }
  });

  test('ssa: Override is what happens anyway; Merge keeps what others added; Ignore leaves all alone', async () => {
    const { namespace, ready, get, push, applied } = await createApplication(world, withPolicies('1'));
    await ready();
    assert.equal(await get('ConfigMap', 'ignore'), undefined);
    for (const name of ['override', 'merge']) {
      const data = { more: 'by hand' };
      const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data };
      await world.cluster.apply(object, { fieldManager: 'kubectl', force: true });
    }
    await applied(await push({ files: withPolicies('2') }));
    await ready();
    assert.deepEqual(dataOf(await get('ConfigMap', 'override')), { v: '2' });
    assert.deepEqual(dataOf(await get('ConfigMap', 'merge')), { more: 'by hand', v: '2' });
  });

  for (const { policy, prune, stays } of [
    { policy: 'Orphan', prune: true, stays: true },
    { policy: 'Delete', prune: false, stays: false },
    { policy: 'WaitForTermination', prune: false, stays: false },
    { policy: 'MirrorPrune', prune: true, stays: false },
    { policy: 'MirrorPrune', prune: false, stays: true },
  ]) {
    test(`deletionPolicy: ${policy} with prune: ${prune}`, async () => {
      const files = { 'a.yaml': configMap('a', '"1"') };
      const { namespace, ready, get } = await createApplication(world, files, { app: { path: './', prune, deletionPolicy: policy } });
      await ready();
      const key = keyOfKind('Kustomization', namespace, 'app');
      await world.cluster.delete(key);
      await world.eventually('it is gone', async () => (await world.cluster.get(key)) === undefined);
      assert.equal((await get('ConfigMap', 'a')) !== undefined, stays);
    });
  }

  test('components that are missing fail the build, unless they may', async () => {
    const files = { 'app/a.yaml': configMap('a', '"1"') };
    const spec = { path: './app', components: ['../none'] };
    const { ready, failed, apply } = await createApplication(world, files, { app: spec });
    await failed('BuildFailed', /none/);
    await apply('app', { ...spec, ignoreMissingComponents: true });
    await ready();
  });

  test('objects without a namespace go to the target namespace, others are moved there; the history tells each state once', async () => {
    const manifest = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b, namespace: elsewhere}\n';
    const { ready, get, push, applied, failed, kustomization } = await createApplication(world, {
      'a.yaml': configMap('a', '"1"'),
      'b.yaml': manifest,
    });
    await ready();
    assert.notEqual(await get('ConfigMap', 'b'), undefined);
    const bad = await push({ files: { 'bad.yaml': 'apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {ports: [{port: -1}]}\n' } });
    await failed('ReconciliationFailed');
    await applied(await push({ remove: ['bad.yaml'] }));
    await ready();
    const { history } = (await kustomization()).status!;
    assert.deepEqual(
      history!.map(({ lastReconciledStatus }) => lastReconciledStatus),
      ['ReconciliationSucceeded', 'ReconciliationFailed'],
    );
    assert.equal(history![1]!.metadata?.['revision'], `main@sha1:${bad}`);
    assert.equal(history![0]!.totalReconciliations, 2);
  });
});
