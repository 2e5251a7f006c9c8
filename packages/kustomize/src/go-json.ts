import { withGoEscapes, type Json } from '@sluice/core';
import { compareText } from './resource/gvk.js';

/**
 * JSON as Go's encoding/json writes it: keys in order, `<`, `>`, `&` and the line separators escaped. Hashes of generated
 * ConfigMaps are over these very bytes.
 */
export function goJson(value: Json): string {
  return withGoEscapes(write(value));
}

/** The same with an indentation, and without the escapes that only matter in HTML left out: Go escapes there too. */
export function goJsonIndented(value: Json): string {
  return withGoEscapes(JSON.stringify(sorted(value), undefined, 2));
}

function write(value: Json): string {
  if (typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) return `[${value.map(write).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const object = value as Readonly<Record<string, Json>>;
    const keys = Object.keys(object).sort(compareText);
    return `{${keys.map((key) => `${JSON.stringify(key)}:${write(object[key]!)}`).join(',')}}`;
  }
  return JSON.stringify(value);
}

function sorted(value: Json): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const object = value as Readonly<Record<string, Json>>;
  return Object.fromEntries(
    Object.keys(object)
      .sort(compareText)
      .map((key) => [key, sorted(object[key]!)]),
  );
}
