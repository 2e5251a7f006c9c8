/**
 * Cron schedules as robfig/cron reads them, which Kubernetes uses: five fields, names of months and days, `@daily` and
 * friends, `@every 90m`.
 *
 * @module
 */

/** Minutes, hours, days of the month, months, days of the week that a schedule means, as bit sets. */
export interface CronSchedule {
  readonly minutes: bigint;
  readonly hours: bigint;
  readonly days: bigint;
  readonly months: bigint;
  readonly weekdays: bigint;
  /** A star in one of the day fields: both have to match then, otherwise either. */
  readonly bothDays: boolean;
  /** `@every`: seconds between runs, in place of everything else. */
  readonly everySeconds?: number;
}

interface Bounds {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
}

const MINUTES: Bounds = { name: 'minute', min: 0, max: 59 };
const HOURS: Bounds = { name: 'hour', min: 0, max: 23 };
const DAYS: Bounds = { name: 'day of month', min: 1, max: 31 };
const MONTH_NAMES = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const MONTHS: Bounds = { name: 'month', min: 1, max: 12, names: MONTH_NAMES };
const WEEKDAYS: Bounds = { name: 'day of week', min: 0, max: 6, names: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] };

const DESCRIPTORS: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

/** Reads a schedule; what is none comes back as the library's message. */
export function parseSchedule(text: string): CronSchedule | string {
  const schedule = text.replace(/^(CRON_)?TZ=\S*\s+/, '');
  if (schedule === '') return 'empty spec string';
  if (schedule.startsWith('@')) return parseDescriptor(schedule);
  const fields = schedule.split(/\s+/).filter((field) => field !== '');
  if (fields.length !== 5) return `expected exactly 5 fields, found ${fields.length}: [${fields.join(' ')}]`;
  const sets: bigint[] = [];
  for (const [index, bounds] of [MINUTES, HOURS, DAYS, MONTHS, WEEKDAYS].entries()) {
    const set = parseField(fields[index] ?? '', bounds);
    if (typeof set === 'string') return set;
    sets.push(set);
  }
  const [minutes = 0n, hours = 0n, days = 0n, months = 0n, weekdays = 0n] = sets;
  return { minutes, hours, days, months, weekdays, bothDays: isStar(fields[2]) || isStar(fields[4]) };
}

function parseDescriptor(text: string): CronSchedule | string {
  const known = Object.hasOwn(DESCRIPTORS, text) ? DESCRIPTORS[text] : undefined;
  if (known !== undefined) return parseSchedule(known);
  const every = /^@every (.+)$/.exec(text);
  if (every === null) return `unrecognized descriptor: ${text}`;
  const duration = every[1] ?? '';
  const parts = [...duration.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s|us|ns)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== duration) {
    return `failed to parse duration ${text}: time: invalid duration ${JSON.stringify(duration)}`;
  }
  const units: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1, ms: 0.001, us: 1e-6, ns: 1e-9 };
  const seconds = parts.reduce((total, [, amount, unit]) => total + Number(amount) * (units[unit ?? ''] ?? 0), 0);
  return { minutes: 0n, hours: 0n, days: 0n, months: 0n, weekdays: 0n, bothDays: true, everySeconds: Math.max(1, Math.floor(seconds)) };
}

function parseField(field: string, bounds: Bounds): bigint | string {
  let set = 0n;
  for (const part of field.split(',').filter((piece) => piece !== '')) {
    const bits = parseRange(part, bounds);
    if (typeof bits === 'string') return bits;
    set |= bits;
  }
  return set;
}

