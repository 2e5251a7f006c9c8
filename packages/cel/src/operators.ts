import { CelError } from './error.js';
import {
  CelDuration,
  CelList,
  CelMap,
  CelOpaque,
  CelOptional,
  CelTimestamp,
  CelTypeValue,
  CelUint,
  type CelValue,
  kindOf,
  typeName,
} from './values.js';

const MAX_INT = 9223372036854775807n;
const MIN_INT = -9223372036854775808n;
const MAX_UINT = 18446744073709551615n;

export function noOverload(name: string, ...values: readonly CelValue[]): CelError {
  return new CelError(`no such overload: ${name}(${values.map((value) => typeName(kindOf(value))).join(', ')})`);
}

/** Equality over all types: numbers by their value, other values of different types are not equal. */
export function equals(a: CelValue, b: CelValue): boolean {
  if (a === b) return true;
  if (a === null || b === null || typeof a === 'string' || typeof a === 'boolean') return false;
  const x = numeric(a);
  if (x !== undefined) {
    const y = numeric(b);
    return y !== undefined && sameNumber(x, y);
  }
  if (a instanceof CelList) {
    if (!(b instanceof CelList) || a.size !== b.size) return false;
    for (let index = 0; index < a.size; index++) if (!equals(a.at(index), b.at(index))) return false;
    return true;
  }
  if (a instanceof CelMap) {
    if (!(b instanceof CelMap) || a.size !== b.size) return false;
    for (const key of a.keys()) {
      const other = b.get(key);
      if (other === undefined || !equals(a.get(key) ?? null, other)) return false;
    }
    return true;
  }
  if (a instanceof Uint8Array) return b instanceof Uint8Array && Buffer.compare(a, b) === 0;
  if (a instanceof CelTimestamp) return b instanceof CelTimestamp && a.nanos === b.nanos;
  if (a instanceof CelDuration) return b instanceof CelDuration && a.nanos === b.nanos;
  if (a instanceof CelTypeValue) return b instanceof CelTypeValue && a.typeName === b.typeName;
  if (a instanceof CelOptional) {
    if (!(b instanceof CelOptional)) return false;
    return a.value === undefined || b.value === undefined ? a.value === b.value : equals(a.value, b.value);
  }
  return a instanceof CelOpaque && b instanceof CelOpaque && a.kind === b.kind && a.equals(b);
}

function numeric(value: CelValue): bigint | number | undefined {
  if (typeof value === 'bigint' || typeof value === 'number') return value;
  return value instanceof CelUint ? value.value : undefined;
}

function sameNumber(a: bigint | number, b: bigint | number): boolean {
  if (typeof a === typeof b) return a === b;
  return typeof a === 'bigint' ? Number.isInteger(b) && a === BigInt(b) : sameNumber(b, a);
}

/** -1, 0 or 1; undefined for NaN. */
export function compare(operator: string, a: CelValue, b: CelValue): number | undefined {
  const x = numeric(a);
  const y = numeric(b);
  if (x !== undefined && y !== undefined) return x < y ? -1 : x > y ? 1 : sameNumber(x, y) ? 0 : undefined;
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b);
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b);
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b);
  if ((a instanceof CelTimestamp && b instanceof CelTimestamp) || (a instanceof CelDuration && b instanceof CelDuration)) {
    return a.nanos < b.nanos ? -1 : a.nanos > b.nanos ? 1 : 0;
  }
  throw noOverload(`_${operator}_`, a, b);
}

/** By code points, which is not the order of UTF-16 units. */
function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

export function checkedInt(value: bigint): bigint {
  if (value > MAX_INT || value < MIN_INT) throw new CelError('integer overflow');
  return value;
}

export function checkedUint(value: bigint): CelUint {
  if (value > MAX_UINT || value < 0n) throw new CelError('unsigned integer overflow');
  return new CelUint(value);
}

