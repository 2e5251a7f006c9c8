import { goQuote } from './literals.js';

export interface ParsedNumber {
  readonly int?: bigint;
  readonly uint?: bigint;
  readonly float?: number;
  readonly complex?: readonly [real: number, imaginary: number];
}

const MAX_INT64 = 2n ** 63n - 1n;
const MIN_INT64 = -(2n ** 63n);
const MAX_UINT64 = 2n ** 64n - 1n;

/** Nearly all that there are. */
const PLAIN_INTEGER = /^(?:0|[1-9][0-9]{0,14})$/;

/** A numeric constant with every type that it can stand for, or what is wrong with it. */
export function parseNumber(text: string): ParsedNumber | string {
  if (PLAIN_INTEGER.test(text)) {
    const integer = BigInt(text);
    return { int: integer, uint: integer, float: Number(text) };
  }
  if (text.endsWith('i')) return parseComplex(text) ?? `illegal number syntax: ${goQuote(text)}`;
  const integer = parseInteger(text);
  if (integer !== undefined && integer >= MIN_INT64 && integer <= MAX_UINT64) {
    return {
      ...(integer <= MAX_INT64 ? { int: integer } : {}),
      ...(integer >= 0n && !text.startsWith('+') ? { uint: integer } : {}),
      ...(integer === 0n ? { uint: 0n } : {}),
      float: Number(integer),
    };
  }
  const float = parseFloatLiteral(text);
  if (float === undefined) return `illegal number syntax: ${goQuote(text)}`;
  if (!/[.eEpP]/.test(text)) return `integer overflow: ${goQuote(text)}`;
  return {
    float,
    ...(Number.isInteger(float) && Math.abs(float) < 2 ** 63 ? { int: BigInt(float) } : {}),
    ...(Number.isInteger(float) && float >= 0 && float < 2 ** 64 ? { uint: BigInt(float) } : {}),
  };
}

/** An integer literal of any base, with its sign; undefined for anything else. */
export function parseInteger(text: string): bigint | undefined {
  const match = /^([-+]?)(0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|0[0-7_]*|[1-9][0-9_]*)$/.exec(text);
  if (match === null || !underscoresFit(text)) return undefined;
  const [, sign, digits = ''] = match;
  const plain = digits.replaceAll('_', '').toLowerCase();
  const value = BigInt(/^0[0-7]+$/.test(plain) ? `0o${plain.slice(1)}` : plain);
  return sign === '-' ? -value : value;
}

/** A float literal, hexadecimal mantissas included; undefined for anything else. */
export function parseFloatLiteral(text: string): number | undefined {
  if (!underscoresFit(text)) return undefined;
  const plain = text.replaceAll('_', '');
  const hex = /^([-+]?)0[xX]([0-9a-fA-F]*)\.?([0-9a-fA-F]*)[pP]([-+]?\d+)$/.exec(plain);
  if (hex !== null) {
    const [, sign, whole = '', fraction = '', exponent = '0'] = hex;
    if (whole === '' && fraction === '') return undefined;
    const value = Number(`0x${whole}${fraction}`) * 2 ** (Number(exponent) - 4 * fraction.length);
    return sign === '-' ? -value : value;
  }
  if (!/^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/.test(plain)) return undefined;
  const value = Number(plain);
  return Number.isFinite(value) ? value : undefined;
}

/** `3i`, `1+2i`. One without an imaginary part is a float as well. */
function parseComplex(text: string): ParsedNumber | undefined {
  const body = text.slice(0, -1);
  const split = /^(.*[^eEpP])([-+].*)$/.exec(body);
  // Alone it is read as a float: an integer of another base is none.
  const [re, im] = split === null ? [0, parseFloatLiteral(body)] : [floatOf(split[1] ?? ''), floatOf(split[2] ?? '')];
  if (re === undefined || im === undefined) return undefined;
  if (im !== 0) return { complex: [re, im] };
  const simple = parseNumber(String(re));
  return typeof simple === 'string' ? { complex: [re, im], float: re } : { ...simple, complex: [re, im] };
}

function floatOf(text: string): number | undefined {
  const integer = parseInteger(text);
  // In an imaginary part, a leading 0 does not mean octal.
  return parseFloatLiteral(text) ?? (integer === undefined ? undefined : Number(integer));
}

/** Underscores stand between digits, or between a base's prefix and its first digit, and only in literals with a prefix. */
function underscoresFit(text: string): boolean {
  if (!text.includes('_')) return true;
  const digits = text.replace(/^[-+]/, '');
  if (!digits.startsWith('0') || digits.length < 2) return /^[0-9.eEpP+-]*$/.test(digits.replaceAll(/(?<=\d)_(?=\d)/g, ''));
  return !/__|_$|_[.pP]|[.pP]_/.test(digits);
}
