import type { KubeObject } from '@sluice/core';
import { createInformer, isKindUnknown, type Cluster, type Health, type HealthReader } from '@sluice/kube';
import type { Clock } from '@sluice/runtime';
import type { LiveObjects } from '../apply/live-objects.js';
import { isNewer } from '../apply/ledger.js';
import type { Unhealthy } from './health-report.js';
import { apiVersionOf, inventoryId, objectKeyOf, subjectOf, type VersionedReference } from '../apply/reference.js';

export interface HealthWait {
  readonly cluster: Cluster;
  readonly live: LiveObjects | undefined;
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly reader: HealthReader;
  /** Told of every verdict. */
  readonly onVerdict?: (object: KubeObject, health: Health) => void;
  /** What is known of the objects' state, from the writes just made. */
  readonly known: ReadonlyMap<string, KubeObject>;
  /** Objects that were deleted after they had finished count as healthy. */
  readonly mayBeGone: (id: string) => boolean;
}

/** The objects are not healthy, or not in time; the message names each with its state. */
export class HealthError extends Error {
  readonly unhealthy: readonly Unhealthy[];

  constructor(message: string, unhealthy: readonly Unhealthy[]) {
    super(message);
    this.unhealthy = unhealthy;
  }
}

/** How often objects are looked at, besides when they change. */
const POLL_MS = 5000;

/**
 * Waits until all objects are healthy. Ends at once when that is so, or when one has failed for good. Changes come by
 * watch; nothing is asked twice while nothing changes.
 */
export async function waitForHealth(references: readonly VersionedReference[], options: HealthWait): Promise<void> {
  const wait = new Wait(references, options);
  try {
    await wait.run();
  } finally {
    wait.stop();
  }
}

class Wait {
  readonly #options: HealthWait;
  readonly #pending: Map<
    string,
    { readonly reference: VersionedReference; health: Health; version: string | undefined; checking?: boolean; again?: boolean }
  >;
  readonly #stops: (() => void)[] = [];
  #resolve: () => void = () => {};
  #reject: (error: unknown) => void = () => {};

  constructor(references: readonly VersionedReference[], options: HealthWait) {
    this.#options = options;
    const unknown: Health = { status: 'Unknown', message: '', conditions: [] };
    this.#pending = new Map(references.map((reference) => [inventoryId(reference), { reference, health: unknown, version: undefined }]));
  }

  async run(): Promise<void> {
    const { signal, clock, timeoutMs, known } = this.#options;
    signal.throwIfAborted();
    const done = new Promise<void>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    done.catch(() => {});
    const onAbort = (): void => this.#reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    this.#stops.push(
      () => signal.removeEventListener('abort', onAbort),
      clock.after(timeoutMs, () => this.#reject(this.#failure('timeout waiting for', () => true))),
    );
    for (const [id, object] of known) this.#decide(id, object, this.#options.reader.compute(object));
    this.#settle();
    if (this.#pending.size > 0) await this.#observe();
    await done;
  }

  stop(): void {
    for (const stop of this.#stops.splice(0)) stop();
  }

  /** Looks at what is not decided yet, and again whenever it changes. */
  async #observe(): Promise<void> {
    const { live, known } = this.#options;
    const unwatched: string[] = [];
    const unread: string[] = [];
    if (live !== undefined) {
      this.#stops.push(live.listen((reference, metadata) => this.#changed(inventoryId(reference), metadata?.metadata.resourceVersion)));
    }
    for (const [id, { reference, version }] of this.#pending) {
      const seen = live?.get(reference);
      // What was applied just now is ours: if its watch does not show it yet, it will.
      const isWatched = seen !== undefined || (known.has(id) && live?.follows(reference) === true);
      if (!isWatched) unwatched.push(id);
      const isRead = version !== undefined && !isNewer(seen?.metadata.resourceVersion, version);
      if (!isWatched || !isRead || isJudgedByPods(reference)) unread.push(id);
    }
    await Promise.all(unread.map((id) => this.#check(id)));
    for (const id of unwatched) if (this.#pending.has(id)) this.#watch(id);
    this.#poll();
  }

  /** What an object is made of can fail without a change of the object itself. */
  #poll(): void {
    const again = (): void => {
      for (const id of this.#pending.keys()) void this.#check(id);
      this.#poll();
    };
    if (this.#pending.size > 0) this.#stops.push(this.#options.clock.after(POLL_MS, again));
  }

  /** An object that is not ours has a watch of its own. */
  #watch(id: string): void {
    const { reference } = this.#pending.get(id)!;
    const { group, version, kind, namespace, name } = reference;
    const { cluster } = this.#options;
    const informer = createInformer(
      cluster,
      { apiVersion: apiVersionOf(group, version), kind, ...(namespace === '' ? {} : { namespace }) },
      { fieldSelector: `metadata.name=${name}` },
    );
    const judge = (object: KubeObject): void => {
      if (!this.#pending.has(id)) return;
      this.#decide(id, object, this.#options.reader.compute(object));
      this.#settle();
    };
    this.#stops.push(informer.subscribe({ added: judge, modified: judge }), () => informer.stop());
  }

  #changed(id: string, version: string | undefined): void {
    const entry = this.#pending.get(id);
    if (entry === undefined || (version !== undefined && entry.version !== undefined && !isNewer(version, entry.version))) return;
    void this.#check(id);
  }

  /** Reads an object and judges it; changes that come meanwhile lead to one more reading. */
  async #check(id: string): Promise<void> {
    const entry = this.#pending.get(id);
    if (entry === undefined) return;
    if (entry.checking === true) {
      entry.again = true;
      return;
    }
    entry.checking = true;
    try {
      const { cluster, signal } = this.#options;
      const object = await cluster.get(objectKeyOf(entry.reference), { signal });
      this.#decide(id, object, object === undefined ? undefined : await this.#options.reader.judge(cluster, object, { signal }));
    } catch (error) {
      entry.health = { status: isKindUnknown(error) ? 'NotFound' : 'Unknown', message: String(error), conditions: [] };
    }
    entry.checking = false;
    this.#settle();
    if (entry.again === true) {
      entry.again = false;
      await this.#check(id);
    }
  }

  #decide(id: string, object: KubeObject | undefined, health: Health | undefined): void {
    const entry = this.#pending.get(id);
    if (entry === undefined) return;
    if (object === undefined || health === undefined) {
      entry.health = { status: 'NotFound', message: 'Resource not found', conditions: [] };
      if (this.#options.mayBeGone(id)) this.#pending.delete(id);
      return;
    }
    entry.health = health;
    this.#options.onVerdict?.(object, health);
    entry.version = object.metadata.resourceVersion;
    if (entry.health.status === 'Current') this.#pending.delete(id);
  }

  #settle(): void {
    if (this.#pending.size === 0) this.#resolve();
    else if ([...this.#pending.values()].some(({ health }) => health.status === 'Failed')) {
      this.#reject(this.#failure('failed early due to stalled resources', ({ status }) => status === 'Failed'));
    }
  }

  #failure(what: string, of: (health: Health) => boolean): HealthError {
    const unhealthy = [...this.#pending.values()].filter(({ health }) => of(health));
    const states = unhealthy.map(({ reference, health }) => `${subjectOf(reference)} status: '${health.status}'`);
    return new HealthError(`${what}: [${states.join(', ')}]`, unhealthy);
  }
}

/** Whose own status does not tell that their Pods can't start: only looking at those does. */
function isJudgedByPods({ group, kind }: VersionedReference): boolean {
  return group === 'apps' && (kind === 'StatefulSet' || kind === 'ReplicaSet');
}
