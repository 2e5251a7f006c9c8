import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { groupOf, requestAnnotations, type Json, type KubeObject } from '@sluice/core';
import type { Cluster } from '@sluice/kube';
import { apiTime, type Clock } from './clock.js';
import type { Condition } from './conditions.js';
import type { EventBus } from './events.js';
import type { Logger } from './log.js';
import type { ControllerMetrics } from './metrics/controller-metrics.js';
import { keyOf, splitKey, type ObjectCache } from './object-cache.js';
import { createWorkQueue, Priority, type Next, type Turn } from './queue.js';
import type { Cause, Outcome, ReconcileContext, Reconciler } from './reconciler.js';
import { createStages, type FinishedStage } from './stages.js';
import { createStatusWriter, type StatusWriter } from './status-writer.js';
import { conditionsOf, StatusDraft, type CommonStatus } from './status.js';

/** What a controller works with. */
export interface ControllerOptions<T extends KubeObject, S extends CommonStatus> {
  /** The name under which it is known: `kustomize-controller`. Status is written as field manager `gotk-<name>`. */
  readonly name: string;
  readonly kind: string;
  readonly cluster: Cluster;
  readonly objects: ObjectCache<T>;
  readonly reconciler: Reconciler<T, S>;
  /** Objects are never deleted before the reconciler's `finalize` has run. */
  readonly finalizer: string;
  readonly concurrency: number;
  readonly clock: Clock;
  readonly random: () => number;
  readonly events: EventBus;
  readonly log: Logger;
  readonly metrics: ControllerMetrics;
  readonly backoff?: { readonly firstMs: number; readonly longestMs: number };
  /** A pass shows its progress only when it takes longer than this: most end sooner. */
  readonly progressDelayMs?: number;
  /** Told of every pass when it has ended. */
  readonly onPass?: (pass: FinishedPass) => void;
}

/** A pass over an object that has ended. */
export interface FinishedPass {
  /** In all its log lines, and in the events of the cluster that it tells. */
  readonly id: string;
  readonly controller: string;
  /** As the pass left it. */
  readonly object: KubeObject;
  readonly causes: readonly Cause[];
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly failure: unknown;
  /** What it went through, in the order in which it ended. */
  readonly stages: readonly FinishedStage[];
}

export interface Controller {
  /** Puts an object in line because of something that happened elsewhere. */
  enqueue(key: string, cause: Cause): void;
  /** Takes no more work, lets what runs end within `graceMs`, then aborts it. */
  stop(graceMs: number): Promise<void>;
}

const DEFAULT_PROGRESS_DELAY_MS = 2000;

/** What was told to end is not waited for longer than this. */
const ABORT_WITHIN_MS = 5000;

