import { deepEqual, type KubeObject } from '@sluice/core';
import { customResources } from '../registry/custom.js';
import { DEFINITIONS, definitionSpec } from '../registry/definition.js';
import { trackUpdate } from '../objects/index.js';
import type { Registry } from '../registry/registry.js';
import type { CustomResourceVersion, Resource } from '../registry/resource.js';
import { typeOf } from '../registry/types.js';
import { timestamp } from '../server/context.js';
import type { Store, Table } from '../store/store.js';
import type { Stored } from '../store/stored.js';
import { acceptNames } from './names.js';
import { conditionOf, isTrue, setCondition, statusOf, type DefinitionStatus } from './status.js';

const CLEANUP = 'customresourcecleanup.apiextensions.k8s.io';
const MANAGER = 'kube-apiserver';

/**
 * The life of CustomResourceDefinitions: their names are accepted unless another definition has them, then what they
 * define is served; a deleted one takes its objects with it. Every step follows the write that caused it at once.
 */
export class Definitions {
  readonly #store: Store;
  readonly #registry: Registry;
  readonly #now: () => number;
  /** Since when a definition's schemas are what they are. */
  readonly #schemas = new Map<string, { revision: number; versions: readonly CustomResourceVersion[] }>();

  constructor(store: Store, registry: Registry, now: () => number) {
    this.#store = store;
    this.#registry = registry;
    this.#now = now;
  }

  /** Serves what the store holds from before, and goes on with what was interrupted. */
  load(): void {
    const all = this.#table.objects.list().slice();
    for (const stored of all) this.#serve(stored);
    for (const stored of all) this.changed(stored);
  }

  /** To be called with every write to a definition. */
  changed(stored: Stored): void {
    if (stored.object.metadata.deletionTimestamp !== undefined) {
      this.#serve(stored);
      this.#finalize(stored);
      return;
    }
    const status = this.#nextStatus(stored.object);
    if (deepEqual(status, stored.object['status'])) this.#serve(stored);
    else this.#serve(this.#putStatus(stored, status));
  }

  /** To be called when a definition is gone. */
  removed(name: string): void {
    this.#schemas.delete(name);
    this.#registry.setCustom(name, []);
    // Names that it held may now be free for another.
    for (const stored of this.#table.objects.list().slice()) this.changed(stored);
  }

  /** To be called when an object of a definition went away: the last one lets its deleted definition go. */
  instanceRemoved(definitionName: string): void {
    const stored = this.#table.objects.get(`/${definitionName}`);
    if (stored?.object.metadata.deletionTimestamp !== undefined) this.#finalize(stored);
  }

  get #table(): Table {
    return this.#store.table(DEFINITIONS);
  }

