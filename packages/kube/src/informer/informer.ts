import { SluiceError, type KubeObject } from '@sluice/core';
import { systemTimers, type Timers } from '../client/timers.js';
import type { Cluster, KindKey } from '../cluster.js';
import { ObjectStore, storeKey, type IndexFunction } from './object-store.js';
import { reflect, type Mirror } from './reflect.js';

/** What a subscriber wants to hear of. Handlers are called one after the other in the order of the changes; the store is ahead of them. */
export interface InformerHandlers<T extends KubeObject> {
  added?(object: T): void;
  modified?(object: T, old: T): void;
  /** The object as it last was. */
  deleted?(object: T): void;
}

export interface InformerOptions<T extends KubeObject> {
  readonly metadataOnly?: boolean;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly indexes?: Readonly<Record<string, IndexFunction<T>>>;
  /** What of an object is kept. For large kinds of which a part is enough. */
  readonly transform?: (object: T) => T;
  /** Fill the store by a watch that begins with what exists, where the server can. Default: true. */
  readonly streamingList?: boolean;
  /** A watch without event or bookmark for so long is opened again. Default: 90 s (servers send a bookmark a minute). */
  readonly silenceMs?: number;
  readonly timers?: Timers;
  /** Told of failed requests and of handlers that throw. The informer goes on in any case. */
  readonly onError?: (error: unknown) => void;
}

/** A local copy of the objects of a kind that follows the server, and tells of each change. */
export interface Informer<T extends KubeObject = KubeObject> {
  readonly kind: KindKey;
  get(namespace: string | undefined, name: string): T | undefined;
  /** All objects, in no particular order. Of one namespace when one is given. */
  list(namespace?: string): T[];
  byIndex(name: string, value: string): readonly T[];
  readonly size: number;
  /** Calls the handlers with every change from now on, and with `added` for what is there already. Returns what ends it. */
  subscribe(handlers: InformerHandlers<T>): () => void;
  /** Resolves when the store holds what the server had; at once after that. Rejects when the informer is stopped before. */
  whenSynced(): Promise<void>;
  readonly synced: boolean;
  stop(): void;
}

/**
 * Starts to follow a kind. A kind that is not served counts as one without objects, and is asked for again.
 *
 * @example
 * const informer = createInformer(cluster, { apiVersion: 'apps/v1', kind: 'Deployment' }, { metadataOnly: true });
 * informer.subscribe({ deleted: (object) => console.log(`${object.metadata.name} is gone`) });
 * await informer.whenSynced();
 */
export function createInformer<T extends KubeObject = KubeObject>(
  cluster: Cluster,
  kind: KindKey,
  options: InformerOptions<T> = {},
): Informer<T> {
  return new WatchingInformer(cluster, kind, options);
}

type Change<T> =
  | { readonly type: 'added'; readonly object: T }
  | { readonly type: 'modified'; readonly object: T; readonly old: T }
  | { readonly type: 'deleted'; readonly object: T };

class WatchingInformer<T extends KubeObject> implements Informer<T>, Mirror<T> {
  readonly kind: KindKey;
  readonly #options: InformerOptions<T>;
  readonly #store: ObjectStore<T>;
  readonly #stopping = new AbortController();
  /** Replaced, never changed: a handler may subscribe and unsubscribe while a change is told. */
  #subscribers: readonly InformerHandlers<T>[] = [];
  #waiting: { readonly resolve: () => void; readonly reject: (reason: unknown) => void }[] = [];
  #synced = false;

  constructor(cluster: Cluster, kind: KindKey, options: InformerOptions<T>) {
    this.kind = kind;
    this.#options = options;
    this.#store = new ObjectStore(options.indexes ?? {});
    const { labelSelector, fieldSelector } = options;
    void reflect<T>(cluster, kind, this, {
      ...(labelSelector === undefined ? {} : { labelSelector }),
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
      as: options.metadataOnly === true ? 'metadata' : 'object',
      streamingList: options.streamingList ?? true,
      silenceMs: options.silenceMs ?? 90_000,
      timers: options.timers ?? systemTimers,
      signal: this.#stopping.signal,
      onError: (error) => this.#options.onError?.(error),
    });
  }

