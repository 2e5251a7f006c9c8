import { contextFunction, goFunction, type GoFunction } from '../exec/function.js';
import type { CallContext } from '../exec/context.js';
import { textOfValue } from '../fmt/printf.js';
import { parseInteger } from '../parse/number.js';
import { goInt, type GoInt, type GoValue } from '../values/values.js';
import { toFloat64, toInt64 } from './cast.js';
import { add, decimalOf, divide, multiply, numberOf, subtract, type Decimal } from './decimal.js';

function wrap(value: bigint): bigint {
  return BigInt.asIntN(64, value);
}

function divisor(value: GoValue): bigint {
  const number = toInt64(value);
  if (number === 0n) throw new Error('runtime error: integer divide by zero');
  return number;
}

function decimals(operation: (a: Decimal, b: Decimal) => Decimal): GoFunction {
  return goFunction(['any', '...any'], 'float64', (first, ...others) => fold(first, others, operation));
}

function fold(first: GoValue, others: readonly GoValue[], operation: (a: Decimal, b: Decimal) => Decimal): number {
  return numberOf(others.reduce<Decimal>((sum, other) => operation(sum, decimalOf(toFloat64(other))), decimalOf(toFloat64(first))));
}

/** The numbers from `start` up to (or down to) but not including `stop`. */
function untilStep(context: CallContext, start: number, stop: number, step: number): GoInt[] {
  const down = stop < start;
  if (down ? step >= 0 : step <= 0) return [];
  context.checkListLength(Math.ceil((stop - start) / step));
  const numbers: GoInt[] = [];
  for (let number = start; down ? number > stop : number < stop; number += step) numbers.push(goInt(number));
  return numbers;
}

function seq(context: CallContext, params: readonly number[]): string {
  const [first = 0, second = 0, third = 0] = params;
  let range: readonly [start: number, end: number, step: number];
  if (params.length === 1) range = [1, first, first < 1 ? -1 : 1];
  else if (params.length === 2) range = [first, second, second < first ? -1 : 1];
  else if (params.length === 3) range = [first, third, second];
  else return '';
  const [start, end, step] = range;
  if (end < start && step > 0) return '';
  return untilStep(context, start, end + (end < start ? -1 : 1), step)
    .map(({ value }) => value.toString())
    .join(' ');
}

/** Rounds to some digits, up from `on` (a half). */
function round(value: number, digits: number, on = 0.5): number {
  const power = 10 ** digits;
  const scaled = power * value;
  const fraction = scaled - Math.trunc(scaled);
  return (fraction >= on ? Math.ceil(scaled) : Math.floor(scaled)) / power;
}

function fromOctal(value: GoValue): bigint {
  const text = textOfValue(value);
  if (!/^[-+]?[0-7]+$/.test(text)) return 0n;
  const number = parseInteger(text.replace(/[0-7]+$/, (digits) => `0o${digits}`)) ?? 0n;
  return number === wrap(number) ? number : 0n;
}

function largest(values: readonly GoValue[]): bigint {
  return values.map(toInt64).reduce((a, b) => (b > a ? b : a));
}

function smallest(values: readonly GoValue[]): bigint {
  return values.map(toInt64).reduce((a, b) => (b < a ? b : a));
}

function atoi(text: string): bigint {
  if (!/^[-+]?\d+$/.test(text)) return 0n;
  const number = BigInt(text.slice(0, 1_000).replace('+', ''));
  // Out of range, strconv.Atoi gives the nearest integer besides the error.
  if (number === wrap(number)) return number;
  return number > 0n ? 2n ** 63n - 1n : -(2n ** 63n);
}

export const numbers = {
  atoi: goFunction(['string'], 'int', atoi),
  int: goFunction(['any'], 'int', toInt64),
  int64: goFunction(['any'], 'int64', toInt64),
  float64: goFunction(['any'], 'float64', toFloat64),
  toDecimal: goFunction(['any'], 'int64', fromOctal),
  seq: contextFunction(['...int'], 'string', (context, ...params) => seq(context, params)),
  until: contextFunction(['int'], '[]int', (context, count) => untilStep(context, 0, count, count < 0 ? -1 : 1)),
  untilStep: contextFunction(['int', 'int', 'int'], '[]int', untilStep),
  add: goFunction(['...any'], 'int64', (...terms) => wrap(terms.reduce<bigint>((sum, term) => sum + toInt64(term), 0n))),
  add1: goFunction(['any'], 'int64', (value) => wrap(toInt64(value) + 1n)),
  sub: goFunction(['any', 'any'], 'int64', (a, b) => wrap(toInt64(a) - toInt64(b))),
  mul: goFunction(['any', '...any'], 'int64', (first, ...others) =>
    wrap(others.reduce<bigint>((product, factor) => wrap(product * toInt64(factor)), toInt64(first))),
  ),
  div: goFunction(['any', 'any'], 'int64', (a, b) => wrap(toInt64(a) / divisor(b))),
  mod: goFunction(['any', 'any'], 'int64', (a, b) => toInt64(a) % divisor(b)),
  addf: goFunction(['...any'], 'float64', (...terms) => fold(0, terms, add)),
  add1f: goFunction(['any'], 'float64', (value) => fold(value, [1], add)),
  subf: decimals(subtract),
  mulf: decimals(multiply),
  divf: decimals(divide),
  max: goFunction(['any', '...any'], 'int64', (...values) => largest(values)),
  biggest: goFunction(['any', '...any'], 'int64', (...values) => largest(values)),
  min: goFunction(['any', '...any'], 'int64', (...values) => smallest(values)),
  maxf: goFunction(['any', '...any'], 'float64', (...values) => Math.max(...values.map(toFloat64))),
  minf: goFunction(['any', '...any'], 'float64', (...values) => Math.min(...values.map(toFloat64))),
  ceil: goFunction(['any'], 'float64', (value) => Math.ceil(toFloat64(value))),
  floor: goFunction(['any'], 'float64', (value) => Math.floor(toFloat64(value))),
  round: goFunction(['any', 'int', '...float64'], 'float64', (value, digits, on) => round(toFloat64(value), digits, on)),
};
