import type { KubeObject } from '@sluice/core';
import { isForbidden, isNotFound, isTransient, KubeError } from '../client/kube-error.js';
import { pause, systemTimers, type Timers } from '../client/timers.js';
import type { Cluster, ObjectKey } from '../cluster.js';
import { wholeSeconds } from '../objects/micro-time.js';
import { EventCorrelator, type Correlated } from './event-correlator.js';

/** What happened to an object. */
export interface EventNote {
  readonly type: 'Normal' | 'Warning';
  /** One word in CamelCase. */
  readonly reason: string;
  readonly message: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Writes Kubernetes Events (core/v1) about objects, in the background and in order. */
export interface EventRecorder {
  record(object: KubeObject, note: EventNote): void;
  /** Waits until everything recorded so far is written, or given up. */
  flush(): Promise<void>;
  /** Drops what is not written yet. */
  stop(): void;
}

export interface EventRecorderOptions {
  /** Who writes: `kustomize-controller`. */
  readonly component: string;
  readonly host?: string;
  readonly timers?: Timers;
  /** Told of events that could not be written. Default: they are lost silently, as events may be. */
  readonly onError?: (error: unknown) => void;
}

/** Beyond so many that wait, new ones are dropped: events must never hold up, or outgrow, the work they tell of. */
const QUEUE_LIMIT = 1_000;
const ATTEMPTS = 12;
const RETRY_MS = 10_000;

/**
 * A recorder as client-go's: the same event again raises the count of the first, a flood of similar ones is combined, and an object
 * that has too much to tell is cut off for a while.
 */
export function createEventRecorder(cluster: Cluster, options: EventRecorderOptions): EventRecorder {
  return new QueueingRecorder(cluster, options);
}

class QueueingRecorder implements EventRecorder {
  readonly #cluster: Cluster;
  readonly #options: EventRecorderOptions;
  readonly #timers: Timers;
  readonly #correlator: EventCorrelator;
  readonly #stopping = new AbortController();
  #queue: (() => Promise<void>)[] = [];
  #working: Promise<void> | undefined;
  #lastTime = 0n;

  constructor(cluster: Cluster, options: EventRecorderOptions) {
    this.#cluster = cluster;
    this.#options = options;
    this.#timers = options.timers ?? systemTimers;
    this.#correlator = new EventCorrelator(this.#timers);
  }

  record(object: KubeObject, note: EventNote): void {
    if (this.#stopping.signal.aborted) return;
    if (this.#queue.length >= QUEUE_LIMIT) {
      this.#options.onError?.(
        new Error(`an event about ${object.kind} ${object.metadata.name ?? ''} is dropped: ${QUEUE_LIMIT} are waiting`),
      );
      return;
    }
    const event = this.#eventOf(object, note, this.#timers.now());
    this.#queue.push(() => this.#write(event));
    this.#working ??= this.#work().finally(() => (this.#working = undefined));
  }

  async flush(): Promise<void> {
    while (this.#working !== undefined) await this.#working;
  }

  stop(): void {
    this.#queue = [];
    this.#stopping.abort(new Error('the event recorder was stopped'));
  }

  async #work(): Promise<void> {
    for (let write = this.#queue.shift(); write !== undefined; write = this.#queue.shift()) await write();
  }

  async #write(event: CoreEvent): Promise<void> {
    const correlated = this.#correlator.correlate(event);
    if (correlated === undefined) return;
    const { signal } = this.#stopping;
    for (let attempt = 1; !signal.aborted; attempt++) {
      try {
        this.#correlator.written(correlated, await this.#send(correlated, signal));
        return;
      } catch (error) {
        if (signal.aborted) return;
        if (!isTransient(error) || attempt >= ATTEMPTS) {
          // A namespace that is being deleted takes no events, and nobody is left to read them.
          if (!isForbidden(error)) this.#options.onError?.(error);
          return;
        }
        await pause(this.#timers, RETRY_MS * (0.5 + this.#timers.random()), signal).catch(() => undefined);
      }
    }
  }

  async #send({ event, earlier }: Correlated, signal: AbortSignal): Promise<CoreEvent> {
    if (earlier !== undefined) {
      const { count, lastTimestamp, message } = event;
      try {
        return await this.#cluster.patch<CoreEvent>(keyOf(earlier), 'strategic', { count, lastTimestamp, message }, { signal });
      } catch (error) {
        // The event has expired, or was deleted: it begins anew.
        if (!isNotFound(error)) throw error;
      }
    }
    try {
      return await this.#cluster.create(event, { signal });
    } catch (error) {
      if (error instanceof KubeError && error.statusReason === 'AlreadyExists') return event;
      throw error;
    }
  }

  /** The time as a number of nanoseconds that no event had before: it makes the name of an event its own. */
  #nanoseconds(now: number): bigint {
    const time = BigInt(Math.round(now)) * 1_000_000n;
    this.#lastTime = time > this.#lastTime ? time : this.#lastTime + 1n;
    return this.#lastTime;
  }

  #eventOf(object: KubeObject, { type, reason, message, annotations }: EventNote, now: number): CoreEvent {
    const { namespace, name = '', uid, resourceVersion } = object.metadata;
    const { component, host } = this.#options;
    const time = wholeSeconds(now);
    return {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: {
        name: `${name}.${this.#nanoseconds(now).toString(16)}`,
        namespace: namespace ?? 'default',
        ...(annotations === undefined ? {} : { annotations }),
      },
      involvedObject: {
        kind: object.kind,
        apiVersion: object.apiVersion,
        name,
        ...(namespace === undefined ? {} : { namespace }),
        ...(uid === undefined ? {} : { uid }),
        ...(resourceVersion === undefined ? {} : { resourceVersion }),
      },
      reason,
      message,
      firstTimestamp: time,
      lastTimestamp: time,
      count: 1,
      type,
      source: { component, ...(host === undefined ? {} : { host }) },
      reportingComponent: component,
      reportingInstance: host ?? '',
    };
  }
}

/** An Event as it is stored. */
export interface CoreEvent extends KubeObject {
  readonly involvedObject: Readonly<Record<string, string>>;
  readonly reason: string;
  readonly message: string;
  readonly firstTimestamp: string;
  readonly lastTimestamp: string;
  readonly count: number;
  readonly type: string;
  readonly source: { readonly component: string; readonly host?: string };
  readonly reportingComponent: string;
  readonly reportingInstance: string;
}

function keyOf({ apiVersion, kind, metadata }: CoreEvent): ObjectKey {
  return { apiVersion, kind, namespace: metadata.namespace ?? '', name: metadata.name ?? '' };
}
