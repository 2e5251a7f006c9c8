import { goMethod } from '../exec/function.js';
import { GoDuration, type GoTime, type Methods } from '../values/values.js';
import { formatGoDuration } from './duration.js';
import { formatTime, shownTime, timeText } from './format.js';
import { MONTHS, WEEKDAYS } from './layout.js';
import { UTC } from './zone.js';

function compare(a: GoTime, b: GoTime): number {
  return a.unixNanoseconds < b.unixNanoseconds ? -1 : a.unixNanoseconds > b.unixNanoseconds ? 1 : 0;
}

function addDate(time: GoTime, years: number, months: number, days: number): GoTime {
  const { offset } = shownTime(time);
  const local = new Date(time.date.getTime() + offset * 1000);
  local.setUTCFullYear(local.getUTCFullYear() + years, local.getUTCMonth() + months, local.getUTCDate() + days);
  const moved = local.getTime() - offset * 1000;
  return time.add(BigInt(moved - time.date.getTime()) * 1_000_000n);
}

/** The methods of time.Time that say something to a template. */
export const timeMethods: Methods = new Map(
  Object.entries({
    Format: goMethod('time', ['string'], 'string', formatTime),
    String: goMethod('time', [], 'string', timeText),
    Unix: goMethod('time', [], 'int64', ({ date }) => Math.floor(date.getTime() / 1000)),
    UnixMilli: goMethod('time', [], 'int64', ({ date }) => date.getTime()),
    UnixNano: goMethod('time', [], 'int64', ({ unixNanoseconds }) => unixNanoseconds),
    UTC: goMethod('time', [], 'struct', (time) => time.in(UTC)),
    Local: goMethod('time', [], 'struct', (time) => time.in(UTC)),
    Year: goMethod('time', [], 'int', (time) => shownTime(time).year),
    // Month and Weekday are numbers that print as names.
    Month: goMethod('time', [], 'string', (time) => MONTHS[shownTime(time).month] ?? ''),
    Weekday: goMethod('time', [], 'string', (time) => WEEKDAYS[shownTime(time).weekday] ?? ''),
    Day: goMethod('time', [], 'int', (time) => shownTime(time).day),
    YearDay: goMethod('time', [], 'int', (time) => shownTime(time).yearDay),
    Hour: goMethod('time', [], 'int', (time) => shownTime(time).hour),
    Minute: goMethod('time', [], 'int', (time) => shownTime(time).minute),
    Second: goMethod('time', [], 'int', (time) => shownTime(time).second),
    Nanosecond: goMethod('time', [], 'int', (time) => shownTime(time).nanosecond),
    Add: goMethod('time', ['time.Duration'], 'struct', (time, { nanoseconds }) => time.add(nanoseconds)),
    AddDate: goMethod('time', ['int', 'int', 'int'], 'struct', addDate),
    Sub: goMethod('time', ['time.Time'], 'struct', (time, other) => new GoDuration(time.unixNanoseconds - other.unixNanoseconds)),
    After: goMethod('time', ['time.Time'], 'bool', (time, other) => compare(time, other) > 0),
    Before: goMethod('time', ['time.Time'], 'bool', (time, other) => compare(time, other) < 0),
    Equal: goMethod('time', ['time.Time'], 'bool', (time, other) => compare(time, other) === 0),
    Compare: goMethod('time', ['time.Time'], 'int', compare),
    IsZero: goMethod('time', [], 'bool', ({ unixNanoseconds }) => unixNanoseconds === -62_135_596_800_000_000_000n),
  }),
);

export const durationMethods: Methods = new Map(
  Object.entries({
    String: goMethod('duration', [], 'string', ({ nanoseconds }) => formatGoDuration(nanoseconds)),
    Nanoseconds: goMethod('duration', [], 'int64', ({ nanoseconds }) => nanoseconds),
    Milliseconds: goMethod('duration', [], 'int64', ({ nanoseconds }) => nanoseconds / 1_000_000n),
    Seconds: goMethod('duration', [], 'float64', ({ nanoseconds }) => Number(nanoseconds) / 1e9),
    Minutes: goMethod('duration', [], 'float64', ({ nanoseconds }) => Number(nanoseconds) / 60e9),
    Hours: goMethod('duration', [], 'float64', ({ nanoseconds }) => Number(nanoseconds) / 3600e9),
  }),
);
