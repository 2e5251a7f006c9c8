import { isJsonObject, parseQuantity, setOwn } from '@sluice/core';
import { goType } from '../apply/go-format.js';
import { isTime } from '../types/time.js';
import type { MapShape, TypeNode } from '../types/type-node.js';

/** What decoding finds besides the value. */
export interface Findings {
  /** Fields that the type does not have, as paths; they are left out of the value. */
  readonly unknown: string[];
}

/** A value that Go's decoder refuses, with its message. */
export class DecodeFault extends Error {
  override readonly name = 'DecodeFault';
}

/**
 * A value as Go would decode it into a type: checked, and without fields that the type does not have. Returns the same
 * reference when nothing is left out. What an apply or a strategic merge made (`memory`) is refused in other words
 * than JSON is: Go converts it without its JSON decoder.
 *
 * @throws {DecodeFault} for a value of a wrong type
 */
export function decodeValue(type: TypeNode, value: unknown, findings: Findings, source: 'json' | 'memory' = 'json'): unknown {
  return decode(type, value, { findings, source, fields: [], struct: '', path: '' });
}

interface Place {
  readonly findings: Findings;
  readonly source: 'json' | 'memory';
  /** The names of the struct fields on the way, for messages. */
  readonly fields: readonly string[];
  /** The name of the innermost struct. */
  readonly struct: string;
  /** The full path, indexes and map keys included. */
  readonly path: string;
}

function decode(type: TypeNode, value: unknown, place: Place): unknown {
  if (value === null || value === undefined) return value;
  switch (type.go) {
    case 'struct':
      if (!isJsonObject(value)) throw mismatch(type, value, place);
      return decodeStruct(type.map as MapShape, value, { ...place, struct: structName(type, place.struct) });
    case 'map':
      if (!isJsonObject(value)) throw mismatch(type, value, place);
      return decodeMap(type.map?.element ?? {}, value, place);
    case 'list':
      if (!Array.isArray(value)) throw mismatch(type, value, place);
      return decodeList(type.list?.element ?? {}, value, place);
    case 'string':
      if (typeof value !== 'string') throw mismatch(type, value, place);
      return value;
    case 'boolean':
      if (typeof value !== 'boolean') throw mismatch(type, value, place);
      return value;
    case 'double':
      if (typeof value !== 'number') throw mismatch(type, value, place);
      return value;
    case 'int32':
    case 'int64':
      if (typeof value !== 'number') throw mismatch(type, value, place);
      if (type.go === 'int32' ? !isInt32(value) : !Number.isInteger(value)) {
        throw mismatch(type, value, place, `number ${value}`);
      }
      return value;
    case 'byte':
      if (typeof value !== 'string') throw mismatch(type, value, place);
      return decodeBase64(value, place.source === 'memory' ? 'error decoding from json: ' : '');
    case 'time':
    case 'microTime':
      if (typeof value !== 'string') throw new DecodeFault(`json: cannot unmarshal ${kindOf(value)} into Go value of type string`);
      if (!isTime(value) || (type.go === 'microTime' && !/\.\d{6}\D/.test(value))) {
        throw new DecodeFault(timeFault(value, type.go === 'microTime'));
      }
      return value;
    case 'quantity': {
      const quantity = typeof value === 'string' || typeof value === 'number' ? parseQuantity(String(value)) : parseQuantity('');
      if (typeof quantity === 'string') throw new DecodeFault(quantity);
      return value;
    }
    case 'intOrString':
      if (typeof value === 'string' || isInt32(value)) return value;
      if (typeof value !== 'number' || place.source === 'memory')
        throw new DecodeFault(`json: cannot unmarshal ${kindOf(value)} into Go value of type int32`);
      throw mismatch(type, value, place, `number ${value}`);
    default:
      return value;
  }
}

function isInt32(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) <= 2147483647 && (value as number) >= -2147483648;
}

function decodeStruct(map: MapShape, value: Record<string, unknown>, place: Place): unknown {
  const { path, fields, findings } = place;
  let out: Record<string, unknown> | undefined;
  for (const key of Object.keys(value)) {
    const field = map.fields.get(key);
    const before = value[key];
    const below = path === '' ? key : `${path}.${key}`;
    if (field === undefined) {
      findings.unknown.push(below);
      out ??= { ...value };
      delete out[key];
      continue;
    }
    const after = decode(field.type, before, { ...place, path: below, fields: [...fields, key] });
    if (after === before) continue;
    out ??= { ...value };
    out[key] = after;
  }
  return out ?? value;
}

