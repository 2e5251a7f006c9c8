import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { encodeRelease } from '@sluice/helm';
import { chartFiles, createReleases } from '../testing/release.js';
import { startWorld, type World } from '../testing/world.js';

const ONCE = { strategy: { name: 'RemediateOnFailure' }, remediation: { retries: 0 } };

const key = (namespace: string, version = 1) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  namespace,
  name: `sh.helm.release.v1.app.v${version}`,
});

describe('a HelmRelease in bad company', () => {
  let world: World;
  before(async () => {
    world = await startWorld();
    await world.startControllers();
  });
  after(() => world.close());

  const record = (namespace: string, data: Readonly<Record<string, string>>, version = 1) =>
    world.cluster.create({
      apiVersion: 'v1',
      kind: 'Secret',
      type: 'helm.sh/release.v1',
      metadata: {
        name: `sh.helm.release.v1.app.v${version}`,
        namespace,
        labels: { owner: 'helm', name: 'app', status: 'deployed', version: String(version) },
      },
      data,
    });

  test('a record that is corrupt, or of another tool, is named, and nothing is done until somebody has looked at it', async () => {
    for (const [text, why] of [
      ['not even packed', /sh\.helm\.release\.v1\.app\.v1 does not hold a release of Helm/],
      [Buffer.from(JSON.stringify({ tool: 'another' })).toString('base64'), /it lacks a name, a version/],
    ] as const) {
      const { namespace, apply, becomes, get, ready, phases } = await createReleases(world, undefined, {});
      await record(namespace, { release: Buffer.from(text).toString('base64') });
      await apply('app', {});
      const { message } = await becomes('Ready', 'False', /^(?!SourceNotReady|Progressing)/);
      assert.match(message, why);
      assert.match(message, /restore it from a backup, or delete it/);
      assert.equal(await get('ConfigMap', 'app-cm'), undefined);
      await world.cluster.delete(key(namespace));
      await ready();
      assert.deepEqual(await phases(), ['1 deployed']);
    }
  });

  test('a release that no Secret can hold fails before anything is changed', async () => {
    const noise = Buffer.from(Array.from({ length: 1_500_000 }, (_, index) => (index * 7919 * (index % 251)) % 256)).toString('base64');
    const files = chartFiles({ 'files/noise.txt': noise });
    const { failed, get, phases } = await createReleases(world, { '1.0.0': files }, { app: { install: ONCE } });
    assert.match(
      (await failed(/InstallFailed/)).message,
      /the release app is \d+ bytes large, and a Secret holds \d+: leave files out of the chart/,
    );
    assert.equal(await get('ConfigMap', 'app-cm'), undefined);
    assert.deepEqual(await phases(), []);
  });

  test('without retries left it is tried again after a while', async () => {
    const { namespace, failed, becomes, ready } = await createReleases(world, undefined, {
      app: { interval: '1s', targetNamespace: 'made-later', install: { strategy: ONCE.strategy, remediation: { retries: 1 } } },
    });
    assert.match((await failed(/InstallFailed/)).message, /namespaces "made-later" not found/);
    await becomes('Stalled', 'True', /RetriesExceeded/);
    await world.cluster.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'made-later' } });
    await ready();
    assert.ok(
      await world.cluster.get({ apiVersion: 'v1', kind: 'ConfigMap', namespace: 'made-later', name: 'made-later-app-cm' }),
      namespace,
    );
  });

  test('a namespace that is deleted under it takes it along', async () => {
    const { namespace, ready, release } = await createReleases(world);
    await ready();
    await world.cluster.delete({ apiVersion: 'v1', kind: 'Namespace', name: namespace });
    await world.eventually('it is gone', async () => (await release()) === undefined);
  });

  for (const [what, chart, message] of [
    ['a repository', { chart: 'x', sourceRef: { kind: 'HelmRepository', name: 'nowhere' } }, /HelmRepository.*"nowhere" not found/],
    ['a chart', { chart: 'nothing', sourceRef: { kind: 'HelmRepository', name: 'repo' } }, /no 'nothing' chart|no chart name found/],
    [
      'a version',
      { chart: undefined, version: '9.x', sourceRef: { kind: 'HelmRepository', name: 'repo' } },
      /no '\S+' chart with version matching '9.x'/,
    ],
  ] as const) {
    test(`${what} that is not there is named, and waited for`, async () => {
      const { namespace, chart: there, apply, failed, phases } = await createReleases(world, undefined, {});
      await apply('app', { chart: { spec: { interval: '10m', ...chart, chart: chart.chart ?? there } } });
      await world.eventually('it is named', async () => message.test((await failed(/SourceNotReady/)).message));
      assert.match((await failed(/SourceNotReady/)).message, new RegExp(`HelmChart '${namespace}/${namespace}-app' is not ready: `));
      assert.deepEqual(await phases(), []);
    });
  }

  test('values that are no values are named, with where they are from', async () => {
    const { namespace, apply, failed, phases } = await createReleases(world, undefined, {});
    const data = { 'values.yaml': '- a list\n', text: 'v: x\n' };
    await world.cluster.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'vals', namespace }, data });
    for (const [reference, why] of [
      [{}, /could not resolve ConfigMap chart values reference 'r\d+\/vals' with key 'values.yaml': .*cannot unmarshal array/],
      [{ valuesKey: 'other' }, /with key 'other': key not found/],
      [{ valuesKey: 'text', targetPath: 'v.deeper[' }, /targetPath|with key 'text'/],
    ] as const) {
      await apply('app', { valuesFrom: [{ kind: 'ConfigMap', name: 'vals', ...reference }] }).catch((error: unknown) =>
        assert.match(String(error), why),
      );
      if (!('targetPath' in reference)) await world.eventually('it is named', async () => why.test((await failed(/ValuesError/)).message));
    }
    assert.deepEqual(await phases(), []);
  });

  test('a target namespace that is deleted under it is named, and the release comes back with it', async () => {
    const target = 'deleted-under-it';
    const {
      namespace,
      ready,
      request,
      becomes,
      delete: remove,
      release,
    } = await createReleases(world, undefined, {
      app: { targetNamespace: target, releaseName: 'app', install: { createNamespace: true }, driftDetection: { mode: 'enabled' } },
    });
    await ready();
    const key = { apiVersion: 'v1', kind: 'Namespace', name: target };
    await world.cluster.delete(key);
    const isTold = (): boolean =>
      world.events.some(({ reason, message, involvedObject }) => {
        if (involvedObject.namespace !== namespace || reason !== 'DriftCorrectionFailed') return false;
        return /ConfigMap\/deleted-under-it\/app-cm creation failure: .*(namespaces "deleted-under-it" not found|is being terminated)/.test(
          message,
        );
      });
    await world.eventually('it is told', isTold);
    await world.eventually('it is gone', async () => (await world.cluster.get(key)) === undefined);
    await world.cluster.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: target } });
    await request();
    const object = { apiVersion: 'v1', kind: 'ConfigMap', namespace: target, name: 'app-cm' };
    await world.eventually('it is back', () => world.cluster.get(object));
    await becomes('Ready', 'True', /^/);
    await world.cluster.delete(key);
    await remove();
    await world.eventually('the release goes although its namespace is gone', async () => (await release()) === undefined);
  });

  test('a release whose records somebody has deleted is made anew over what there is', async () => {
    const { namespace, ready, request, phases, get } = await createReleases(world);
    await ready();
    const { uid } = (await get('ConfigMap', 'app-cm'))!.metadata;
    await world.cluster.delete(key(namespace));
    await request();
    await world.eventually('there is a record again', async () => (await phases()).join() === '1 deployed');
    assert.equal((await get('ConfigMap', 'app-cm'))?.metadata.uid, uid);
  });

  test('one that Helm is in the middle of is unlocked, as nobody else works on it', async () => {
    const { namespace, ready, request, phases, records } = await createReleases(world);
    await ready();
    const [release] = await records();
    const pending = encodeRelease({ ...release!, version: 2, info: { ...release!.info, status: 'pending-upgrade' } });
    await world.cluster.create({ ...pending, metadata: { ...pending.metadata, namespace } });
    await request();
    await world.eventually('it goes on', async () => (await phases()).join() === '1 superseded,2 failed,3 deployed');
    assert.ok(world.events.some(({ reason, involvedObject }) => reason === 'PendingRelease' && involvedObject.namespace === namespace));
  });
});
