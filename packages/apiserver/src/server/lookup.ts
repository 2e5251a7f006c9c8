import type { Lookup } from '../kinds/index.js';
import type { Registry } from '../registry/registry.js';
import { keyOf } from '../registry/resource.js';
import { servedObject } from '../registry/served.js';
import type { Store } from '../store/store.js';

/** The other objects of the cluster, for what a write has to know about them. */
export function createLookup(store: Store, registry: Registry): Lookup {
  return {
    get(apiVersion, kind, namespace, name) {
      const resource = registry.findKind(apiVersion, kind);
      if (resource === undefined) return undefined;
      const stored = store.table(resource.table).objects.get(keyOf(resource, namespace ?? '', name));
      return stored === undefined ? undefined : servedObject(stored, resource);
    },
    list(apiVersion, kind, namespace) {
      const resource = registry.findKind(apiVersion, kind);
      if (resource === undefined) return [];
      return store
        .table(resource.table)
        .objects.list(namespace)
        .map((stored) => servedObject(stored, resource));
    },
  };
}
