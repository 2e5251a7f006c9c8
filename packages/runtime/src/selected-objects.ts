import type { KubeObject } from '@sluice/core';
import type { ObjectCache } from './object-cache.js';

/** Those objects of a cache that match. One that begins to is heard of as added, one that ceases to as deleted. */
export function selectedObjects<T extends KubeObject>(all: ObjectCache<T>, matches: (object: T) => boolean): ObjectCache<T> {
  return {
    get(namespace, name) {
      const object = all.get(namespace, name);
      return object !== undefined && matches(object) ? object : undefined;
    },
    list: () => all.list().filter(matches),
    subscribe: (handler) =>
      all.subscribe({
        added(object) {
          if (matches(object)) handler.added?.(object);
        },
        modified(object, before) {
          const [is, was] = [matches(object), matches(before)];
          if (is && was) handler.modified?.(object, before);
          else if (is) handler.added?.(object);
          else if (was) handler.deleted?.(object);
        },
        deleted(object) {
          if (matches(object)) handler.deleted?.(object);
        },
      }),
  };
}
