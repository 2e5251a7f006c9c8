import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SluiceError, type KubeObject, type ObjectMeta } from '@sluice/core';
import type { Cluster, ObjectKey } from '@sluice/kube';
import {
  createControllerMetrics,
  createEventBus,
  createLogger,
  createRegistry,
  startController,
  type CommonStatus,
  type FinishedPass,
  type Outcome,
  type ReconcileContext,
} from './index.js';
import { manualClock, memoryCache, settle } from './testing/index.js';

const FINALIZER = 'finalizers.fluxcd.io';

/** A cluster that knows one verb: the merge patch of an object in the cache, with the server's checks. */
function patchOnlyCluster(cache: ReturnType<typeof memoryCache<KubeObject>>) {
  const patches: unknown[] = [];
  const cluster = {
    async patch(key: ObjectKey, type: string, patch: { metadata: ObjectMeta; status?: object }, options: { subresource?: string }) {
      assert.equal(type, 'merge');
      const before = cache.get(key.namespace, key.name);
      if (before === undefined) throw new Error('not found');
      if (patch.metadata.uid !== undefined) assert.equal(patch.metadata.uid, before.metadata.uid);
      if (patch.metadata.resourceVersion !== undefined) assert.equal(patch.metadata.resourceVersion, before.metadata.resourceVersion);
      assert.equal(options.subresource === 'status', patch.status !== undefined);
      patches.push(patch.status ?? { finalizers: patch.metadata.finalizers });
      const resourceVersion = String(Number(before.metadata.resourceVersion) + 1);
      const metadata = { ...before.metadata, ...patch.metadata, resourceVersion };
      const status = Object.entries({ ...(before['status'] as object), ...patch.status }).filter(([, value]) => value !== null);
      const after = { ...before, metadata, status: Object.fromEntries(status) };
      if (metadata.deletionTimestamp !== undefined && metadata.finalizers?.length === 0) cache.remove(after);
      else cache.put(after);
      return after;
    },
  } as unknown as Cluster;
  return { cluster, patches };
}

function rig(
  reconcile: (object: KubeObject, context: ReconcileContext) => Promise<Outcome>,
  finalize?: (object: KubeObject, context: ReconcileContext) => Promise<void>,
) {
  const clock = manualClock();
  const cache = memoryCache<KubeObject>();
  const { cluster, patches } = patchOnlyCluster(cache);
  const registry = createRegistry();
  const events = createEventBus(clock);
  const told: string[] = [];
  const ids: (string | undefined)[] = [];
  const passes: FinishedPass[] = [];
  const lines: Record<string, unknown>[] = [];
  events.subscribe(({ severity, reason, message, reconcileId }) => {
    told.push(`${severity} ${reason}: ${message}`);
    ids.push(reconcileId);
  });
  const controller = startController<KubeObject, CommonStatus>({
    name: 'kustomize-controller',
    kind: 'Kustomization',
    cluster,
    objects: cache,
    finalizer: FINALIZER,
    concurrency: 2,
    clock,
    random: () => 0.5,
    events,
    log: createLogger({ level: 'debug', now: () => clock.now(), write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>) }),
    metrics: createControllerMetrics(registry),
    onPass: (pass) => passes.push(pass),
    reconciler: {
      reconcile,
      ...(finalize === undefined ? {} : { finalize }),
      suspended: (_, status) => status.observeGeneration(),
      isStatic: ({ spec }) => (spec as { type?: string }).type === 'oci',
    },
  });
  return { clock, cache, patches, registry, told, ids, passes, lines, controller };
}

function kustomization(over: { metadata?: object; spec?: object; status?: object } = {}): KubeObject {
  return {
    apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
    kind: 'Kustomization',
    metadata: { name: 'app', namespace: 'ns', uid: 'u1', generation: 1, resourceVersion: '1', ...over.metadata },
    spec: over.spec ?? {},
    status: over.status ?? { observedGeneration: -1 },
  };
}

const ready = async (_: KubeObject, { status }: ReconcileContext): Promise<Outcome> => {
  status.reconciling('Progressing', 'Building');
  status.set('Ready', 'True', 'ReconciliationSucceeded', 'done');
  return {
    next: { type: 'after', delayMs: 600_000 },
    events: [{ severity: 'info', reason: 'ReconciliationSucceeded', message: 'finished' }],
  };
};

test('a new object gets its finalizer first, then one status write with everything', async () => {
  const { cache, patches, told } = rig(ready);
  cache.put(kustomization());
  await settle();
  assert.deepEqual(patches, [
    { finalizers: [FINALIZER] },
    {
      observedGeneration: 1,
      conditions: [
        {
          type: 'Ready',
          status: 'True',
          reason: 'ReconciliationSucceeded',
          message: 'done',
          lastTransitionTime: '2026-01-01T00:00:00Z',
          observedGeneration: 1,
        },
      ],
    },
  ]);
  assert.deepEqual(told, ['info ReconciliationSucceeded: finished']);
});

