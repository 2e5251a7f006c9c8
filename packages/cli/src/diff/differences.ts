import { deepEqual, isJsonObject, type Json } from '@sluice/core';

/** How two values differ at a place. */
export type Change =
  | { readonly type: 'removed' | 'added'; readonly of: 'map'; readonly entries: Readonly<Record<string, Json>> }
  | { readonly type: 'removed' | 'added'; readonly of: 'list'; readonly entries: readonly Json[] }
  | { readonly type: 'value'; readonly from: Json; readonly to: Json }
  | { readonly type: 'order'; readonly from: readonly string[]; readonly to: readonly string[] };

/** All changes at a place. */
export interface Difference {
  /** Entries of lists are named, where they have names. */
  readonly path: readonly string[];
  readonly changes: readonly Change[];
}

/** What names an entry of a list. */
const IDENTIFIERS = ['name', 'key', 'id'];

/** How two documents differ, place by place. */
export function differences(from: Json, to: Json, path: readonly string[] = []): Difference[] {
  if (deepEqual(from, to)) return [];
  if (isMap(from) && isMap(to)) return mapDifferences(from, to, path);
  if (Array.isArray(from) && Array.isArray(to)) return listDifferences(from, to, path);
  return [{ path, changes: [{ type: 'value', from, to }] }];
}

function isMap(value: Json): value is Record<string, Json> {
  return isJsonObject(value);
}

function mapDifferences(from: Readonly<Record<string, Json>>, to: Readonly<Record<string, Json>>, path: readonly string[]): Difference[] {
  const removed = Object.entries(from).filter(([key]) => !Object.hasOwn(to, key));
  const added = Object.entries(to).filter(([key]) => !Object.hasOwn(from, key));
  const changes: Change[] = [];
  if (removed.length > 0) changes.push({ type: 'removed', of: 'map', entries: Object.fromEntries(removed) });
  if (added.length > 0) changes.push({ type: 'added', of: 'map', entries: Object.fromEntries(added) });
  const below = Object.entries(from).flatMap(([key, value]) => {
    const other = Object.hasOwn(to, key) ? to[key] : undefined;
    return other === undefined ? [] : differences(value, other, [...path, key]);
  });
  return changes.length === 0 ? below : [{ path, changes }, ...below];
}

function listDifferences(from: readonly Json[], to: readonly Json[], path: readonly string[]): Difference[] {
  const identifier = IDENTIFIERS.find((key) => isIdentifier(key, from) && isIdentifier(key, to));
  const nameOf = (entry: Json, index: number): string =>
    identifier !== undefined && isMap(entry) ? textOf(entry[identifier]) : `${JSON.stringify(entry)}#${index}`;
  if (identifier === undefined) return plainListDifferences(from, to, path);
  const before = new Map(from.map((entry, index) => [nameOf(entry, index), entry]));
  const after = new Map(to.map((entry, index) => [nameOf(entry, index), entry]));
  const removed = [...before].filter(([name]) => !after.has(name)).map(([, entry]) => entry);
  const added = [...after].filter(([name]) => !before.has(name)).map(([, entry]) => entry);
  const kept = [...before.keys()].filter((name) => after.has(name));
  const keptAfter = [...after.keys()].filter((name) => before.has(name));
  const changes: Change[] = [];
  if (!deepEqual(kept, keptAfter)) changes.push({ type: 'order', from: kept, to: keptAfter });
  if (removed.length > 0) changes.push({ type: 'removed', of: 'list', entries: removed });
  if (added.length > 0) changes.push({ type: 'added', of: 'list', entries: added });
  const below = kept.flatMap((name) => differences(before.get(name) ?? null, after.get(name) ?? null, [...path, name]));
  return changes.length === 0 ? below : [{ path, changes }, ...below];
}

function isIdentifier(key: string, list: readonly Json[]): boolean {
  const values = list.map((entry) => (isMap(entry) && Object.hasOwn(entry, key) ? entry[key] : undefined));
  return values.every((value) => typeof value === 'string') && new Set(values).size === values.length;
}

function plainListDifferences(from: readonly Json[], to: readonly Json[], path: readonly string[]): Difference[] {
  // Lists of one entry each: what has changed is that entry.
  const [only, ...more] = from;
  const [other, ...others] = to;
  if (only !== undefined && other !== undefined && more.length === 0 && others.length === 0)
    return differences(only, other, [...path, '0']);
  const rest = [...to];
  const removed = from.filter((entry) => {
    const at = rest.findIndex((candidate) => deepEqual(candidate, entry));
    if (at >= 0) rest.splice(at, 1);
    return at < 0;
  });
  const changes: Change[] = [];
  if (removed.length > 0) changes.push({ type: 'removed', of: 'list', entries: removed });
  if (rest.length > 0) changes.push({ type: 'added', of: 'list', entries: rest });
  if (changes.length === 0) changes.push({ type: 'order', from: from.map(inline), to: to.map(inline) });
  return [{ path, changes }];
}

function inline(entry: Json): string {
  return typeof entry === 'string' ? entry : JSON.stringify(entry);
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}
