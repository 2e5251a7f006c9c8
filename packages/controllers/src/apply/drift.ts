import { deepEqual, isJsonObject, type KubeObject, type ManagedFieldsEntry } from '@sluice/core';
import { pointerSteps, valueAt, withoutValueAt, withValueAt } from './json-pointer.js';
import { normalizeDryRun } from './normalize.js';

/**
 * Whether an apply would change the object: what the server answers to a dry run differs from what is there, in labels,
 * annotations, or anything outside metadata and status. Fields at `ignored` pointers don't count.
 */
export function hasDrifted(existing: KubeObject, dryRun: KubeObject, ignored: readonly string[] = []): boolean {
  if (dryRun.metadata.resourceVersion === undefined || dryRun.metadata.resourceVersion === '') return true;
  const [was, will] = [comparable(existing, ignored), comparable(dryRun, ignored)];
  return !deepEqual(was, will);
}

function comparable(object: KubeObject, ignored: readonly string[]): unknown {
  const stripped = ignored.reduce((result, pointer) => withoutValueAt(result, pointerSteps(pointer)), normalizeDryRun(object));
  const { metadata, status: _, ...rest } = stripped as KubeObject & { status?: unknown };
  return { ...rest, labels: metadata.labels ?? {}, annotations: metadata.annotations ?? {} };
}

/** What becomes of an ignored field whose value in the cluster is another one than ours. */
export type Resolution =
  /** Another manager applies the field: ours leaves it out. */
  | { readonly pointer: string; readonly action: 'strip' }
  /** Only we apply it: ours takes the value that is there. */
  | { readonly pointer: string; readonly action: 'adopt'; readonly value: unknown };

/** How the ignored fields that differ are resolved. */
export function resolveIgnored(existing: KubeObject, dryRun: KubeObject, ignored: readonly string[], own: string): Resolution[] {
  const others = (existing.metadata.managedFields ?? []).filter(
    (entry) => entry.operation === 'Apply' && (entry.subresource ?? '') === '' && entry.fieldsV1 !== undefined,
  );
  const resolutions: Resolution[] = [];
  for (const pointer of ignored) {
    const steps = pointerSteps(pointer);
    const value = valueAt(existing, steps);
    if (deepEqual(value, valueAt(dryRun, steps))) continue;
    const applied = others.some((entry) => entry.manager !== own && owns(entry, existing, steps, others));
    resolutions.push(applied ? { pointer, action: 'strip' } : { pointer, action: 'adopt', value: value ?? null });
  }
  return resolutions;
}

/** The desired object as it is applied, with ignored fields left out or taken from the cluster. */
export function resolveDesired(desired: KubeObject, resolutions: readonly Resolution[]): KubeObject {
  return resolutions.reduce(
    (object, resolution) =>
      resolution.action === 'strip'
        ? withoutValueAt(object, pointerSteps(resolution.pointer))
        : withValueAt(object, pointerSteps(resolution.pointer), resolution.value),
    desired,
  );
}

/** Whether the entry's set holds the field; an index in a list is found by the keys of its element. */
function owns(entry: ManagedFieldsEntry, object: KubeObject, steps: readonly string[], entries: readonly ManagedFieldsEntry[]): boolean {
  const path: string[] = [];
  for (const [index, step] of steps.entries()) {
    const key = /^\d+$/.test(step) ? elementKey(valueAt(object, steps.slice(0, index + 1)), path, entries) : `f:${step}`;
    if (key === undefined) return false;
    path.push(key);
  }
  return path.length > 0 && valueAt(entry.fieldsV1, path) !== undefined;
}

/** The `k:{…}` under which any manager holds this element of a list. */
function elementKey(element: unknown, path: readonly string[], entries: readonly ManagedFieldsEntry[]): string | undefined {
  if (!isJsonObject(element)) return undefined;
  for (const { fieldsV1 } of entries) {
    const parent = valueAt(fieldsV1, path);
    for (const key of isJsonObject(parent) ? Object.keys(parent) : []) {
      if (!key.startsWith('k:')) continue;
      const wanted: unknown = JSON.parse(key.slice(2));
      if (isJsonObject(wanted) && Object.entries(wanted).every(([name, value]) => deepEqual(element[name], value))) return key;
    }
  }
  return undefined;
}
