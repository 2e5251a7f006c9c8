import { goQuote } from '../parse/literals.js';
import type { GoTime } from '../values/values.js';
import { MONTHS, splitLayout, WEEKDAYS } from './layout.js';
import { shortOffset, UTC } from './zone.js';

/** A time in the parts that its zone's calendar and clock show. */
interface Shown {
  readonly year: number;
  /** From 0. */
  readonly month: number;
  readonly day: number;
  readonly weekday: number;
  readonly yearDay: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly nanosecond: number;
  readonly offset: number;
  readonly abbreviation: string;
}

export function shownTime({ date, nanoseconds, zone }: GoTime): Shown {
  const { offset, abbreviation } = zone.at(date.getTime());
  const local = new Date(date.getTime() + offset * 1000);
  const yearStart = new Date(local);
  yearStart.setUTCMonth(0, 1);
  return {
    year: local.getUTCFullYear(),
    month: local.getUTCMonth(),
    day: local.getUTCDate(),
    weekday: local.getUTCDay(),
    yearDay: Math.round((local.getTime() - yearStart.getTime()) / 86_400_000) + 1,
    hour: local.getUTCHours(),
    minute: local.getUTCMinutes(),
    second: local.getUTCSeconds(),
    nanosecond: local.getUTCMilliseconds() * 1_000_000 + nanoseconds,
    offset,
    abbreviation,
  };
}

/** A time in a layout: how `Mon Jan 2 15:04:05 MST 2006` would be written in it. */
export function formatTime(time: GoTime, layout: string): string {
  const shown = shownTime(time);
  return splitLayout(layout)
    .map(({ literal, word }) => literal + formatWord(word, shown))
    .join('');
}

function formatWord(word: string, shown: Shown): string {
  const { year, month, day, weekday, yearDay, hour, minute, second } = shown;
  switch (word) {
    case '':
      return '';
    case '2006':
      return year < 0 ? `-${digits(-year, 4)}` : digits(year, 4);
    case '06':
      return digits(((year % 100) + 100) % 100, 2);
    case 'January':
      return MONTHS[month] ?? '';
    case 'Jan':
      return (MONTHS[month] ?? '').slice(0, 3);
    case '1':
      return String(month + 1);
    case '01':
      return digits(month + 1, 2);
    case 'Monday':
      return WEEKDAYS[weekday] ?? '';
    case 'Mon':
      return (WEEKDAYS[weekday] ?? '').slice(0, 3);
    case '2':
      return String(day);
    case '_2':
      return String(day).padStart(2);
    case '02':
      return digits(day, 2);
    case '__2':
      return String(yearDay).padStart(3);
    case '002':
      return digits(yearDay, 3);
    case '15':
      return digits(hour, 2);
    case '3':
      return String(hour % 12 || 12);
    case '03':
      return digits(hour % 12 || 12, 2);
    case '4':
      return String(minute);
    case '04':
      return digits(minute, 2);
    case '5':
      return String(second);
    case '05':
      return digits(second, 2);
    case 'PM':
      return hour >= 12 ? 'PM' : 'AM';
    case 'pm':
      return hour >= 12 ? 'pm' : 'am';
    case 'MST':
      return shown.abbreviation === '' ? shortOffset(shown.offset) : shown.abbreviation;
  }
  return /^[.,]/.test(word) ? fraction(word, shown.nanosecond) : zoneOffset(word, shown.offset);
}

function fraction(word: string, nanosecond: number): string {
  const shown = digits(nanosecond, 9)
    .padEnd(word.length - 1, '0')
    .slice(0, word.length - 1);
  if (word[1] === '0') return word.charAt(0) + shown;
  // Nines leave out the zeros at the end, and the point when nothing is left.
  const trimmed = shown.replace(/0+$/, '');
  return trimmed === '' ? '' : word.charAt(0) + trimmed;
}

function zoneOffset(word: string, offset: number): string {
  if (offset === 0 && word.startsWith('Z')) return 'Z';
  const size = Math.abs(offset);
  const separator = word.includes(':') ? ':' : '';
  const parts = [Math.trunc(size / 3600), Math.trunc(size / 60) % 60, size % 60].map((part) => digits(part, 2));
  const count = word.replace(/[-Z:]/g, '').length / 2;
  return (offset < 0 ? '-' : '+') + parts.slice(0, count).join(separator);
}

function digits(number: number, count: number): string {
  return String(number).padStart(count, '0');
}

/** time.Time's String. A reading of the clock shows that it is one. */
export function timeText(time: GoTime): string {
  return formatTime(time, '2006-01-02 15:04:05.999999999 -0700 MST') + (time.isReading ? ' m=+0.000000001' : '');
}

/** time.Time's GoString: the call that makes it. */
export function timeGoSyntax(time: GoTime): string {
  const clock = formatTime(time, '2006, time.January, 2, 15, 4, 5').replace(/, 0(\d)/g, ', $1');
  const nanosecond = ((time.unixNanoseconds % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  const zone = time.zone === UTC ? 'time.UTC' : `time.Location(${goQuote(time.zone.name)})`;
  return `time.Date(${clock.replace(/^0+(?=\d)/, '')}, ${nanosecond}, ${zone})`;
}
