import { formatFloatG } from '@sluice/yaml';
import type { Json } from '@sluice/core';
import { isTable } from './values.js';

/** A value as Go's `%v` prints it, for messages. */
export function printValue(value: Json): string {
  if (value === null) return '<nil>';
  if (typeof value === 'number') return formatFloatG(value);
  if (Array.isArray(value)) return `[${(value as readonly Json[]).map(printValue).join(' ')}]`;
  if (isTable(value)) {
    const fields = Object.keys(value)
      .sort()
      .map((key) => `${key}:${printValue(value[key] ?? null)}`);
    return `map[${fields.join(' ')}]`;
  }
  return typeof value === 'object' ? '' : String(value);
}

/** A value as Go's `%t` prints it: what Helm's message about a subchart's values that are no table is made with. */
export function printAsBoolean(value: Json): string {
  if (typeof value === 'boolean') return String(value);
  if (value === null) return '%!t(<nil>)';
  if (Array.isArray(value)) return `[${(value as readonly Json[]).map(printAsBoolean).join(' ')}]`;
  return `%!t(${typeOfValue(value)}=${printValue(value)})`;
}

/** The name of a value's Go type. */
export function typeOfValue(value: Json): string {
  switch (typeof value) {
    case 'boolean':
      return 'bool';
    case 'number':
      return 'float64';
    case 'bigint':
      return 'int64';
    case 'string':
      return 'string';
    default:
      if (value === null) return 'nil';
      return Array.isArray(value) ? '[]interface {}' : 'map[string]interface {}';
  }
}
