import { groupOf, type KubeObject, type OwnerReference } from '@sluice/core';
import type { Resource } from '../../registry/resource.js';
import { WorkQueue } from '../work-queue.js';
import type { Change, Controller, World } from '../world.js';
import { deleteObject, patchMetadata } from './requests.js';

const FOREGROUND = 'foregroundDeletion';
const ORPHAN = 'orphan';

interface Known {
  readonly resource: Resource;
  readonly namespace: string;
  readonly name: string;
}

/**
 * Collects objects whose owners are gone, and lets owners go whose dependents are: a graph of who owns whom by uid,
 * kept up with every write. In the background an owner goes first; in the foreground its blocking dependents do;
 * orphans are cut loose.
 */
export function garbageCollector(world: World): Controller {
  /** Every object that is owned, or being deleted, by uid. */
  const nodes = new Map<string, Known>();
  const dependents = new Map<string, Set<string>>();
  const owned = new Map<string, readonly OwnerReference[]>();
  const queue = new WorkQueue(collect, world);

  return {
    tables: undefined,
    changed(change: Change) {
      const { resource } = change;
      if (resource.table === '/events' || !resource.verbs.includes('delete')) return;
      // Most objects are neither owned nor on their way: nothing about them has to be known.
      if (change.exists && !change.mentions('"ownerReferences"') && !change.mentions('"deletionTimestamp"')) return;
      const { before, after } = change;
      const object = after ?? before;
      const uid = object?.metadata.uid;
      if (object === undefined || uid === undefined) return;
      link(uid, after?.metadata.ownerReferences ?? []);
      if (after === undefined) {
        nodes.delete(uid);
        for (const dependent of dependents.get(uid) ?? []) queue.add(dependent);
        for (const { uid: owner } of before?.metadata.ownerReferences ?? []) if (waits(owner)) queue.add(owner);
        return;
      }
      nodes.set(uid, { resource, namespace: object.metadata.namespace ?? '', name: object.metadata.name ?? '' });
      if (needsAttention(after)) queue.add(uid);
      // Whoever waits for this one to go looks again: it may not block any more.
      for (const { uid: owner } of before?.metadata.ownerReferences ?? []) if (waits(owner)) queue.add(owner);
    },
    stop: () => queue.stop(),
  };

  function link(uid: string, references: readonly OwnerReference[]): void {
    const previous = owned.get(uid) ?? [];
    if (previous.length === 0 && references.length === 0) return;
    for (const { uid: owner } of previous) {
      const set = dependents.get(owner);
      set?.delete(uid);
      if (set?.size === 0) dependents.delete(owner);
    }
    for (const { uid: owner } of references) {
      const set = dependents.get(owner);
      if (set === undefined) dependents.set(owner, new Set([uid]));
      else set.add(uid);
    }
    if (references.length === 0) owned.delete(uid);
    else owned.set(uid, references);
  }

  function objectOf(uid: string): KubeObject | undefined {
    const known = nodes.get(uid);
    if (known === undefined) return undefined;
    const { resource, namespace, name } = known;
    const object = world.lookup.get(resource.apiVersion, resource.kind, resource.namespaced ? namespace : undefined, name);
    return object?.metadata.uid === uid ? object : undefined;
  }

  function waits(uid: string): boolean {
    return nodes.has(uid) && (objectOf(uid)?.metadata.finalizers?.includes(FOREGROUND) ?? false);
  }

  async function collect(uid: string): Promise<void> {
    const known = nodes.get(uid);
    const object = objectOf(uid);
    if (known === undefined || object === undefined) return;
    if (object.metadata.deletionTimestamp === undefined) await collectOwned(known.resource, object);
    else if (object.metadata.finalizers?.includes(ORPHAN) === true) await orphan(known.resource, object, uid);
    else if (object.metadata.finalizers?.includes(FOREGROUND) === true) await collectDependents(known.resource, object, uid);
  }

  /** An object lives as long as one of its owners does, and forgets those that are gone or on their way. */
  async function collectOwned(resource: Resource, object: KubeObject): Promise<void> {
    const references = object.metadata.ownerReferences ?? [];
    if (references.length === 0) return;
    const states = references.map((reference) => ({ reference, state: stateOf(reference, object) }));
    const solid = states.filter(({ state }) => state === 'there');
    const waiting = states.filter(({ state }) => state === 'waiting');
    if (solid.length === references.length) return;
    if (solid.length > 0) {
      await patchMetadata(world, resource, object, { ownerReferences: solid.map(({ reference }) => reference) });
    } else if (waiting.length > 0 && (dependents.get(object.metadata.uid ?? '')?.size ?? 0) > 0) {
      await deleteObject(world, resource, object, 'Foreground');
    } else {
      const policy =
        object.metadata.finalizers?.includes(ORPHAN) === true
          ? 'Orphan'
          : object.metadata.finalizers?.includes(FOREGROUND) === true
            ? 'Foreground'
            : 'Background';
      await deleteObject(world, resource, object, policy);
    }
  }

  function stateOf({ apiVersion, kind, name, uid }: OwnerReference, { metadata }: KubeObject): 'there' | 'waiting' | 'gone' {
    const known = nodes.get(uid);
    const owner = known === undefined ? findOwner(apiVersion, kind, name, metadata.namespace, uid) : objectOf(uid);
    // Of a kind that nobody serves nothing can be said: whoever serves it may be back.
    if (owner === undefined) return known !== undefined || isServed(apiVersion, kind) ? 'gone' : 'there';
    // An owner in another namespace is none.
    const elsewhere = owner.metadata.namespace !== undefined && owner.metadata.namespace !== metadata.namespace;
    if (elsewhere) return 'gone';
    return owner.metadata.deletionTimestamp !== undefined && owner.metadata.finalizers?.includes(FOREGROUND) === true ? 'waiting' : 'there';
  }

  function isServed(apiVersion: string, kind: string): boolean {
    return world.resources().some((item) => item.kind === kind && item.group === groupOf(apiVersion));
  }

  function findOwner(apiVersion: string, kind: string, name: string, namespace: string | undefined, uid: string): KubeObject | undefined {
    // Mostly the version that the reference names is served; if not, another one of the group may be.
    const found =
      world.lookup.get(apiVersion, kind, namespace, name) ??
      world
        .resources()
        .filter((item) => item.group === groupOf(apiVersion) && item.kind === kind && item.apiVersion !== apiVersion)
        .map((item) => world.lookup.get(item.apiVersion, kind, namespace, name))
        .find((item) => item !== undefined);
    return found?.metadata.uid === uid ? found : undefined;
  }

  /** In the foreground: the dependents go, and the owner when none is left that blocks it. */
  async function collectDependents(resource: Resource, object: KubeObject, uid: string): Promise<void> {
    let blocked = false;
    for (const dependent of dependents.get(uid) ?? []) {
      const reference = owned.get(dependent)?.find((item) => item.uid === uid);
      const live = objectOf(dependent);
      if (live === undefined || reference === undefined) continue;
      if (reference.blockOwnerDeletion === true) blocked = true;
      if (live.metadata.deletionTimestamp === undefined) queue.add(dependent);
    }
    if (!blocked) await removeFinalizer(resource, object, FOREGROUND);
  }

  async function orphan(resource: Resource, object: KubeObject, uid: string): Promise<void> {
    for (const dependent of Array.from(dependents.get(uid) ?? [])) {
      const known = nodes.get(dependent);
      const live = objectOf(dependent);
      if (known === undefined || live === undefined) continue;
      const rest = (live.metadata.ownerReferences ?? []).filter((reference) => reference.uid !== uid);
      await patchMetadata(world, known.resource, live, { ownerReferences: rest.length === 0 ? null : rest });
    }
    // One that was written meanwhile still points here: once more.
    if ((dependents.get(uid)?.size ?? 0) > 0) queue.addAfter(uid, 1);
    else await removeFinalizer(resource, object, ORPHAN);
  }

  async function removeFinalizer(resource: Resource, object: KubeObject, finalizer: string): Promise<void> {
    const rest = (object.metadata.finalizers ?? []).filter((item) => item !== finalizer);
    await patchMetadata(world, resource, object, { finalizers: rest.length === 0 ? null : rest });
    if (objectOf(object.metadata.uid ?? '')?.metadata.finalizers?.includes(finalizer) === true)
      queue.addAfter(object.metadata.uid ?? '', 1);
  }
}

function needsAttention({ metadata }: KubeObject): boolean {
  if (metadata.deletionTimestamp !== undefined) return metadata.finalizers?.some((item) => item === ORPHAN || item === FOREGROUND) ?? false;
  return (metadata.ownerReferences?.length ?? 0) > 0;
}
