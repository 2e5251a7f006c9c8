import type { KubeObject } from '@sluice/core';
import type { Cluster, Timers } from '@sluice/kube';
import type { Lookup } from '../kinds/index.js';
import type { Resource } from '../registry/resource.js';

/** A write that just happened. Neither side: it never existed; no `before`: it is new, or was there when the controllers started. */
export interface Change {
  readonly resource: Resource;
  /** Empty for cluster-scoped objects. */
  readonly namespace: string;
  readonly name: string;
  /** False for a deletion. */
  readonly exists: boolean;
  /** Whether the object, before or after, has this text somewhere: cheaper than looking into it. */
  mentions(text: string): boolean;
  readonly before: KubeObject | undefined;
  readonly after: KubeObject | undefined;
}

/**
 * The cluster as its controllers have it. They read from the server's memory and are told of each write as it happens:
 * no second copy of the objects, no polling, and nothing to do while nothing changes. They write as everybody does.
 */
export interface World {
  readonly lookup: Lookup;
  readonly cluster: Cluster;
  readonly timers: Timers;
  /** Every resource that is served, custom ones included. */
  resources(): readonly Resource[];
  /** Told of a failure that will be tried again. */
  readonly onError: (error: unknown) => void;
}

/** One of the loops that keep a cluster in order. */
export interface Controller {
  /** The tables it wants to hear of: `apps/deployments`; undefined for all. */
  readonly tables: readonly string[] | undefined;
  changed(change: Change): void;
  stop(): void;
}

/** The manager that the controllers write as. */
export const MANAGER = 'kube-controller-manager';

/** A key for queues: `namespace/name`. */
export function keyOf({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name ?? ''}`;
}

/** Namespace and name of a key. */
export function partsOf(key: string): { namespace: string; name: string } {
  const slash = key.indexOf('/');
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** The path of an object, or of one of its subresources. */
export function pathOf(resource: Resource, { metadata }: KubeObject, subresource = ''): string {
  const prefix = resource.group === '' ? `/api/${resource.version}` : `/apis/${resource.apiVersion}`;
  const scope = resource.namespaced ? `/namespaces/${metadata.namespace ?? ''}` : '';
  return `${prefix}${scope}/${resource.resource}/${encodeURIComponent(metadata.name ?? '')}${subresource === '' ? '' : `/${subresource}`}`;
}
