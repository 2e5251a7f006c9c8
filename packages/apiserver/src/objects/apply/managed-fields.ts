import type { KubeObject, ManagedFieldsEntry } from '@sluice/core';
import { FieldSet } from './field-set.js';

/** What one manager owns. */
export interface Manager {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly subresource: string;
  readonly fields: FieldSet;
  readonly time: string | undefined;
  /** The entry it was read from, given back as it was while nothing changes. */
  readonly entry?: ManagedFieldsEntry;
}

/** The managers of an object by identity. An Apply manager is the same in every version, an Update manager is not. */
export type Managers = ReadonlyMap<string, Manager>;

/** The identity of a manager, which is also the order that conflicts are listed in. */
export function managerId(identity: Omit<Manager, 'fields' | 'time'>): string {
  const known = identity.entry === undefined ? undefined : ids.get(identity.entry);
  if (known !== undefined) return known;
  const { manager, operation, apiVersion, subresource } = identity;
  // Written field by field, as are the entries below: spreads of what may be absent cost more than the rest of a small write.
  const shown: Record<string, string> = {};
  if (manager !== '') shown['manager'] = manager;
  shown['operation'] = operation;
  if (operation === 'Update') shown['apiVersion'] = apiVersion;
  if (subresource !== '') shown['subresource'] = subresource;
  const id = JSON.stringify(shown);
  if (identity.entry !== undefined) ids.set(identity.entry, id);
  return id;
}

const ids = new WeakMap<ManagedFieldsEntry, string>();

// Objects are immutable and their entries are shared from version to version: each is decoded once.
const decoded = new WeakMap<ManagedFieldsEntry, Manager>();

/** The managers of `metadata.managedFields`; undefined when the list is malformed. */
export function decodeManagers(entries: unknown): Map<string, Manager> | undefined {
  const managers = new Map<string, Manager>();
  if (entries === undefined || entries === null) return managers;
  if (!Array.isArray(entries)) return undefined;
  for (const entry of entries as unknown[]) {
    const manager = decodeEntry(entry as ManagedFieldsEntry);
    if (manager === undefined) return undefined;
    managers.set(managerId(manager), manager);
  }
  return managers;
}

function decodeEntry(entry: ManagedFieldsEntry): Manager | undefined {
  if (typeof entry !== 'object' || entry === null) return undefined;
  const known = decoded.get(entry);
  if (known !== undefined) return known;
  const { operation, apiVersion = '', fieldsType, fieldsV1 = {}, manager = '', subresource = '', time } = entry;
  if ((operation !== 'Apply' && operation !== 'Update') || apiVersion === '' || fieldsType !== 'FieldsV1') return undefined;
  let fields: FieldSet;
  try {
    fields = FieldSet.fromFieldsV1(fieldsV1 ?? {});
  } catch {
    return undefined;
  }
  const result: Manager = { manager, operation, apiVersion, subresource, fields, time, entry };
  decoded.set(entry, result);
  return result;
}

/** The entries of `metadata.managedFields`, sorted as the real server does; undefined when nobody owns anything. */
export function encodeManagers(managers: Managers): ManagedFieldsEntry[] | undefined {
  if (managers.size === 0) return undefined;
  return [...managers.values()].sort(compareManagers).map(encodeEntry);
}

function encodeEntry(manager: Manager): ManagedFieldsEntry {
  const { entry } = manager;
  const source = entry === undefined ? undefined : decoded.get(entry);
  if (
    entry !== undefined &&
    source !== undefined &&
    source.fields === manager.fields &&
    source.time === manager.time &&
    source.apiVersion === manager.apiVersion
  )
    return entry;
  const { operation, apiVersion, subresource, fields, time } = manager;
  const result: { -readonly [field in keyof ManagedFieldsEntry]: ManagedFieldsEntry[field] } = {};
  if (manager.manager !== '') result.manager = manager.manager;
  result.operation = operation;
  result.apiVersion = apiVersion;
  if (time !== undefined) result.time = time;
  result.fieldsType = 'FieldsV1';
  result.fieldsV1 = fields.toFieldsV1();
  if (subresource !== '') result.subresource = subresource;
  decoded.set(result, { manager: manager.manager, operation, apiVersion, subresource, fields, time, entry: result });
  return result;
}

function compareManagers(a: Manager, b: Manager): number {
  return (
    compareText(a.operation, b.operation) ||
    seconds(a.time) - seconds(b.time) ||
    compareText(a.manager, b.manager) ||
    compareText(a.apiVersion, b.apiVersion) ||
    compareText(a.subresource, b.subresource)
  );
}

function compareText(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

function seconds(time: string | undefined): number {
  return time === undefined ? 0 : Math.floor(Date.parse(time) / 1000) || 0;
}

const MAX_UPDATE_MANAGERS = 10;

/** At most ten Update managers: the oldest of a version become one, `ancient-changes`. */
export function capUpdateManagers(managers: Managers): Managers {
  const updaters = [...managers].filter(([, manager]) => manager.operation === 'Update');
  if (updaters.length <= MAX_UPDATE_MANAGERS) return managers;
  updaters.sort(([idA, a], [idB, b]) => seconds(a.time) - seconds(b.time) || compareText(idA, idB));
  const out = new Map(managers);
  const firstOf = new Map<string, string>();
  let count = updaters.length;
  for (const [id, manager] of updaters) {
    if (count <= MAX_UPDATE_MANAGERS) break;
    const first = firstOf.get(manager.apiVersion);
    if (first === undefined) {
      firstOf.set(manager.apiVersion, id);
      continue;
    }
    const bucket = { manager: 'ancient-changes', operation: 'Update' as const, apiVersion: manager.apiVersion, subresource: '' };
    const bucketId = managerId(bucket);
    const before = out.get(bucketId) ?? out.get(first);
    if (!out.has(bucketId)) out.delete(first);
    out.delete(id);
    out.set(bucketId, { ...bucket, fields: manager.fields.union(before?.fields ?? FieldSet.empty), time: manager.time });
    count--;
  }
  return out;
}

/** An object with these entries. The very object, or `live`, when that has them already. */
export function withManagers(object: KubeObject, entries: ManagedFieldsEntry[] | undefined, live: KubeObject | undefined): KubeObject {
  const { managedFields: before, ...metadata } = object.metadata ?? {};
  if (object === live && sameEntries(before, entries)) return live;
  if (entries === undefined && before === undefined) return object;
  return { ...object, metadata: entries === undefined ? metadata : { ...metadata, managedFields: entries } };
}

function sameEntries(a: readonly ManagedFieldsEntry[] | undefined, b: readonly ManagedFieldsEntry[] | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && a.length === b.length && a.every((entry, index) => entry === b[index]));
}
