import assert from 'node:assert/strict';
import { after, before, describe, test, type TestContext } from 'node:test';
import type { HttpRequest } from '@sluice/kube';
import { breakable } from '../testing/breakable.js';
import { chartFiles, createReleases } from '../testing/release.js';
import { startWorld, type World } from '../testing/world.js';

const named = (name: string, annotations = '{}'): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}, annotations: ${annotations}}\ndata: {v: "{{ .Values.v }}"}\n`;

const hooks = named('hook', '{helm.sh/hook: "pre-install,pre-upgrade,pre-rollback"}');

const VERSIONS = {
  '1.0.0': chartFiles({ 'templates/hook.yaml': hooks, 'templates/old.yaml': named('old'), 'templates/s.yaml': named('zz') }),
  '1.1.0': chartFiles({ 'templates/hook.yaml': hooks, 'templates/new.yaml': named('new'), 'templates/s.yaml': named('zz') }),
  '2.0.0': chartFiles({
    'templates/new.yaml': named('new'),
    'templates/bad.yaml': 'apiVersion: v1\nkind: Service\nmetadata: {name: bad}\nspec: {ports: [{port: 999999}]}\n',
  }),
};

type At = (request: HttpRequest) => boolean;

const write =
  (name: string): At =>
  ({ method, path }) =>
    method === 'PATCH' && path.includes(`/configmaps/${name}`) && !path.includes('dryRun');
const record =
  (wanted: string, version: number): At =>
  ({ method, path, body }) =>
    path.includes('/secrets') &&
    method === wanted &&
    (wanted === 'POST' ? isOf(body, version) : new RegExp(`app\\.v${version}(\\?|$)`).test(path));

function isOf(body: unknown, version: number): boolean {
  return typeof body === 'string' && body.includes(`sh.helm.release.v1.app.v${version}"`);
}

/** Where the process dies, or the API fails: the first request of the action that looks so. */
const PHASES: Readonly<Record<'install' | 'upgrade' | 'uninstall', Readonly<Record<string, At>>>> = {
  install: {
    'before the record is made': record('POST', 1),
    'before the hook': write('hook'),
    'at the first object': write('app-cm'),
    'between two objects': write('zz'),
    'before the record is deployed': record('PUT', 1),
    'before the status is written': ({ method, path }) => method === 'PATCH' && path.includes('/helmreleases/app/status'),
  },
  upgrade: {
    'before the record is made': record('POST', 2),
    'before the hook': write('hook'),
    'at the first object': write('app-cm'),
    'between two objects': write('zz'),
    'before what is gone is deleted': ({ method, path }) => method === 'DELETE' && path.includes('/configmaps/old'),
    'before the old record is superseded': record('PUT', 1),
    'before the new record is deployed': record('PUT', 2),
  },
  uninstall: {
    'before the record says so': record('PUT', 1),
    'at the first object': ({ method, path }) => method === 'DELETE' && path.includes('/configmaps/'),
    'before the record goes': record('DELETE', 1),
    'before the finalizer goes': ({ method, path }) => method === 'PATCH' && /\/helmreleases\/app(\?|$)/.test(path),
  },
};

