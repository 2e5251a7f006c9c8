import { deepEqual, type KubeObject } from '@sluice/core';
import { customResources } from '../registry/custom.js';
import { definitionSpec, type DefinitionNames } from '../registry/definition.js';
import type { Registry } from '../registry/registry.js';
import type { Store, Table } from '../store/store.js';
import type { Stored } from '../store/stored.js';
import { timestamp } from '../server/context.js';

export const DEFINITIONS = 'apiextensions.k8s.io/customresourcedefinitions';
const CLEANUP = 'customresourcecleanup.apiextensions.k8s.io';

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime: string;
}

interface DefinitionStatus {
  readonly conditions?: readonly Condition[];
  readonly acceptedNames?: DefinitionNames;
  readonly storedVersions?: readonly string[];
}

/**
 * The life of CustomResourceDefinitions: their names are accepted unless another definition has them, then what they
 * define is served; a deleted one takes its objects with it. Every step follows the write that caused it at once.
 */
export class Definitions {
  readonly #store: Store;
  readonly #registry: Registry;
  readonly #now: () => number;
  readonly #schemaRevisions = new Map<string, { revision: number; versions: unknown }>();

  constructor(store: Store, registry: Registry, now: () => number) {
    this.#store = store;
    this.#registry = registry;
    this.#now = now;
  }

  /** Serves what the store holds from before. */
  load(): void {
    for (const stored of this.#table.objects.list().slice()) this.#serve(stored);
    for (const stored of this.#table.objects.list().slice()) this.changed(stored);
  }

  /** To be called with every write to a definition. */
  changed(stored: Stored): void {
    const { object } = stored;
    if (object.metadata.deletionTimestamp !== undefined) {
      this.#finalize(stored);
      return;
    }
    const status = this.#statusOf(object);
    const hasCleanup = object.metadata.finalizers?.includes(CLEANUP) === true;
    if (deepEqual(status, object['status']) && hasCleanup) {
      this.#serve(stored);
      return;
    }
    const finalizers = hasCleanup ? object.metadata.finalizers! : [...(object.metadata.finalizers ?? []), CLEANUP];
    const next = { ...object, metadata: { ...object.metadata, finalizers }, status };
    this.#serve(this.#put(stored.key, next));
  }

  /** To be called when a definition is gone. */
  removed(name: string): void {
    this.#schemaRevisions.delete(name);
    this.#registry.setCustom(name, []);
    // Names that it held may now be free for another.
    for (const stored of this.#table.objects.list().slice()) this.changed(stored);
  }

  get #table(): Table {
    return this.#store.table(DEFINITIONS);
  }

  #put(key: string, object: KubeObject): Stored {
    const { stored, done } = this.#store.put(DEFINITIONS, key, object);
    done.catch(() => undefined);
    return stored;
  }

  #serve({ object, revision }: Stored): void {
    const name = object.metadata.name!;
    const status = object['status'] as DefinitionStatus | undefined;
    if (!isTrue(status, 'Established') || status?.acceptedNames === undefined) {
      this.#registry.setCustom(name, []);
      return;
    }
    const { versions } = definitionSpec(object);
    const known = this.#schemaRevisions.get(name);
    const schemaRevision = known !== undefined && deepEqual(known.versions, versions) ? known.revision : revision;
    if (schemaRevision !== known?.revision) this.#schemaRevisions.set(name, { revision, versions });
    this.#registry.setCustom(name, customResources(object, schemaRevision));
  }

  /** Takes the objects away, then the finalizer. */
  #finalize(stored: Stored): void {
    const { object } = stored;
    if (object.metadata.finalizers?.includes(CLEANUP) !== true) return;
    const { group, names } = definitionSpec(object);
    const table = this.#store.table(`${group}/${names.plural}`);
    const held: Stored[] = [];
    for (const instance of table.objects.list().slice()) {
      if ((instance.object.metadata.finalizers?.length ?? 0) > 0) held.push(instance);
      else this.#store.remove(`${group}/${names.plural}`, instance.key, instance.object).done.catch(() => undefined);
    }
    const now = timestamp(this.#now());
    for (const instance of held) {
      if (instance.object.metadata.deletionTimestamp !== undefined) continue;
      const { metadata } = instance.object;
      const marked = {
        ...instance.object,
        metadata: { ...metadata, generation: (metadata.generation ?? 0) + 1, deletionTimestamp: now, deletionGracePeriodSeconds: 0 },
      };
      this.#store.put(`${group}/${names.plural}`, instance.key, marked).done.catch(() => undefined);
    }
    if (held.length > 0) {
      this.#terminating(stored, 'InstanceDeletionInProgress', 'CustomResource deletion is in progress');
      return;
    }
    const finalizers = object.metadata.finalizers.filter((finalizer) => finalizer !== CLEANUP);
    const { finalizers: _, ...metadata } = object.metadata;
    if (finalizers.length > 0) {
      this.#put(stored.key, { ...object, metadata: { ...metadata, finalizers } });
      return;
    }
    this.#store.remove(DEFINITIONS, stored.key, { ...object, metadata }).done.catch(() => undefined);
    this.removed(object.metadata.name!);
  }

