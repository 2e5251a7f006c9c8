/**
 * A Kubernetes resource quantity (`500m`, `1.5Gi`, `12e6`): exact, in billionths, with the notation it was written in,
 * which is the one it is printed in. What is below a billionth rounds away from zero, as the API server does.
 */
export interface Quantity {
  readonly nano: bigint;
  readonly format: 'DecimalSI' | 'BinarySI' | 'DecimalExponent';
}

/** Why a text is no quantity, in the API server's words. */
export type QuantityFault =
  | "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
  | "unable to parse quantity's suffix";

const FORMAT_FAULT: QuantityFault = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const SUFFIX_FAULT: QuantityFault = "unable to parse quantity's suffix";

const NANO = 1_000_000_000n;
/** The largest quantity there is: 2⁶³ - 1. Anything above counts as that. */
const LIMIT = (2n ** 63n - 1n) * NANO;
const DECIMAL_SUFFIXES = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'];
const BINARY_SUFFIXES = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const SHAPE = /^([+-]?)([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)$/;

/** Reads a quantity; a text that is none comes back as the fault it has. */
export function parseQuantity(text: string): Quantity | QuantityFault {
  const match = SHAPE.exec(text);
  if (match === null) return FORMAT_FAULT;
  const [, sign, whole = '', fraction = '', suffix = ''] = match;
  if (whole === '' && fraction === '') return FORMAT_FAULT;
  const scale = scaleOf(suffix);
  if (scale === undefined) return SUFFIX_FAULT;
  // digits × 10^exponent × factor, in billionths
  let nano = BigInt(whole + fraction) * scale.factor;
  const exponent = scale.exponent - fraction.length + 9;
  if (exponent >= 0) {
    // Past the limit every number is the limit: no need to compute what nobody can store.
    nano = nano !== 0n && exponent > 40 ? LIMIT : nano * 10n ** BigInt(exponent);
  } else if (nano !== 0n) {
    const divisor = 10n ** BigInt(Math.min(-exponent, whole.length + fraction.length + 40));
    nano = (nano + divisor - 1n) / divisor;
  }
  if (nano > LIMIT) nano = LIMIT;
  return { nano: sign === '-' ? -nano : nano, format: scale.format };
}

/** Prints a quantity as the API server stores it: the largest suffix that needs no fraction. */
export function formatQuantity({ nano, format }: Quantity): string {
  if (nano === 0n) return '0';
  if (format === 'BinarySI' && (nano >= 1024n * NANO || nano <= -1024n * NANO)) {
    const sign = nano < 0n ? -1n : 1n;
    let value = (nano * sign + NANO - 1n) / NANO;
    let power = 0;
    while (value % 1024n === 0n && power < BINARY_SUFFIXES.length - 1) {
      value /= 1024n;
      power++;
    }
    return `${value * sign}${BINARY_SUFFIXES[power]}`;
  }
  let value = nano;
  let group = 0;
  while (value % 1000n === 0n && group < DECIMAL_SUFFIXES.length - 1) {
    value /= 1000n;
    group++;
  }
  if (format !== 'DecimalExponent') return `${value}${DECIMAL_SUFFIXES[group]}`;
  const exponent = group * 3 - 9;
  return exponent === 0 ? `${value}` : `${value}e${exponent}`;
}

/** Below zero, zero or above, as the first is less, equal or more than the second. */
export function compareQuantities(a: Quantity, b: Quantity): number {
  return a.nano < b.nano ? -1 : a.nano > b.nano ? 1 : 0;
}

function scaleOf(suffix: string): { factor: bigint; exponent: number; format: Quantity['format'] } | undefined {
  const decimal = DECIMAL_SUFFIXES.indexOf(suffix);
  if (decimal >= 0) return { factor: 1n, exponent: decimal * 3 - 9, format: 'DecimalSI' };
  const binary = BINARY_SUFFIXES.indexOf(suffix);
  if (binary > 0) return { factor: 1024n ** BigInt(binary), exponent: 0, format: 'BinarySI' };
  const power = /^[eE]([-+]?[0-9]{1,9})$/.exec(suffix);
  return power === null ? undefined : { factor: 1n, exponent: Number(power[1]), format: 'DecimalExponent' };
}