describe(
  'a fault in any phase of an action: the next start converges; one revision is deployed, nothing is left behind',
  { concurrency: 4 },
  () => {
    for (const [action, phases] of Object.entries(PHASES)) {
      for (const [phase, at] of Object.entries(phases)) {
        for (const how of ['dies', 'fails once'] as const) {
          test(`${action}: ${how} ${phase}`, async (t) => {
            const world = await startWorld();
            t.after(() => world.close());
            const api = breakable(world, { backoff: { firstMs: 50, longestMs: 500 } });
            const remediation = { remediation: { retries: 3 }, strategy: { name: 'RemediateOnFailure' } };
            const spec = { install: remediation, upgrade: remediation, timeout: '5s' };
            const breakNow = (): void => api.breakAt({ at, how });
            await api.restart();
            const { namespace, ready, apply, phases: recorded, release, delete: remove } = await createReleases(world, VERSIONS, {});
            await world.cluster.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'bystander', namespace } });
            if (action === 'install') breakNow();
            await apply('app', spec);
            if (action !== 'install') {
              await ready();
              breakNow();
              if (action === 'upgrade') await apply('app', { ...spec, version: '1.1.0', values: { v: 'next' } });
              else await remove();
            }
            await world.eventually('the fault has happened', api.isBroken);
            if (how === 'dies') await api.restart();
            const left = async (): Promise<string[]> =>
              (await world.cluster.list({ apiVersion: 'v1', kind: 'ConfigMap', namespace })).items
                .map(({ metadata }) => metadata.name ?? '')
                .sort();
            if (action === 'uninstall') {
              await world.eventually('it is gone', async () => (await release()) === undefined);
              assert.deepEqual(await left(), ['bystander', 'hook']);
              assert.deepEqual(await recorded(), []);
              return;
            }
            await ready();
            await world.eventually('the one wanted is ready', async () => {
              const { status, metadata } = await release();
              return (
                status?.observedGeneration === metadata.generation &&
                status?.history?.[0]?.chartVersion === (action === 'upgrade' ? '1.1.0' : '1.0.0')
              );
            });
            assert.deepEqual(await left(), ['app-cm', 'bystander', 'hook', action === 'upgrade' ? 'new' : 'old', 'zz']);
            assert.equal((await recorded()).filter((text) => text.endsWith(' deployed')).length, 1);
            assert.deepEqual(
              (await recorded()).filter((text) => text.includes('pending')),
              [],
            );
          });
        }
      }
    }

    test('what an upgrade made before it died goes, also when the next one does not want it', async (t) => {
      const world = await startWorld();
      t.after(() => world.close());
      const api = breakable(world);
      await api.restart();
      const { namespace, ready, apply, get, phases } = await createReleases(world, VERSIONS, { app: {} });
      await ready();
      await world.cluster.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'bystander', namespace } });
      api.breakAt({ at: record('PUT', 1), how: 'dies' });
      await apply('app', { version: '1.1.0' });
      await world.eventually('it has died', api.isBroken);
      assert.ok(await get('ConfigMap', 'new'));
      await apply('app', { values: { v: 'another' } });
      await api.restart();
      await world.eventually('it is another', async () => JSON.stringify((await get('ConfigMap', 'app-cm'))?.['data']).includes('another'));
      await ready();
      assert.equal(await get('ConfigMap', 'new'), undefined);
      assert.equal((await phases()).filter((text) => text.endsWith(' deployed')).length, 1);
    });
  },
);

