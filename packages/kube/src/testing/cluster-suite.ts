import type { KubeObject } from '@sluice/core';
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test as nodeTest } from 'node:test';
import {
  createEventRecorder,
  createInformer,
  electLeader,
  isAlreadyExists,
  isConflict,
  isForbidden,
  isInvalid,
  isKindUnknown,
  isNotFound,
  KubeError,
  type Cluster,
  type ObjectKey,
  type WatchEvent,
} from '../index.js';

export interface SuiteConnection {
  readonly cluster: Cluster;
  close(): Promise<void>;
}

const test = (name: string, run: () => Promise<void>) => void nodeTest(name, run);

/**
 * What any Kubernetes API must do for a {@link Cluster}. Registers its tests; works in a namespace of its own, as a cluster's
 * administrator. Nothing in here may know which API it talks to.
 */
export function clusterSuite(name: string, connect: () => Promise<SuiteConnection>): void {
  void describe(`the cluster ${name}`, { concurrency: false }, () => {
    const suffix = randomBytes(4).toString('hex');
    const namespace = `sluice-suite-${suffix}`;
    let connection: SuiteConnection;
    let cluster: Cluster;

    before(async () => {
      connection = await connect();
      ({ cluster } = connection);
      await cluster.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
    });

    after(async () => {
      await cluster.delete({ apiVersion: 'v1', kind: 'Namespace', name: namespace });
      await connection.close();
    });

    const configMap = (objectName: string, data: Record<string, string> = {}, labels?: Record<string, string>): KubeObject => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { namespace, name: objectName, ...(labels === undefined ? {} : { labels }) },
      data,
    });
    test('discovery knows the kinds', async () => {
      const deployment = await cluster.resourceOf({ apiVersion: 'apps/v1', kind: 'Deployment' });
      assert.equal(deployment?.resource, 'deployments');
      assert.equal(deployment.namespaced, true);
      assert.ok(deployment.subresources.includes('status'));
      assert.ok(deployment.verbs.includes('patch'));
      assert.equal((await cluster.resourceOf({ apiVersion: 'v1', kind: 'Namespace' }))?.namespaced, false);
      assert.equal(await cluster.resourceOf({ apiVersion: 'nowhere.example.com/v1', kind: 'Thing' }), undefined);
      const all = await cluster.resources();
      assert.ok(all.some(({ group, kind }) => group === 'rbac.authorization.k8s.io' && kind === 'ClusterRole'));
      await assert.rejects(cluster.get({ apiVersion: 'nowhere.example.com/v1', kind: 'Thing', namespace, name: 'x' }), isKindUnknown);
      assert.equal(await cluster.delete({ apiVersion: 'nowhere.example.com/v1', kind: 'Thing', namespace, name: 'x' }), false);
    });

    test('an object is created, read, replaced and deleted', async () => {
      const created = await cluster.create(configMap('life', { a: '1' }));
      assert.notEqual(created.metadata.uid, undefined);
      await assert.rejects(cluster.create(configMap('life')), isAlreadyExists);
      assert.deepEqual((await cluster.get(keyOf(created)))?.['data'], { a: '1' });
      const replaced = await cluster.replace({ ...created, data: { a: '2' } });
      assert.notEqual(replaced.metadata.resourceVersion, created.metadata.resourceVersion);
      await assert.rejects(cluster.replace({ ...created, data: { a: '3' } }), isConflict);
      await assert.rejects(cluster.delete(keyOf(created), { preconditions: { uid: 'another' } }), isConflict);
      assert.equal(await cluster.delete(keyOf(created), { dryRun: true }), true);
      assert.equal(await cluster.delete(keyOf(created), { preconditions: { uid: created.metadata.uid ?? '' } }), true);
      assert.equal(await cluster.get(keyOf(created)), undefined);
      assert.equal(await cluster.delete(keyOf(created)), false);
    });

    test('names may be generated; what is not there can not be changed', async () => {
      const created = await cluster.create<KubeObject>({ ...configMap(''), metadata: { namespace, generateName: 'made-' } });
      assert.match(created.metadata.name ?? '', /^made-.{5}$/);
      const missing = keyOf(configMap('missing'));
      await assert.rejects(cluster.patch(missing, 'merge', { data: { a: '1' } }), isNotFound);
      await assert.rejects(cluster.create({ ...configMap('x'), metadata: { namespace: `${namespace}-not`, name: 'x' } }), isNotFound);
      await assert.rejects(cluster.get({ apiVersion: 'v1', kind: 'ConfigMap', name: 'no-namespace' }), { reason: 'KubeRequestInvalid' });
      await assert.rejects(cluster.get({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name: '../secrets' }), {
        reason: 'KubeRequestInvalid',
      });
    });

    test('all kinds of patch', async () => {
      const { metadata } = await cluster.create(configMap('patched', { a: '1', b: '1' }));
      const key = keyOf(configMap('patched'));
      assert.deepEqual((await cluster.patch(key, 'merge', { data: { a: '2', b: null } }))['data'], { a: '2' });
      assert.deepEqual((await cluster.patch(key, 'json', [{ op: 'add', path: '/data/c', value: '3' }]))['data'], { a: '2', c: '3' });
      const strategic = await cluster.patch(key, 'strategic', { metadata: { finalizers: [] }, data: { c: null } });
      assert.deepEqual(strategic['data'], { a: '2' });
      const dry = await cluster.patch(key, 'merge', { data: { a: '9' } }, { dryRun: true, fieldManager: 'suite' });
      assert.deepEqual(dry['data'], { a: '9' });
      assert.deepEqual((await cluster.get(key))?.['data'], { a: '2' });
      await assert.rejects(cluster.patch(key, 'merge', { metadata: { uid: 'another' } }), isInvalid);
      assert.equal((await cluster.get(key))?.metadata.uid, metadata.uid);
    });

    test('server-side apply: creates, changes, takes away, conflicts, takes over', async () => {
      const first = await cluster.apply(configMap('applied', { a: '1', b: '1' }), { fieldManager: 'one' });
      const again = await cluster.apply(configMap('applied', { a: '1', b: '1' }), { fieldManager: 'one' });
      assert.equal(again.metadata.resourceVersion, first.metadata.resourceVersion);
      assert.deepEqual((await cluster.apply(configMap('applied', { a: '1' }), { fieldManager: 'one' }))['data'], { a: '1' });
      await assert.rejects(cluster.apply(configMap('applied', { a: '2' }), { fieldManager: 'two' }), (error) => {
        assert.ok(isConflict(error));
        assert.deepEqual(
          error.causes.map(({ reason, field }) => ({ reason, field })),
          [{ reason: 'FieldManagerConflict', field: '.data.a' }],
        );
        assert.match(error.message, /conflict with "one"/);
        return true;
      });
      const taken = await cluster.apply(configMap('applied', { a: '2' }), { fieldManager: 'two', force: true, dryRun: true });
      assert.deepEqual(taken['data'], { a: '2' });
      assert.deepEqual((await cluster.get(keyOf(taken)))?.['data'], { a: '1' });
    });

    test('what is invalid is refused with its fields; unknown fields are refused or warned of', async () => {
      const bad = { apiVersion: 'v1', kind: 'Service', metadata: { namespace, name: 'bad' }, spec: { ports: [{ port: 123_456 }] } };
      await assert.rejects(
        cluster.create(bad),
        (error) => isInvalid(error) && error.causes.some(({ field }) => field === 'spec.ports[0].port'),
      );
      const typo = { ...configMap('typo'), spce: {} };
      await assert.rejects(
        cluster.create(typo, { fieldValidation: 'Strict' }),
        (error) => error instanceof KubeError && error.code === 400,
      );
      const warnings: string[] = [];
      await cluster.create(typo, { fieldValidation: 'Warn', onWarning: (warning) => warnings.push(warning) });
      assert.deepEqual(warnings, ['unknown field "spce"']);
    });

    test('lists: pages joined, selectors, metadata only', async () => {
      for (let index = 0; index < 7; index++) {
        await cluster.create(configMap(`list-${index}`, { index: String(index) }, { suite: 'list', even: String(index % 2 === 0) }));
      }
      const kind = { apiVersion: 'v1', kind: 'ConfigMap', namespace };
      const paged = await cluster.list(kind, { labelSelector: 'suite=list', pageSize: 2 });
      assert.deepEqual(
        paged.items.map(({ metadata }) => metadata.name),
        [0, 1, 2, 3, 4, 5, 6].map((index) => `list-${index}`),
      );
      assert.ok(paged.items.every((item) => item.kind === 'ConfigMap' && item.apiVersion === 'v1'));
      assert.notEqual(paged.resourceVersion, '');
      assert.equal((await cluster.list(kind, { labelSelector: 'suite=list', limit: 3 })).items.length, 3);
      assert.equal((await cluster.list(kind, { labelSelector: 'suite=list,even in (true)' })).items.length, 4);
      assert.equal((await cluster.list(kind, { fieldSelector: 'metadata.name=list-3' })).items.length, 1);
      const metadata = await cluster.list(kind, { labelSelector: 'suite=list', as: 'metadata' });
      assert.deepEqual(Object.keys(metadata.items[0] ?? {}), ['apiVersion', 'kind', 'metadata']);
      assert.equal(metadata.items[0]?.kind, 'ConfigMap');
      const one = await cluster.get({ ...kind, name: 'list-1' }, { as: 'metadata' });
      assert.deepEqual([one?.kind, one?.metadata.labels, one?.['data']], ['ConfigMap', { suite: 'list', even: 'false' }, undefined]);
      await assert.rejects(cluster.list(kind, { labelSelector: 'a=(' }), (error) => error instanceof KubeError && error.code === 400);
      const everywhere = await cluster.list({ apiVersion: 'v1', kind: 'ConfigMap' }, { labelSelector: 'suite=list' });
      assert.ok(everywhere.items.length >= 7);
    });

    test('a watch tells what happens after its version, and ends with its reader', async () => {
      const kind = { apiVersion: 'v1', kind: 'ConfigMap', namespace };
      const options = { labelSelector: 'suite=watch' };
      const { resourceVersion } = await cluster.list(kind, options);
      await cluster.create(configMap('watched', { a: '1' }, { suite: 'watch' }));
      await cluster.patch(keyOf(configMap('watched')), 'merge', { data: { a: '2' } });
      // What leaves the selection is gone, what comes into it is new.
      await cluster.patch(keyOf(configMap('watched')), 'merge', { metadata: { labels: { suite: 'other' } } });
      await cluster.patch(keyOf(configMap('watched')), 'merge', { metadata: { labels: { suite: 'watch' } } });
      await cluster.delete(keyOf(configMap('watched')));
      const expected = ['ADDED', 'MODIFIED', 'DELETED', 'ADDED', 'DELETED'];
      assert.deepEqual(await typesOf(5, cluster.watch(kind, { ...options, resourceVersion })), expected);
      assert.deepEqual(await typesOf(5, cluster.watch(kind, { ...options, resourceVersion, as: 'metadata' })), expected);
    });

    test('a watch may begin with what there is', async () => {
      await cluster.create(configMap('initial', {}, { suite: 'initial' }));
      const seen: string[] = [];
      const kind = { apiVersion: 'v1', kind: 'ConfigMap', namespace };
      for await (const event of cluster.watch(kind, { labelSelector: 'suite=initial', sendInitialEvents: true })) {
        if (event.type !== 'BOOKMARK') seen.push(`${event.type} ${event.object.metadata.name}`);
        else if (event.initialEventsEnd) break;
      }
      assert.deepEqual(seen, ['ADDED initial']);
    });

    test('a watch can be stopped, and ends at its timeout', async () => {
      const kind = { apiVersion: 'v1', kind: 'ConfigMap', namespace };
      const controller = new AbortController();
      setTimeout(() => controller.abort(new Error('enough')), 50);
      await assert.rejects(async () => {
        for await (const event of cluster.watch(kind, { fieldSelector: 'metadata.name=none', signal: controller.signal })) assert.ok(event);
      }, /enough/);
      for await (const event of cluster.watch(kind, { fieldSelector: 'metadata.name=none', timeoutSeconds: 1 })) {
        assert.equal(event.type, 'BOOKMARK');
      }
    });

    test('an informer follows, with metadata only too', async () => {
      const informer = createInformer(
        cluster,
        { apiVersion: 'v1', kind: 'ConfigMap', namespace },
        { labelSelector: 'suite=informer', metadataOnly: true },
      );
      try {
        await cluster.create(configMap('informed', { a: '1' }, { suite: 'informer' }));
        await informer.whenSynced();
        const told: string[] = [];
        const done = new Promise<void>((resolve) => {
          informer.subscribe({
            added: ({ metadata }) => told.push(`+${metadata.name}`),
            modified: ({ metadata }) => told.push(`~${metadata.name}`),
            deleted: ({ metadata }) => {
              told.push(`-${metadata.name}`);
              resolve();
            },
          });
        });
        await cluster.patch(keyOf(configMap('informed')), 'merge', { data: { a: '2' } });
        await cluster.delete(keyOf(configMap('informed')));
        await done;
        assert.deepEqual(told, ['+informed', '~informed', '-informed']);
        assert.equal(informer.size, 0);
      } finally {
        informer.stop();
      }
    });

    test('a custom resource works as soon as its definition is established; its status is apart', async () => {
      const group = `suite-${suffix}.example.com`;
      const widget = { apiVersion: `${group}/v1`, kind: 'Widget', metadata: { namespace, name: 'w' }, spec: { size: 1 } };
      assert.equal(await cluster.resourceOf(widget), undefined);
      const definition = widgetDefinition(group);
      await cluster.create(definition);
      try {
        await until(async () => {
          const found = await cluster.get(keyOf(definition));
          const status = found?.['status'] as { conditions?: { type: string; status: string }[] | null } | undefined;
          return (status?.conditions ?? []).some(({ type, status }) => type === 'Established' && status === 'True');
        });
        // Established means served, but not by every part of every server at the same moment.
        await until(async () => (await cluster.resourceOf(widget)) !== undefined);
        await cluster.apply(widget, { fieldManager: 'suite' });
        const patched = await cluster.patch(
          keyOf(widget),
          'merge',
          { status: { ready: true }, spec: { size: 5 } },
          { subresource: 'status' },
        );
        assert.deepEqual([patched['spec'], patched['status']], [{ size: 1 }, { ready: true }]);
        await assert.rejects(cluster.apply({ ...widget, spec: { size: 'big' } }, { fieldManager: 'suite' }), KubeError);
      } finally {
        await cluster.delete(keyOf(definition));
      }
      await until(async () => {
        try {
          return (await cluster.get(keyOf(widget))) === undefined;
        } catch (error) {
          return isKindUnknown(error);
        }
      });
    });

    test('a finalizer holds an object until it is taken away', async () => {
      const held = configMap('held');
      await cluster.create({ ...held, metadata: { ...held.metadata, finalizers: ['example.com/suite'] } });
      assert.equal(await cluster.delete(keyOf(held)), true);
      assert.notEqual((await cluster.get(keyOf(held)))?.metadata.deletionTimestamp, undefined);
      await cluster.patch(keyOf(held), 'merge', { metadata: { finalizers: null } });
      assert.equal(await cluster.get(keyOf(held)), undefined);
    });

    test('calls as someone else have their rights', async () => {
      const bob = cluster.as({ user: 'bob', groups: ['system:authenticated', 'readers'] });
      const kind = { apiVersion: 'v1', kind: 'ConfigMap', namespace };
      await assert.rejects(bob.list(kind), (error) => isForbidden(error) && error.message.includes('User "bob"'));
      await cluster.create({
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'Role',
        metadata: { namespace, name: 'reader' },
        rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['list'] }],
      });
      await cluster.create({
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'RoleBinding',
        metadata: { namespace, name: 'readers' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reader' },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'readers' }],
      });
      // The second of two groups counts: both arrive.
      await until(async () =>
        bob.list(kind).then(
          () => true,
          () => false,
        ),
      );
      await assert.rejects(bob.create(configMap('by-bob')), isForbidden);
    });

    test('subresources: a token for a service account, the scale of a Deployment', async () => {
      const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { namespace, name: 'suite' } };
      await cluster.create(account);
      const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', metadata: {}, spec: { expirationSeconds: 600 } };
      const token = await cluster.post(keyOf(account), 'token', request);
      assert.match((token['status'] as { token: string }).token, /^[\w-]+\.[\w-]+\.[\w-]+$/);
      const labels = { app: 'scaled' };
      const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'example.com/none' }] } };
      const deployment = {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { namespace, name: 'scaled' },
        spec: { replicas: 0, selector: { matchLabels: labels }, template },
      };
      await cluster.create(deployment);
      const scale = await cluster.get(keyOf(deployment), { subresource: 'scale' });
      assert.equal(scale?.kind, 'Scale');
      await cluster.delete(keyOf(deployment), { propagationPolicy: 'Background' });
    });

    test('requests by path', async () => {
      const version = await cluster.raw('GET', '/version');
      assert.equal(version.status, 200);
      assert.match((JSON.parse(version.body) as { gitVersion: string }).gitVersion, /^v1\.\d+\./);
      assert.equal((await cluster.raw('GET', '/readyz')).status, 200);
      assert.equal((await cluster.raw('GET', '/apis/nowhere.example.com')).status, 404);
    });

    test('one event again counts up', async () => {
      const about = await cluster.create(configMap('eventful'));
      const recorder = createEventRecorder(cluster, { component: 'suite', onError: (error) => assert.fail(String(error)) });
      for (let time = 0; time < 3; time++) recorder.record(about, { type: 'Normal', reason: 'Tested', message: 'it works' });
      recorder.record(about, { type: 'Warning', reason: 'Tested', message: 'another' });
      await recorder.flush();
      recorder.stop();
      const { items } = await cluster.list(
        { apiVersion: 'v1', kind: 'Event', namespace },
        { fieldSelector: 'involvedObject.name=eventful' },
      );
      const summary = items
        .map((event) => [event['type'], event['message'], event['count']])
        .sort(([a], [b]) => String(a).localeCompare(String(b)));
      assert.deepEqual(summary, [
        ['Normal', 'it works', 3],
        ['Warning', 'another', 1],
      ]);
    });

    test('of two candidates one leads; the other follows when it gives up', async () => {
      const options = { namespace, name: 'election', leaseDurationMs: 3_000, renewDeadlineMs: 2_000, retryPeriodMs: 100 };
      const first = electLeader(cluster, { ...options, identity: 'first' });
      await first.acquired;
      const second = electLeader(cluster, { ...options, identity: 'second' });
      await new Promise((resolve) => setTimeout(resolve, 300));
      assert.deepEqual([first.isLeader(), second.isLeader()], [true, false]);
      await first.stop();
      assert.ok(first.lost.aborted);
      await second.acquired;
      assert.deepEqual([first.isLeader(), second.isLeader()], [false, true]);
      await second.stop();
    });
  });
}

function keyOf({ apiVersion, kind, metadata }: KubeObject): ObjectKey {
  const { namespace, name = '' } = metadata;
  return namespace === undefined ? { apiVersion, kind, name } : { apiVersion, kind, namespace, name };
}

/** The types of so many events; their objects have their kind. */
async function typesOf(count: number, events: AsyncIterable<WatchEvent>): Promise<string[]> {
  const seen: string[] = [];
  for await (const event of events) {
    if (event.type === 'BOOKMARK') continue;
    assert.equal(event.object.kind, 'ConfigMap');
    if (seen.push(event.type) === count) break;
  }
  return seen;
}

function widgetDefinition(group: string): KubeObject {
  const schema = {
    type: 'object',
    properties: {
      spec: { type: 'object', properties: { size: { type: 'integer' } } },
      status: { type: 'object', properties: { ready: { type: 'boolean' } } },
    },
  };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `widgets.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema }, subresources: { status: {} } }],
    },
  };
}

/** Asks again until it is so. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  const ends = Date.now() + 20_000;
  while (!(await isSo())) {
    if (Date.now() > ends) assert.fail('it did not come about within 20 s');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
