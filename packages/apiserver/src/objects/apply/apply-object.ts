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
import { hasFields, toFieldSet } from './to-field-set.js';
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
  /** The version that conflicts name, when the fields are written through another kind: a Scale. */
  readonly shownVersion?: string;
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
    if (!(error instanceof ApplyConflict)) throw error;
    if (request.shownVersion !== undefined) throw error.under(request.shownVersion);
    if (manager !== 'kubectl' || request.live === undefined) throw error;
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
  const merged = merge(type.root, live, request.applied) as KubeObject;
  // What changes nothing is as well-typed as the live object.
  if (merged !== live) checkType(type, request.applied);
  const stored = decodeManagers(live.metadata?.managedFields);
  if (stored === undefined) throw internal('failed to decode managed fields');
  const managers = reconcileManagers(ownersOf(request, live, stored, versions), versions);

  const self = {
    manager: request.manager === '' ? 'unknown' : request.manager,
    operation: 'Apply' as const,
    apiVersion: type.apiVersion,
    subresource,
  };
  const selfId = managerId(self);
  const before = managers.get(selfId);
  const isSettled = merged === live && live === request.live && before?.apiVersion === type.apiVersion;
  if (isSettled && managers === stored && isAppliedAgain(request, before.fields)) return live;

  const wanted = toFieldSet(type.root, request.applied);
  const filtered = resetFields === undefined ? wanted : wanted.recursiveDifference(resetFields);
  const owned = filtered.difference(unownedFields);
  const isSame = before?.apiVersion === type.apiVersion && before.fields.equals(owned);
  if (isSettled && isSame) appliedFields.set(before.fields, { wanted, resetFields });
  const entry = before?.entry === undefined ? {} : { entry: before.entry };
  const held = new Map(managers).set(selfId, { ...self, ...entry, fields: filtered, time: before?.time });
  // What is applied again has nothing to prune.
  const next = isSame ? merged : prune(merged, type, versions, held, before);
  const { managers: after } = changeOwnership({ live, next, type, versions, managers: held, writer: selfId, resetFields, force });
  const isChanged = next !== live && !deepEqual(live, next);
  if (owned.isEmpty) after.delete(selfId);
  else after.set(selfId, { ...self, ...entry, fields: isSame ? before.fields : owned, time: isChanged ? now : before?.time });
  return withManagers(isChanged ? restored(type, next) : live, encodeManagers(after), request.live);
}

function checkType(type: ObjectType, applied: KubeObject): void {
  const faults = typeFaults(type.root, applied);
  if (faults.length > 0) throw internal(`failed to create typed patch object (${describe(applied, type)}): ${joinFaults(faults)}`);
}

/** An object that nobody owns was written before ownership was tracked: its fields get an owner to conflict with. */
function ownersOf(
  { live: given, type, now, subresource = '', resetFields }: ApplyRequest,
  live: KubeObject,
  stored: Managers,
  versions: Versions,
): Managers {
  if (stored.size > 0 || given === undefined) return stored;
  const manager = 'before-first-apply';
  return takeOwnership({ live: emptyObject(type), next: live, managers: stored, manager, type, versions, subresource, now, resetFields });
}

// What a manager applied is known again without building its set: the usual call of a GitOps engine changes nothing.
const appliedFields = new WeakMap<FieldSet, { wanted: FieldSet; resetFields: FieldSet | undefined }>();

function isAppliedAgain({ type, applied, resetFields }: ApplyRequest, owned: FieldSet): boolean {
  const known = appliedFields.get(owned);
  return known !== undefined && known.resetFields === resetFields && hasFields(type.root, applied, known.wanted);
}

/** The result as an object of its kind: what the schema of apply lets pass may still be no value of a Go struct. */
function restored(type: ObjectType, object: KubeObject): KubeObject {
  if (type.custom) return object;
  try {
    decodeValue(type.root, object, { unknown: [] }, 'memory');
  } catch (error) {
    if (!(error instanceof DecodeFault)) throw error;
    const version = `${type.group}/${type.version}, Kind=${type.kind}`;
    throw internal(
      `failed to convert new object (${describe(object, type)}) to proper version: unable to convert unstructured object to ${version}: ${error.message}`,
    );
  }
  return canonicalObject(type, object);
}

/** An object as the messages of apply name it: `namespace/name; group/version, Kind=kind`. */
function describe(object: KubeObject, type: ObjectType): string {
  const { namespace, name } = object.metadata ?? {};
  return `${text(namespace)}/${text(name)}; ${type.group}/${type.version}, Kind=${type.kind}`;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
