import { parseFloatLiteral, parseInteger } from '../parse/number.js';
import { GoFloat32, GoInt, JsonNumber, type GoValue } from '../values/values.js';

const MIN_INT64 = -(2n ** 63n);
/** No number that counts is longer; to read one of a megabyte would take its time. */
const LONGEST_NUMBER = 1_000;

/** A value as an int64, as spf13/cast has it: what can not be one is 0. */
export function toInt64(value: GoValue): bigint {
  if (value instanceof GoInt) return BigInt.asIntN(64, value.value);
  if (typeof value === 'number') return truncated(value);
  if (value instanceof GoFloat32) return truncated(value.value);
  if (typeof value === 'boolean') return value ? 1n : 0n;
  const text = value instanceof JsonNumber ? value.text : value;
  if (typeof text !== 'string' || text.length > LONGEST_NUMBER) return 0n;
  // `1.00` is a whole number, `1.5` is none. Prefixes and octal zeros count as they do in Go: `010` is 8.
  const number = parseInteger(text.replace(/\.0+$/, ''));
  return number === undefined || number < MIN_INT64 || number >= -MIN_INT64 ? 0n : number;
}

/** An int, for counts and indexes: exact up to 2^53. */
export function toInt(value: GoValue): number {
  return Number(toInt64(value));
}

/** The conversion that Go's hardware does: what does not fit becomes the smallest integer. */
function truncated(value: number): bigint {
  if (!Number.isFinite(value) || Math.abs(value) >= 2 ** 63) return MIN_INT64;
  return BigInt(Math.trunc(value));
}

/** A value as a float64; what can not be one is 0. */
export function toFloat64(value: GoValue): number {
  if (typeof value === 'number') return value;
  if (value instanceof GoInt) return Number(value.value);
  if (value instanceof GoFloat32) return value.value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  const text = value instanceof JsonNumber ? value.text : value;
  return typeof text === 'string' ? (parseFloat64(text) ?? 0) : 0;
}

/** strconv.ParseFloat. */
function parseFloat64(text: string): number | undefined {
  if (/^[-+]?(inf|infinity)$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  if (/^nan$/i.test(text)) return NaN;
  return parseFloatLiteral(text);
}
