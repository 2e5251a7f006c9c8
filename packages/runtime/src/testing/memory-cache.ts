import type { KubeObject } from '@sluice/core';
import { keyOf, objectKey, type ObjectCache, type ObjectHandler } from '../object-cache.js';

/** An {@link ObjectCache} that a test fills. */
export interface MemoryCache<T extends KubeObject = KubeObject> extends ObjectCache<T> {
  put(object: T): void;
  remove(object: T): void;
}

export function memoryCache<T extends KubeObject>(): MemoryCache<T> {
  const objects = new Map<string, T>();
  const handlers = new Set<ObjectHandler<T>>();
  return {
    get: (namespace, name) => objects.get(objectKey(namespace ?? '', name)),
    list: () => [...objects.values()],
    subscribe(handler) {
      handlers.add(handler);
      for (const object of objects.values()) handler.added?.(object);
      return () => handlers.delete(handler);
    },
    put(object) {
      const before = objects.get(keyOf(object));
      objects.set(keyOf(object), object);
      for (const handler of handlers) {
        if (before === undefined) handler.added?.(object);
        else handler.modified?.(object, before);
      }
    },
    remove(object) {
      if (objects.delete(keyOf(object))) for (const handler of handlers) handler.deleted?.(object);
    },
  };
}
