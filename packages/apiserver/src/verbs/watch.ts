import type { KubeObject } from '@sluice/core';
import type { HttpResponse } from '@sluice/kube';
import { keyOf } from '../registry/resource.js';
import { servedObject } from '../registry/served.js';
import type { ResourceCall } from '../server/context.js';
import { checkShape } from '../server/negotiate.js';
import { includeObjectOf, partial, watchedText } from '../server/render.js';
import { stream } from '../server/respond.js';
import { expired, unexpected } from '../server/status.js';
import type { ChangeEvent } from '../store/events.js';
import type { Stored } from '../store/stored.js';
import { tableOf } from '../table/table.js';
import { bookmarkObject } from './bookmark.js';
import { readListOptions, selects, type ListOptions } from './list-options.js';
import { awaitRevision, parseRevision } from './revision.js';
import { WatchStream } from './watch-stream.js';

const BOOKMARK_INTERVAL_MS = 60_000;
/** A bookmark comes this long before a watch ends, so that its client can go on from there. */
const BOOKMARK_BEFORE_END_MS = 2_000;
const MIN_TIMEOUT_SECONDS = 1_800;

type EventType = 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';

export async function watch(call: ResourceCall): Promise<HttpResponse> {
  const options = readListOptions(call, true);
  checkShape(call.representation, false, call.resource.kind);
  const wanted =
    options.resourceVersion === '' || options.resourceVersion === '0' ? undefined : parseRevision(options.resourceVersion, unexpected);
  if (options.sendInitialEvents === true && wanted !== undefined) await awaitRevision(call, wanted);
  return stream(
    new Watch(call, options, wanted).start(),
    call.warnings,
    call.representation.encoding === 'yaml' ? 'application/yaml;stream=watch' : 'application/json',
  );
}

/** One watch: its filter, its encoding, its clock. */
class Watch {
  readonly #call: ResourceCall;
  readonly #options: ListOptions;
  readonly #from: number | undefined;
  readonly #stream: WatchStream;
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #encodingKey: string;
  #unsubscribe: (() => void) | undefined;
  #revision = 0;
  #sentColumns = false;

  constructor(call: ResourceCall, options: ListOptions, from: number | undefined) {
    this.#call = call;
    this.#options = options;
    this.#from = from;
    this.#encodingKey = `${call.resource.apiVersion} ${call.representation.as} ${call.representation.metaVersion}`;
    this.#stream = new WatchStream(() => this.#stop());
  }