  get size(): number {
    return this.#store.size;
  }

  get synced(): boolean {
    return this.#synced;
  }

  get(namespace: string | undefined, name: string): T | undefined {
    return this.#store.get(storeKey(namespace === undefined ? { name } : { namespace, name }));
  }

  list(namespace?: string): T[] {
    const all = [...this.#store.values()];
    return namespace === undefined ? all : all.filter((object) => object.metadata.namespace === namespace);
  }

  byIndex(name: string, value: string): readonly T[] {
    return this.#store.byIndex(name, value);
  }

  subscribe(handlers: InformerHandlers<T>): () => void {
    // Its own object: the same handlers may subscribe twice.
    const subscriber: InformerHandlers<T> = {
      added: (object) => handlers.added?.(object),
      modified: (object, old) => handlers.modified?.(object, old),
      deleted: (object) => handlers.deleted?.(object),
    };
    for (const object of this.list()) this.#tell(subscriber, { type: 'added', object });
    this.#subscribers = [...this.#subscribers, subscriber];
    return () => {
      this.#subscribers = this.#subscribers.filter((other) => other !== subscriber);
    };
  }

  whenSynced(): Promise<void> {
    if (this.#synced) return Promise.resolve();
    return new Promise((resolve, reject) => {
      if (this.#stopping.signal.aborted) reject(this.#stopping.signal.reason);
      else this.#waiting.push({ resolve, reject });
    });
  }

  stop(): void {
    const reason = new SluiceError('InformerStopped', `the informer of ${this.kind.kind} was stopped`);
    this.#stopping.abort(reason);
    for (const { reject } of this.#waiting.splice(0)) reject(reason);
  }

  replace(objects: readonly T[]): void {
    const changes: Change<T>[] = [];
    const gone = new Set(this.#store.keys());
    for (const object of objects) {
      gone.delete(storeKey(object.metadata));
      this.#put(object, changes);
    }
    for (const key of gone) {
      const old = this.#store.remove(key);
      if (old !== undefined) changes.push({ type: 'deleted', object: old });
    }
    this.#announce(changes);
    this.#synced = true;
    for (const { resolve } of this.#waiting.splice(0)) resolve();
  }

  put(object: T): void {
    const changes: Change<T>[] = [];
    this.#put(object, changes);
    this.#announce(changes);
  }

  remove(object: T): void {
    if (this.#store.remove(storeKey(object.metadata)) === undefined) return;
    this.#announce([{ type: 'deleted', object: this.#kept(object) }]);
  }

  #put(incoming: T, changes: Change<T>[]): void {
    const key = storeKey(incoming.metadata);
    const known = this.#store.get(key);
    if (known !== undefined && known.metadata.resourceVersion === incoming.metadata.resourceVersion) return;
    const object = this.#kept(incoming);
    const old = this.#store.put(key, object);
    if (old === undefined) {
      changes.push({ type: 'added', object });
    } else if (old.metadata.uid !== object.metadata.uid) {
      // Deleted and made anew while nobody looked: another object under the same name.
      changes.push({ type: 'deleted', object: old }, { type: 'added', object });
    } else {
      changes.push({ type: 'modified', object, old });
    }
  }

  #kept(object: T): T {
    return this.#options.transform === undefined ? object : this.#options.transform(object);
  }

  #announce(changes: readonly Change<T>[]): void {
    for (const change of changes) for (const subscriber of this.#subscribers) this.#tell(subscriber, change);
  }

  #tell(subscriber: InformerHandlers<T>, change: Change<T>): void {
    if (this.#stopping.signal.aborted) return;
    try {
      if (change.type === 'modified') subscriber.modified?.(change.object, change.old);
      else subscriber[change.type]?.(change.object);
    } catch (error) {
      this.#options.onError?.(error);
    }
  }
}
