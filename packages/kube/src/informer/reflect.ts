import { SluiceError, type KubeObject } from '@sluice/core';
import { isGone, isKindUnknown, KubeError } from '../client/kube-error.js';
import { onAbort } from '../client/on-abort.js';
import { backOff, pause, type Timers } from '../client/timers.js';
import type { Cluster, KindKey, Representation, WatchEvent } from '../cluster.js';
import { isOlderVersion } from './resource-version.js';
import { storeKey } from './object-store.js';

/** What is kept equal to the server. */
export interface Mirror<T extends KubeObject> {
  /** Everything there is. */
  replace(objects: readonly T[]): void;
  put(object: T): void;
  remove(object: T): void;
}

export interface ReflectOptions {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly as: Representation;
  readonly streamingList: boolean;
  /** A watch without a sign of life for so long is taken for dead. */
  readonly silenceMs: number;
  readonly timers: Timers;
  readonly signal: AbortSignal;
  /** Told of what goes wrong; it is tried again in any case. */
  readonly onError: (error: unknown) => void;
}

/** The server ends a watch after five to ten minutes, as with client-go, so that connections spread over its replicas again. */
const WATCH_SECONDS = 300;
const FIRST_DELAY_MS = 250;
const MAX_DELAY_MS = 15_000;
/** A watch that ends by itself sooner than this counts as a failure: opening it again at once would be a busy loop. */
const SHORT_WATCH_MS = 1_000;

/**
 * Keeps a mirror equal to what the server has of a kind, for ever: lists, watches from the list's version, and lists again when the
 * server no longer knows the version or has gone back in time. Returns when the signal is aborted.
 */
export async function reflect<T extends KubeObject>(
  cluster: Cluster,
  kind: KindKey,
  mirror: Mirror<T>,
  options: ReflectOptions,
): Promise<void> {
  const { signal, timers } = options;
  /** The version that the mirror is at; undefined when it must be listed again. */
  let version: string | undefined;
  let streamingList = options.streamingList;
  let failures = 0;
  let doubtful = false;

  const selection = {
    signal,
    as: options.as,
    ...(options.labelSelector === undefined ? {} : { labelSelector: options.labelSelector }),
    ...(options.fieldSelector === undefined ? {} : { fieldSelector: options.fieldSelector }),
  };

  while (!signal.aborted) {
    const started = timers.now();
    try {
      if (version !== undefined && doubtful) {
        // A server restored from a backup, or started anew, is at an older version: a watch from ours would wait without a word until it gets there.
        const current = await cluster.list(kind, { ...selection, as: 'metadata', limit: 1 });
        if (isOlderVersion(current.resourceVersion, version)) version = undefined;
      }
      doubtful = false;
      if (version === undefined && !streamingList) {
        const list = await cluster.list<T>(kind, selection);
        mirror.replace(list.items);
        version = list.resourceVersion;
      }
      await follow();
      if (timers.now() - started < SHORT_WATCH_MS) failures++;
      else failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      failures = timers.now() - started < MAX_DELAY_MS ? failures + 1 : 1;
      if (isGone(error)) {
        version = undefined;
        // The first 410 is part of a long life; only when listing again does not help it is a failure.
        if (failures === 1) continue;
      } else if (isKindUnknown(error)) {
        // No kind, no objects. When it comes (back), they are added.
        mirror.replace([]);
        version = undefined;
      } else if (streamingList && version === undefined && refusesStreamingList(error)) {
        streamingList = false;
        continue;
      } else {
        doubtful = true;
        options.onError(error);
      }
    }
    if (failures > 0)
      await pause(timers, backOff(failures - 1, FIRST_DELAY_MS, MAX_DELAY_MS, timers.random()), signal).catch(() => undefined);
  }

  /** One watch, to its end. */
  async function follow(): Promise<void> {
    const watch = new AbortController();
    const forget = onAbort(signal, () => watch.abort(signal.reason));
    let lastSign = timers.now();
    let cancel = timers.after(options.silenceMs, checkSilence);
    try {
      const initial = version === undefined ? new Map<string, T>() : undefined;
      const events = cluster.watch<T>(kind, {
        ...selection,
        signal: watch.signal,
        allowWatchBookmarks: true,
        timeoutSeconds: Math.round(WATCH_SECONDS * (1 + timers.random())),
        ...(version === undefined ? { sendInitialEvents: true } : { resourceVersion: version }),
      });
      for await (const event of events) {
        lastSign = timers.now();
        if (initial !== undefined && version === undefined) collect(initial, event);
        else advance(event);
        failures = 0;
      }
    } finally {
      cancel();
      forget();
    }

    function checkSilence(): void {
      const left = lastSign + options.silenceMs - timers.now();
      if (left > 0) cancel = timers.after(left, checkSilence);
      else watch.abort(new SluiceError('KubeTimeout', `the watch of ${kind.kind} was silent for ${options.silenceMs / 1000} s`));
    }
  }

  /** The events of a streaming list, up to the bookmark that ends it. */
  function collect(initial: Map<string, T>, event: WatchEvent<T>): void {
    if (event.type !== 'BOOKMARK') {
      const key = storeKey(event.object.metadata);
      if (event.type === 'DELETED') initial.delete(key);
      else initial.set(key, event.object);
    } else if (event.initialEventsEnd) {
      mirror.replace([...initial.values()]);
      initial.clear();
      version = event.resourceVersion;
    }
  }

  function advance(event: WatchEvent<T>): void {
    if (event.type === 'BOOKMARK') {
      version = event.resourceVersion;
      return;
    }
    if (event.type === 'DELETED') mirror.remove(event.object);
    else mirror.put(event.object);
    version = event.object.metadata.resourceVersion ?? version;
  }
}

/** Servers without the feature say that its parameters are invalid. */
function refusesStreamingList(error: unknown): boolean {
  return error instanceof KubeError && (error.code === 422 || error.code === 400);
}
