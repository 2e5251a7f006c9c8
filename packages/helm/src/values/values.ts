import { isJsonObject, setOwn, type Json } from '@sluice/core';

/** Values of a chart: JSON, where a number is a float64 as in Go and a `bigint` an int64 (what `--set` makes of digits). */
export type Values = { [key: string]: Json };

/** Whether a value is a table: a map, as opposed to a list or a scalar. */
export function isTable(value: Json | undefined): value is Values {
  return isJsonObject(value);
}

/** `table[key]`, own keys only. */
export function valueAt(table: Readonly<Values>, key: string): Json | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

/** A copy that shares nothing with the original. */
export function copyValues(values: Readonly<Values>): Values {
  const copy: Values = {};
  for (const key of Object.keys(values)) setOwn(copy, key, copyValue(values[key] ?? null));
  return copy;
}

function copyValue(value: Json): Json {
  if (Array.isArray(value)) return (value as readonly Json[]).map(copyValue);
  return isTable(value) ? copyValues(value) : value;
}

/** Both, and where a key is in both, the second one's; tables are merged, in depth. Neither is changed. */
export function mergeValues(base: Readonly<Values>, over: Readonly<Values>): Values {
  const merged: Values = { ...base };
  for (const key of Object.keys(over)) {
    const value = over[key] ?? null;
    const existing = valueAt(merged, key);
    setOwn(merged, key, isTable(value) && isTable(existing) ? mergeValues(existing, value) : value);
  }
  return merged;
}

/** The table at a path with dots; undefined, with the name that is none, when there is no such table. */
export function tableAt(values: Readonly<Values>, path: string): { readonly table: Values } | { readonly missing: string } {
  let table: Readonly<Values> = values;
  for (const name of path.split('.')) {
    const next = valueAt(table, name);
    if (!isTable(next)) return { missing: name };
    table = next;
  }
  return { table };
}

/** The value at a path with dots; undefined when there is none, or a table. */
export function scalarAt(values: Readonly<Values>, path: string): Json | undefined {
  const dot = path.lastIndexOf('.');
  let table = values;
  if (dot >= 0) {
    const parent = tableAt(values, path.slice(0, dot));
    if ('missing' in parent) return undefined;
    ({ table } = parent);
  }
  const value = valueAt(table, path.slice(dot + 1));
  return isTable(value) ? undefined : value;
}
