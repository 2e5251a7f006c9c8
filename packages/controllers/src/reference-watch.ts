import type { KubeObject } from '@sluice/core';
import type { InformerLease, SharedInformers } from '@sluice/kube';
import { keyOf, type Cause, type ObjectCache } from '@sluice/runtime';

export interface Reference {
  /** Default: v1. */
  readonly apiVersion?: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** The objects that others refer to. */
export interface FollowedObjects {
  /** The object as the watch last showed it; undefined where it shows none, or none yet. */
  get(reference: Reference): KubeObject | undefined;
  stop(): void;
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
  const followed = followReferences(objects, referencesOf, informers, enqueue, { lookedUp: false });
  return () => followed.stop();
}

/** The same for objects of any kind; where they are looked up here they are held whole. */
export function followReferences<T extends KubeObject>(
  objects: ObjectCache<T>,
  referencesOf: (object: T) => readonly Reference[],
  informers: SharedInformers,
  enqueue: (key: string, cause: Cause) => void,
  { lookedUp }: { readonly lookedUp: boolean },
): FollowedObjects {
  const watched = new Map<string, Watched>();

  function watch({ apiVersion = 'v1', kind, namespace }: Reference): Watched {
    const users: Watched['users'] = new Map();
    const changed = ({ metadata: { name = '' } }: KubeObject): void => {
      for (const key of users.get(name) ?? []) enqueue(key, { reason: 'reference', object: { kind, namespace, name } });
    };
    const lease = informers.acquire({ apiVersion, kind, namespace }, { metadataOnly: !lookedUp });
    let known = false;
    void lease.informer.whenSynced().then(
      () => (known = true),
      () => {},
    );
    // What is there when the watch begins has been read, or is read, by the pass that made it begin; unless that looks here.
    const unsubscribe = lease.informer.subscribe({
      added: (object) => {
        if (known || lookedUp) changed(object);
      },
      modified: changed,
      deleted: changed,
    });
    return { lease, unsubscribe, users };
  }

  function add(object: T): void {
    for (const reference of referencesOf(object)) {
      const place = placeOf(reference);
      let entry = watched.get(place);
      if (entry === undefined) watched.set(place, (entry = watch(reference)));
      const keys = entry.users.get(reference.name) ?? new Set();
      entry.users.set(reference.name, keys.add(keyOf(object)));
    }
  }

  function remove(object: T, references: readonly Reference[]): void {
    for (const reference of references) {
      const place = placeOf(reference);
      const entry = watched.get(place);
      const keys = entry?.users.get(reference.name);
      if (entry === undefined || keys === undefined) continue;
      keys.delete(keyOf(object));
      if (keys.size === 0) entry.users.delete(reference.name);
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
  return {
    get: (reference) => watched.get(placeOf(reference))?.lease.informer.get(reference.namespace, reference.name),
    stop() {
      unsubscribe();
      for (const entry of watched.values()) end(entry);
    },
  };
}

function end({ unsubscribe, lease }: Watched): void {
  unsubscribe();
  lease.release();
}

/** What one watch is for. */
function placeOf({ apiVersion = 'v1', kind, namespace }: Reference): string {
  return `${apiVersion} ${kind} ${namespace}`;
}

function textOf(reference: Reference): string {
  return `${placeOf(reference)} ${reference.name}`;
}
