import type { KubeObject } from '@sluice/core';
import type { ObjectType } from '../types/object-type.js';
import { type Comparison, compare } from './compare.js';
import { ApplyConflict, conflictsOf } from './conflict.js';
import { FieldSet, reconcileWithSchema } from './field-set.js';
import type { Manager, Managers } from './managed-fields.js';
import { fieldElement } from './path-element.js';
import { typedIn, type Versions } from './versions.js';

/** How a write changes what managers own. */
export interface OwnershipChange {
  readonly live: KubeObject;
  readonly next: KubeObject;
  readonly type: ObjectType;
  readonly versions: Versions;
  readonly managers: Managers;
  /** The writer, whose own entry is left to the caller. */
  readonly writer: string;
  /** Fields that the request cannot change and so does not own, such as status on the main resource. */
  readonly resetFields: FieldSet | undefined;
  readonly force: boolean;
}

/** The managers after a write, and what the write changed. Throws an ApplyConflict unless forced. */
export function changeOwnership(change: OwnershipChange): { managers: Map<string, Manager>; comparison: Comparison } {
  const { live, next, type, versions, writer, resetFields } = change;
  const managers = new Map(change.managers);
  const comparisons = new Map([[type.apiVersion, without(compare(type.root, live, next), resetFields)]]);
  const conflicts = [];
  for (const [id, manager] of change.managers) {
    if (id === writer) continue;
    let comparison = comparisons.get(manager.apiVersion);
    if (comparison === undefined) {
      const other = versions.typeOf(manager.apiVersion);
      if (other === undefined) {
        // The version is not served any more, and with it goes what was owned through it.
        managers.delete(id);
        continue;
      }
      comparison = without(compare(other.root, typedIn(versions, live, other), typedIn(versions, next, other)), resetFields);
      comparisons.set(manager.apiVersion, comparison);
    }
    const taken = manager.fields.intersection(comparison.modified.union(comparison.added));
    conflicts.push(...conflictsOf(taken, id, manager));
    const fields = manager.fields.difference(taken).difference(comparison.removed);
    if (fields.isEmpty) managers.delete(id);
    else if (fields !== manager.fields) managers.set(id, { ...manager, fields });
  }
  if (!change.force && conflicts.length > 0) throw new ApplyConflict(conflicts);
  return { managers, comparison: comparisons.get(type.apiVersion) as Comparison };
}

function without(comparison: Comparison, fields: FieldSet | undefined): Comparison {
  if (fields === undefined) return comparison;
  return {
    added: comparison.added.recursiveDifference(fields),
    modified: comparison.modified.recursiveDifference(fields),
    removed: comparison.removed.recursiveDifference(fields),
  };
}

/** What every object has and nobody owns. */
export const unownedFields: FieldSet = FieldSet.from(
  [
    ['apiVersion'],
    ['kind'],
    ['metadata'],
    ...['name', 'namespace', 'creationTimestamp', 'selfLink', 'uid', 'clusterName', 'generation', 'managedFields', 'resourceVersion'].map(
      (name) => ['metadata', name],
    ),
  ].map((path) => path.map(fieldElement)),
);

const reconciled = new WeakMap<FieldSet, ObjectType>();

/** The managers with their sets brought in line with what is atomic in the schema now; the same when they are already. */
export function reconcileManagers(managers: Managers, versions: Versions): Managers {
  const out = new Map<string, Manager>();
  let changed = false;
  for (const [id, manager] of managers) {
    const type = versions.typeOf(manager.apiVersion);
    if (type === undefined) {
      changed = true;
      continue;
    }
    if (reconciled.get(manager.fields) === type) {
      out.set(id, manager);
      continue;
    }
    const fields = reconcileWithSchema(manager.fields, type.root);
    reconciled.set(fields, type);
    changed ||= fields !== manager.fields;
    out.set(id, fields === manager.fields ? manager : { ...manager, fields });
  }
  return changed ? out : managers;
}
