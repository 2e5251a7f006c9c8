import { goFunction } from '../exec/function.js';
import { sprintf } from '../fmt/printf.js';
import {
  compareBytes,
  GoComplex,
  GoDuration,
  GoFloat32,
  GoInt,
  isMap,
  isNilCollection,
  isSigned,
  JsonNumber,
  typeName,
  type GoValue,
} from '../values/values.js';

type Basic =
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'complex'; readonly value: GoComplex }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'int' | 'uint'; readonly value: bigint }
  | { readonly kind: 'string'; readonly value: string };

/** A value as the comparisons see it; undefined for what has no order and no simple equality. */
function basic(value: GoValue): Basic | undefined {
  switch (typeof value) {
    case 'boolean':
      return { kind: 'bool', value };
    case 'number':
      return { kind: 'float', value };
    case 'string':
      return { kind: 'string', value };
  }
  if (value instanceof GoInt) return { kind: isSigned(value.kind) ? 'int' : 'uint', value: value.value };
  if (value instanceof GoFloat32) return { kind: 'float', value: value.value };
  if (value instanceof GoComplex) return { kind: 'complex', value };
  if (value instanceof GoDuration) return { kind: 'int', value: value.nanoseconds };
  if (value instanceof JsonNumber) return { kind: 'string', value: value.text };
  return undefined;
}

function isNil(value: GoValue): boolean {
  return value === undefined || value === null || isNilCollection(value);
}

function isInteger({ kind }: Basic): boolean {
  return kind === 'int' || kind === 'uint';
}

function equal(left: GoValue, right: GoValue): boolean {
  const a = basic(left);
  const b = basic(right);
  if (a !== undefined && b !== undefined && (a.kind === b.kind || (isInteger(a) && isInteger(b)))) {
    if (a.kind === 'complex' && b.kind === 'complex') return a.value.real === b.value.real && a.value.imaginary === b.value.imaginary;
    return a.value === b.value;
  }
  if (a?.kind !== b?.kind) {
    if (left === undefined || left === null || right === undefined || right === null) return false;
    throw new Error(`incompatible types for comparison: ${typeName(left)} and ${typeName(right)}`);
  }
  if (!sameKind(left, right)) {
    throw new Error(sprintf('non-comparable types %s: %s, %s: %v', [left, typeName(left), typeName(right), right]));
  }
  if (isNil(left) || isNil(right)) return isNil(left) === isNil(right);
  if (isMap(right) || Array.isArray(right) || right instanceof Uint8Array) {
    throw new Error(sprintf('non-comparable type %s: %s', [right, typeName(right)]));
  }
  return left === right;
}

function sameKind(left: GoValue, right: GoValue): boolean {
  return left === undefined || left === null || right === undefined || right === null || family(left) === family(right);
}

function family(value: GoValue): string {
  if (isMap(value)) return 'map';
  return Array.isArray(value) || value instanceof Uint8Array ? 'slice' : typeName(value);
}

function less(left: GoValue, right: GoValue): boolean {
  const a = ordered(left);
  const b = ordered(right);
  const mixed = (a.kind === 'int' && b.kind === 'uint') || (a.kind === 'uint' && b.kind === 'int');
  if (a.kind !== b.kind && !mixed) throw new Error(`incompatible types for comparison: ${typeName(left)} and ${typeName(right)}`);
  if (a.kind === 'bool' || a.kind === 'complex') throw new Error(BAD_TYPE);
  if (a.kind === 'string' && b.kind === 'string') return compareBytes(a.value, b.value) < 0;
  return a.value < b.value;
}

function ordered(value: GoValue): Basic {
  const known = basic(value);
  if (known === undefined) throw new Error(BAD_TYPE);
  return known;
}

const BAD_TYPE = 'invalid type for comparison';

function lessOrEqual(left: GoValue, right: GoValue): boolean {
  return less(left, right) || equal(left, right);
}

export const comparisons = {
  eq: goFunction(['value', '...value'], 'bool', (first, ...others) => {
    if (others.length === 0) throw new Error('missing argument for comparison');
    return others.some((other) => equal(first, other));
  }),
  ne: goFunction(['value', 'value'], 'bool', (left, right) => !equal(left, right)),
  lt: goFunction(['value', 'value'], 'bool', less),
  le: goFunction(['value', 'value'], 'bool', lessOrEqual),
  gt: goFunction(['value', 'value'], 'bool', (left, right) => !lessOrEqual(left, right)),
  ge: goFunction(['value', 'value'], 'bool', (left, right) => !less(left, right)),
};
