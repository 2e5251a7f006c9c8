import { shortestDecimal } from '../fmt/decimal.js';

/** A number in base ten, as shopspring/decimal counts: `coefficient × 10^exponent`. Sums of cents come out even. */
export interface Decimal {
  readonly coefficient: bigint;
  readonly exponent: number;
}

/** How many digits after the point a quotient has. */
const DIVISION_DIGITS = 16;

export function decimalOf(value: number): Decimal {
  if (!Number.isFinite(value)) {
    const shown = Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
    throw new Error(`Cannot create a Decimal from ${shown}`);
  }
  const { digits, point } = shortestDecimal(Math.abs(value), 64);
  return { coefficient: BigInt(digits) * (value < 0 ? -1n : 1n), exponent: point - digits.length };
}

export function numberOf({ coefficient, exponent }: Decimal): number {
  return Number(`${coefficient}e${exponent}`);
}

export function add(a: Decimal, b: Decimal): Decimal {
  const exponent = Math.min(a.exponent, b.exponent);
  return { coefficient: scaled(a, exponent) + scaled(b, exponent), exponent };
}

export function subtract(a: Decimal, b: Decimal): Decimal {
  return add(a, { coefficient: -b.coefficient, exponent: b.exponent });
}

export function multiply(a: Decimal, b: Decimal): Decimal {
  return { coefficient: a.coefficient * b.coefficient, exponent: a.exponent + b.exponent };
}

export function divide(a: Decimal, b: Decimal): Decimal {
  if (b.coefficient === 0n) throw new Error('decimal division by 0');
  const shift = a.exponent - b.exponent + DIVISION_DIGITS;
  const dividend = shift >= 0 ? a.coefficient * 10n ** BigInt(shift) : a.coefficient;
  const divisor = shift >= 0 ? b.coefficient : b.coefficient * 10n ** BigInt(-shift);
  const quotient = dividend / divisor;
  const rest = dividend % divisor;
  // Half goes away from zero.
  const up = 2n * absolute(rest) >= absolute(divisor);
  const sign = dividend < 0n === divisor < 0n ? 1n : -1n;
  return { coefficient: up ? quotient + sign : quotient, exponent: -DIVISION_DIGITS };
}

function scaled({ coefficient, exponent }: Decimal, to: number): bigint {
  return coefficient * 10n ** BigInt(exponent - to);
}

function absolute(value: bigint): bigint {
  return value < 0n ? -value : value;
}
