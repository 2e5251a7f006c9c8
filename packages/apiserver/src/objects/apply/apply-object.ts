import { deepEqual, type KubeObject } from '@sluice/core';
import { DecodeFault, decodeValue } from '../decode/decode-value.js';
import { badRequest, internal } from '../refusal.js';
import { canonicalObject, emptyObject } from '../types/canonical.js';
import type { ObjectType } from '../types/object-type.js';
import { ApplyConflict } from './conflict.js';
import type { FieldSet } from './field-set.js';
import { allowedByLastApplied, withLastApplied } from './last-applied.js';
import { decodeManagers, encodeManagers, managerId, type Managers, withManagers } from './managed-fields.js';
import { merge } from './merge.js';
import { changeOwnership, reconcileManagers, unownedFields } from './ownership.js';
import { prune } from './prune.js';
import { toFieldSet } from './to-field-set.js';
import { takeOwnership } from './track-update.js';
import { joinFaults, typeFaults } from './validate.js';
import { type Versions, versionsOf } from './versions.js';

export interface ApplyRequest {
  /** The object as it is, undefined when it is not there yet. */
  readonly live: KubeObject | undefined;
  /** The configuration that is applied, decoded but not defaulted: only what it says is owned. */
  readonly applied: KubeObject;
  readonly manager: string;
  readonly type: ObjectType;
  readonly force?: boolean;
  /** `status`, `scale`…; absent for the object itself. */
  readonly subresource?: string;
  /** RFC 3339, seconds. */
  readonly now: string;
  /** Fields that this request cannot change, see {@link resetFieldsOf}. */
  readonly resetFields?: FieldSet | undefined;
  readonly versions?: Versions;
}

/**
 * Server-side apply: what is configured is set and owned, what the manager configured before and does not any more is
 * removed unless another manager owns it, and what others own with another value is a conflict.
 *
 * The result is not defaulted; when nothing changes it is `live` itself.
 *
 * ```ts
 * const next = applyObject({ live, applied, manager: 'sluice', type, now: '2026-01-01T00:00:00Z' });
 * if (next === live) return; // a no-op
 * ```
 *
 * @throws {ApplyConflict} when others own fields with other values, and `force` is not set
 * @throws {Refusal} 400 for a wrong kind or managedFields in the configuration, 500 when it is not of its type (as the real server answers)
 */
export function applyObject(request: ApplyRequest): KubeObject {
  const { applied, manager, type, force = false } = request;
  const slash = applied.apiVersion?.lastIndexOf('/') ?? -1;
  if (applied.apiVersion !== type.apiVersion || applied.kind !== type.kind) {
    const shown = slash < 0 ? `/${applied.apiVersion ?? ''}` : applied.apiVersion;
    throw badRequest(`invalid object type: ${shown}, Kind=${applied.kind ?? ''}`);
  }
  const managedFields: unknown = applied.metadata?.managedFields;
  if (managedFields !== undefined && managedFields !== null) throw badRequest('metadata.managedFields must be nil');
  try {
    return withLastApplied(applyOnce(request, force), request);
  } catch (error) {
    // kubectl may take over what it had applied client-side.
    if (!(error instanceof ApplyConflict) || manager !== 'kubectl' || request.live === undefined) throw error;
    const allowed = allowedByLastApplied(request.live, type);
    if (allowed === undefined) throw error;
    const rest = error.conflicts.filter(({ path }) => !allowed.has(path));
    if (rest.length > 0) throw new ApplyConflict(rest);
    return withLastApplied(applyOnce(request, true), request);
  }
}

function applyOnce(request: ApplyRequest, force: boolean): KubeObject {
  const { type, now, resetFields, subresource = '' } = request;
  const versions = request.versions ?? versionsOf(type);
  const live = request.live ?? emptyObject(type);
  const id = describe(request.applied, type);
  const faults = typeFaults(type.root, request.applied);
  if (faults.length > 0) throw internal(`failed to create typed patch object (${id}): ${joinFaults(faults)}`);

  const stored = decodeManagers(live.metadata?.managedFields);
  if (stored === undefined) throw internal('failed to decode managed fields');
  // An object that nobody owns was written before ownership was tracked: its fields get an owner to conflict with.
  const isUnowned = stored.size === 0 && request.live !== undefined;
  const decoded: Managers = isUnowned
    ? takeOwnership({
        live: emptyObject(type),
        next: live,
        managers: stored,
        manager: 'before-first-apply',
        type,
        versions,
        subresource,
        now,
        resetFields,
      })
    : stored;
  const managers = reconcileManagers(decoded, versions);

  const self = {
    manager: request.manager === '' ? 'unknown' : request.manager,
    operation: 'Apply' as const,
    apiVersion: type.apiVersion,
    subresource,
  };
  const selfId = managerId(self);
  const before = managers.get(selfId);
  const wanted = toFieldSet(type.root, request.applied);
  const filtered = resetFields === undefined ? wanted : wanted.recursiveDifference(resetFields);
  managers.set(selfId, { ...self, fields: filtered, time: before?.time, ...(before?.entry === undefined ? {} : { entry: before.entry }) });

  const merged = merge(type.root, live, request.applied) as KubeObject;
  const owned = filtered.difference(unownedFields);
  // What is applied again has nothing to prune.
  const next =
    before !== undefined && before.apiVersion === type.apiVersion && before.fields.equals(owned)
      ? merged
      : prune(merged, type, versions, managers, before);
  const { managers: after } = changeOwnership({ live, next, type, versions, managers, writer: selfId, resetFields, force });
  const isChanged = next !== live && !deepEqual(live, next);
  if (owned.isEmpty) after.delete(selfId);
  else {
    const fields = before?.fields.equals(owned) === true ? before.fields : owned;
    const entry = before?.entry;
    after.set(selfId, { ...self, fields, time: isChanged ? now : before?.time, ...(entry === undefined ? {} : { entry }) });
  }
  return withManagers(isChanged ? restored(type, next, id) : live, encodeManagers(after), request.live);
}

/** The result as an object of its kind: what the schema of apply lets pass may still be no value of a Go struct. */
function restored(type: ObjectType, object: KubeObject, id: string): KubeObject {
  if (type.custom) return object;
  try {
    decodeValue(type.root, object, { unknown: [] }, 'memory');
  } catch (error) {
    if (!(error instanceof DecodeFault)) throw error;
    const version = `${type.group}/${type.version}, Kind=${type.kind}`;
    throw internal(
      `failed to convert new object (${id}) to proper version: unable to convert unstructured object to ${version}: ${error.message}`,
    );
  }
  return canonicalObject(type, object);
}

/** An object as the messages of apply name it: `namespace/name; group/version, Kind=kind`. */
function describe(object: KubeObject, type: ObjectType): string {
  const { namespace, name } = object.metadata ?? {};
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  return `${text(namespace)}/${text(name)}; ${type.group}/${type.version}, Kind=${type.kind}`;
}
