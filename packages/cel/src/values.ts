import { parseDuration as parseGoDuration } from '@sluice/core';
import { CelError } from './error.js';
import { type CelType, dyn, type Kind } from './types.js';

/** A value during evaluation. Integers are bigints, doubles numbers; lists and maps read their JSON as it is asked for. */
export type CelValue =
  | null
  | boolean
  | bigint
  | number
  | string
  | Uint8Array
  | CelUint
  | CelList
  | CelMap
  | CelTimestamp
  | CelDuration
  | CelOptional
  | CelTypeValue
  | CelOpaque;

export class CelUint {
  readonly value: bigint;
  constructor(value: bigint) {
    this.value = value;
  }
}

/** A point in time, in nanoseconds since 1970. */
export class CelTimestamp {
  readonly nanos: bigint;
  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

export class CelDuration {
  readonly nanos: bigint;
  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

export class CelOptional {
  static readonly none = new CelOptional(undefined);
  readonly value: CelValue | undefined;
  constructor(value: CelValue | undefined) {
    this.value = value;
  }
}

export class CelTypeValue {
  readonly typeName: string;
  constructor(typeName: string) {
    this.typeName = typeName;
  }
}

/** A value of a library: a quantity, a URL, an address… */
export abstract class CelOpaque {
  abstract readonly kind: Kind;
  abstract equals(other: CelOpaque): boolean;
  /** What `string(value)` gives. */
  abstract toText(): string;
}

/** A list, of values or of JSON that is read through a type. */
export class CelList {
  readonly #items: readonly unknown[];
  readonly #type: CelType | undefined;

  /** Without a type the items are values already. */
  constructor(items: readonly unknown[], type?: CelType) {
    this.#items = items;
    this.#type = type;
  }

  get size(): number {
    return this.#items.length;
  }

  at(index: number): CelValue {
    const item = this.#items[index];
    return this.#type === undefined ? (item as CelValue) : fromJson(item, this.#type);
  }

  *[Symbol.iterator](): Generator<CelValue> {
    for (let index = 0; index < this.size; index++) yield this.at(index);
  }
}

/** A map or an object: of values, or of JSON that is read through a type. */
export abstract class CelMap {
  abstract readonly size: number;
  abstract keys(): Iterable<CelValue>;
  /** The value of a key; undefined when there is none. */
  abstract get(key: CelValue): CelValue | undefined;
}

export class ValueMap extends CelMap {
  readonly #entries = new Map<string, readonly [CelValue, CelValue]>();

  constructor(entries: Iterable<readonly [CelValue, CelValue]> = []) {
    super();
    for (const [key, value] of entries) {
      const id = keyId(key);
      if (id === undefined) throw new CelError('unsupported key type');
      this.#entries.set(id, [key, value]);
    }
  }

  override get size(): number {
    return this.#entries.size;
  }

  override *keys(): Generator<CelValue> {
    for (const [key] of this.#entries.values()) yield key;
  }

  override get(key: CelValue): CelValue | undefined {
    const id = keyId(key);
    return id === undefined ? undefined : this.#entries.get(id)?.[1];
  }
}

/** Numbers that are equal are the same key, whatever their type. */
function keyId(key: CelValue): string | undefined {
  switch (typeof key) {
    case 'string':
      return `s${key}`;
    case 'bigint':
      return `i${key}`;
    case 'boolean':
      return `b${key}`;
    case 'number':
      return Number.isInteger(key) ? `i${BigInt(key)}` : undefined;
    default:
      return key instanceof CelUint ? `i${key.value}` : undefined;
  }
}

class JsonMap extends CelMap {
  readonly #data: Readonly<Record<string, unknown>>;
  readonly #type: CelType;

  constructor(data: Readonly<Record<string, unknown>>, type: CelType) {
    super();
    this.#data = data;
    this.#type = type;
  }