/** Runs a reconciler over all objects of a kind, from now until it is stopped. */
export function startController<T extends KubeObject, S extends CommonStatus>(options: ControllerOptions<T, S>): Controller {
  const { clock, objects, log, kind } = options;
  const reports = options.metrics.forController(kind.toLowerCase(), options.concurrency);
  const stopping = new AbortController();
  setMaxListeners(0, stopping.signal);
  /** What we wrote last, where it is newer than what the watch has brought. */
  const written = new Map<string, T>();

  const queue = createWorkQueue<Cause>({
    concurrency: options.concurrency,
    clock,
    random: options.random,
    observer: reports.queue,
    process,
    ...(options.backoff === undefined ? {} : { backoff: options.backoff }),
  });
  reports.watchQueue(queue, clock);

  const unsubscribe = objects.subscribe({
    added(object) {
      const settled = statusOf(object).observedGeneration === object.metadata.generation && requestOf(object) === undefined;
      queue.add(keyOf(object), settled ? Priority.resync : Priority.change, { reason: settled ? 'resync' : 'created' });
    },
    modified(object, before) {
      const reason = whatChanged(object, before);
      if (reason !== undefined) queue.add(keyOf(object), Priority.request, { reason });
    },
    deleted(object) {
      const key = keyOf(object);
      queue.forget(key);
      written.delete(key);
      reports.forget(kind, object.metadata.namespace ?? '', object.metadata.name ?? '');
    },
  });

  async function process({ key, causes, onOvertaken }: Turn<Cause>): Promise<Next> {
    const { namespace, name } = splitKey(key);
    const object = newest(objects.get(namespace, name), written.get(key));
    if (object === undefined) return { type: 'idle' };
    const startedAt = clock.now();
    const id = randomUUID();
    const passLog = log.with(logFields(object, id));
    // A signal of its own: a hundred requests that listen to one signal make each more listener dearer.
    const ending = new AbortController();
    setMaxListeners(0, ending.signal);
    const onStop = (): void => ending.abort(stopping.signal.reason);
    stopping.signal.addEventListener('abort', onStop, { once: true });
    if (stopping.signal.aborted) onStop();
    const pass = new Pass(object, options, { id, log: passLog }, { causes, onOvertaken, signal: ending.signal });
    let failure: unknown;
    let next: Next = { type: 'retry' };
    try {
      ({ next, failure } = await pass.run());
    } catch (error) {
      if (!stopping.signal.aborted) {
        failure = error;
        passLog.error('Reconciler error', error);
      }
    } finally {
      stopping.signal.removeEventListener('abort', onStop);
    }
    if (pass.gone) written.delete(key);
    else written.set(key, pass.object);
    const endedAt = clock.now();
    reports.reconciled(object, { id, startedAt, endedAt, next, failure });
    // What is gone is gone from the metrics as well: its deletion may have been heard of while the pass went on.
    if (pass.gone || objects.get(namespace, name) === undefined) reports.forget(kind, namespace, name);
    else reports.observe(pass.object, conditionsOf(pass.object), failure);
    options.onPass?.({
      id,
      controller: options.name,
      object: pass.object,
      causes,
      startedAt,
      endedAt,
      failure,
      stages: pass.stages.finished,
    });
    return next;
  }

  return {
    enqueue: (key, cause) => queue.add(key, Priority.change, cause),
    async stop(graceMs) {
      unsubscribe();
      const cancels: (() => void)[] = [clock.after(graceMs, () => stopping.abort(new Error('the engine stops')))];
      const bound = new Promise<void>((resolve) => cancels.push(clock.after(graceMs + ABORT_WITHIN_MS, resolve)));
      await Promise.race([queue.stop(), bound]);
      for (const cancel of cancels) cancel();
    },
  };
}

type Signals = Pick<ReconcileContext, 'causes' | 'onOvertaken' | 'signal'>;

const IDLE = { next: { type: 'idle' } } as const;

/** One pass over one object. */
class Pass<T extends KubeObject, S extends CommonStatus> {
  /** The finalizer is off: the object may be gone already. */
  gone = false;
  readonly stages: ReturnType<typeof createStages>;
  #object: T;
  #writer: StatusWriter;
  readonly #options: ControllerOptions<T, S>;
  readonly #id: string;
  readonly #log: Logger;
  readonly #signals: Signals;

  constructor(object: T, options: ControllerOptions<T, S>, { id, log }: { readonly id: string; readonly log: Logger }, signals: Signals) {
    this.#object = object;
    this.#options = options;
    this.#id = id;
    this.#log = log;
    this.#signals = signals;
    this.stages = createStages(options.clock);
    this.#writer = this.#newWriter(object);
  }

  get object(): T {
    return this.#writer.object as T;
  }

