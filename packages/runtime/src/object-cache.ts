import type { KubeObject } from '@sluice/core';

/** The objects of a kind, kept up to date by a watch: what a controller needs of an informer. */
export interface ObjectCache<T extends KubeObject = KubeObject> {
  get(namespace: string | undefined, name: string): T | undefined;
  list(): readonly T[];
  /** Hears of every object that is there, and of every later change. The result ends the subscription. */
  subscribe(handler: ObjectHandler<T>): () => void;
}

export interface ObjectHandler<T extends KubeObject = KubeObject> {
  added?(object: T): void;
  modified?(object: T, before: T): void;
  deleted?(object: T): void;
}

/** `namespace/name`, the key of an object in queues and indexes of one kind. */
export function keyOf(object: KubeObject): string {
  return objectKey(object.metadata.namespace ?? '', object.metadata.name ?? '');
}

export function objectKey(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}

/** The namespace and name of a key. */
export function splitKey(key: string): { namespace: string; name: string } {
  const slash = key.indexOf('/');
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
