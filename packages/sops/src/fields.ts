import { sopsError } from './error.js';
import { Comment, Mapping, Timestamp, scalarBytes, type Value } from './tree.js';

/** A scalar field as text; empty where it is not there. */
export function fieldText(tree: Mapping, name: string): string {
  const value = tree.get(name) ?? null;
  if (value === null) return '';
  if (value instanceof Mapping || value instanceof Comment || Array.isArray(value))
    throw metadataInvalid(`its field ${name} is not a text`);
  const text = value instanceof Timestamp ? value.text : scalarBytes(value);
  return typeof text === 'string' ? text : Buffer.from(text).toString('utf8');
}

export function listOf(tree: Mapping, name: string): Value[] {
  const value = tree.get(name) ?? null;
  if (value === null) return [];
  if (value instanceof Mapping) return value.items.length === 0 ? [] : [value];
  if (!Array.isArray(value)) throw metadataInvalid(`its field ${name} is not a list`);
  return value.filter((item) => !(item instanceof Comment));
}

export function mappingOf(value: Value, name: string): Mapping {
  if (!(value instanceof Mapping)) throw metadataInvalid(`an entry of its field ${name} is not a mapping`);
  return value;
}

/** A time as RFC 3339 writes it, to the second. */
export function rfc3339(text: string, name: string): string {
  const match = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}:\d{2})(?:[.,]\d+)?(Z|[-+]\d{2}:\d{2})$/.exec(text);
  if (match === null || Number.isNaN(Date.parse(text.replace(',', '.')))) throw metadataInvalid(`its field ${name} is not a time`);
  const [, date, time, zone] = match;
  return `${date}T${time}${zone === '+00:00' || zone === '-00:00' ? 'Z' : zone}`;
}

export function metadataInvalid(why: string): Error {
  return sopsError('SopsMetadataInvalid', `the SOPS metadata is not valid: ${why}`);
}
