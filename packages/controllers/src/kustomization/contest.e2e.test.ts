import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { healDeployment } from '../testing/health.js';
import { configMap, createApplication, dataOf } from '../testing/application.js';
import { keyOfKind, startWorld, type World } from '../testing/world.js';

describe('others who want an object too', () => {
  let world: World;
  before(async () => {
    world = await startWorld();
    await world.startControllers();
  });
  after(() => world.close());

  test('two Kustomizations with the same object do not write it in turn: the later keeps it, the earlier says so once', async () => {
    const { get, ready, apply, condition, namespace } = await createApplication(
      world,
      { 'one/a.yaml': configMap('a', '"1"'), 'two/a.yaml': configMap('a', '"2"') },
      { one: { path: './one' } },
    );
    await ready('one');
    await apply('two', { path: './two' });
    await ready('two');
    const contested = await world.eventually('the earlier one says so', () => condition('Contested', 'one'));
    assert.match(
      contested.message,
      new RegExp(`^ConfigMap/${namespace}/a is also applied by the Kustomization ${namespace}/two, and left`),
    );
    const before = await get('ConfigMap', 'a');
    assert.deepEqual(dataOf(before), { v: '2' });
    for (const name of ['one', 'two', 'one']) {
      const requestedAt = String(process.hrtime.bigint());
      await world.cluster.patch(keyOfKind('Kustomization', namespace, name), 'merge', {
        metadata: { annotations: { 'reconcile.fluxcd.io/requestedAt': requestedAt } },
      });
      await world.eventually('it was looked at again', async () => {
        const object = await world.cluster.get(keyOfKind('Kustomization', namespace, name));
        return (object!['status'] as { lastHandledReconcileAt?: string }).lastHandledReconcileAt === requestedAt;
      });
    }
    assert.equal((await get('ConfigMap', 'a'))!.metadata.resourceVersion, before!.metadata.resourceVersion);
    const told = world.events.filter(
      ({ reason, involvedObject }) => reason === 'AppliedByAnother' && involvedObject.namespace === namespace,
    );
    assert.deepEqual(
      told.map(({ involvedObject }) => involvedObject.name),
      ['one'],
    );

    await world.cluster.delete(keyOfKind('Kustomization', namespace, 'two'));
    await world.eventually('the earlier one has it back', async () => JSON.stringify(dataOf(await get('ConfigMap', 'a'))) === '{"v":"1"}');
    await world.eventually('and says nothing more', async () => (await condition('Contested', 'one')) === undefined);
  });

  test('what the later one lets go the earlier one takes back, and it is never deleted', async () => {
    const { get, ready, apply, condition, push, applied } = await createApplication(
      world,
      { 'one/a.yaml': configMap('a', '"1"'), 'two/a.yaml': configMap('a', '"2"'), 'two/b.yaml': configMap('b', '"2"') },
      { one: { path: './one' } },
    );
    await ready('one');
    await apply('two', { path: './two' });
    await ready('two');
    await world.eventually('the earlier one says so', () => condition('Contested', 'one'));
    const { uid } = (await get('ConfigMap', 'a'))!.metadata;
    const commit = await push({ remove: ['two/a.yaml'] });
    await Promise.all([applied(commit, 'one'), applied(commit, 'two')]);
    await world.eventually('the earlier one has it', async () => JSON.stringify(dataOf(await get('ConfigMap', 'a'))) === '{"v":"1"}');
    assert.equal((await get('ConfigMap', 'a'))!.metadata.uid, uid);
  });

  test('what others change while health is waited for is put right at once', async () => {
    const deployment = `apiVersion: apps/v1
kind: Deployment
metadata: {name: d}
spec:
  replicas: 1
  selector: {matchLabels: {app: d}}
  template:
    metadata: {labels: {app: d}}
    spec: {containers: [{name: c, image: "example.com/c"}]}
`;
    const { get, condition, namespace } = await createApplication(
      world,
      { 'a.yaml': configMap('a', '"1"'), 'd.yaml': deployment },
      { app: { path: './', wait: true, timeout: '1m' } },
    );
    // Nobody plays workloads here: the wait would last a minute.
    await world.eventually('the objects are there', () => get('Deployment', 'd', 'apps/v1'));
    await world.eventually('the ConfigMap is there', () => get('ConfigMap', 'a'));
    await new Promise((resolve) => setTimeout(resolve, 200));
    const key = { apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'a' };
    await world.cluster.patch(key, 'merge', { data: { v: 'drifted' } }, { fieldManager: 'kubectl-edit' });
    await world.eventually('the value is back', async () => JSON.stringify(dataOf(await get('ConfigMap', 'a'))) === '{"v":"1"}', 3000);
    assert.notEqual((await condition('Ready'))?.status, 'True');
    await healDeployment(world.cluster, namespace, 'd');
    await world.eventually('the wait goes on to its end', async () => (await condition('Ready'))?.status === 'True');
  });

  test('somebody who insists is answered less and less often', async () => {
    const { get, ready, namespace } = await createApplication(world, { 'a.yaml': configMap('a', '"1"') });
    await ready();
    const key = { apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'a' };
    const isBack = async (): Promise<boolean> => JSON.stringify(dataOf(await get('ConfigMap', 'a'))) === '{"v":"1"}';
    for (let turn = 0; turn < 5; turn++) {
      await world.cluster.patch(key, 'merge', { data: { v: `fight ${turn}` } }, { fieldManager: 'kubectl-edit' });
      await world.eventually('the value is back', isBack, 3000);
    }
    await world.cluster.patch(key, 'merge', { data: { v: 'insists' } }, { fieldManager: 'kubectl-edit' });
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.equal(await isBack(), false);
    await world.eventually('the value is back at last', isBack, 5000);
    const last = world.events.findLast(
      ({ reason, involvedObject }) => reason === 'DriftCorrected' && involvedObject.namespace === namespace,
    );
    assert.match(last!.message, /was changed by kubectl-edit; that was 6 times in a row/);
  });
});
