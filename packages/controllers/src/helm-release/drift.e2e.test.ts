import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { KubeObject } from '@sluice/core';
import { chartFiles, createReleases } from '../testing/release.js';
import { startWorld, type World } from '../testing/world.js';

function valueOf(object: KubeObject | undefined): unknown {
  return (object?.['data'] as { readonly v?: unknown } | undefined)?.v;
}

describe('drift of a HelmRelease', () => {
  let world: World;
  before(async () => {
    world = await startWorld();
    await world.startControllers();
  });
  after(() => world.close());

  const patch = (namespace: string, data: Readonly<Record<string, string>>, name = 'app-cm') =>
    world.cluster.patch({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name }, 'merge', { data }, { fieldManager: 'kubectl-edit' });
  const told = (namespace: string, reason: string): string[] =>
    world.events.filter((event) => event.involvedObject.namespace === namespace && event.reason === reason).map(({ message }) => message);

  test('is taken back as soon as it is there, and told of', async () => {
    const { namespace, becomes, get, phases } = await createReleases(world, undefined, { app: { driftDetection: { mode: 'enabled' } } });
    await becomes('Drifted', 'False', /NoDriftDetected/);
    await patch(namespace, { v: 'drifted' });
    await world.eventually('it is taken back', async () => valueOf(await get('ConfigMap', 'app-cm')) === 'default');
    await world.eventually('it is told', () => told(namespace, 'DriftCorrected').length === 1);
    assert.match(told(namespace, 'DriftDetected')[0]!, /ConfigMap\/r\d+\/app-cm changed \(0 additions, 1 changes, 0 removals\)/);
    await becomes('Drifted', 'False', /NoDriftDetected/);
    await world.cluster.delete({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'app-cm' });
    await world.eventually('it is made anew', () => get('ConfigMap', 'app-cm'));
    await world.eventually('that is told, too', () => told(namespace, 'DriftCorrected').length === 2);
    // Neither a field of others nor a new revision was ever needed.
    assert.deepEqual(await phases(), ['1 deployed']);
  });

  test('is only told of where that is all that is wanted', async () => {
    const { namespace, becomes, get } = await createReleases(world, undefined, { app: { driftDetection: { mode: 'warn' } } });
    await becomes('Drifted', 'False', /NoDriftDetected/);
    await patch(namespace, { v: 'drifted' });
    await becomes('Drifted', 'True', /DriftDetected/);
    assert.deepEqual(valueOf(await get('ConfigMap', 'app-cm')), 'drifted');
    assert.equal(told(namespace, 'DriftDetected').length, 1);
  });

  test('of fields that are not looked at is none', async () => {
    const { namespace, becomes, request, get, release } = await createReleases(world, undefined, {
      app: { driftDetection: { mode: 'enabled', ignore: [{ paths: ['/data/v'], target: { kind: 'ConfigMap' } }] } },
    });
    await becomes('Drifted', 'False', /NoDriftDetected/);
    await patch(namespace, { v: 'drifted' });
    await request();
    await world.eventually('another pass', async () => {
      const { status, metadata } = await release();
      return status?.lastHandledReconcileAt === metadata.annotations?.['reconcile.fluxcd.io/requestedAt'];
    });
    assert.deepEqual(valueOf(await get('ConfigMap', 'app-cm')), 'drifted');
    assert.deepEqual(told(namespace, 'DriftDetected'), []);
  });

  test('of objects that want none is none', async () => {
    const disabled =
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: free, annotations: {helm.toolkit.fluxcd.io/driftDetection: disabled}}\ndata: {a: "1"}\n';
    const { namespace, becomes, get, request, release } = await createReleases(
      world,
      { '1.0.0': chartFiles({ 'templates/free.yaml': disabled }) },
      { app: { driftDetection: { mode: 'enabled' } } },
    );
    await becomes('Drifted', 'False', /NoDriftDetected/);
    await patch(namespace, { a: 'drifted' }, 'free');
    await request();
    await world.eventually('another pass', async () => {
      const { status, metadata } = await release();
      return status?.lastHandledReconcileAt === metadata.annotations?.['reconcile.fluxcd.io/requestedAt'];
    });
    assert.deepEqual((await get('ConfigMap', 'free'))?.['data'], { a: 'drifted' });
  });
});