function parseRange(part: string, bounds: Bounds): bigint | string {
  const [range = '', stepText, ...moreSteps] = part.split('/');
  const [lowText = '', highText, ...moreRange] = range.split('-');
  if (moreRange.length > 0) return `too many hyphens: ${part}`;
  if (moreSteps.length > 0) return `too many slashes: ${part}`;
  let low: number;
  let high: number;
  if (lowText === '*' || lowText === '?') {
    low = bounds.min;
    high = bounds.max;
  } else {
    const first = parseNumber(lowText, bounds);
    if (typeof first === 'string') return first;
    const last = highText === undefined ? first : parseNumber(highText, bounds);
    if (typeof last === 'string') return last;
    low = first;
    high = last;
  }
  let step = 1;
  if (stepText !== undefined) {
    const parsed = parseNumber(stepText, { ...bounds, names: [] });
    if (typeof parsed === 'string') return parsed;
    step = parsed;
    if (highText === undefined && lowText !== '*' && lowText !== '?') high = bounds.max;
  }
  if (low < bounds.min) return `beginning of range (${low}) below minimum (${bounds.min}): ${part}`;
  if (high > bounds.max) return `end of range (${high}) above maximum (${bounds.max}): ${part}`;
  if (low > high) return `beginning of range (${low}) beyond end of range (${high}): ${part}`;
  if (step === 0) return `step of range should be a positive number: ${part}`;
  let set = 0n;
  for (let value = low; value <= high; value += step) set |= 1n << BigInt(value);
  return set;
}

function parseNumber(text: string, { names, min }: Bounds): number | string {
  const named = names?.indexOf(text.toLowerCase()) ?? -1;
  if (named >= 0) return named + min;
  if (!/^[-+]?\d{1,9}$/.test(text)) {
    return `failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`;
  }
  const value = Number(text);
  return value < 0 ? `negative number (${value}) not allowed: ${text}` : value;
}

const SEARCH_YEARS = 5;

/** The next time after a moment that a schedule means, in a time zone; undefined when there is none within five years. */
export function nextRun(schedule: CronSchedule, after: Date, timeZone = 'UTC'): Date | undefined {
  if (schedule.everySeconds !== undefined) return new Date((Math.floor(after.getTime() / 1000) + schedule.everySeconds) * 1000);
  const clock = zoneClock(timeZone);
  const end = after.getTime() + SEARCH_YEARS * 366 * 86_400_000;
  let time = Math.floor(after.getTime() / 60_000) * 60_000 + 60_000;
  while (time <= end) {
    const local = clock(time);
    const dayMatches = has(schedule.days, local.day);
    const weekdayMatches = has(schedule.weekdays, local.weekday);
    const day = schedule.bothDays ? dayMatches && weekdayMatches : dayMatches || weekdayMatches;
    if (!has(schedule.months, local.month) || !day) time += (24 * 60 - local.hour * 60 - local.minute) * 60_000;
    else if (!has(schedule.hours, local.hour)) time += (60 - local.minute) * 60_000;
    else if (!has(schedule.minutes, local.minute)) time += 60_000;
    else return new Date(time);
  }
  return undefined;
}

/** Whether the platform knows a time zone by this name. */
export function isTimeZone(name: string): boolean {
  try {
    return Boolean(new Intl.DateTimeFormat('en', { timeZone: name }));
  } catch {
    return false;
  }
}

function zoneClock(timeZone: string): (time: number) => { month: number; day: number; weekday: number; hour: number; minute: number } {
  if (timeZone === 'UTC' || timeZone === '') {
    return (time) => {
      const date = new Date(time);
      const hours = { hour: date.getUTCHours(), minute: date.getUTCMinutes() };
      return { month: date.getUTCMonth() + 1, day: date.getUTCDate(), weekday: date.getUTCDay(), ...hours };
    };
  }
  const options = {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
  } as const;
  const format = new Intl.DateTimeFormat('en-US', options);
  return (time) => {
    const parts = new Map(format.formatToParts(time).map(({ type, value }) => [type, Number(value)]));
    const part = (type: string): number => parts.get(type as Intl.DateTimeFormatPartTypes) ?? 0;
    const weekday = new Date(Date.UTC(part('year'), part('month') - 1, part('day'))).getUTCDay();
    return { month: part('month'), day: part('day'), weekday, hour: part('hour'), minute: part('minute') };
  };
}

function isStar(field: string | undefined): boolean {
  return /^[*?]/.test(field ?? '');
}

function has(set: bigint, value: number): boolean {
  return ((set >> BigInt(value)) & 1n) === 1n;
}
