import type { KubeObject } from '@sluice/core';
import { keyOf, type ObjectCache } from '@sluice/runtime';

export interface ObjectIndex {
  readonly keys: (value: string) => readonly string[];
  readonly stop: () => void;
}

/** The keys of objects by something that is in them, kept up to date. */
export function createIndex<T extends KubeObject>(cache: ObjectCache<T>, valuesOf: (object: T) => readonly string[]): ObjectIndex {
  const keysOf = new Map<string, Set<string>>();
  const put = (object: T): void => {
    for (const value of valuesOf(object)) {
      let keys = keysOf.get(value);
      if (keys === undefined) keysOf.set(value, (keys = new Set()));
      keys.add(keyOf(object));
    }
  };
  const remove = (object: T): void => {
    for (const value of valuesOf(object)) {
      const keys = keysOf.get(value);
      if (keys?.delete(keyOf(object)) === true && keys.size === 0) keysOf.delete(value);
    }
  };
  const stop = cache.subscribe({
    added: put,
    modified(object, before) {
      remove(before);
      put(object);
    },
    deleted: remove,
  });
  return { keys: (value: string): readonly string[] => [...(keysOf.get(value) ?? [])], stop };
}
