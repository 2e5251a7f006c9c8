import type { KubeObject } from '@sluice/core';
import type { InformerLease, SharedInformers } from '@sluice/kube';
import { keyOf, objectKey, type Cause, type ObjectCache } from '@sluice/runtime';

export interface Reference {
  readonly kind: 'ConfigMap' | 'Secret';
  readonly namespace: string;
  readonly name: string;
}

interface Watched {
  readonly lease: InformerLease;
  readonly unsubscribe: () => void;
  /** Who uses which object: the keys of users by the object's name. */
  readonly users: Map<string, Set<string>>;
}

/**
 * Puts objects in line when a ConfigMap or Secret that they take something from changes. Watched are the metadata
 * in the namespaces where something is referred to, and nowhere else. The result ends it.
 */
export function watchReferences<T extends KubeObject>(
  objects: ObjectCache<T>,
  referencesOf: (object: T) => readonly Reference[],
  informers: SharedInformers,
  enqueue: (key: string, cause: Cause) => void,
): () => void {
  const watched = new Map<string, Watched>();

  function watch(kind: Reference['kind'], namespace: string): Watched {
    const users: Watched['users'] = new Map();
    const changed = ({ metadata: { name = '' } }: KubeObject): void => {
      for (const key of users.get(name) ?? []) enqueue(key, { reason: 'reference', object: { kind, namespace, name } });
    };
    const lease = informers.acquire({ apiVersion: 'v1', kind, namespace }, { metadataOnly: true });
    let known = false;
    void lease.informer.whenSynced().then(
      () => (known = true),
      () => {},
    );
    // What is there when the watch begins has been read, or is read, by the pass that made it begin.
    const unsubscribe = lease.informer.subscribe({
      added: (object) => {
        if (known) changed(object);
      },
      modified: changed,
      deleted: changed,
    });
    return { lease, unsubscribe, users };
  }

  function add(object: T): void {
    for (const { kind, namespace, name } of referencesOf(object)) {
      const place = `${kind} ${namespace}`;
      let entry = watched.get(place);
      if (entry === undefined) watched.set(place, (entry = watch(kind, namespace)));
      const keys = entry.users.get(name) ?? new Set();
      entry.users.set(name, keys.add(keyOf(object)));
    }
  }

  function remove(object: T, references: readonly Reference[]): void {
    for (const { kind, namespace, name } of references) {
      const place = `${kind} ${namespace}`;
      const entry = watched.get(place);
      const keys = entry?.users.get(name);
      if (entry === undefined || keys === undefined) continue;
      keys.delete(keyOf(object));
      if (keys.size === 0) entry.users.delete(name);
      if (entry.users.size > 0) continue;
      end(entry);
      watched.delete(place);
    }
  }

  const unsubscribe = objects.subscribe({
    added: add,
    modified(object, before) {
      if (object.metadata.generation === before.metadata.generation) return;
      // In this order, so that a watch that goes on being needed is not ended and begun again.
      add(object);
      const kept = new Set(referencesOf(object).map(textOf));
      remove(
        object,
        referencesOf(before).filter((reference) => !kept.has(textOf(reference))),
      );
    },
    deleted: (object) => remove(object, referencesOf(object)),
  });
  return () => {
    unsubscribe();
    for (const entry of watched.values()) end(entry);
  };
}

function end({ unsubscribe, lease }: Watched): void {
  unsubscribe();
  lease.release();
}

function textOf({ kind, namespace, name }: Reference): string {
  return `${kind} ${objectKey(namespace, name)}`;
}
