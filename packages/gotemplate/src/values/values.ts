import type { GoFunction } from '../exec/function.js';
import { UTC, type Zone } from '../time/zone.js';

/**
 * Go values as templates see them.
 *
 * - `undefined` is the invalid value (a key that is not there), `null` a nil interface.
 * - bool, string and float64 are JavaScript's own; a string's bytes that are no UTF-8 are lone surrogates (see `bytesToString`).
 * - every integer is a {@link GoInt}, `[]uint8` a Uint8Array.
 * - slices and maps are arrays and plain objects. Those of another type than `[]interface {}` and `map[string]interface {}`
 *   carry it under {@link GO_TYPE}.
 */
export type GoValue =
  | undefined
  | null
  | boolean
  | number
  | string
  | GoInt
  | GoComplex
  | GoFloat32
  | GoError
  | GoDuration
  | GoTime
  | JsonNumber
  | GoStruct
  | Uint8Array
  | GoSlice
  | GoMap;

export interface GoSlice extends Array<GoValue> {
  [GO_TYPE]?: string;
  [GO_METHODS]?: Methods;
  [GO_NIL]?: true;
}

export interface GoMap {
  [key: string]: GoValue;
  [GO_TYPE]?: string;
  [GO_METHODS]?: Methods;
  [GO_NIL]?: true;
}

/** Where a slice or map carries its Go type, when it is not the common one. */
export const GO_TYPE: unique symbol = Symbol('Go type');
/** Where a slice or map of a type with methods carries them. */
export const GO_METHODS: unique symbol = Symbol('Go methods');
/** Marks a slice or map that is nil: empty, but `null` in JSON, and not to be written to. */
export const GO_NIL: unique symbol = Symbol('Go nil');

export const ANY_SLICE = '[]interface {}';
export const ANY_MAP = 'map[string]interface {}';

/** The methods of a type. Each takes the value that it is called on before its other arguments. */
export type Methods = ReadonlyMap<string, GoFunction>;

export type IntKind = 'int' | 'int8' | 'int16' | 'int32' | 'int64' | 'uint' | 'uint8' | 'uint16' | 'uint32' | 'uint64' | 'uintptr';

/** An integer of one of Go's kinds. */
export class GoInt {
  readonly kind: IntKind;
  readonly value: bigint;

  constructor(kind: IntKind, value: bigint) {
    this.kind = kind;
    this.value = value;
  }
}

export class GoFloat32 {
  readonly value: number;

  constructor(value: number) {
    this.value = Math.fround(value);
  }
}

export class GoComplex {
  readonly real: number;
  readonly imaginary: number;

  constructor(real: number, imaginary: number) {
    this.real = real;
    this.imaginary = imaginary;
  }
}

export class GoError {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}

/** A time.Duration, in nanoseconds. */
export class GoDuration {
  readonly nanoseconds: bigint;

  constructor(nanoseconds: bigint) {
    this.nanoseconds = nanoseconds;
  }
}

/** A time.Time: a moment, the nanoseconds that a Date does not hold, and the zone that it is shown in. */
export class GoTime {
  readonly date: Date;
  /** Below a millisecond. */
  readonly nanoseconds: number;
  readonly zone: Zone;
  /** Of the clock, and printed as such: it came from `now`. */
  readonly isReading: boolean;

  constructor(date: Date, nanoseconds = 0, zone: Zone = UTC, isReading = false) {
    this.date = date;
    this.nanoseconds = nanoseconds;
    this.zone = zone;
    this.isReading = isReading;
  }

  /** Nanoseconds since 1970. */
  get unixNanoseconds(): bigint {
    return BigInt(this.date.getTime()) * 1_000_000n + BigInt(this.nanoseconds);
  }

  /** The moment some nanoseconds later. */
  add(nanoseconds: bigint): GoTime {
    const sum = this.unixNanoseconds + nanoseconds;
    const below = Number(((sum % 1_000_000n) + 1_000_000n) % 1_000_000n);
    return new GoTime(new Date(Number((sum - BigInt(below)) / 1_000_000n)), below, this.zone, this.isReading);
  }

  /** The same moment, shown in another zone. */
  in(zone: Zone): GoTime {
    return new GoTime(this.date, this.nanoseconds, zone, this.isReading);
  }