export function arithmetic(operator: string, a: CelValue, b: CelValue): CelValue {
  if (typeof a === 'bigint' && typeof b === 'bigint') return checkedInt(integers(operator, a, b));
  if (typeof a === 'number' && typeof b === 'number' && operator !== '%') return doubles(operator, a, b);
  if (a instanceof CelUint && b instanceof CelUint) return checkedUint(integers(operator, a.value, b.value));
  if (operator === '+') return add(a, b);
  if (operator === '-') return subtract(a, b);
  throw noOverload(`_${operator}_`, a, b);
}

function integers(operator: string, a: bigint, b: bigint): bigint {
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    default:
      if (b === 0n) throw new CelError(operator === '/' ? 'divide by zero' : 'modulus by zero');
      return operator === '/' ? a / b : a % b;
  }
}

function doubles(operator: string, a: number, b: number): number {
  return operator === '+' ? a + b : operator === '-' ? a - b : operator === '*' ? a * b : a / b;
}

function add(a: CelValue, b: CelValue): CelValue {
  if (typeof a === 'string' && typeof b === 'string') return a + b;
  if (a instanceof CelList && b instanceof CelList) return new CelList([...a, ...b]);
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Uint8Array.from([...a, ...b]);
  if (a instanceof CelDuration && b instanceof CelDuration) return new CelDuration(a.nanos + b.nanos);
  if (a instanceof CelTimestamp && b instanceof CelDuration) return new CelTimestamp(a.nanos + b.nanos);
  if (a instanceof CelDuration && b instanceof CelTimestamp) return new CelTimestamp(a.nanos + b.nanos);
  throw noOverload('_+_', a, b);
}

function subtract(a: CelValue, b: CelValue): CelValue {
  if (a instanceof CelDuration && b instanceof CelDuration) return new CelDuration(a.nanos - b.nanos);
  if (a instanceof CelTimestamp && b instanceof CelDuration) return new CelTimestamp(a.nanos - b.nanos);
  if (a instanceof CelTimestamp && b instanceof CelTimestamp) return new CelDuration(a.nanos - b.nanos);
  throw noOverload('_-_', a, b);
}

export function negate(value: CelValue): CelValue {
  if (typeof value === 'bigint') return checkedInt(-value);
  if (typeof value === 'number') return -value;
  throw noOverload('-_', value);
}

export function contains(item: CelValue, container: CelValue): boolean {
  if (container instanceof CelMap) return container.get(item) !== undefined;
  if (!(container instanceof CelList)) throw noOverload('@in', item, container);
  for (const other of container) if (equals(item, other)) return true;
  return false;
}

export function select(target: CelValue, field: string): CelValue {
  if (target instanceof CelOptional) return new CelOptional(target.value === undefined ? undefined : find(target.value, field));
  const value = find(target, field);
  if (value === undefined) throw new CelError(`no such key: ${field}`);
  return value;
}

/** The value of a field, undefined when there is none. */
export function find(target: CelValue, field: string): CelValue | undefined {
  if (!(target instanceof CelMap)) throw noOverload('select', target);
  return target.get(field);
}

export function index(target: CelValue, key: CelValue): CelValue {
  if (target instanceof CelOptional) return new CelOptional(target.value === undefined ? undefined : findIndex(target.value, key));
  const value = findIndex(target, key);
  if (value !== undefined) return value;
  throw new CelError(target instanceof CelList ? `index out of bounds: ${showKey(key)}` : `no such key: ${showKey(key)}`);
}

export function findIndex(target: CelValue, key: CelValue): CelValue | undefined {
  if (target instanceof CelMap) return target.get(key);
  if (!(target instanceof CelList)) throw noOverload('_[_]', target, key);
  const position = numeric(key);
  if (position === undefined) throw noOverload('_[_]', target, key);
  const at = Number(position);
  if (!Number.isInteger(at)) throw new CelError(`unsupported index value in list: ${at}`);
  return at >= 0 && at < target.size ? target.at(at) : undefined;
}

function showKey(key: CelValue): string {
  return typeof key === 'string' ? key : String(numeric(key) ?? kindOf(key));
}