test('a pass that changes nothing writes nothing', async () => {
  const { cache, patches, clock } = rig(ready);
  cache.put(kustomization());
  await settle();
  patches.length = 0;
  await clock.advance(1_300_000);
  assert.deepEqual(patches, []);
});

test('only a new generation, a new request and deletion start a pass; our own status does not', async () => {
  let passes = 0;
  const { cache } = rig(async (object, context) => {
    passes++;
    return await ready(object, context);
  });
  const change = (metadata: object): void => {
    const now = cache.get('ns', 'app')!;
    cache.put({ ...now, metadata: { ...now.metadata, resourceVersion: String(Number(now.metadata.resourceVersion) + 1), ...metadata } });
  };
  cache.put(kustomization());
  await settle();
  assert.equal(passes, 1);
  for (const [metadata, expected] of [
    [{ labels: { a: 'b' } }, 1],
    [{ generation: 2 }, 2],
    [{ annotations: { 'reconcile.fluxcd.io/requestedAt': 'now' } }, 3],
    [{ annotations: { 'reconcile.fluxcd.io/requestedAt': 'now', other: 'x' } }, 3],
  ] as const) {
    change(metadata);
    await settle();
    assert.equal(passes, expected, JSON.stringify(metadata));
  }
  assert.equal((cache.get('ns', 'app')!['status'] as CommonStatus).lastHandledReconcileAt, 'now');
});

test('a failed pass keeps what it was doing, as ProgressingWithRetry, and answers the request', async () => {
  const { cache } = rig(async (_, { status }) => {
    status.reconciling('Progressing', 'Building');
    status.set('Ready', 'False', 'BuildFailed', 'no');
    return { next: { type: 'after', delayMs: 1000 } };
  });
  cache.put(kustomization({ metadata: { annotations: { 'reconcile.fluxcd.io/requestedAt': 't' } } }));
  await settle();
  const status = cache.get('ns', 'app')!['status'] as CommonStatus;
  assert.deepEqual(
    status.conditions!.map(({ type, status, reason, message }) => `${type}=${status} ${reason}: ${message}`),
    ['Reconciling=True ProgressingWithRetry: Building', 'Ready=False BuildFailed: no'],
  );
  assert.equal(status.observedGeneration, -1);
  assert.equal(status.lastHandledReconcileAt, 't');
});

test('progress is shown when a pass takes long, and merged when states follow each other', async () => {
  const { cache, clock, patches } = rig(async (_, context) => {
    for (const step of ['Fetching', 'Building']) {
      context.status.reconciling('Progressing', step);
      context.progress();
    }
    await new Promise<void>((resolve) => context.clock.after(5000, resolve));
    context.status.set('Ready', 'True', 'ReconciliationSucceeded', 'done');
    return { next: { type: 'idle' } };
  });
  cache.put(kustomization());
  await clock.advance(10_000);
  const messages = (patches.slice(1) as CommonStatus[]).map(({ conditions }) => conditions?.map(({ message }) => message));
  assert.deepEqual(messages, [['Building'], ['done']]);
});

test('a suspended object is not worked on; its generation moves', async () => {
  let passes = 0;
  const { cache, registry } = rig(async (object, context) => {
    passes++;
    return await ready(object, context);
  });
  cache.put(kustomization({ metadata: { finalizers: [FINALIZER], generation: 4 }, spec: { suspend: true } }));
  await settle();
  assert.equal(passes, 0);
  assert.equal((cache.get('ns', 'app')!['status'] as CommonStatus).observedGeneration, 4);
  assert.match(await registry.render(), /gotk_suspend_status\{kind="Kustomization",name="app",namespace="ns"\} 1/);
});

test('what becomes static loses finalizer and status, unless it is suspended; what was static always has neither', async () => {
  const finalized: string[] = [];
  const { cache, patches } = rig(
    () => Promise.reject(new Error('not reached')),
    async ({ metadata }) => void finalized.push(metadata.name!),
  );
  const was = { metadata: { finalizers: [FINALIZER] }, status: { observedGeneration: 1 } };
  cache.put(kustomization({ spec: { type: 'oci', suspend: true }, ...was }));
  await settle();
  assert.deepEqual(patches, []);
  cache.put(kustomization({ spec: { type: 'oci' }, ...was, metadata: { ...was.metadata, generation: 2, resourceVersion: '2' } }));
  await settle();
  assert.deepEqual(finalized, ['app']);
  assert.deepEqual(patches, [{ finalizers: [] }, { observedGeneration: null }]);
  assert.deepEqual(cache.get('ns', 'app')?.['status'], {});
});