  equals(other: GoTime): boolean {
    return this.unixNanoseconds === other.unixNanoseconds && this.zone === other.zone;
  }
}

export class JsonNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** A struct of the program around the templates, or a pointer to one: `sprig.certificate`, `*chart.Metadata`. */
export class GoStruct {
  readonly goType: string;
  readonly fields: ReadonlyMap<string, GoValue>;
  readonly methods: Methods;
  /** What it prints as, where it has a String method. */
  readonly text: string | undefined;
  /** What an action prints, where String is a method of the pointer only: fmt does not see that one. */
  readonly pointerText: string | undefined;
  /** What stands for it in JSON, where that is not its fields by their names. */
  readonly json: (() => GoValue) | undefined;

  constructor(
    goType: string,
    parts: {
      fields?: Readonly<Record<string, GoValue>>;
      methods?: Methods;
      text?: string;
      pointerText?: string;
      json?: () => GoValue;
    },
  ) {
    this.goType = goType;
    this.fields = new Map(Object.entries(parts.fields ?? {}));
    this.methods = parts.methods ?? NO_METHODS;
    this.text = parts.text;
    this.pointerText = parts.pointerText;
    this.json = parts.json;
  }
}

const NO_METHODS: Methods = new Map();

const BITS: Readonly<Record<IntKind, readonly [bits: number, signed: boolean]>> = {
  int: [64, true],
  int8: [8, true],
  int16: [16, true],
  int32: [32, true],
  int64: [64, true],
  uint: [64, false],
  uint8: [8, false],
  uint16: [16, false],
  uint32: [32, false],
  uint64: [64, false],
  uintptr: [64, false],
};

/** Integers that were made once: most are small. */
const MADE = { int: new Map<number, GoInt>(), int64: new Map<number, GoInt>() };
const SMALL = 1_024;

/** An integer of a kind; what does not fit wraps around, as Go's arithmetic does. */
export function goInt(value: bigint | number, kind: IntKind = 'int'): GoInt {
  if (typeof value !== 'number' || value < 0 || value >= SMALL || (kind !== 'int' && kind !== 'int64')) return made(BigInt(value), kind);
  const known = MADE[kind].get(value);
  if (known !== undefined) return known;
  const small = made(BigInt(value), kind);
  MADE[kind].set(value, small);
  return small;
}

function made(value: bigint, kind: IntKind): GoInt {
  const [bits, signed] = BITS[kind];
  return new GoInt(kind, signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value));
}

export function isSigned(kind: IntKind): boolean {
  return BITS[kind][1];
}

/** Whether a value is a map (a plain object). */
export function isMap(value: GoValue): value is GoMap {
  return (
    typeof value === 'object' &&
    value !== null &&
    (Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null)
  );
}

/** A value's type as Go prints it (`%T`). */
export function typeName(value: GoValue): string {
  switch (typeof value) {
    case 'boolean':
      return 'bool';
    case 'number':
      return 'float64';
    case 'string':
      return 'string';
    case 'undefined':
      return '<nil>';
  }
  if (value === null) return '<nil>';
  if (Array.isArray(value)) return value[GO_TYPE] ?? ANY_SLICE;
  if (isMap(value)) return value[GO_TYPE] ?? ANY_MAP;
  if (value instanceof GoInt) return value.kind;
  if (value instanceof Uint8Array) return '[]uint8';
  if (value instanceof GoFloat32) return 'float32';
  if (value instanceof GoComplex) return 'complex128';
  if (value instanceof GoError) return '*errors.errorString';
  if (value instanceof GoDuration) return 'time.Duration';
  if (value instanceof GoTime) return 'time.Time';
  if (value instanceof JsonNumber) return 'json.Number';
  return value.goType;
}

/** Gives a slice the type that it has, when that is not `[]interface {}`, and its methods. */
export function typedSlice(type: string, items: GoValue[], methods?: Methods): GoSlice {
  return typed(type, ANY_SLICE, items as GoSlice, methods);
}

/** Gives a map the type that it has, when that is not `map[string]interface {}`, and its methods. */
export function typedMap(type: string, map: GoMap, methods?: Methods): GoMap {
  return typed(type, ANY_MAP, map, methods);
}

