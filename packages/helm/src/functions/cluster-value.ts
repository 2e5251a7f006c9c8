import { setOwn, type Json, type JsonObject } from '@sluice/core';
import { goInt, type GoMap, type GoValue } from '@sluice/gotemplate';

/** An object of the cluster as templates see it: whole numbers are int64, where those of values are float64. */
export function clusterValue(object: JsonObject): GoMap {
  const map: GoMap = {};
  for (const key of Object.keys(object)) setOwn(map, key, valueOf(object[key] ?? null));
  return map;
}

function valueOf(value: Json): GoValue {
  if (typeof value === 'bigint' || (typeof value === 'number' && Number.isSafeInteger(value))) return goInt(BigInt(value), 'int64');
  if (Array.isArray(value)) return (value as readonly Json[]).map(valueOf);
  return typeof value === 'object' && value !== null ? clusterValue(value as JsonObject) : value;
}
