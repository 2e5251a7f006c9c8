import type { KubeObject } from '@sluice/core';
import type { ObjectType } from '../types/object-type.js';
import { FieldSet } from './field-set.js';
import type { Manager, Managers } from './managed-fields.js';
import { removeItems } from './remove.js';
import { toFieldSet } from './to-field-set.js';
import { convertTo, type Versions } from './versions.js';

/**
 * The merged object without what the manager applied before and does not apply any more. What others own stays, and so
 * does what nobody owns: defaults next to a removed field remain.
 */
export function prune(
  merged: KubeObject,
  type: ObjectType,
  versions: Versions,
  managers: Managers,
  before: Manager | undefined,
): KubeObject {
  if (before === undefined || before.fields.isEmpty) return merged;
  const lastType = versions.typeOf(before.apiVersion);
  if (lastType === undefined) return merged;
  const full = convertTo(versions, merged, lastType.apiVersion);
  let pruned = removeItems(lastType.root, full, before.fields.withNamedFields(lastType.root)) as KubeObject;
  pruned = addBackOwned(full, pruned, lastType, versions, managers);
  pruned = addBackDangling(full, pruned, lastType, before.fields);
  return convertTo(versions, pruned, type.apiVersion);
}

/** Puts back what some manager still owns, in whatever version it wrote. */
function addBackOwned(merged: KubeObject, pruned: KubeObject, lastType: ObjectType, versions: Versions, managers: Managers): KubeObject {
  const owned = new Map<string, FieldSet>();
  // The version that was pruned comes first.
  owned.set(lastType.apiVersion, FieldSet.empty);
  for (const { apiVersion, fields } of managers.values()) owned.set(apiVersion, (owned.get(apiVersion) ?? FieldSet.empty).union(fields));
  let result = pruned;
  for (const [apiVersion, fields] of owned) {
    const type = versions.typeOf(apiVersion);
    if (type === undefined || fields.isEmpty) continue;
    const all = convertTo(versions, merged, apiVersion);
    const kept = convertTo(versions, result, apiVersion);
    const lost = toFieldSet(type.root, all)
      .withNamedFields(type.root)
      .difference(toFieldSet(type.root, kept).withNamedFields(type.root).union(fields.withNamedFields(type.root)));
    result = removeItems(type.root, all, lost) as KubeObject;
  }
  return convertTo(versions, result, lastType.apiVersion);
}

/** Puts back what was lost with a removed parent but had never been applied. */
function addBackDangling(merged: KubeObject, pruned: KubeObject, type: ObjectType, before: FieldSet): KubeObject {
  const { root } = type;
  const lost = toFieldSet(root, merged).withNamedFields(root).difference(toFieldSet(root, pruned).withNamedFields(root));
  return removeItems(root, merged, lost.intersection(before.withNamedFields(root))) as KubeObject;
}
