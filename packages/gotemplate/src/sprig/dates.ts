import { goFunction } from '../exec/function.js';
import { formatGoDuration, parseGoDuration } from '../time/duration.js';
import { formatTime } from '../time/format.js';
import { parseGoTime, zeroTime } from '../time/parse.js';
import { loadZone, UTC } from '../time/zone.js';
import { GoInt, GoTime, type GoValue } from '../values/values.js';
import type { SprigHost } from './host.js';

const DATE = '2006-01-02';
const SECOND = 1_000_000_000n;

/** What a value is as a moment: a time, or seconds since 1970. Everything else is now, as in sprig. */
function momentOf(value: GoValue, now: () => Date, intKinds: readonly string[]): GoTime {
  if (value instanceof GoTime) return value;
  if (value instanceof GoInt && intKinds.includes(value.kind)) return new GoTime(new Date(Number(value.value) * 1000));
  return new GoTime(now());
}

function tryDuration(text: string): bigint | undefined {
  try {
    return parseGoDuration(text);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function tryTime(layout: string, text: string): GoTime {
  try {
    return parseGoTime(layout, text);
  } catch {
    return zeroTime();
  }
}

/** Whole seconds, half away from zero. */
function roundToSeconds(nanoseconds: bigint): bigint {
  const half = nanoseconds < 0n ? -SECOND / 2n : SECOND / 2n;
  return ((nanoseconds + half) / SECOND) * SECOND;
}

const UNITS: readonly (readonly [seconds: bigint, name: string])[] = [
  [365n * 86_400n, 'y'],
  [30n * 86_400n, 'mo'],
  [86_400n, 'd'],
  [3_600n, 'h'],
  [60n, 'm'],
  [1n, 's'],
];

/** A duration in its largest unit. It must be more than one of it: an hour is `60m`. */
function rounded(nanoseconds: bigint): string {
  const size = nanoseconds < 0n ? -nanoseconds : nanoseconds;
  for (const [seconds, name] of UNITS) if (size > seconds * SECOND) return `${size / (seconds * SECOND)}${name}`;
  return '0s';
}

function durationSeconds(value: GoValue): bigint {
  if (value instanceof GoInt && value.kind === 'int64') return value.value;
  return typeof value === 'string' && /^[-+]?\d{1,19}$/.test(value) ? BigInt(value.replace('+', '')) : 0n;
}

export function dateFunctions({ now }: SprigHost) {
  const dateInZone = (layout: string, value: GoValue, zone: string): string =>
    formatTime(momentOf(value, now, ['int', 'int32', 'int64']).in(loadZone(zone) ?? UTC), layout);
  const since = (time: GoTime): bigint => new GoTime(now()).unixNanoseconds - time.unixNanoseconds;
  const durationOf = (value: GoValue): bigint => {
    if (typeof value === 'string') return tryDuration(value) ?? 0n;
    if (value instanceof GoInt && value.kind === 'int64') return value.value;
    return value instanceof GoTime ? since(value) : 0n;
  };

  const inZone = goFunction(['string', 'any', 'string'], 'string', dateInZone);
  const modify = goFunction(['string', 'time.Time'], 'struct', (text, time) => time.add(tryDuration(text) ?? 0n));
  const mustModify = goFunction(['string', 'time.Time'], 'struct', (text, time) => time.add(parseGoDuration(text)));
  return {
    now: goFunction([], 'struct', () => new GoTime(now(), 0, UTC, true)),
    ago: goFunction(['any'], 'string', (value) => formatGoDuration(roundToSeconds(since(momentOf(value, now, ['int', 'int64']))))),
    date: goFunction(['string', 'any'], 'string', (layout, value) => dateInZone(layout, value, 'Local')),
    dateInZone: inZone,
    date_in_zone: inZone,
    dateModify: modify,
    date_modify: modify,
    mustDateModify: mustModify,
    must_date_modify: mustModify,
    duration: goFunction(['any'], 'string', (value) => formatGoDuration(durationSeconds(value) * SECOND)),
    durationRound: goFunction(['any'], 'string', (value) => rounded(durationOf(value))),
    htmlDate: goFunction(['any'], 'string', (value) => dateInZone(DATE, value, 'Local')),
    htmlDateInZone: goFunction(['any', 'string'], 'string', (value, zone) => dateInZone(DATE, value, zone)),
    toDate: goFunction(['string', 'string'], 'struct', tryTime),
    mustToDate: goFunction(['string', 'string'], 'struct', parseGoTime),
    unixEpoch: goFunction(['time.Time'], 'string', ({ date }) => String(Math.floor(date.getTime() / 1000))),
  };
}