  #serve({ object, revision }: Stored): void {
    const name = object.metadata.name!;
    if (!isTrue(statusOf(object), 'Established')) {
      this.#registry.setCustom(name, []);
      return;
    }
    const { versions } = definitionSpec(object);
    const known = this.#schemas.get(name);
    const schema = known !== undefined && deepEqual(known.versions, versions) ? known : { revision, versions };
    this.#schemas.set(name, schema);
    // The same version objects as before: what was compiled from them is still good.
    const spec = { ...definitionSpec(object), versions: schema.versions };
    this.#registry.setCustom(name, customResources({ ...object, spec }, schema.revision));
  }

  /** Takes the objects away, then the finalizer, then the definition. */
  #finalize(stored: Stored): void {
    const { object } = stored;
    if (object.metadata.finalizers?.includes(CLEANUP) !== true) return;
    const { group, names } = definitionSpec(object);
    const { objects } = this.#store.table(`${group}/${names.plural}`);
    const resource = this.#registry.all().find((one) => one.group === group && one.resource === names.plural);
    for (const instance of resource === undefined ? [] : objects.list().slice()) this.#removeInstance(resource!, instance);
    if (objects.size > 0) {
      this.#condition(stored, 'True', 'InstanceDeletionInProgress', 'CustomResource deletion is in progress');
      return;
    }
    const { finalizers: before, ...metadata } = object.metadata;
    const finalizers = (before ?? []).filter((finalizer) => finalizer !== CLEANUP);
    if (finalizers.length > 0) {
      this.#put(stored, { ...object, metadata: { ...metadata, finalizers } });
      return;
    }
    ignore(this.#store.remove(DEFINITIONS, stored.key, object).done);
    this.removed(object.metadata.name!);
  }

  #removeInstance(resource: Resource, instance: Stored): void {
    const { metadata } = instance.object;
    if ((metadata.finalizers?.length ?? 0) === 0) {
      ignore(this.#store.remove(resource.table, instance.key, instance.object).done);
      return;
    }
    if (metadata.deletionTimestamp !== undefined) return;
    const marked = {
      ...metadata,
      generation: (metadata.generation ?? 0) + 1,
      deletionTimestamp: timestamp(this.#now()),
      deletionGracePeriodSeconds: 0,
    };
    const write = this.#store.put(resource.table, instance.key, { ...instance.object, metadata: marked });
    ignore(write.done);
  }

  #condition(stored: Stored, status: string, reason: string, message: string): void {
    const before = statusOf(stored.object);
    if (before.conditions?.find(({ type }) => type === 'Terminating')?.reason === reason) return;
    const condition = conditionOf('Terminating', status, reason, message, timestamp(this.#now()));
    this.#serve(this.#putStatus(stored, { ...before, conditions: setCondition(before.conditions ?? [], condition) }));
  }

  #nextStatus(object: KubeObject): DefinitionStatus {
    const before = statusOf(object);
    const others = this.#table.objects.list().map((stored) => stored.object);
    const { acceptedNames, conflict } = acceptNames(object, others);
    const now = timestamp(this.#now());
    const isAccepted = conflict === undefined;
    const accepted = conditionOf(
      'NamesAccepted',
      isAccepted ? 'True' : 'False',
      conflict?.reason ?? 'NoConflicts',
      conflict?.message ?? 'no conflicts found',
      now,
    );
    const established =
      isAccepted || isTrue(before, 'Established')
        ? conditionOf('Established', 'True', 'InitialNamesAccepted', 'the initial names have been accepted', now)
        : conditionOf('Established', 'False', 'NotAccepted', 'not all names are accepted', now);
    return { ...before, conditions: setCondition(setCondition(before.conditions ?? [], accepted), established), acceptedNames };
  }

  #putStatus(stored: Stored, status: DefinitionStatus): Stored {
    const next = { ...stored.object, status } as KubeObject;
    const { type, versions } = typeOf(this.#definitionResource);
    const now = timestamp(this.#now());
    return this.#put(stored, trackUpdate({ live: stored.object, next, manager: MANAGER, type, versions, subresource: 'status', now }));
  }

  #put(before: Stored, object: KubeObject): Stored {
    const { stored, done } = this.#store.put(DEFINITIONS, before.key, object);
    ignore(done);
    return stored;
  }

  get #definitionResource(): Resource {
    return this.#registry.find('apiextensions.k8s.io', 'v1', 'customresourcedefinitions')!;
  }
}

/** What every new definition gets before it is stored. */
export function newDefinition(object: KubeObject): KubeObject {
  return withStoredVersions({ ...object, status: { conditions: null, acceptedNames: { plural: '', kind: '' } } });
}

/** A definition with its storage version among those that objects may be stored in. */
export function withStoredVersions(object: KubeObject): KubeObject {
  const storage = definitionSpec(object).versions?.find((version) => version.storage)?.name;
  const status = statusOf(object);
  const stored = status.storedVersions ?? [];
  if (storage === undefined || stored.includes(storage)) return object;
  return { ...object, status: { ...status, storedVersions: [...stored, storage] } };
}

/** A definition that waits for its objects to go. */
export function markDefinition(live: KubeObject, now: string): KubeObject {
  const { metadata } = live;
  if (metadata.deletionTimestamp !== undefined) return live;
  const status = statusOf(live);
  const condition = conditionOf(
    'Terminating',
    'True',
    'InstanceDeletionPending',
    'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
    now,
  );
  const finalizers = metadata.finalizers ?? [];
  return {
    ...live,
    metadata: { ...metadata, deletionTimestamp: now, finalizers: finalizers.includes(CLEANUP) ? finalizers : [...finalizers, CLEANUP] },
    status: { ...status, conditions: setCondition(status.conditions ?? [], condition) },
  };
}

/** Failures of the store are told to whoever made the write that led here. */
function ignore(done: Promise<void>): void {
  done.catch(() => undefined);
}
