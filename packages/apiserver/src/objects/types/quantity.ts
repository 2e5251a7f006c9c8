const pattern = /^([+-]?)(\d*)(?:\.(\d*))?(m|n|u|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?\d+)?$/;
const decimalExponents: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const binaryPowers: Readonly<Record<string, number>> = { Ki: 1, Mi: 2, Gi: 3, Ti: 4, Pi: 5, Ei: 6 };
const decimalSuffixes = new Map(Object.entries(decimalExponents).map(([suffix, exponent]) => [exponent, suffix]));

/** A quantity in units of 10⁻⁹, rounded up as the real server does; undefined when the text is none. */
export function parseQuantity(text: string): { readonly nanos: bigint; readonly format: 'binary' | 'decimal' | 'exponent' } | undefined {
  const match = pattern.exec(text);
  if (match === null) return undefined;
  const [, sign = '', whole = '', fraction = '', suffix = ''] = match;
  if (whole === '' && fraction === '') return undefined;
  const binary = binaryPowers[suffix];
  const isExponent = binary === undefined && /^[eE][+-]?\d/.test(suffix);
  const exponent = isExponent ? Number(suffix.slice(1)) : (decimalExponents[suffix] ?? 0);
  if (Math.abs(exponent) > 1000) return undefined;
  let value = BigInt(`${whole}${fraction}`) * 1024n ** BigInt(binary ?? 0);
  const shift = 9 + (binary === undefined ? exponent : 0) - fraction.length;
  if (shift >= 0) value *= 10n ** BigInt(shift);
  else {
    const divisor = 10n ** BigInt(-shift);
    value = value / divisor + (value % divisor === 0n ? 0n : 1n);
  }
  return { nanos: sign === '-' ? -value : value, format: binary !== undefined ? 'binary' : isExponent ? 'exponent' : 'decimal' };
}

const known = new Map<unknown, string>();

/** The one spelling of a quantity: `1000m` → `1`, `1024Mi` → `1Gi`, `0.5` → `500m`. What is no quantity stays. */
export function canonicalQuantity(value: unknown): unknown {
  if (typeof value !== 'string' && typeof value !== 'number') return value;
  const cached = known.get(value);
  if (cached !== undefined) return cached;
  const parsed = parseQuantity(String(value));
  if (parsed === undefined) return value;
  const text = spell(parsed.nanos, parsed.format);
  if (known.size > 1000) known.clear();
  known.set(value, text);
  return text;
}

function spell(nanos: bigint, format: 'binary' | 'decimal' | 'exponent'): string {
  if (nanos === 0n) return '0';
  const sign = nanos < 0n ? '-' : '';
  const magnitude = nanos < 0n ? -nanos : nanos;
  const billion = 1_000_000_000n;
  // Below 1024 and with fractions a binary quantity is written as a decimal one.
  if (format === 'binary' && magnitude % billion === 0n && magnitude >= 1024n * billion) {
    let value = magnitude / billion;
    let power = 0;
    while (power < 6 && value % 1024n === 0n) {
      value /= 1024n;
      power++;
    }
    const suffix = Object.keys(binaryPowers)[power - 1] ?? '';
    return `${sign}${value}${suffix}`;
  }
  let value = magnitude;
  let exponent = -9;
  while (exponent < 18 && value % 1000n === 0n) {
    value /= 1000n;
    exponent += 3;
  }
  const suffix = format === 'exponent' ? (exponent === 0 ? '' : `e${exponent}`) : (decimalSuffixes.get(exponent) ?? '');
  return `${sign}${value}${suffix}`;
}