function typed<T extends GoSlice | GoMap>(type: string, common: string, value: T, methods: Methods | undefined): T {
  if (type !== common) Object.defineProperty(value, GO_TYPE, { value: type });
  if (methods !== undefined) Object.defineProperty(value, GO_METHODS, { value: methods });
  return value;
}

export function nilSlice(type: string = ANY_SLICE): GoSlice {
  const slice = typedSlice(type, []);
  Object.defineProperty(slice, GO_NIL, { value: true });
  return slice;
}

export function nilMap(type: string = ANY_MAP): GoMap {
  const map = typedMap(type, {});
  Object.defineProperty(map, GO_NIL, { value: true });
  return map;
}

/** Whether a value is a nil of a type, as a slice or map can be. */
export function isNilCollection(value: GoValue): boolean {
  return typeof value === 'object' && value !== null && (value as GoSlice | GoMap)[GO_NIL] === true;
}

const namedTypes = new Map<string, string>();

/** Declares a named type of slices or maps: `engine.files` is a `map[string][]uint8`. */
export function nameType(name: string, underlying: string): string {
  namedTypes.set(name, underlying);
  return name;
}

/** What a type is a name of; a type without a name is itself, one that nobody declared too. */
export function underlyingType(name: string): string {
  return namedTypes.get(name) ?? name;
}

/** The type of a slice's or map's elements: of `[]string` and `map[string]string`, `string`. A named type's are anything. */
export function elementType(name: string): string {
  let element = elementTypes.get(name);
  if (element === undefined) {
    const type = underlyingType(name);
    const rest = type.replace(/^(\[\d*\]|map\[[^\]]*\])/, '');
    element = rest === type ? 'interface {}' : rest;
    elementTypes.set(name, element);
  }
  return element;
}

/** Every field of every value asks: the few types that there are, are taken apart once. */
const elementTypes = new Map<string, string>();
const keyTypes = new Map<string, string>();

/** Part of a slice, of the same type. */
export function sliceOf(slice: GoSlice, start: number, end: number): GoSlice {
  return typedSlice(typeName(slice), slice.slice(start, end), slice[GO_METHODS]);
}

/** The type of a map's keys. */
export function keyType(map: GoMap): string {
  const type = map[GO_TYPE];
  if (type === undefined) return 'string';
  let key = keyTypes.get(type);
  if (key === undefined) keyTypes.set(type, (key = /^map\[([^\]]*)\]/.exec(type)?.[1] ?? 'string'));
  return key;
}

/** A map's key as a value of the type that the map's keys have. */
export function keyValue(map: GoMap, key: string): GoValue {
  const type = keyType(map);
  if (type === 'string') return key;
  return type.startsWith('float') ? Number(key) : type === 'bool' ? key === 'true' : goInt(BigInt(key), type as IntKind);
}

/** The zero value of a type, by its name. */
export function zeroValue(type: string): GoValue {
  if (type === 'interface {}') return null;
  if (type === 'string') return '';
  if (type === 'bool') return false;
  if (type === 'float64') return 0;
  if (type === 'float32') return new GoFloat32(0);
  if (type === '[]uint8') return new Uint8Array();
  if (Object.hasOwn(BITS, type)) return goInt(0, type as IntKind);
  if (type.startsWith('[')) return nilSlice(type);
  if (type.startsWith('map[')) return nilMap(type);
  return null;
}

/** A map's keys in the order in which Go prints and ranges over them. */
export function sortedKeys(map: GoMap): string[] {
  const keys = Object.keys(map);
  const type = map[GO_TYPE];
  if (type !== undefined && /^map\[(u?int|float)/.test(type)) return keys.sort((a, b) => Number(a) - Number(b));
  return keys.sort(compareBytes);
}

/** The order of two strings by their bytes. UTF-16 order differs from it only beyond the surrogates. */
export function compareBytes(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const left = a.charCodeAt(index);
    const right = b.charCodeAt(index);
    if (left !== right) return rank(left) - rank(right);
  }
  return a.length - b.length;
}

/** Code units in the order of the UTF-8 that they become: surrogates (astral characters) come after U+E000…U+FFFF. */
function rank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}