  #terminating(stored: Stored, reason: string, message: string): void {
    const status = (stored.object['status'] ?? {}) as DefinitionStatus;
    if (status.conditions?.find(({ type }) => type === 'Terminating')?.reason === reason) return;
    const conditions = setCondition(status.conditions ?? [], {
      type: 'Terminating',
      status: 'True',
      reason,
      message,
      lastTransitionTime: timestamp(this.#now()),
    });
    this.#serve(this.#put(stored.key, { ...stored.object, status: { ...status, conditions } }));
  }

  /** To be called when an object of a definition went away: the last one lets its deleted definition go. */
  instanceRemoved(definitionName: string): void {
    const stored = this.#table.objects.get(`/${definitionName}`);
    if (stored?.object.metadata.deletionTimestamp !== undefined) this.#finalize(stored);
  }

  #statusOf(object: KubeObject): DefinitionStatus {
    const spec = definitionSpec(object);
    const before = (object['status'] ?? {}) as DefinitionStatus;
    const clash = this.#clash(object);
    const lastTransitionTime = timestamp(this.#now());
    const accepted = clash === undefined;
    let conditions = setCondition(before.conditions ?? [], {
      type: 'NamesAccepted',
      status: accepted ? 'True' : 'False',
      reason: clash?.reason ?? 'NoConflicts',
      message: clash?.message ?? 'no conflicts found',
      lastTransitionTime,
    });
    const wasEstablished = isTrue(before, 'Established');
    conditions = setCondition(conditions, {
      type: 'Established',
      status: accepted || wasEstablished ? 'True' : 'False',
      reason: accepted || wasEstablished ? 'InitialNamesAccepted' : 'NotAccepted',
      message: accepted || wasEstablished ? 'the initial names have been accepted' : 'not all names are accepted',
      lastTransitionTime,
    });
    const storage = spec.versions.find((version) => version.storage)?.name;
    const stored = before.storedVersions ?? [];
    return {
      ...before,
      conditions,
      acceptedNames: accepted ? spec.names : (before.acceptedNames ?? { plural: '', kind: '' }),
      storedVersions: storage === undefined || stored.includes(storage) ? stored : [...stored, storage],
    };
  }

  /** A name that another definition of the group has already. */
  #clash(object: KubeObject): { reason: string; message: string } | undefined {
    const { group, names } = definitionSpec(object);
    const taken = new Set<string>();
    const kinds = new Set<string>();
    for (const { object: other } of this.#table.objects.list()) {
      if (other.metadata.uid === object.metadata.uid || definitionSpec(other).group !== group) continue;
      const accepted = (other['status'] as DefinitionStatus | undefined)?.acceptedNames;
      if (accepted === undefined || accepted.plural === '') continue;
      for (const name of [accepted.plural, accepted.singular ?? '', ...(accepted.shortNames ?? [])]) taken.add(name);
      kinds.add(accepted.kind);
      kinds.add(accepted.listKind ?? `${accepted.kind}List`);
    }
    const conflictOf = (reason: string, name: string | undefined, among: Set<string>): { reason: string; message: string } | undefined =>
      name !== undefined && name !== '' && among.has(name) ? { reason, message: `${JSON.stringify(name)} is already in use` } : undefined;
    return (
      conflictOf('PluralConflict', names.plural, taken) ??
      conflictOf('SingularConflict', names.singular, taken) ??
      (names.shortNames ?? []).map((name) => conflictOf('ShortNamesConflict', name, taken)).find((found) => found !== undefined) ??
      conflictOf('KindConflict', names.kind, kinds) ??
      conflictOf('ListKindConflict', names.listKind, kinds)
    );
  }
}

function isTrue(status: DefinitionStatus | undefined, type: string): boolean {
  return status?.conditions?.some((condition) => condition.type === type && condition.status === 'True') === true;
}

function setCondition(conditions: readonly Condition[], next: Condition): Condition[] {
  const before = conditions.find(({ type }) => type === next.type);
  if (before === undefined) return [...conditions, next];
  const kept = before.status === next.status ? { ...next, lastTransitionTime: before.lastTransitionTime } : next;
  return conditions.map((condition) => (condition === before ? kept : condition));
}