  start(): WatchStream {
    const { context, resource } = this.#call;
    const { objects, changes } = context.store.table(resource.table);
    const { sendInitialEvents } = this.#options;
    const wantsState = sendInitialEvents ?? this.#from === undefined;
    const from = this.#from;
    if (!wantsState && from !== undefined && from < changes.forgotten) {
      this.#push(encodeEvent('ERROR', expired(`too old resource version: ${from} (${changes.forgotten})`).body));
      this.#stream.end();
      return this.#stream;
    }
    // What is in memory may not be told yet: it is skipped when it comes.
    this.#revision = wantsState || from === undefined ? context.store.revision : from;
    if (wantsState) {
      for (const stored of this.#initial(objects)) this.#send('ADDED', stored);
      if (sendInitialEvents === true && this.#options.allowWatchBookmarks) this.#bookmark(true);
    }
    this.#unsubscribe = changes.subscribe(this.#revision, (event) => this.#onChange(event));
    this.#call.signal()?.addEventListener('abort', this.#end, { once: true });
    this.#startTimers();
    return this.#stream;
  }

  *#initial(objects: { get(key: string): Stored | undefined; list(namespace?: string): readonly Stored[] }): Generator<Stored> {
    const { path, resource } = this.#call;
    const name = this.#options.fields?.name;
    const isOne = name !== undefined && (path.namespace !== '' || !resource.namespaced);
    const one = isOne ? objects.get(keyOf(resource, path.namespace, name)) : undefined;
    const candidates = isOne ? (one === undefined ? [] : [one]) : objects.list(path.namespace === '' ? undefined : path.namespace);
    for (const stored of candidates) if (selects(this.#options, stored)) yield stored;
  }

  #onChange(event: ChangeEvent): void {
    if (event.revision <= this.#revision) return;
    const { namespace } = this.#call.path;
    this.#revision = event.revision;
    if (namespace !== '' && this.#call.resource.namespaced && !event.stored.key.startsWith(`${namespace}/`)) return;
    if (this.#options.fields === undefined && this.#options.labels === undefined) {
      this.#send(event.type, event.stored, event);
      return;
    }
    const before = event.previous !== undefined && selects(this.#options, event.previous);
    const after = event.type !== 'DELETED' && selects(this.#options, event.stored);
    if (after) this.#send(before ? 'MODIFIED' : 'ADDED', event.stored, event);
    else if (before) this.#send('DELETED', event.type === 'DELETED' ? event.stored : departed(event), event);
  }

  #send(type: EventType, stored: Stored, event?: ChangeEvent): void {
    const { resource, representation } = this.#call;
    if (representation.as === 'Table') {
      this.#push(encodeEvent(type, this.#tableText(servedObject(stored, resource))));
      return;
    }
    if (event === undefined) {
      this.#push(encodeEvent(type, watchedText(stored, resource, representation)));
      return;
    }
    const key = `${type} ${this.#encodingKey}`;
    let bytes = event.encodings.get(key);
    if (bytes === undefined) {
      bytes = encodeEvent(type, watchedText(stored, resource, representation));
      event.encodings.set(key, bytes);
    }
    this.#push(bytes);
  }

  #tableText(object: KubeObject): string {
    const { resource, representation, info, context } = this.#call;
    const table = tableOf(resource, [object], {
      metadata: { resourceVersion: object.metadata.resourceVersion ?? '' },
      metaVersion: representation.metaVersion,
      includeObject: includeObjectOf(info.query),
      now: context.now(),
      withColumns: !this.#sentColumns,
    });
    this.#sentColumns = true;
    return JSON.stringify(table);
  }

  #bookmark(endsInitial: boolean): void {
    const { resource, representation } = this.#call;
    const object = bookmarkObject(resource, this.#revision, endsInitial);
    const text =
      representation.as === 'Table'
        ? this.#tableText(object)
        : JSON.stringify(representation.as === 'object' ? object : partial(object, representation.metaVersion));
    this.#push(encodeEvent('BOOKMARK', text));
  }

  #push(bytes: Uint8Array): void {
    this.#stream.push(bytes);
  }

  #startTimers(): void {
    const seconds = this.#options.timeoutSeconds ?? Math.floor(MIN_TIMEOUT_SECONDS * (1 + Math.random()));
    const timeout = Math.min(seconds * 1000, 2 ** 31 - 1);
    this.#timers.push(setTimeout(this.#end, timeout));
    if (!this.#options.allowWatchBookmarks) return;
    const mark = (): void => {
      // Everything that was told so far: a revision that is in memory only is not.
      this.#revision = Math.max(this.#revision, this.#call.context.store.toldRevision);
      this.#bookmark(false);
    };
    this.#timers.push(setInterval(mark, BOOKMARK_INTERVAL_MS));
    if (timeout > BOOKMARK_BEFORE_END_MS) this.#timers.push(setTimeout(mark, timeout - BOOKMARK_BEFORE_END_MS));
    for (const timer of this.#timers) timer.unref();
  }

  readonly #end = (): void => this.#stream.end();

  #stop(): void {
    this.#unsubscribe?.();
    this.#call.signal()?.removeEventListener('abort', this.#end);
    for (const timer of this.#timers) clearTimeout(timer);
  }
}

/** An object that left the selection: as it was, under the revision in which it left. */
function departed({ previous, revision }: ChangeEvent): Stored {
  return previous!.withRevision(revision);
}

function encodeEvent(type: EventType, objectText: string): Uint8Array {
  return Buffer.from(`{"type":"${type}","object":${objectText}}\n`);
}
