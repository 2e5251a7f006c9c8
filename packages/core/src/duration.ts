const UNIT_MILLISECONDS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1e3,
  m: 60e3,
  h: 3600e3,
};

/** Go counts nanoseconds in 63 bits. */
const MAX_MILLISECONDS = 2 ** 63 / 1e6;

/**
 * The milliseconds of a Go duration (`1h30m`, `1.5s`, `100ms`), as Kubernetes resources and flags write them.
 * Throws an error with Go's text for anything else.
 */
export function parseDuration(text: string): number {
  const quoted = quoteTimeText(text);
  const sign = text.startsWith('-') ? -1 : 1;
  let rest = /^[-+]/.test(text) ? text.slice(1) : text;
  if (rest === '0') return 0;
  if (rest === '') throw new RangeError(`time: invalid duration ${quoted}`);
  let milliseconds = 0;
  while (rest !== '') {
    const match = /^(\d+\.?\d*|\.\d+)([^\d.]*)/.exec(rest);
    if (match === null) throw new RangeError(`time: invalid duration ${quoted}`);
    const [whole, number = '', unit = ''] = match;
    if (unit === '') throw new RangeError(`time: missing unit in duration ${quoted}`);
    const factor = Object.hasOwn(UNIT_MILLISECONDS, unit) ? UNIT_MILLISECONDS[unit] : undefined;
    if (factor === undefined) throw new RangeError(`time: unknown unit ${quoteTimeText(unit)} in duration ${quoted}`);
    milliseconds += Number(number) * factor;
    rest = rest.slice(whole.length);
  }
  if (milliseconds >= MAX_MILLISECONDS) throw new RangeError(`time: invalid duration ${quoted}`);
  return sign * milliseconds;
}

/** A text as Go's package time quotes it: the bytes of whatever is not printable ASCII show as such. */
export function quoteTimeText(text: string): string {
  const shown = text
    .replace(/["\\]/g, '\\$&')
    .replace(/[^ -\x7f]+/gu, (run) => Array.from(Buffer.from(run), (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join(''));
  return `"${shown}"`;
}

/** Milliseconds as Go prints a duration: `5m0s`, `1.5s`, `250ms`, `0s`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds === 0) return '0s';
  const sign = milliseconds < 0 ? '-' : '';
  const size = Math.abs(milliseconds);
  if (size < 1e-3) return `${sign}${Math.round(size * 1e6)}ns`;
  if (size < 1) return `${sign}${Math.round(size * 1e6) / 1e3}µs`;
  if (size < 1e3) return `${sign}${Math.round(size * 1e6) / 1e6}ms`;
  const hours = Math.floor(size / 3600e3);
  const minutes = Math.floor((size % 3600e3) / 60e3);
  const seconds = Math.round((size % 60e3) * 1e6) / 1e9;
  if (hours > 0) return `${sign}${hours}h${minutes}m${seconds}s`;
  return minutes > 0 ? `${sign}${minutes}m${seconds}s` : `${sign}${seconds}s`;
}
