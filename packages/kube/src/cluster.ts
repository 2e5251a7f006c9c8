import type { Json, KubeObject } from '@sluice/core';

/** Which objects a request is about. The cluster finds the path by discovery. */
export interface ObjectKey {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
}

/** A kind, and where to look for its objects. */
export interface KindKey {
  readonly apiVersion: string;
  readonly kind: string;
  /** All namespaces when absent. */
  readonly namespace?: string;
  /** The plural of a custom resource, where the caller knows it: the server is then not asked what it serves. */
  readonly resource?: string;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** The whole call, retries included. Default: 30 s. */
  readonly timeoutMs?: number;
  /** Receives each warning of the server, once a call. Default: the cluster's. */
  readonly onWarning?: (warning: string) => void;
}

/** `'metadata'` asks for the metadata only; what comes has the kind that was asked for, and no other field. */
export type Representation = 'object' | 'metadata';

export interface GetOptions extends CallOptions {
  readonly as?: Representation;
  readonly subresource?: string;
}

export interface ListOptions extends CallOptions {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly as?: Representation;
  /** The page size of the requests; pages are joined. Default: 500. */
  readonly pageSize?: number;
  /** At most so many objects, in one request. */
  readonly limit?: number;
}

export interface WriteOptions extends CallOptions {
  readonly fieldManager?: string;
  readonly dryRun?: boolean;
  readonly fieldValidation?: 'Strict' | 'Warn' | 'Ignore';
  readonly subresource?: string;
}

export interface ApplyOptions extends WriteOptions {
  readonly fieldManager: string;
  /** Take fields over from other managers instead of failing with a conflict. */
  readonly force?: boolean;
}

export interface DeleteOptions extends CallOptions {
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly gracePeriodSeconds?: number;
  readonly dryRun?: boolean;
}

export type PatchType = 'merge' | 'strategic' | 'json';

export interface WatchOptions {
  readonly signal?: AbortSignal;
  readonly onWarning?: (warning: string) => void;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly as?: Representation;
  /** Events after this version. Without it the server first sends what exists, as ADDED. */
  readonly resourceVersion?: string;
  readonly allowWatchBookmarks?: boolean;
  /** What exists comes first, as ADDED, ended by a BOOKMARK with `initialEventsEnd` (a streaming list). */
  readonly sendInitialEvents?: boolean;
  /** When the server should end the watch. Default: the server's own. */
  readonly timeoutSeconds?: number;
}

export type WatchEvent<T extends KubeObject = KubeObject> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string; readonly initialEventsEnd: boolean };

export interface ObjectList<T extends KubeObject = KubeObject> {
  readonly resourceVersion: string;
  readonly items: readonly T[];
}

/** Who a call is made as. */
export interface Identity {
  readonly user: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/**
 * Any Kubernetes API. Every call throws a `KubeError` (code, status, reason, causes of the server's Status) when the server refuses,
 * a `SluiceError` when it can't be reached, and retries by itself what may be retried (429 and 5xx with Retry-After; connections lost
 * before an answer, when asking twice does no harm).
 */
export interface Cluster {
  /** The object, or undefined when it is not there. */
  get<T extends KubeObject = KubeObject>(key: ObjectKey, options?: GetOptions): Promise<T | undefined>;
  list<T extends KubeObject = KubeObject>(kind: KindKey, options?: ListOptions): Promise<ObjectList<T>>;
  /** One watch request's events. Ends when the server ends it; throws a `KubeError` with code 410 when the version is too old. Most code wants an informer. */
  watch<T extends KubeObject = KubeObject>(kind: KindKey, options?: WatchOptions): AsyncIterable<WatchEvent<T>>;
  create<T extends KubeObject>(object: T, options?: WriteOptions): Promise<T>;
  /** PUT: with the object's resourceVersion when it has one. */
  replace<T extends KubeObject>(object: T, options?: WriteOptions): Promise<T>;
  patch<T extends KubeObject = KubeObject>(key: ObjectKey, type: PatchType, patch: Json, options?: WriteOptions): Promise<T>;
  /** Server-side apply. */
  apply<T extends KubeObject = KubeObject>(object: KubeObject, options: ApplyOptions): Promise<T>;
  /** True when there was something to delete; false also when the kind itself is not served. */
  delete(key: ObjectKey, options?: DeleteOptions): Promise<boolean>;
  /** POST to a subresource of an object: `token`, `eviction`, `binding`. */
  post<T extends KubeObject = KubeObject>(key: ObjectKey, subresource: string, body: KubeObject, options?: WriteOptions): Promise<T>;
  /** The same cluster, as someone else (impersonation). Discovery stays shared and is made as the cluster itself. */
  as(identity: Identity): Cluster;
  /** What the API serves under a kind; undefined when it serves none. Cached; asks again for an unknown kind. */
  resourceOf(kind: { apiVersion: string; kind: string }, options?: CallOptions): Promise<ResourceInfo | undefined>;
  /** Everything the API serves, in the server's order of groups and versions; always asked anew. */
  resources(options?: CallOptions): Promise<readonly ResourceInfo[]>;
  /** A request by path, for what has no kind: `/version`, `/readyz`, a pod's log. Answers of any status come back; nothing is thrown for them. */
  raw(method: string, path: string, options?: RawOptions): Promise<RawAnswer>;
  /** A GET whose answer is a stream: a followed log. Throws a `KubeError` when the server refuses. */
  stream(path: string, options?: CallOptions): AsyncIterable<Uint8Array>;
}

export interface RawOptions extends CallOptions {
  readonly body?: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface RawAnswer {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
}

/** What the path of a resource is made of. */
export interface ResourcePlace {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** The plural, as in the path. */
  readonly resource: string;
  readonly namespaced: boolean;
}

/** A resource as discovery describes it. */
export interface ResourceInfo extends ResourcePlace {
  readonly singular: string;
  readonly verbs: readonly string[];
  readonly subresources: readonly string[];
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
}
