import { quoteTimeText } from '@sluice/core';
import { GoTime } from '../values/values.js';
import { MONTHS, splitLayout, WEEKDAYS, type LayoutPart } from './layout.js';
import { fixedZone, UTC, type Zone } from './zone.js';

/** What a text said so far about the time that it is. */
interface Parts {
  year: number;
  month: number;
  day: number;
  yearDay: number;
  hour: number;
  minute: number;
  second: number;
  nanosecond: number;
  afternoon: boolean | undefined;
  zone: Zone | undefined;
}

/** A value out of its range; `text` names which. */
class RangeFault extends Error {}

/** time.Parse: the time that a text is in a layout. Throws with Go's text. */
export function parseGoTime(layout: string, text: string): GoTime {
  const parts: Parts = {
    year: 0,
    month: -1,
    day: -1,
    yearDay: -1,
    hour: 0,
    minute: 0,
    second: 0,
    nanosecond: 0,
    afternoon: undefined,
    zone: undefined,
  };
  const words = splitLayout(layout);
  let rest = text;
  for (const [index, { literal, word }] of words.entries()) {
    const afterLiteral = skip(rest, literal);
    if (afterLiteral === undefined) throw mismatch(layout, text, literal, skipped(rest, literal));
    rest = afterLiteral;
    if (word === '') {
      if (rest !== '') throw new Error(`parsing time ${quoteTimeText(text)}: extra text: ${quoteTimeText(rest)}`);
      break;
    }
    try {
      const taken = readWord(word, rest, parts, words[index + 1]);
      if (taken === undefined) throw mismatch(layout, text, word, rest);
      rest = rest.slice(taken);
    } catch (error) {
      if (error instanceof RangeFault)
        throw new Error(`parsing time ${quoteTimeText(text)}: ${error.message} out of range`, { cause: error });
      throw error;
    }
  }
  return build(parts, text);
}

function mismatch(layout: string, text: string, word: string, rest: string): Error {
  return new Error(
    `parsing time ${quoteTimeText(text)} as ${quoteTimeText(layout)}: cannot parse ${quoteTimeText(rest)} as ${quoteTimeText(word)}`,
  );
}

/** A text without a literal at its front; spaces stand for any number of them. */
function skip(text: string, literal: string): string | undefined {
  let rest = text;
  for (let at = 0; at < literal.length; at++) {
    if (literal[at] === ' ') {
      if (rest !== '' && !rest.startsWith(' ')) return undefined;
      while (literal[at + 1] === ' ') at++;
      rest = rest.replace(/^ +/, '');
    } else if (rest[0] === literal[at]) rest = rest.slice(1);
    else return undefined;
  }
  return rest;
}

/** What is left of a text where a literal stops fitting. */
function skipped(text: string, literal: string): string {
  for (let length = literal.length - 1; length > 0; length--) {
    const rest = skip(text, literal.slice(0, length));
    if (rest !== undefined) return rest;
  }
  return text;
}

/** Reads a word of the layout off the front of a text; gives how long it was, or undefined when it is not there. */
function readWord(word: string, text: string, parts: Parts, next: LayoutPart | undefined): number | undefined {
  const number = (pattern: RegExp, set: (value: number) => void): number | undefined => {
    const match = pattern.exec(text)?.[0];
    if (match !== undefined) set(Number(match));
    return match?.length;
  };
  switch (word) {
    case '2006':
      return number(/^\d{4}/, (value) => (parts.year = value));
    case '06':
      return number(/^\d{2}/, (value) => (parts.year = value + (value >= 69 ? 1900 : 2000)));
    case 'January':
    case 'Jan':
      return name(text, MONTHS, word.length, (index) => (parts.month = index + 1));
    case 'Monday':
    case 'Mon':
      return name(text, WEEKDAYS, word.length, () => undefined);
    case '1':
    case '01':
      return number(word === '01' ? /^\d{2}/ : /^\d{1,2}/, (value) => (parts.month = inRange(value, 1, 12, 'month')));
    case '2':
    case '_2':
    case '02':
      return number(word === '02' ? /^\d{2}/ : word === '_2' ? /^ ?\d{1,2}/ : /^\d{1,2}/, (value) => (parts.day = value));
    case '002':
    case '__2':
      return number(word === '002' ? /^\d{3}/ : /^ {0,2}\d{1,3}/, (value) => (parts.yearDay = value));
    case '15':
      return number(/^\d{1,2}/, (value) => (parts.hour = inRange(value, 0, 23, 'hour')));
    case '3':
    case '03':
      return number(word === '03' ? /^\d{2}/ : /^\d{1,2}/, (value) => (parts.hour = inRange(value, 0, 12, 'hour')));
    case '4':
    case '04':
      return number(word === '04' ? /^\d{2}/ : /^\d{1,2}/, (value) => (parts.minute = inRange(value, 0, 59, 'minute')));
    case '5':
    case '05': {
      const length = number(word === '05' ? /^\d{2}/ : /^\d{1,2}/, (value) => (parts.second = inRange(value, 0, 59, 'second')));
      // A fraction may follow also where the layout has none.
      const isInLayout = next !== undefined && next.literal === '' && /^[.,]/.test(next.word);
      const follows = length === undefined || isInLayout ? undefined : /^[.,]\d+/.exec(text.slice(length))?.[0];
      if (length === undefined || follows === undefined) return length;
      parts.nanosecond = nanoseconds(follows);
      return length + follows.length;
    }
    case 'PM':
    case 'pm': {
      const half = text.slice(0, 2);
      if (half !== (word === 'PM' ? 'PM' : 'pm') && half !== (word === 'PM' ? 'AM' : 'am')) return undefined;
      parts.afternoon = half.toLowerCase() === 'pm';
      return 2;
    }
    case 'MST':
      return zoneName(text, parts);
  }
  if (/^[.,]/.test(word)) {
    const pattern = word[1] === '0' ? new RegExp(`^[.,]\\d{${word.length - 1}}`) : /^([.,]\d+)?/;
    const found = pattern.exec(text)?.[0];
    if (found !== undefined && found !== '') parts.nanosecond = nanoseconds(found);
    return found?.length;
  }
  return zoneOffset(word, text, parts);
}

