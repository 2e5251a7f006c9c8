const UNIT_NANOSECONDS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

/**
 * The milliseconds of a Go duration (`1h30m`, `1.5s`, `100ms`), as Kubernetes resources and flags write them.
 * Throws an error with Go's text for anything else.
 */
export function parseDuration(text: string): number {
  const quoted = JSON.stringify(text);
  const sign = text.startsWith('-') ? -1 : 1;
  let rest = /^[-+]/.test(text) ? text.slice(1) : text;
  if (rest === '0') return 0;
  if (rest === '') throw new RangeError(`time: invalid duration ${quoted}`);
  let nanoseconds = 0;
  while (rest !== '') {
    const match = /^(\d+\.?\d*|\.\d+)([^\d.]*)/.exec(rest);
    if (match === null) throw new RangeError(`time: invalid duration ${quoted}`);
    const [whole, number = '', unit = ''] = match;
    if (unit === '') throw new RangeError(`time: missing unit in duration ${quoted}`);
    const factor = Object.hasOwn(UNIT_NANOSECONDS, unit) ? UNIT_NANOSECONDS[unit] : undefined;
    if (factor === undefined) throw new RangeError(`time: unknown unit ${JSON.stringify(unit)} in duration ${quoted}`);
    nanoseconds += Number(number) * factor;
    rest = rest.slice(whole.length);
  }
  // Go counts nanoseconds in 63 bits.
  if (nanoseconds >= 2 ** 63) throw new RangeError(`time: invalid duration ${quoted}`);
  return (sign * Math.trunc(nanoseconds)) / 1e6;
}

/** Milliseconds as Go prints a duration: `5m0s`, `1.5s`, `250ms`, `0s`. */
export function formatDuration(milliseconds: number): string {
  const nanoseconds = Math.round(Math.abs(milliseconds) * 1e6);
  const sign = milliseconds < 0 ? '-' : '';
  if (nanoseconds === 0) return '0s';
  if (nanoseconds < 1e3) return `${sign}${nanoseconds}ns`;
  if (nanoseconds < 1e6) return `${sign}${nanoseconds / 1e3}µs`;
  if (nanoseconds < 1e9) return `${sign}${nanoseconds / 1e6}ms`;
  const hours = Math.floor(nanoseconds / 3600e9);
  const minutes = Math.floor((nanoseconds % 3600e9) / 60e9);
  const seconds = (nanoseconds % 60e9) / 1e9;
  if (hours > 0) return `${sign}${hours}h${minutes}m${seconds}s`;
  return minutes > 0 ? `${sign}${minutes}m${seconds}s` : `${sign}${seconds}s`;
}
