/** A finite positive number's decimal digits, exact or shortest: `0.digits × 10^point`. */
export interface Decimal {
  readonly digits: string;
  readonly point: number;
}

/** The fewest digits that read back as the same float64 (or float32). */
export function shortestDecimal(value: number, bits: 32 | 64): Decimal {
  if (value === 0) return { digits: '0', point: 1 };
  const text = bits === 64 ? value.toExponential() : shortestFloat32(value);
  const [mantissa = '', exponent = '0'] = text.split('e');
  return { digits: mantissa.replace('.', ''), point: Number(exponent) + 1 };
}

function shortestFloat32(value: number): string {
  for (let precision = 0; precision < 9; precision++) {
    const text = value.toExponential(precision);
    if (Math.fround(Number(text)) === value) return text;
  }
  return value.toExponential(9);
}

/** A float's exact digits rounded, half to even, to `count` of them; `count` may be 0 or less. */
export function roundedDecimal(value: number, countOf: (point: number) => number): Decimal {
  if (value === 0) return { digits: '0', point: 1 };
  const { digits, point } = exactDecimal(value);
  const count = countOf(point);
  if (count >= digits.length) return { digits, point };
  if (count < 0) return { digits: '0', point: 1 };
  const half = compareToHalf(digits.slice(count));
  const kept = digits.slice(0, count);
  const odd = count > 0 && Number(kept.at(-1)) % 2 === 1;
  if (half < 0 || (half === 0 && !odd)) return kept === '' ? { digits: '0', point: 1 } : { digits: kept, point };
  const up = (BigInt(kept === '' ? '0' : kept) + 1n).toString().padStart(count, '0');
  return { digits: up, point: point + (up.length - count) };
}

function compareToHalf(rest: string): number {
  const half = `5${'0'.repeat(rest.length - 1)}`;
  return rest < half ? -1 : rest > half ? 1 : 0;
}

/** Every digit of a float: it is an integer times a power of two. */
function exactDecimal(value: number): Decimal {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, value);
  const raw = bits.getBigUint64(0);
  const biased = Number((raw >> 52n) & 0x7ffn);
  const fraction = raw & 0xfffffffffffffn;
  const mantissa = biased === 0 ? fraction : fraction | 0x10000000000000n;
  const exponent = (biased === 0 ? 1 : biased) - 1075;
  // Times 2^-n is times 5^n and a decimal point n places to the left.
  const scaled = exponent >= 0 ? mantissa << BigInt(exponent) : mantissa * 5n ** BigInt(-exponent);
  const text = scaled.toString();
  const point = text.length + (exponent < 0 ? exponent : 0);
  return { digits: text.replace(/0+$/, ''), point };
}

/** strconv.FormatFloat for the formats `e`, `f`, `g` (and `E`, `G`); precision -1 is the shortest that reads back. */
export function formatFloat(value: number, format: string, precision: number, bits: 32 | 64 = 64): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const size = Math.abs(value);
  const shortest = precision < 0;
  const kind = format.toLowerCase();
  const decimal = shortest
    ? shortestDecimal(size, bits)
    : roundedDecimal(size, (point) => (kind === 'f' ? point + precision : kind === 'e' ? precision + 1 : Math.max(precision, 1)));
  if (kind === 'f') return sign + fixed(decimal, shortest ? Math.max(decimal.digits.length - decimal.point, 0) : precision);
  if (kind === 'e') return sign + exponential(decimal, shortest ? decimal.digits.length - 1 : precision, format);
  const digits = decimal.digits.replace(/0+$/, '') || '0';
  const count = shortest ? digits.length : Math.max(precision, 1);
  let limit = shortest ? 6 : count;
  if (!shortest && limit > digits.length && digits.length >= decimal.point) limit = digits.length;
  const exponent = size === 0 ? 0 : decimal.point - 1;
  const trimmed = { digits, point: decimal.point };
  if (exponent < -4 || exponent >= limit)
    return sign + exponential(trimmed, Math.min(count, digits.length) - 1, format === 'g' ? 'e' : 'E');
  return sign + fixed(trimmed, Math.max(digits.length - decimal.point, 0));
}

function fixed({ digits, point }: Decimal, places: number): string {
  const whole = point > 0 ? digits.slice(0, point).padEnd(point, '0') : '0';
  if (places <= 0) return whole;
  const fraction = (point < 0 ? '0'.repeat(-point) + digits : digits.slice(Math.max(point, 0))).padEnd(places, '0').slice(0, places);
  return `${whole}.${fraction}`;
}

function exponential({ digits, point }: Decimal, places: number, letter: string): string {
  const exponent = /^0*$/.test(digits) ? 0 : point - 1;
  const fraction = places > 0 ? `.${digits.slice(1).padEnd(places, '0').slice(0, places)}` : '';
  return `${digits.charAt(0)}${fraction}${letter}${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}
