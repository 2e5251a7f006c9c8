import { CelError } from '../error.js';
import {
  CelDuration,
  CelList,
  CelMap,
  CelTimestamp,
  CelTypeValue,
  CelUint,
  type CelValue,
  showDuration,
  showTimestamp,
} from '../values.js';

/** A double as `string(1.5)` prints it. */
export function showDouble(value: number): string {
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  if (value !== 0 && (Math.abs(value) >= 1e21 || Math.abs(value) < 1e-4)) return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
  return String(value);
}

/** A value as `%s` prints it. */
export function show(value: CelValue): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return showDouble(value);
  if (typeof value !== 'object') return String(value);
  if (value instanceof CelUint) return String(value.value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString();
  if (value instanceof CelList) return `[${[...value].map(show).join(', ')}]`;
  if (value instanceof CelMap) {
    const entries = [...value.keys()].map((key) => [show(key), show(value.get(key) ?? null)] as const);
    return `{${entries
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => `${key}: ${item}`)
      .join(', ')}}`;
  }
  if (value instanceof CelTimestamp) return showTimestamp(value);
  if (value instanceof CelDuration) return showDuration(value);
  if (value instanceof CelTypeValue) return value.typeName;
  throw new CelError(
    'error during formatting: string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps',
  );
}

/** `'%s-%d'.format(['a', 1])` */
export function format(pattern: string, args: CelList): string {
  let at = 0;
  const text = pattern.replaceAll(/%(?:%|(?:\.(\d+))?([a-zA-Z])?)/g, (clause, precision: string | undefined, verb: string | undefined) => {
    if (clause === '%%') return '%';
    if (verb === undefined) throw new CelError('error during formatting: unexpected end of string');
    if (at >= args.size) throw new CelError(`error during formatting: index ${at} out of range`);
    return formatClause(verb, precision === undefined ? 6 : Number(precision), args.at(at++));
  });
  return text;
}

function formatClause(verb: string, precision: number, value: CelValue): string {
  const number = typeof value === 'bigint' || typeof value === 'number' ? value : value instanceof CelUint ? value.value : undefined;
  switch (verb) {
    case 's':
      return show(value);
    case 'd':
      if (number === undefined || (typeof number === 'number' && Number.isFinite(number))) throw wrong('decimal');
      return String(number);
    case 'f':
      if (number === undefined) throw wrong('fixed-point');
      return Number(number).toFixed(Math.min(precision, 100));
    case 'e':
      if (number === undefined) throw wrong('scientific');
      return Number(number)
        .toExponential(Math.min(precision, 100))
        .replace(/e([+-])(\d)$/, 'e$10$2');
    case 'b':
      if (typeof value === 'boolean') return value ? '1' : '0';
      if (typeof number !== 'bigint') throw wrong('binary');
      return number.toString(2);
    case 'o':
      if (typeof number !== 'bigint') throw wrong('octal');
      return number.toString(8);
    case 'x':
    case 'X': {
      const text =
        typeof number === 'bigint'
          ? number.toString(16)
          : typeof value === 'string' || value instanceof Uint8Array
            ? Buffer.from(value).toString('hex')
            : undefined;
      if (text === undefined) throw wrong('hex');
      return verb === 'X' ? text.toUpperCase() : text;
    }
    default:
      throw new CelError(`error during formatting: unrecognized formatting clause "${verb}"`);
  }
}

function wrong(name: string): CelError {
  return new CelError(`error during formatting: ${name} clause can only be used on numbers`);
}