describe('a fault in what follows from a release', () => {
  let world: World;
  before(async () => {
    world = await startWorld();
  });
  after(() => world.close());

  /** A release, whose HelmRelease is to go when the test is over. */
  async function open(
    t: TestContext,
    versions = VERSIONS as Parameters<typeof createReleases>[1],
    specs?: Parameters<typeof createReleases>[2],
  ) {
    const api = breakable(world, { backoff: { firstMs: 50, longestMs: 500 } });
    await api.restart();
    const releases = await createReleases(world, versions, specs);
    t.after(async () => {
      await releases.delete();
      await world.eventually('it is gone', async () => (await releases.release()) === undefined);
    });
    return { ...releases, api };
  }

  for (const [phase, at] of Object.entries({
    'before the record is made': record('POST', 3),
    'at the first object': write('app-cm'),
    'between two objects': write('zz'),
    'before the old record is superseded': record('PUT', 1),
    'before the new record is deployed': record('PUT', 3),
  })) {
    for (const how of phase === 'between two objects' ? (['dies', 'fails once'] as const) : (['dies'] as const)) {
      test(`rollback: ${how} ${phase}`, async (t) => {
        const { api, ready, apply, phases, get, condition } = await open(t);
        await ready();
        const remediation = { remediation: { retries: 1 }, strategy: { name: 'RemediateOnFailure' } };
        // What the upgrade asks for itself is not meant.
        let isRollback = false;
        const upgraded = record('PUT', 2);
        api.breakAt({ at: (request) => (isRollback ? at(request) : ((isRollback = upgraded(request)), false)), how });
        await apply('app', { version: '2.0.0', upgrade: remediation, timeout: '5s' });
        await world.eventually('the fault has happened', api.isBroken);
        if (how === 'dies') await api.restart();
        const isGivenUp = async (): Promise<boolean> => (await condition('Stalled'))?.reason === 'RetriesExceeded';
        await world.eventually('it is said that it can not be upgraded', isGivenUp);
        assert.deepEqual((await get('ConfigMap', 'app-cm'))?.['data'], { v: 'default', chart: '1.0.0' });
        assert.ok((await get('ConfigMap', 'old')) !== undefined && (await get('ConfigMap', 'new')) === undefined);
        const left = (await phases()).map((text) => text.split(' ')[1] ?? '');
        assert.equal(left.filter((status) => status === 'deployed').length, 1, left.join());
        assert.deepEqual(
          left.filter((status) => status.startsWith('pending')),
          [],
        );
      });
    }
  }

  test('unlocking: dies before the record says so', async (t) => {
    const { api, ready, apply, phases } = await open(t);
    await ready();
    for (const at of [write('zz'), record('PUT', 2)]) {
      api.breakAt({ at, how: 'dies' });
      await apply('app', { version: '1.1.0' });
      await world.eventually('it has died', api.isBroken);
      assert.deepEqual(await phases(), ['1 deployed', '2 pending-upgrade']);
      await api.restart();
    }
    await ready();
    assert.deepEqual(await phases(), ['1 superseded', '2 failed', '3 deployed']);
  });

  test('an upgrade that was cut short leaves the revision to go back to', async (t) => {
    const { api, ready, apply, phases, becomes, get } = await open(t);
    await ready();
    const once = { remediation: { retries: 0, remediateLastFailure: true }, strategy: { name: 'RemediateOnFailure' } };
    api.breakAt({ at: write('app-cm'), how: 'dies' });
    await apply('app', { version: '2.0.0', upgrade: once, timeout: '5s' });
    await world.eventually('it has died', api.isBroken);
    await api.restart();
    await becomes('Remediated', 'True', /RollbackSucceeded/);
    assert.deepEqual((await get('ConfigMap', 'app-cm'))?.['data'], { v: 'default', chart: '1.0.0' });
    assert.deepEqual(await phases(), ['1 superseded', '2 failed', '3 failed', '4 deployed']);
  });

  for (const how of ['dies', 'fails once'] as const) {
    test(`a test: ${how} before its hook is made`, async (t) => {
      const check = named('check', '{helm.sh/hook: test}');
      const { api, becomes, apply, phases, records, ready } = await open(t, { '1.0.0': chartFiles({ 'templates/t.yaml': check }) }, {});
      api.breakAt({ at: write('check'), how });
      await apply('app', { test: { enable: true } });
      await world.eventually('the fault has happened', api.isBroken);
      if (how === 'dies') {
        await api.restart();
        await ready();
        await becomes('TestSuccess', 'True', /TestSucceeded/);
      } else {
        assert.match((await becomes('TestSuccess', 'False', /TestFailed/)).message, /check/);
      }
      assert.deepEqual(await phases(), ['1 deployed']);
      assert.equal((await records())[0]?.hooks?.[0]?.last_run?.phase, how === 'dies' ? 'Succeeded' : 'Failed');
    });

    test(`drift: ${how} before it is put right`, async (t) => {
      const { api, namespace, ready, get, phases } = await open(t, VERSIONS, { app: { driftDetection: { mode: 'enabled' } } });
      await ready();
      api.breakAt({ at: write('app-cm'), how });
      const key = { apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'app-cm' };
      await world.cluster.patch(key, 'merge', { data: { v: 'by hand' } }, { fieldManager: 'kubectl-edit' });
      await world.eventually('the fault has happened', api.isBroken);
      if (how === 'dies') await api.restart();
      const dataOf = async (): Promise<unknown> => ((await get('ConfigMap', 'app-cm'))?.['data'] as { v?: unknown } | undefined)?.v;
      await world.eventually('the value is back', async () => (await dataOf()) === 'default');
      assert.deepEqual(await phases(), ['1 deployed']);
    });
  }
});
