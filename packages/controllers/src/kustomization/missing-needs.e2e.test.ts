import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { configMap, createApplication } from '../testing/application.js';
import { startWorld, type World } from '../testing/world.js';

const definition = (kind: string, ...versions: readonly string[]) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${kind.toLowerCase()}s.needs.example.com` },
  spec: {
    group: 'needs.example.com',
    names: { kind, plural: `${kind.toLowerCase()}s` },
    scope: 'Namespaced',
    versions: versions.map((name, index) => ({
      name,
      served: true,
      storage: index === 0,
      schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
    })),
  },
});

const custom = (kind: string, version = 'v1'): string => `apiVersion: needs.example.com/${version}\nkind: ${kind}\nmetadata: {name: one}\n`;

describe('what somebody else brings', () => {
  let world: World;
  before(async () => {
    world = await startWorld();
    await world.startControllers();
  });
  after(() => world.close());
  const define = (kind: string, ...versions: readonly string[]) =>
    world.cluster.apply(definition(kind, ...versions), { fieldManager: 'somebody', force: true });
  const seldom = { path: './', retryInterval: '10m' };

  test('a kind that comes to be is used at once', async () => {
    const { failed, ready, get } = await createApplication(world, { 'a.yaml': custom('Widget') }, { app: seldom });
    await failed('ReconciliationFailed', /Widget/);
    await define('Gadget', 'v1');
    await define('Widget', 'v1');
    await ready();
    assert.notEqual(await get('Widget', 'one', 'needs.example.com/v1'), undefined);
  });

  test('a version that is not served is not waited for in a circle', async () => {
    const { failed, ready, namespace } = await createApplication(world, { 'a.yaml': custom('Gizmo', 'v2') }, { app: seldom });
    await failed('ReconciliationFailed', /Gizmo/);
    const told = (): number => world.events.filter(({ involvedObject }) => involvedObject.namespace === namespace).length;
    const before = told();
    await define('Gizmo', 'v1');
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.equal(told(), before);
    await define('Gizmo', 'v1', 'v2');
    await ready();
  });

  test('a namespace that comes to be is used at once, when the kind is there too', async () => {
    const files = { 'a.yaml': configMap('a', '"1"'), 'b.yaml': custom('Doohickey') };
    const { failed, ready } = await createApplication(world, files, { app: { ...seldom, targetNamespace: 'later' } });
    await failed('ReconciliationFailed', /namespaces "later" not found/);
    await world.cluster.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'later' } });
    await define('Doohickey', 'v1');
    await ready();
    assert.notEqual(await world.cluster.get({ apiVersion: 'v1', kind: 'ConfigMap', namespace: 'later', name: 'a' }), undefined);
  });
});
