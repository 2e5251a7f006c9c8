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
  | HostObject
  | Uint8Array
  | GoSlice
  | GoMap;

export interface GoSlice extends Array<GoValue> {
  [GO_TYPE]?: string;
}

export interface GoMap {
  [key: string]: GoValue;
  [GO_TYPE]?: string;
}

/** Where a slice or map carries its Go type, when it is not the common one. */
export const GO_TYPE: unique symbol = Symbol('Go type');

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
  readonly nanoseconds: number;
  readonly zone: string;

  constructor(date: Date, nanoseconds = 0, zone = 'UTC') {
    this.date = date;
    this.nanoseconds = nanoseconds;
    this.zone = zone;
  }
}

export class JsonNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** A value of the program around the templates: fields and methods under their names. */
export abstract class HostObject {
  abstract readonly goType: string;
  abstract field(name: string): GoValue | undefined;
  abstract method(name: string): ((...args: readonly GoValue[]) => GoValue) | undefined;
}

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

const SMALL = Array.from({ length: 1_024 }, (_, index) => ({
  int: new GoInt('int', BigInt(index)),
  int64: new GoInt('int64', BigInt(index)),
}));

/** An integer of a kind; what does not fit wraps around, as Go's arithmetic does. */
export function goInt(value: bigint | number, kind: IntKind = 'int'): GoInt {
  if (typeof value === 'number' && value >= 0 && value < SMALL.length && (kind === 'int' || kind === 'int64')) {
    const small = SMALL[value];
    if (small !== undefined) return small[kind];
  }
  const [bits, signed] = BITS[kind];
  const wide = BigInt(value);
  return new GoInt(kind, signed ? BigInt.asIntN(bits, wide) : BigInt.asUintN(bits, wide));
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
  if (value instanceof GoInt) return value.kind;
  if (value instanceof Uint8Array) return '[]uint8';
  if (Array.isArray(value)) return value[GO_TYPE] ?? '[]interface {}';
  if (isMap(value)) return value[GO_TYPE] ?? 'map[string]interface {}';
  if (value instanceof GoFloat32) return 'float32';
  if (value instanceof GoComplex) return 'complex128';
  if (value instanceof GoError) return '*errors.errorString';
  if (value instanceof GoDuration) return 'time.Duration';
  if (value instanceof GoTime) return 'time.Time';
  if (value instanceof JsonNumber) return 'json.Number';
  return value.goType;
}

/** A slice of a type other than `[]interface {}`. */
export function typedSlice(type: string, items: GoValue[]): GoSlice {
  const slice: GoSlice = items;
  if (type !== '[]interface {}') Object.defineProperty(slice, GO_TYPE, { value: type });
  return slice;
}

/** A map of a type other than `map[string]interface {}`. */
export function typedMap(type: string, map: GoMap): GoMap {
  if (type !== 'map[string]interface {}') Object.defineProperty(map, GO_TYPE, { value: type });
  return map;
}

/** The type of a slice's or map's elements: of `[]string` and `map[string]string`, `string`. */
export function elementType(type: string): string {
  return type.replace(/^(\[\d*\]|map\[[^\]]*\])/, '');
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
