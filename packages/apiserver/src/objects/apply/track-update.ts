import { deepEqual, type KubeObject, type ManagedFieldsEntry } from '@sluice/core';
import { Refusal } from '../refusal.js';
import { canonicalObject, emptyObject } from '../types/canonical.js';
import type { ObjectType } from '../types/object-type.js';
import { FieldSet } from './field-set.js';
import { capUpdateManagers, decodeManagers, encodeManagers, managerId, type Managers, withManagers } from './managed-fields.js';
import { changeOwnership, reconcileManagers, unownedFields } from './ownership.js';
import { typeFaults } from './validate.js';
import { type Versions, versionsOf } from './versions.js';

export interface UpdateRequest {
  /** The object as it is, undefined for a create. */
  readonly live: KubeObject | undefined;
  /** What the write makes of it: decoded, canonical and defaulted. */
  readonly next: KubeObject;
  readonly manager: string;
  readonly type: ObjectType;
  readonly subresource?: string;
  /** RFC 3339, seconds. */
  readonly now: string;
  readonly resetFields?: FieldSet | undefined;
  readonly versions?: Versions;
}

/**
 * What a write other than apply (create, PUT, the other patches) means for ownership: what it changes, the writer owns
 * and others do not any more. Returns `next` with its managedFields; never fails.
 *
 * The request may carry managedFields of its own: null keeps the live ones, `[]` and `[{}]` clear them (and an object
 * without any is not tracked until the next apply), a malformed list is ignored.
 */
export function trackUpdate(request: UpdateRequest): KubeObject {
  const { live, next, type, subresource = '' } = request;
  const versions = request.versions ?? versionsOf(type);
  const managers = managersBefore(live, next, subresource, type.custom);
  const isCreated = live === undefined || (live.metadata.uid ?? '') === '';
  const isTyped = !type.custom || typeFaults(type.root, next, { allowDuplicates: true }).length === 0;
  if ((managers.size === 0 && !isCreated) || !isTyped) return withManagers(next, undefined, undefined);
  const { managedFields: _, ...metadata } = next.metadata;
  const unmanaged = next.metadata.managedFields === undefined ? next : { ...next, metadata };
  try {
    const after = takeOwnership({ ...request, live: live ?? emptyObject(type), next: unmanaged, managers, versions, subresource });
    return withManagers(canonicalObject(type, next), encodeManagers(after), live);
  } catch (error) {
    // A field that the version of another manager does not have: ownership is given up, the write is not.
    if (error instanceof Refusal) return withManagers(next, undefined, undefined);
    throw error;
  }
}

function managersBefore(live: KubeObject | undefined, next: KubeObject, subresource: string, isCustom: boolean): Managers {
  const stored = (): Managers => decodeManagers(live?.metadata.managedFields) ?? new Map();
  const sent: unknown = next.metadata.managedFields;
  if (subresource !== '' || sent === undefined || sent === null) return stored();
  // An empty list forgets them, too, where Go tells it from none: not in custom resources.
  if (Array.isArray(sent) && ((sent.length === 0 && !isCustom) || (sent.length === 1 && deepEqual(sent[0], {})))) return new Map();
  const managers = decodeManagers(sent);
  return managers === undefined || managers.size === 0 ? stored() : managers;
}

export interface Takeover extends Omit<UpdateRequest, 'live' | 'subresource' | 'versions'> {
  readonly live: KubeObject;
  readonly managers: Managers;
  readonly subresource: string;
  readonly versions: Versions;
}

/** The managers after a write that is an update, with the writer owning what it changed. */
export function takeOwnership(takeover: Takeover): Managers {
  const { live, next, manager, type, subresource, versions, now, resetFields } = takeover;
  const { managers, comparison } = changeOwnership({
    live,
    next,
    type,
    versions,
    managers: reconcileManagers(takeover.managers, versions),
    writer: '',
    resetFields,
    force: true,
  });
  const changed = comparison.modified.union(comparison.added).difference(unownedFields);
  if (!changed.isEmpty) {
    const self = { manager: manager === '' ? 'unknown' : manager, operation: 'Update' as const, apiVersion: type.apiVersion, subresource };
    const id = managerId(self);
    managers.set(id, { ...self, fields: changed.union(managers.get(id)?.fields ?? FieldSet.empty), time: now });
  }
  return capUpdateManagers(managers);
}

/**
 * The object to write, where only times of managedFields may differ from the live one: then it is the live one, and
 * there is nothing to write. To be asked last, when `next` is complete.
 */
export function keepUnchanged(next: KubeObject, live: KubeObject): KubeObject {
  if (next === live) return live;
  const before = live.metadata.managedFields ?? [];
  const after = next.metadata.managedFields ?? [];
  if (before.length !== after.length) return next;
  const isSame = after.every((entry, index) => entry === before[index] || deepEqual(untimed(entry), untimed(before[index])));
  if (!isSame) return next;
  const { managedFields: _, ...nextMetadata } = next.metadata;
  const { managedFields: __, ...liveMetadata } = live.metadata;
  return deepEqual(nextMetadata, liveMetadata) && deepEqual({ ...next, metadata: null }, { ...live, metadata: null }) ? live : next;
}

function untimed(entry: ManagedFieldsEntry | undefined): unknown {
  const { time: _, ...rest } = entry ?? {};
  return rest;
}
