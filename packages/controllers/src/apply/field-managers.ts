import { deepEqual, isJsonObject, setOwn, type KubeObject, type ManagedFieldsEntry } from '@sluice/core';

/** Managers whose fields are taken over: those whose name begins so, for that operation. */
export interface FieldManagerMatch {
  readonly name: string;
  readonly operation: 'Apply' | 'Update';
}

/** What kubectl and earlier versions of the controllers leave behind, and people named with `--override-manager`. */
export function takenOverManagers(own: string, others: readonly string[] = []): FieldManagerMatch[] {
  return [
    { name: 'kubectl', operation: 'Apply' },
    { name: 'kubectl', operation: 'Update' },
    { name: 'before-first-apply', operation: 'Update' },
    { name: own, operation: 'Update' },
    ...others.flatMap((name) => [{ name, operation: 'Apply' } as const, { name, operation: 'Update' } as const]),
  ];
}

/**
 * The managed fields with those of the matching managers given to `own`, so that a field that is gone from the desired
 * object goes from the cluster too; undefined when there is nothing to take over. Entries of subresources stay.
 */
export function takeOverFields(
  entries: readonly ManagedFieldsEntry[],
  matches: readonly FieldManagerMatch[],
  own: string,
): ManagedFieldsEntry[] | undefined {
  const existing = entries.findLast((entry) => entry.manager === own && entry.operation === 'Apply');
  let merged = existing;
  let edited = false;
  const rest: ManagedFieldsEntry[] = [];
  for (const entry of entries) {
    if (entry === existing) continue;
    if (!matches.some((match) => isMatch(entry, match))) {
      rest.push(entry);
    } else {
      edited = true;
      merged =
        merged === undefined ? { ...entry, manager: own, operation: 'Apply' } : withFields(merged, unite(merged.fieldsV1, entry.fieldsV1));
    }
  }
  return edited ? [...rest, merged!] : undefined;
}

/** All entries in another version of the API: an entry in a version whose schema lacks a field makes the next apply fail. */
export function migrateManagedFields(entries: readonly ManagedFieldsEntry[], apiVersion: string): ManagedFieldsEntry[] | undefined {
  return entries.every((entry) => entry.apiVersion === apiVersion) ? undefined : entries.map((entry) => ({ ...entry, apiVersion }));
}

/** What a manager applied, as a set of fields; undefined when it applied nothing. */
export function appliedFields(object: Pick<KubeObject, 'metadata'>, manager: string): FieldSet | undefined {
  return object.metadata.managedFields?.find(
    (entry) => entry.manager === manager && entry.operation === 'Apply' && entry.subresource === undefined,
  )?.fieldsV1;
}

/** A set of fields in the API's own form: `{"f:spec": {"f:replicas": {}}}`. */
export type FieldSet = Readonly<Record<string, unknown>>;

/** The fields that were in the set and are no longer, as paths: `.spec.replicas`. */
export function lostFields(before: FieldSet, after: FieldSet | undefined): string[] {
  const lost: string[] = [];
  collectLost(before, after ?? {}, '', lost);
  return lost;
}

function collectLost(before: FieldSet, after: FieldSet, path: string, lost: string[]): void {
  for (const [key, child] of Object.entries(before)) {
    const here = `${path}${pathStep(key)}`;
    const remaining = Object.hasOwn(after, key) ? after[key] : undefined;
    if (isJsonObject(child) && Object.keys(child).length > 0) collectLost(child, isJsonObject(remaining) ? remaining : {}, here, lost);
    else if (remaining === undefined && key !== '.') lost.push(here);
  }
}

/** `f:spec` → `.spec`; `k:{"name":"app"}` → `[name="app"]`; `v:"x"` → `["x"]`. */
function pathStep(key: string): string {
  const rest = key.slice(2);
  if (key.startsWith('f:')) return /^[\w-]+$/.test(rest) ? `.${rest}` : `[${JSON.stringify(rest)}]`;
  if (!key.startsWith('k:')) return key === '.' ? '' : `[${rest}]`;
  return `[${rest.slice(1, -1).replaceAll(/"(\w+)":/g, '$1=')}]`;
}

function isMatch(entry: ManagedFieldsEntry, { name, operation }: FieldManagerMatch): boolean {
  return entry.operation === operation && (entry.subresource ?? '') === '' && (entry.manager ?? '').startsWith(name);
}

function withFields(entry: ManagedFieldsEntry, fieldsV1: FieldSet | undefined): ManagedFieldsEntry {
  return fieldsV1 === undefined ? entry : { ...entry, fieldsV1 };
}

function unite(a: FieldSet | undefined, b: FieldSet | undefined): FieldSet | undefined {
  if (a === undefined || b === undefined || deepEqual(a, b)) return a ?? b;
  const result: Record<string, unknown> = { ...a };
  for (const [key, value] of Object.entries(b)) {
    const mine = Object.hasOwn(a, key) ? a[key] : undefined;
    setOwn(result, key, isJsonObject(mine) && isJsonObject(value) ? unite(mine, value) : (mine ?? value));
  }
  return result;
}