function decodeMap(element: TypeNode, value: Record<string, unknown>, place: Place): unknown {
  let out: Record<string, unknown> | undefined;
  for (const key of Object.keys(value)) {
    const before = value[key];
    const after = decode(element, before, { ...place, path: `${place.path}.${key}` });
    if (after === before) continue;
    out ??= { ...value };
    setOwn(out, key, after);
  }
  return out ?? value;
}

function decodeList(element: TypeNode, items: readonly unknown[], place: Place): unknown {
  let changed = false;
  const out = items.map((item, index) => {
    const after = decode(element, item, { ...place, path: `${place.path}[${index}]` });
    changed ||= after !== item;
    return after;
  });
  return changed ? out : items;
}

function decodeBase64(text: string, prefix: string): string {
  // Go's decoder skips line breaks and wants padding.
  const plain = /[\r\n]/.test(text) ? text.replaceAll(/[\r\n]/g, '') : text;
  const bad =
    /[^A-Za-z0-9+/]/.exec(plain.replace(/={1,2}$/, ''))?.index ?? (plain.length % 4 === 0 ? -1 : plain.length - (plain.length % 4));
  if (bad >= 0) throw new DecodeFault(`${prefix}illegal base64 data at input byte ${bad}`);
  return plain;
}

function structName(type: TypeNode, fallback: string): string {
  const name = type.goName ?? fallback;
  return name.slice(name.lastIndexOf('.') + 1);
}

function mismatch(type: TypeNode, value: unknown, place: Place, shown = kindOf(value)): DecodeFault {
  if (place.source === 'memory') return new DecodeFault(conversionFault(type, value));
  const target = place.fields.length === 0 ? 'Go value' : `Go struct field ${place.struct}.${place.fields.join('.')}`;
  return new DecodeFault(`json: cannot unmarshal ${shown} into ${target} of type ${goTypeName(type)}`);
}

function conversionFault(type: TypeNode, value: unknown): string {
  const actual = goType(value);
  const kind = actual.startsWith('[]') ? 'slice' : actual.startsWith('map') ? 'map' : actual;
  if (type.go === 'struct') return `cannot restore struct from: ${kind}`;
  if (type.go === 'map') return `cannot restore map from ${kind}`;
  if (type.go === 'list') return `cannot restore slice from ${kind}`;
  return (type.go === 'int32' || type.go === 'int64') && actual === 'string'
    ? `unrecognized type: ${type.go}`
    : `cannot convert ${actual} to ${goTypeName(type)}`;
}

/** A JSON value's kind in Go's messages. */
export function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  switch (typeof value) {
    case 'boolean':
      return 'bool';
    case 'object':
      return 'object';
    default:
      return typeof value;
  }
}

function goTypeName(type: TypeNode): string {
  if (type.goName !== undefined) return type.goName;
  switch (type.go) {
    case 'list':
      return `[]${goTypeName(type.list?.element ?? {})}`;
    case 'map':
      return `map[string]${goTypeName(type.map?.element ?? {})}`;
    case 'boolean':
      return 'bool';
    case 'double':
      return 'float64';
    case 'intOrString':
      return 'int32';
    case 'byte':
      return '[]uint8';
    default:
      return type.go ?? 'interface {}';
  }
}

function timeFault(text: string, isMicro: boolean): string {
  const layout = isMicro ? '2006-01-02T15:04:05.000000Z07:00' : '2006-01-02T15:04:05Z07:00';
  // A MicroTime has six digits, a Time any number of them.
  const seconds: readonly (readonly [RegExp, string])[] = isMicro
    ? [
        [/^\d{2}/, '05'],
        [/^\.\d{6}(?!\d)/, '.000000'],
      ]
    : [[/^\d{2}(\.\d+)?/, '05']];
  const parts: readonly (readonly [RegExp, string])[] = [
    [/^\d{4}/, '2006'],
    [/^-/, '-'],
    [/^(0[1-9]|1[0-2])/, '01'],
    [/^-/, '-'],
    [/^\d{2}/, '02'],
    [/^T/, 'T'],
    [/^\d{2}/, '15'],
    [/^:/, ':'],
    [/^\d{2}/, '04'],
    [/^:/, ':'],
    ...seconds,
    [/^(Z|[+-]\d{2}:\d{2})$/, 'Z07:00'],
  ];
  let rest = text;
  for (const [pattern, expected] of parts) {
    const match = pattern.exec(rest);
    if (match === null)
      return `parsing time ${JSON.stringify(text)} as ${JSON.stringify(layout)}: cannot parse ${JSON.stringify(rest)} as ${JSON.stringify(expected)}`;
    rest = rest.slice(match[0].length);
  }
  return `parsing time ${JSON.stringify(text)}: day out of range`;
}