  async run(): Promise<Pick<Outcome, 'next' | 'failure'>> {
    const { reconciler, finalizer } = this.#options;
    const { deletionTimestamp, finalizers = [] } = this.#object.metadata;
    if (deletionTimestamp !== undefined) {
      if (finalizers.includes(finalizer)) await this.#finalize();
      return IDLE;
    }
    if (reconciler.isStatic?.(this.#object) === true) {
      await this.#leave();
      return IDLE;
    }
    if (!finalizers.includes(finalizer)) await this.#writeFinalizers([...finalizers, finalizer]);

    const draft = this.#draft();
    if ((this.#object['spec'] as { suspend?: boolean } | undefined)?.suspend === true) {
      this.#log.info('Reconciliation is suspended for this object');
      const requestedAt = requestOf(this.#object);
      if (requestedAt !== undefined) draft.fields.lastHandledReconcileAt = requestedAt;
      reconciler.suspended?.(this.#object, draft);
      await this.#writer.flush(draft.fields);
      return IDLE;
    }

    const outcome = await reconciler.reconcile(this.#object, this.#context(draft));
    draft.finish(this.#object.metadata.annotations?.[requestAnnotations.requestedAt], outcome.observed);
    await this.#writer.flush(draft.fields);
    this.#publish(outcome.events);
    return outcome;
  }

  async #finalize(): Promise<void> {
    const { reconciler, finalizer } = this.#options;
    const outcome = await reconciler.finalize?.(this.#object, this.#context(this.#draft()));
    await this.#writeFinalizers((this.#object.metadata.finalizers ?? []).filter((other) => other !== finalizer));
    this.gone = true;
    this.#publish(outcome?.events);
  }

  /** Takes back everything that was done with the object. A suspended one keeps it. */
  async #leave(): Promise<void> {
    if ((this.#object['spec'] as { suspend?: boolean } | undefined)?.suspend === true) return;
    if ((this.#object.metadata.finalizers ?? []).includes(this.#options.finalizer)) await this.#finalize();
    this.gone = false;
    await this.#writer.flush({});
  }

  /** With the object's resourceVersion: finalizers are a list, and another controller's must not be lost. */
  async #writeFinalizers(finalizers: readonly string[]): Promise<void> {
    const { apiVersion, kind, metadata } = this.#object;
    const patch = { metadata: { finalizers: [...finalizers], resourceVersion: metadata.resourceVersion ?? null } } as Json;
    const key = { apiVersion, kind, name: metadata.name!, ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }) };
    this.#object = await this.#options.cluster.patch<T>(key, 'merge', patch, {
      fieldManager: managerOf(this.#options.name),
      signal: this.#signals.signal,
    });
    this.#writer = this.#newWriter(this.#object);
  }

  #draft(): StatusDraft<S> {
    const shown = (): readonly Condition[] => conditionsOf(this.#writer.object);
    return new StatusDraft<S>(this.#object, () => apiTime(this.#options.clock.now()), shown);
  }

  #newWriter(object: T): StatusWriter {
    const { cluster, name, clock, progressDelayMs = DEFAULT_PROGRESS_DELAY_MS } = this.#options;
    return createStatusWriter(object, {
      cluster,
      fieldManager: managerOf(name),
      signal: this.#signals.signal,
      delay: (write) => clock.after(progressDelayMs, write),
      onError: (error) => this.#log.debug('progress could not be written', { error: String(error) }),
    });
  }

  #context(status: StatusDraft<S>): ReconcileContext<S> {
    const { clock, random } = this.#options;
    return {
      ...this.#signals,
      status,
      log: this.#log,
      stage: this.stages.run,
      clock,
      random,
      progress: () => this.#writer.soon(status.fields),
      persist: () => this.#writer.flush({ ...status.fields }),
      event: (event) => this.#publish([event]),
    };
  }

  #publish(events: Outcome['events'] = []): void {
    for (const event of events) this.#options.events.publish(this.#object, event, this.#options.name, this.#id);
  }
}

/**
 * Who writes finalizers and status. Not the controller's own name: what that has written by updates is taken for left over
 * from the time before server-side apply, and is taken over by the Kustomization that applies the object.
 */
function managerOf(name: string): string {
  return `gotk-${name}`;
}

/** The newer of two states of an object: the watch can lag behind our own writes. */
function newest<T extends KubeObject>(seen: T | undefined, mine: T | undefined): T | undefined {
  if (seen === undefined || mine === undefined || seen.metadata.uid !== mine.metadata.uid) return seen;
  return Number(mine.metadata.resourceVersion) > Number(seen.metadata.resourceVersion) ? mine : seen;
}

function whatChanged(object: KubeObject, before: KubeObject): Cause['reason'] | undefined {
  if (object.metadata.deletionTimestamp !== undefined && before.metadata.deletionTimestamp === undefined) return 'deleted';
  if (object.metadata.uid !== before.metadata.uid) return 'created';
  if (object.metadata.generation !== before.metadata.generation) return 'spec';
  if (object.metadata.annotations?.[requestAnnotations.requestedAt] !== before.metadata.annotations?.[requestAnnotations.requestedAt])
    return 'request';
  return undefined;
}

/** The value of the request annotation that has not been handled. */
function requestOf(object: KubeObject): string | undefined {
  const requestedAt = object.metadata.annotations?.[requestAnnotations.requestedAt];
  return requestedAt === statusOf(object).lastHandledReconcileAt ? undefined : requestedAt;
}

function statusOf(object: KubeObject): CommonStatus {
  return object['status'] ?? {};
}

function logFields({ kind, apiVersion, metadata }: KubeObject, reconcileID: string): Record<string, unknown> {
  const { name = '', namespace = '' } = metadata;
  return {
    controller: kind.toLowerCase(),
    controllerGroup: groupOf(apiVersion),
    controllerKind: kind,
    [kind]: { name, namespace },
    namespace,
    name,
    reconcileID,
  };
}