function name(text: string, names: readonly string[], wordLength: number, set: (index: number) => void): number | undefined {
  const isShort = wordLength === 3;
  const lower = text.toLowerCase();
  const index = names.findIndex((name) => lower.startsWith((isShort ? name.slice(0, 3) : name).toLowerCase()));
  if (index < 0) return undefined;
  set(index);
  return isShort ? 3 : (names[index] ?? '').length;
}

function inRange(value: number, low: number, high: number, what: string): number {
  if (value < low || value > high) throw new RangeFault(what);
  return value;
}

function nanoseconds(fraction: string): number {
  return Number(fraction.slice(1, 10).padEnd(9, '0'));
}

function zoneName(text: string, parts: Parts): number | undefined {
  if (text.startsWith('UTC')) {
    parts.zone = UTC;
    return 3;
  }
  const found = /^(GMT([-+]\d{1,2})?|[-+]\d{2}|ChST|MeST|[A-Z]{3,4}T|[A-Z]{3})/.exec(text);
  if (found === null) return undefined;
  // The name alone does not say where it is; only GMT's own offset does.
  parts.zone = fixedZone(found[0], Number(found[2] ?? 0) * 3600);
  return found[0].length;
}

function zoneOffset(word: string, text: string, parts: Parts): number | undefined {
  if (word.startsWith('Z') && text.startsWith('Z')) {
    parts.zone = UTC;
    return 1;
  }
  const pattern = word
    .slice(1)
    .replace('07', '(\\d{2})')
    .replace(/(:?)00/g, '$1(\\d{2})');
  const found = new RegExp(`^([-+])${pattern}`).exec(text);
  if (found === null) return undefined;
  const [whole, sign, hours = '0', minutes = '0', seconds = '0'] = found;
  if (Number(hours) > 24) throw new RangeFault('time zone offset hour');
  if (Number(minutes) > 60) throw new RangeFault('time zone offset minute');
  if (Number(seconds) > 60) throw new RangeFault('time zone offset second');
  const offset = (Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds);
  parts.zone = offset === 0 ? UTC : fixedZone('', sign === '-' ? -offset : offset);
  return whole.length;
}

function build(parts: Parts, text: string): GoTime {
  let { hour } = parts;
  if (parts.afternoon === true && hour < 12) hour += 12;
  else if (parts.afternoon === false && hour === 12) hour = 0;
  const outOfRange = (what: string): Error => new Error(`parsing time ${quoteTimeText(text)}: ${what} out of range`);
  let month = parts.month < 0 ? 1 : parts.month;
  let day = parts.day < 0 ? 1 : parts.day;
  if (parts.yearDay >= 0) {
    const length = daysIn(parts.year, 13);
    if (parts.yearDay < 1 || parts.yearDay > length) throw outOfRange('day-of-year');
    if (parts.month < 0 && parts.day < 0) [month, day] = [1, parts.yearDay];
  } else if (day < 1 || day > daysIn(parts.year, month)) throw outOfRange('day');
  const date = new Date(0);
  date.setUTCFullYear(parts.year, month - 1, day);
  date.setUTCHours(hour, parts.minute, parts.second, Math.trunc(parts.nanosecond / 1e6));
  const zone = parts.zone ?? UTC;
  const moment = new Date(date.getTime() - zone.at(date.getTime()).offset * 1000);
  return new GoTime(moment, parts.nanosecond % 1e6, zone);
}

/** The days of a month; of all of them for the thirteenth. */
function daysIn(year: number, month: number): number {
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  if (month === 13) return isLeap ? 366 : 365;
  if (month === 2) return isLeap ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

/** time.Time{}: the first moment of the year 1. */
export function zeroTime(): GoTime {
  const date = new Date(0);
  date.setUTCFullYear(1);
  return new GoTime(date);
}