test('deletion runs finalize, and the finalizer goes only when it succeeded', async () => {
  let broken = true;
  const { cache, clock, registry } = rig(ready, async () => {
    if (broken) throw new Error('the API is away');
  });
  const deleting = kustomization({ metadata: { finalizers: ['other', FINALIZER], deletionTimestamp: '2026-01-01T00:00:00Z' } });
  cache.put(deleting);
  await settle();
  assert.deepEqual(cache.get('ns', 'app')!.metadata.finalizers, ['other', FINALIZER]);
  broken = false;
  await clock.advance(1000);
  assert.deepEqual(cache.get('ns', 'app')!.metadata.finalizers, ['other']);
  cache.remove(deleting);
  assert.doesNotMatch(await registry.render(), /gotk_suspend_status\{/);
});

test('what a reconciler throws is logged with the keys of Flux, counted, and retried', async () => {
  let passes = 0;
  const { cache, clock, lines, registry } = rig(async () => {
    passes++;
    throw new Error('boom');
  });
  cache.put(kustomization());
  await clock.advance(1000);
  assert.equal(passes, 2);
  const { reconcileID, ts, ...line } = lines.find(({ level }) => level === 'error')!;
  assert.match(String(reconcileID), /^[0-9a-f-]{36}$/);
  assert.match(String(ts), /^\d{4}-\d\d-\d\dT/);
  assert.deepEqual(line, {
    level: 'error',
    msg: 'Reconciler error',
    controller: 'kustomization',
    controllerGroup: 'kustomize.toolkit.fluxcd.io',
    controllerKind: 'Kustomization',
    Kustomization: { name: 'app', namespace: 'ns' },
    namespace: 'ns',
    name: 'app',
    error: 'boom',
  });
  assert.match(await registry.render(), /controller_runtime_reconcile_errors_total\{controller="kustomization"\} 2/);
});

test('stop waits for a running pass, then aborts it', async () => {
  let aborted = false;
  const { cache, clock, controller } = rig(async (_, { signal }) => {
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    aborted = true;
    return { next: { type: 'idle' } };
  });
  cache.put(kustomization());
  await settle();
  const stopped = controller.stop(5000);
  await clock.advance(4000);
  assert.equal(aborted, false);
  await clock.advance(2000);
  await stopped;
  assert.equal(aborted, true);
});

test('a pass has one id: in its log lines, in its events, and where it is told of when it has ended', async () => {
  const { cache, ids, passes, lines } = rig(async (object, context) => {
    context.log.info('working');
    return await ready(object, context);
  });
  cache.put(kustomization());
  await settle();
  const [pass] = passes;
  assert.match(pass!.id, /^[0-9a-f-]{36}$/);
  assert.deepEqual(ids, [pass!.id]);
  assert.deepEqual(new Set(lines.map((line) => line['reconcileID'])), new Set([pass!.id]));
  assert.equal(pass!.failure, undefined);
});

const failures: readonly [what: string, failure: unknown, counted: readonly string[], error: string][] = [
  ['an error of the catalogue', new Error('fetch', { cause: new SluiceError('GitUnreachable', 'refused') }), [], 'GitUnreachable'],
  ['a timeout', new SluiceError('GitTimeout', 'late'), ['reconcile_timeouts_total'], 'GitTimeout'],
  ['a bug', new Error('build', { cause: new TypeError('x is undefined') }), ['reconcile_panics_total'], ''],
];

for (const [what, failure, counted, error] of failures) {
  test(`${what} is counted, and shown until the object is ready`, async () => {
    let isBroken = true;
    const { cache, registry, clock } = rig(async (object, context) => {
      if (!isBroken) return await ready(object, context);
      context.status.set('Ready', 'False', 'GitOperationFailed', 'no');
      return { next: { type: 'after', delayMs: 1000 }, failure };
    });
    cache.put(kustomization());
    await settle();
    const text = await registry.render();
    const labels = error === '' ? '' : `,error="${error}"`;
    assert.ok(
      text.includes(`gotk_reconcile_failure{kind="Kustomization",name="app",namespace="ns",reason="GitOperationFailed"${labels}} 1\n`),
      text,
    );
    assert.match(text, /^controller_runtime_reconcile_total\{controller="kustomization",result="error"\} 1$/m);
    for (const name of ['reconcile_timeouts_total', 'reconcile_panics_total', 'terminal_reconcile_errors_total']) {
      assert.ok(text.includes(`controller_runtime_${name}{controller="kustomization"} ${counted.includes(name) ? 1 : 0}\n`), name);
    }
    isBroken = false;
    await clock.advance(1000);
    await settle();
    assert.doesNotMatch(await registry.render(), /gotk_reconcile_failure\{/);
  });
}
