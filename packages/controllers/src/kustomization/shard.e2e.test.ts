import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configMap, createApplication } from '../testing/application.js';
import { keyOfKind, startWorld } from '../testing/world.js';

test('an instance works on the objects of its labels, and depends on those of others', async (t) => {
  const world = await startWorld();
  t.after(() => world.close());
  const { apply, ready, failed, get, kustomization, namespace } = await createApplication(
    world,
    { 'one/a.yaml': configMap('a', '"1"'), 'two/b.yaml': configMap('b', '"1"') },
    {},
  );
  const label = (kind: 'ExternalArtifact' | 'Kustomization', name: string, shard: string | null) =>
    world.cluster.patch(keyOfKind(kind, namespace, name), 'merge', { metadata: { labels: { 'sharding.fluxcd.io/key': shard } } });
  await label('ExternalArtifact', 'repo', 'one');
  await world.startControllers({ watchLabelSelector: 'sharding.fluxcd.io/key=one' });
  await apply('others', { path: './two' });
  await apply('ours', { path: './one', dependsOn: [{ name: 'others' }] });
  await label('Kustomization', 'ours', 'one');
  await failed('DependencyNotReady', /others' is not ready/, 'ours');
  assert.equal((await kustomization('others')).metadata.finalizers, undefined);
  assert.equal(await get('ConfigMap', 'b'), undefined);

  await label('Kustomization', 'others', 'one');
  await Promise.all([ready('others'), ready('ours')]);
  await label('Kustomization', 'others', null);
  await world.cluster.delete(keyOfKind('Kustomization', namespace, 'others'));
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.notEqual(await get('ConfigMap', 'b'), undefined);
});
