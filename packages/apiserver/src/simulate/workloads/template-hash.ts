import { formatQuantity, parseQuantity, withGoEscapes } from '@sluice/core';
import { fieldsOf, isSet } from '../../kinds/index.js';
import { readData } from '../../data.js';

/**
 * The hash that Kubernetes names ReplicaSets after: FNV-1a of a template as its controllers print it, every field of
 * the Go struct with its type, so that names here are those that a real cluster gives.
 */
export function templateHash(template: unknown, collisionCount?: number): string {
  let hash = fnv1a(printStruct('v1.PodTemplateSpec', template, true), FNV_OFFSET);
  if (collisionCount !== undefined) hash = fnvAdd(hash, littleEndian(collisionCount));
  return safeText(String(hash));
}

/** The hash that ControllerRevisions of StatefulSets are named after: FNV-1 of what the revision holds. */
export function revisionHash(data: unknown, collisionCount?: number): string {
  let hash = FNV_OFFSET;
  const text = withGoEscapes(canonical(data)) + (collisionCount === undefined ? '' : String(collisionCount));
  for (const byte of Buffer.from(text)) hash = (Math.imul(hash, FNV_PRIME) ^ byte) >>> 0;
  return safeText(String(hash));
}

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

function fnv1a(text: string, hash: number): number {
  return fnvAdd(hash, Buffer.from(text));
}

function fnvAdd(start: number, bytes: Uint8Array): number {
  let hash = start;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, FNV_PRIME) >>> 0;
  return hash;
}

/** A number as the eight bytes that are hashed of it; a count of collisions is small. */
function littleEndian(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

/** Digits as letters that spell nothing. */
function safeText(digits: string): string {
  return Array.from(digits, (digit) => ALPHABET[digit.charCodeAt(0) % ALPHABET.length]).join('');
}

interface GoField {
  readonly name: string;
  /** Empty for structs that are part of the one around them. */
  readonly json: string;
  readonly type: string;
  /** What the type is in the end: text, a boolean, a number, a struct. */
  readonly base: string;
}

let table: Readonly<Record<string, string>> | undefined;
const structs = new Map<string, readonly GoField[]>();

function fieldsOfType(type: string): readonly GoField[] {
  let fields = structs.get(type);
  if (fields !== undefined) return fields;
  table ??= readData('go-template-types') as Record<string, string>;
  fields = (table[type] ?? '').split(' ').map((text) => {
    const [, name = '', json = '', goType = '', base = ''] = /^([^:]+):([^:]*):(.+):([^:]+)$/.exec(text) ?? [];
    return { name, json, type: goType, base };
  });
  structs.set(type, fields);
  return fields;
}

function printStruct(type: string, value: unknown, typed: boolean): string {
  const object = fieldsOf(value);
  const parts = fieldsOfType(type).map(
    ({ name, json, type: fieldType, base }) => `${name}:${print(fieldType, base, json === '' ? object : object[json], true)}`,
  );
  return `${typed ? `(${type})` : ''}{${parts.join(' ')}}`;
}

function print(type: string, base: string, value: unknown, typed: boolean): string {
  const head = typed ? `(${type})` : '';
  if (type.startsWith('*')) return isSet(value) ? `${head}${print(type.slice(1), base, value, false)}` : `${head}<nil>`;
  if (type.startsWith('[]')) {
    if (!Array.isArray(value) || value.length === 0) return `${head}<nil>`;
    return `${head}[${value.map((item) => print(type.slice(2), base, item, false)).join(' ')}]`;
  }
  if (type.startsWith('map[') || type === 'v1.ResourceList') {
    const entries = Object.entries(fieldsOf(value)).sort(([a], [b]) => (a < b ? -1 : 1));
    if (entries.length === 0) return `${head}<nil>`;
    const element = type === 'v1.ResourceList' ? 'resource.Quantity' : type.slice(type.indexOf(']') + 1);
    return `${head}map[${entries.map(([key, item]) => `${key}:${print(element, base, item, false)}`).join(' ')}]`;
  }
  switch (type) {
    case 'resource.Quantity':
      return `${head}${printQuantity(value)}`;
    case 'intstr.IntOrString':
      return typeof value === 'string'
        ? `${head}{Type:(intstr.Type)1 IntVal:(int32)0 StrVal:(string)${value}}`
        : `${head}{Type:(intstr.Type)0 IntVal:(int32)${Number(value ?? 0)} StrVal:(string)}`;
    case 'v1.Time':
      return `${head}{Time:(time.Time){wall:(uint64)0 ext:(int64)0 loc:(*time.Location)<nil>}}`;
  }
  if (base === 't') return `${head}${printStruct(type, value, false)}`;
  if (base === 's') return `${head}${typeof value === 'string' ? value : ''}`;
  return `${head}${base === 'b' ? value === true : Number(value ?? 0)}`;
}

/** A quantity as Go holds it: a number and a power of ten, as it was written. */
function printQuantity(value: unknown): string {
  const text = typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '0';
  const parsed = parseQuantity(text);
  const format = typeof parsed === 'string' ? 'DecimalSI' : parsed.format;
  let amount = typeof parsed === 'string' ? 0n : parsed.nano;
  let scale = -9;
  // Binary numbers have no power of ten; decimal ones have the one of their suffix.
  const suffixScale = format === 'BinarySI' ? 0 : scaleOfSuffix(text);
  while (scale < suffixScale) {
    amount /= 10n;
    scale++;
  }
  if (amount === 0n) scale = 0;
  return `{i:(resource.int64Amount){value:(int64)${amount} scale:(resource.Scale)${scale}} d:(resource.infDecAmount){Dec:(*inf.Dec)<nil>} s:(string)${typeof parsed === 'string' ? '' : formatQuantity(parsed)} Format:(resource.Format)${format}}`;
}

function scaleOfSuffix(text: string): number {
  const [, suffix = '', exponent] = /([a-zA-Z]?)(?:e([-+]?\d+))?$/.exec(text.replace(/^[^a-zA-Z]*/, '')) ?? [];
  const place = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'].indexOf(suffix);
  return exponent === undefined ? (place < 0 ? 0 : place * 3 - 9) : Number(exponent);
}

/** JSON with its keys sorted, as Go writes a map. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value).filter(([, field]) => field !== undefined);
  return `{${entries
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, field]) => `${JSON.stringify(key)}:${canonical(field)}`)
    .join(',')}}`;
}
