import { setOwn, type Json } from '@sluice/core';
import { goInt, type GoMap, type GoValue } from '@sluice/gotemplate';
import { isTable, type Values } from '../values/values.js';

/** Whether there are integers among values: only users' have them, those of charts are numbers as JSON has them. */
export function holdsIntegers(value: Json): boolean {
  if (typeof value === 'bigint') return true;
  if (Array.isArray(value)) return (value as readonly Json[]).some(holdsIntegers);
  return isTable(value) && Object.keys(value).some((key) => holdsIntegers(value[key] ?? null));
}

/** Makes int64 values of the bigints in values, in place. */
export function goValues(values: Values): GoMap {
  for (const key of Object.keys(values)) {
    const value = values[key];
    if (typeof value === 'bigint' || (typeof value === 'object' && value !== null)) setOwn(values as GoMap, key, goValue(value));
  }
  return values as GoMap;
}

function goValue(value: Json): GoValue {
  if (typeof value === 'bigint') return goInt(value, 'int64');
  if (Array.isArray(value)) return (value as readonly Json[]).map(goValue);
  return isTable(value) ? goValues(value) : (value as GoValue);
}