  override get size(): number {
    return Object.keys(this.#data).length;
  }

  override keys(): Iterable<CelValue> {
    return Object.keys(this.#data);
  }

  override get(key: CelValue): CelValue | undefined {
    if (typeof key !== 'string') return undefined;
    if (this.#type.kind === 'object') {
      const field = this.#type.fields.get(key);
      return field === undefined || !Object.hasOwn(this.#data, field.name) ? undefined : fromJson(this.#data[field.name], field.type);
    }
    if (!Object.hasOwn(this.#data, key)) return undefined;
    return fromJson(this.#data[key], this.#type.kind === 'map' ? this.#type.value : dyn);
  }
}

/** JSON as a value, read through its type; what does not fit the type is read as what it is. */
export function fromJson(json: unknown, type: CelType = dyn): CelValue {
  switch (typeof json) {
    case 'string':
      return type.kind === 'timestamp' || type.kind === 'duration' || type.kind === 'bytes' ? readText(json, type.kind) : json;
    case 'number':
      if (type.kind === 'double') return json;
      return Number.isInteger(json) ? BigInt(json) : json;
    case 'boolean':
    case 'bigint':
      return json;
    default:
  }
  if (json === null || json === undefined) return null;
  if (Array.isArray(json)) return new CelList(json, type.kind === 'list' ? type.element : dyn);
  return new JsonMap(json as Record<string, unknown>, type);
}

function readText(text: string, kind: 'timestamp' | 'duration' | 'bytes'): CelValue {
  if (kind === 'bytes') return new Uint8Array(Buffer.from(text, 'base64'));
  return (kind === 'timestamp' ? parseTimestamp(text) : parseDuration(text)) ?? text;
}

/** A value as JSON, for results: integers as numbers, times as text. */
export function toJson(value: CelValue): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (value === null || typeof value !== 'object') return value;
  if (value instanceof CelUint) return Number(value.value);
  if (value instanceof CelList) return [...value].map(toJson);
  if (value instanceof CelMap)
    return Object.fromEntries([...value.keys()].map((key) => [String(toJson(key)), toJson(value.get(key) ?? null)]));
  if (value instanceof CelOptional) return value.value === undefined ? null : toJson(value.value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (value instanceof CelTimestamp) return showTimestamp(value);
  if (value instanceof CelDuration) return showDuration(value);
  if (value instanceof CelTypeValue) return value.typeName;
  return value.toText();
}

export function kindOf(value: CelValue): Kind {
  switch (typeof value) {
    case 'bigint':
      return 'int';
    case 'number':
      return 'double';
    case 'string':
      return 'string';
    case 'boolean':
      return 'bool';
    default:
  }
  if (value === null) return 'null';
  if (value instanceof CelList) return 'list';
  if (value instanceof CelMap) return 'map';
  if (value instanceof CelUint) return 'uint';
  if (value instanceof Uint8Array) return 'bytes';
  if (value instanceof CelTimestamp) return 'timestamp';
  if (value instanceof CelDuration) return 'duration';
  if (value instanceof CelOptional) return 'optional';
  if (value instanceof CelTypeValue) return 'type';
  return value.kind;
}

const typeNames: Partial<Record<Kind, string>> = {
  null: 'null_type',
  timestamp: 'google.protobuf.Timestamp',
  duration: 'google.protobuf.Duration',
  optional: 'optional_type',
  object: 'map',
  quantity: 'kubernetes.Quantity',
  url: 'kubernetes.URL',
  ip: 'net.IP',
  cidr: 'net.CIDR',
  semver: 'kubernetes.Semver',
  format: 'kubernetes.NamedFormat',
};

export function typeName(kind: Kind): string {
  return typeNames[kind] ?? kind;
}

const timePattern = /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?([Zz]|[+-]\d{2}:\d{2})$/;

export function parseTimestamp(text: string): CelTimestamp | undefined {
  const match = timePattern.exec(text);
  const millis = match === null ? Number.NaN : Date.parse(text.replace(/\.\d+/, '').toUpperCase());
  if (Number.isNaN(millis)) return undefined;
  return new CelTimestamp(BigInt(millis) * 1_000_000n + BigInt((match?.[7] ?? '').padEnd(9, '0')));
}

export function showTimestamp({ nanos }: CelTimestamp): string {
  const seconds = nanos / 1_000_000_000n - (nanos % 1_000_000_000n < 0n ? 1n : 0n);
  const fraction = String(nanos - seconds * 1_000_000_000n)
    .padStart(9, '0')
    .replace(/0+$/, '');
  return `${new Date(Number(seconds) * 1000).toISOString().slice(0, 19)}${fraction === '' ? '' : `.${fraction}`}Z`;
}

export function parseDuration(text: string): CelDuration | undefined {
  try {
    return new CelDuration(BigInt(Math.round(parseGoDuration(text) * 1e6)));
  } catch {
    return undefined;
  }
}

/** A duration in seconds, as CEL prints it: `5400s`, `0.5s`. */
export function showDuration({ nanos }: CelDuration): string {
  const magnitude = nanos < 0n ? -nanos : nanos;
  const fraction = String(magnitude % 1_000_000_000n)
    .padStart(9, '0')
    .replace(/0+$/, '');
  return `${nanos < 0n ? '-' : ''}${magnitude / 1_000_000_000n}${fraction === '' ? '' : `.${fraction}`}s`;
}
