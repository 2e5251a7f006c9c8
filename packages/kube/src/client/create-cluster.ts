import { errorMessage, groupOf, isJsonObject, printJson, SluiceError, versionOf, type Json, type KubeObject } from '@sluice/core';
import type {
  ApplyOptions,
  CallOptions,
  Cluster,
  DeleteOptions,
  GetOptions,
  Identity,
  KindKey,
  ListOptions,
  ObjectKey,
  ObjectList,
  PatchType,
  RawAnswer,
  RawOptions,
  Representation,
  ResourceInfo,
  ResourcePlace,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from '../cluster.js';
import type { Fetch, HttpHeaders, HttpRequest } from '../http.js';
import { Discovery } from './discovery.js';
import { exchange, openStream, type Answer, type StreamAnswer } from './exchange.js';
import { acceptFor, clientHeaders, warningsOf, type ClientHeaders, type ContentType } from './headers.js';
import { errorFromAnswer, isGone, isNotFound, statusFromBody } from './kube-error.js';
import { onAbort } from './on-abort.js';
import { objectPath, query, requireNamespace, resourcePath, writeQuery } from './request-path.js';
import { systemTimers, type Timers } from './timers.js';
import { linesOf, readWatchEvent } from './watch-events.js';

export interface ClusterOptions {
  /** Default: `sluice`. */
  readonly userAgent?: string;
  /** Of a whole call. Default: 30 s. */
  readonly timeoutMs?: number;
  /** Receives the warnings of the server. Default: they are dropped. */
  readonly onWarning?: (warning: string) => void;
  readonly timers?: Timers;
}

/**
 * A {@link Cluster} over one function.
 *
 * @example
 * const cluster = createCluster(networkFetch(await loadKubeconfig()));
 * const pod = await cluster.get({ apiVersion: 'v1', kind: 'Pod', namespace: 'default', name: 'web-0' });
 */
export function createCluster(fetch: Fetch, options: ClusterOptions = {}): Cluster {
  const shared: Shared = {
    fetch,
    userAgent: options.userAgent ?? 'sluice',
    timeoutMs: options.timeoutMs ?? 30_000,
    onWarning: options.onWarning,
    timers: options.timers ?? systemTimers,
    discovery: new Discovery((path, accept) => {
      const request: HttpRequest = { method: 'GET', path, headers: { accept, 'user-agent': shared.userAgent } };
      return exchange(fetch, request, { timers: shared.timers, timeoutMs: shared.timeoutMs, signal: undefined, idempotent: true });
    }),
  };
  return new HttpCluster(shared, undefined);
}

/** What a cluster and those that act as someone else on it have in common. */
interface Shared {
  readonly fetch: Fetch;
  readonly userAgent: string;
  readonly timeoutMs: number;
  readonly onWarning: ((warning: string) => void) | undefined;
  readonly timers: Timers;
  readonly discovery: Discovery;
}

/** A request before its path is known: discovery may have to be asked again for it. */
interface Call {
  readonly method: string;
  readonly headers: HttpHeaders;
  readonly body?: string;
  readonly idempotent: boolean;
  readonly path: (info: ResourcePlace) => string;
}

interface ListPage<T> extends KubeObject {
  readonly metadata: KubeObject['metadata'] & { readonly continue?: string };
  /** Go prints an empty list of its own kinds as null. */
  readonly items?: readonly T[] | null;
}

type Kind = Pick<KindKey, 'apiVersion' | 'kind'>;

class HttpCluster implements Cluster {
  readonly #shared: Shared;
  readonly #headers: ClientHeaders;

  constructor(shared: Shared, identity: Identity | undefined) {
    this.#shared = shared;
    this.#headers = clientHeaders(shared.userAgent, identity);
  }

  as(identity: Identity): Cluster {
    return new HttpCluster(this.#shared, identity);
  }

  async get<T extends KubeObject>(key: ObjectKey, options?: GetOptions): Promise<T | undefined> {
    const answer = await this.#call(key, options, {
      method: 'GET',
      headers: acceptFor(this.#headers, options?.as, false),
      idempotent: true,
      path: (info) => objectPath(info, key.namespace, key.name, options?.subresource),
    });
    if (answer.status === 404 && saysObjectIsMissing(answer)) return undefined;
    return finishObject(readObject(answer) as T, key, options?.as);
  }

  async list<T extends KubeObject>(kind: KindKey, options: ListOptions = {}): Promise<ObjectList<T>> {
    const timeoutMs = options.timeoutMs ?? this.#shared.timeoutMs;
    const ends = this.#shared.timers.now() + timeoutMs;
    let pageSize = options.pageSize ?? 500;
    for (;;) {
      try {
        return await this.#listPages<T>(kind, { ...options, timeoutMs }, pageSize, ends);
      } catch (error) {
        // The version of the first page expired before the last was read. All at once can't expire.
        if (!isGone(error) || pageSize === 0) throw error;
        pageSize = 0;
      }
    }
  }

  async #listPages<T extends KubeObject>(kind: KindKey, options: ListOptions, pageSize: number, ends: number): Promise<ObjectList<T>> {
    const items: T[] = [];
    let next = '';
    for (;;) {
      const parameters = { limit: options.limit ?? (pageSize === 0 ? undefined : pageSize), continue: next, ...selectors(options) };
      const timeoutMs = Math.max(1, Math.min(options.timeoutMs ?? Infinity, ends - this.#shared.timers.now()));
      const answer = await this.#call(
        kind,
        { ...options, timeoutMs },
        {
          method: 'GET',
          headers: acceptFor(this.#headers, options.as, true),
          idempotent: true,
          path: (info) => resourcePath(info, kind.namespace) + query(parameters),
        },
      );
      const page = readObject(answer) as ListPage<T>;
      for (const item of page.items ?? []) items.push(finishObject(item, kind, options.as));
      next = page.metadata.continue ?? '';
      if (next === '' || options.limit !== undefined) return { resourceVersion: page.metadata.resourceVersion ?? '', items };
    }
  }

  async *watch<T extends KubeObject>(kind: KindKey, options: WatchOptions = {}): AsyncGenerator<WatchEvent<T>> {
    const { resourceVersion, allowWatchBookmarks, sendInitialEvents, timeoutSeconds } = options;
    const parameters = {
      watch: true,
      ...selectors(options),
      resourceVersion,
      allowWatchBookmarks: allowWatchBookmarks === true || sendInitialEvents,
      sendInitialEvents,
      resourceVersionMatch: sendInitialEvents === true ? 'NotOlderThan' : undefined,
      timeoutSeconds,
    };
    const info = await this.#require(kind, options);
    const path = resourcePath(info, kind.namespace) + query(parameters);
    const request: HttpRequest = { method: 'GET', path, headers: acceptFor(this.#headers, options.as, false) };
    const finish = (object: T) => finishObject<T>(object, kind, options.as);
    try {
      for await (const line of linesOf(this.#openedStream(request, options))) yield readWatchEvent<T>(line, finish);
    } catch (error) {
      // The path is not served any more: the next attempt must know.
      if (isNotFound(error) && (await this.#refresh(kind, options)) === undefined) throw kindUnknown(kind);
      throw error;
    }
  }

  async create<T extends KubeObject>(object: T, options?: WriteOptions): Promise<T> {
    const { namespace, name } = object.metadata;
    const answer = await this.#write(object, options, 'POST', 'json', object, false, (info) => {
      requireNamespace(info, namespace, name);
      return resourcePath(info, namespace, options?.subresource === undefined ? undefined : name, options?.subresource);
    });
    return readObject(answer) as T;
  }

  async replace<T extends KubeObject>(object: T, options?: WriteOptions): Promise<T> {
    return readObject(await this.#write(object, options, 'PUT', 'json', object, true, pathOf(keyOf(object), options))) as T;
  }

  async patch<T extends KubeObject>(key: ObjectKey, type: PatchType, patch: Json, options?: WriteOptions): Promise<T> {
    // A JSON patch may add to a list: twice is not once.
    return readObject(await this.#write(key, options, 'PATCH', `${type}-patch`, patch, type !== 'json', pathOf(key, options))) as T;
  }

  async apply<T extends KubeObject>(object: KubeObject, options: ApplyOptions): Promise<T> {
    return readObject(await this.#write(object, options, 'PATCH', 'apply-patch', object, true, pathOf(keyOf(object), options))) as T;
  }

  async post<T extends KubeObject>(key: ObjectKey, subresource: string, body: KubeObject, options?: WriteOptions): Promise<T> {
    const path = pathOf(key, { ...options, subresource });
    return readObject(await this.#write(key, options, 'POST', 'json', body, false, path)) as T;
  }

  async delete(key: ObjectKey, options: DeleteOptions = {}): Promise<boolean> {
    const { propagationPolicy, preconditions, gracePeriodSeconds, dryRun } = options;
    const wishes = { propagationPolicy, preconditions, gracePeriodSeconds, dryRun: dryRun === true ? ['All'] : undefined };
    const info = await this.#find(key, options);
    if (info === undefined) return false;
    const answer = await this.#call(key, options, {
      method: 'DELETE',
      headers: this.#headers.send.json,
      body: JSON.stringify({ kind: 'DeleteOptions', apiVersion: 'v1', ...wishes }),
      idempotent: true,
      path: (info) => objectPath(info, key.namespace, key.name),
    });
    if (answer.status === 404 && saysObjectIsMissing(answer)) return false;
    if (answer.status >= 300) throw errorFromAnswer(answer.status, answer.headers, answer.body);
    return true;
  }

  resourceOf(kind: Kind, options?: CallOptions): Promise<ResourceInfo | undefined> {
    return this.#find(kind, options);
  }

  resources(options?: CallOptions): Promise<readonly ResourceInfo[]> {
    return untilAborted(this.#shared.discovery.all(), options?.signal);
  }

  async raw(method: string, path: string, options: RawOptions = {}): Promise<RawAnswer> {
    const headers = { ...this.#headers.json, ...options.headers };
    const request: HttpRequest = { method, path, headers, ...(options.body === undefined ? {} : { body: options.body }) };
    return this.#exchange(request, options, method === 'GET' || method === 'HEAD');
  }

  stream(path: string, options: CallOptions = {}): AsyncIterable<Uint8Array> {
    return this.#openedStream({ method: 'GET', path, headers: { ...this.#headers.json, accept: '*/*' } }, options);
  }

  /** The chunks of a stream that the server agreed to. Its connection ends with the reader, or with the options' signal. */
  async *#openedStream(request: HttpRequest, options: CallOptions): AsyncGenerator<Uint8Array> {
    const controller = new AbortController();
    const forget = onAbort(options.signal, () => controller.abort(options.signal?.reason));
    try {
      const answer = await openStream(this.#shared.fetch, request, controller, this.#exchangeOptions(options, true));
      this.#warn(answer, options);
      if (!('chunks' in answer)) throw errorFromAnswer(answer.status, answer.headers, answer.body);
      yield* answer.chunks;
    } finally {
      forget();
      controller.abort();
    }
  }

  #write(
    kind: Kind,
    options: ApplyOptions | WriteOptions | undefined,
    method: string,
    type: ContentType,
    body: unknown,
    idempotent: boolean,
    path: (info: ResourcePlace) => string,
  ): Promise<Answer> {
    return this.#call(kind, options, {
      method,
      headers: this.#headers.send[type],
      body: printJson(body),
      idempotent,
      path: (info) => path(info) + writeQuery(options),
    });
  }

  /** An answer to a request about a kind. When its path turns out not to be served any more, discovery is asked again. */
  async #call(kind: Pick<KindKey, 'apiVersion' | 'kind' | 'resource'>, options: CallOptions | undefined, call: Call): Promise<Answer> {
    const info = this.#shared.discovery.known(kind.apiVersion, kind.kind) ?? placeOf(kind) ?? (await this.#require(kind, options));
    const path = call.path(info);
    const answer = await this.#exchange(requestOf(call, path), options, call.idempotent);
    if (answer.status !== 404 || saysObjectIsMissing(answer)) return answer;
    const fresh = await this.#refresh(kind, options);
    if (fresh === undefined) throw kindUnknown(kind);
    const freshPath = call.path(fresh);
    return freshPath === path ? answer : this.#exchange(requestOf(call, freshPath), options, call.idempotent);
  }

  async #exchange(request: HttpRequest, options: CallOptions | undefined, idempotent: boolean): Promise<Answer> {
    const answer = await exchange(this.#shared.fetch, request, this.#exchangeOptions(options, idempotent));
    this.#warn(answer, options);
    return answer;
  }

  #exchangeOptions(options: CallOptions | undefined, idempotent: boolean) {
    const { timers, timeoutMs } = this.#shared;
    return { timers, timeoutMs: options?.timeoutMs ?? timeoutMs, signal: options?.signal, idempotent };
  }

  #warn(answer: Answer | StreamAnswer, options: CallOptions | undefined): void {
    if (answer.headers['warning'] === undefined) return;
    const onWarning = options?.onWarning ?? this.#shared.onWarning;
    if (onWarning !== undefined) for (const warning of new Set(warningsOf(answer.headers))) onWarning(warning);
  }

  async #require(kind: Kind, options: Pick<CallOptions, 'signal'> | undefined): Promise<ResourceInfo> {
    const info = await this.#find(kind, options);
    if (info === undefined) throw kindUnknown(kind);
    return info;
  }

  #refresh(kind: Kind, options: Pick<CallOptions, 'signal'> | undefined): Promise<ResourceInfo | undefined> {
    return untilAborted(this.#shared.discovery.refresh(kind.apiVersion, kind.kind), options?.signal);
  }

  #find(kind: Kind, options: Pick<CallOptions, 'signal'> | undefined): Promise<ResourceInfo | undefined> {
    return untilAborted(this.#shared.discovery.find(kind.apiVersion, kind.kind), options?.signal);
  }
}

function requestOf({ method, headers, body }: Call, path: string): HttpRequest {
  return body === undefined ? { method, path, headers } : { method, path, headers, body };
}

/** Where the objects of a kind are, if the caller says it. */
function placeOf({ apiVersion, kind, resource }: Pick<KindKey, 'apiVersion' | 'kind' | 'resource'>): ResourcePlace | undefined {
  if (resource === undefined) return undefined;
  return { group: groupOf(apiVersion), version: versionOf(apiVersion), kind, resource, namespaced: true };
}

function keyOf(object: KubeObject): ObjectKey {
  const { name = '', namespace } = object.metadata;
  const { apiVersion, kind } = object;
  return namespace === undefined ? { apiVersion, kind, name } : { apiVersion, kind, namespace, name };
}

function pathOf(key: ObjectKey, options: Pick<WriteOptions, 'subresource'> | undefined): (info: ResourcePlace) => string {
  return (info) => objectPath(info, key.namespace, key.name, options?.subresource);
}

function selectors({ labelSelector, fieldSelector }: Pick<ListOptions, 'labelSelector' | 'fieldSelector'>) {
  return { labelSelector, fieldSelector };
}

/** A 404 about an object, not about the path: the server's Status names what it did not find. */
function saysObjectIsMissing(answer: Answer): boolean {
  const details = statusFromBody(answer.body)?.details;
  return details?.name !== undefined && details.name !== '';
}

function kindUnknown({ apiVersion, kind }: Kind): SluiceError {
  return new SluiceError(
    'KubeKindUnknown',
    `no matches for kind ${JSON.stringify(kind)} in version ${JSON.stringify(apiVersion)}: ensure its CustomResourceDefinition is installed first`,
  );
}

/** The object of an answer; throws the error that another answer stands for. */
function readObject(answer: Answer): KubeObject {
  if (answer.status >= 300) throw errorFromAnswer(answer.status, answer.headers, answer.body);
  let object: unknown;
  try {
    object = JSON.parse(answer.body);
  } catch (cause) {
    throw new SluiceError('KubeAnswerInvalid', `the answer is not JSON (${errorMessage(cause)}): ${answer.body.slice(0, 200)}`, { cause });
  }
  if (!isJsonObject(object) || !isJsonObject(object['metadata'])) {
    throw new SluiceError('KubeAnswerInvalid', `the answer is not a Kubernetes object: ${answer.body.slice(0, 200)}`);
  }
  return object as unknown as KubeObject;
}

/** Items of built-in kinds come without their kind, and metadata comes as another kind: both get the one that was asked for. */
function finishObject<T extends KubeObject>(object: T, { apiVersion, kind }: Kind, as: Representation | undefined): T {
  if (as === 'metadata') return { apiVersion, kind, metadata: object.metadata } as T;
  return object.kind === undefined ? { ...object, apiVersion, kind } : object;
}

function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    work.then(resolve, reject).finally(onAbort(signal, () => reject(signal.reason)));
  });
}
