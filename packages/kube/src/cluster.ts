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
}

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** The whole call, retries included. Default: 30 s. */
  readonly timeoutMs?: number;
}

export interface ListOptions extends CallOptions {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** `'metadata'` asks for PartialObjectMetadata only. */
  readonly as?: 'object' | 'metadata';
  /** The page size of the requests; pages are joined. Default: 500. */
  readonly pageSize?: number;
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

export interface WatchOptions extends ListOptions {
  readonly resourceVersion?: string;
  readonly allowWatchBookmarks?: boolean;
}

export type WatchEvent<T extends KubeObject = KubeObject> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string };

export interface ObjectList<T extends KubeObject = KubeObject> {
  readonly resourceVersion: string;
  readonly items: readonly T[];
}

/** Who a call is made as. */
export interface Identity {
  readonly user: string;
  readonly groups?: readonly string[];
}

/**
 * Any Kubernetes API. Every call throws a `KubeError` (status, reason, details of the server's Status) when the server refuses,
 * and retries by itself what may be retried (429 and 5xx with Retry-After, connections reset before an answer to an idempotent request).
 */
export interface Cluster {
  /** The object, or undefined when it is not there. */
  get<T extends KubeObject = KubeObject>(key: ObjectKey, options?: CallOptions): Promise<T | undefined>;
  list<T extends KubeObject = KubeObject>(kind: KindKey, options?: ListOptions): Promise<ObjectList<T>>;
  /** One watch request's events. Ends when the server ends it; throws a `KubeError` with code 410 when the version is too old. Most code wants an informer. */
  watch<T extends KubeObject = KubeObject>(kind: KindKey, options?: WatchOptions): AsyncIterable<WatchEvent<T>>;
  create<T extends KubeObject>(object: T, options?: WriteOptions): Promise<T>;
  /** PUT: with the object's resourceVersion when it has one. */
  replace<T extends KubeObject>(object: T, options?: WriteOptions): Promise<T>;
  patch<T extends KubeObject = KubeObject>(key: ObjectKey, type: PatchType, patch: Json, options?: WriteOptions): Promise<T>;
  /** Server-side apply. */
  apply<T extends KubeObject = KubeObject>(object: KubeObject, options: ApplyOptions): Promise<T>;
  /** True when there was something to delete. */
  delete(key: ObjectKey, options?: DeleteOptions): Promise<boolean>;
  /** The same cluster, as someone else (impersonation). */
  as(identity: Identity): Cluster;
  /** What the API serves, cached and refreshed on an unknown kind. */
  resourceOf(kind: { apiVersion: string; kind: string }, options?: CallOptions): Promise<ResourceInfo | undefined>;
  /** A request by path, for what has no kind: `/version`, `/readyz`, a pod's log. */
  raw(
    method: string,
    path: string,
    options?: CallOptions & { body?: string; headers?: Readonly<Record<string, string>> },
  ): Promise<{ status: number; body: string }>;
}

/** A resource as discovery describes it. */
export interface ResourceInfo {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** The plural, as in the path. */
  readonly resource: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  readonly subresources: readonly string[];
}
