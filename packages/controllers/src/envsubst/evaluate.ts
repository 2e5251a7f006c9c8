import { EnvsubstError } from './error.js';
import { trimPrefix, trimSuffix } from './glob.js';
import { parseTemplate, type Expression, type Part } from './parse.js';

export interface EnvsubstOptions {
  /** A variable without a value and without a default is an error, instead of empty. */
  readonly strict: boolean;
}

/** The value of a variable; undefined when it has none. */
export type Variables = (name: string) => string | undefined;

/**
 * Replaces `${name}` in a text by values, with the shell's forms: defaults, substrings, case, trimming and replacing.
 *
 * Text that has no `$` is returned as it is.
 */
export function envsubst(text: string, variables: Variables, { strict }: EnvsubstOptions): string {
  if (!text.includes('$')) return text;
  return fromBytes(evaluate(parseTemplate(toBytes(text)), variables, strict));
}

/** The operators that give a value where there is none, so that strict mode does not ask for one. */
const DEFAULTS = new Set(['-', '+', '=', '?', ':-', ':+', ':=', ':?']);

function evaluate(parts: readonly Part[], variables: Variables, strict: boolean): string {
  let result = '';
  for (const part of parts) result += typeof part === 'string' ? part : evaluateExpression(part, variables, strict);
  return result;
}

function evaluateExpression({ name, operator, args }: Expression, variables: Variables, strict: boolean): string {
  const values = args.map((arg) => evaluate(arg, variables, strict));
  const value = variables(fromBytes(name));
  if (value === undefined && strict && !DEFAULTS.has(operator)) {
    throw new EnvsubstError(`variable not set (strict mode): ${JSON.stringify(fromBytes(name))}`, 0, fromBytes(name));
  }
  return applyOperator(operator, toBytes(value ?? ''), values);
}

function applyOperator(operator: string, value: string, args: readonly string[]): string {
  const [first = '', second = ''] = args;
  switch (operator) {
    case ',':
      return changeFirst(value, lower);
    case '^':
      return changeFirst(value, upper);
    case ',,':
      return toBytes(mapChars(value, lower));
    case '^^':
      return toBytes(mapChars(value, upper));
    case '#':
      return args.length === 0 ? String(value.length) : trimPrefix(value, first, 'shortest');
    case '##':
      return trimPrefix(value, first, 'longest');
    case '%':
      return trimSuffix(value, first, 'shortest');
    case '%%':
      return trimSuffix(value, first, 'longest');
    case ':':
      return substring(value, args);
    case '/':
      return replace(value, first, second, 1);
    case '//':
      return replace(value, first, second, Infinity);
    case '/#':
      return args.length === 2 && value.startsWith(first) ? second + value.slice(first.length) : value;
    case '/%':
      return args.length === 2 && value.endsWith(first) ? value.slice(0, value.length - first.length) + second : value;
    default:
      return value === '' ? args.join('') : value;
  }
}

/** Replacing nothing puts the replacement between all characters, as Go does. */
function replace(value: string, pattern: string, replacement: string, limit: number): string {
  if (pattern !== '') return limit === 1 ? replaceOnce(value, pattern, replacement) : value.replaceAll(pattern, () => replacement);
  if (limit === 1) return replacement + value;
  return toBytes(Array.from(fromBytes(value), (char) => fromBytes(replacement) + char).join('') + fromBytes(replacement));
}

function replaceOnce(value: string, pattern: string, replacement: string): string {
  const at = value.indexOf(pattern);
  return at < 0 ? value : value.slice(0, at) + replacement + value.slice(at + pattern.length);
}

/** `${v:offset:length}` in bytes; what is not a number leaves the value as it is. */
function substring(value: string, [offset = '', length]: readonly string[]): string {
  if (!isInteger(offset)) return value;
  const start = Number(offset) < 0 ? Math.max(0, value.length + Number(offset)) : Number(offset);
  if (length === undefined) return value.slice(start);
  if (!isInteger(length)) return value;
  const end = Number(length) < 0 ? value.length + Number(length) : start + Number(length);
  return end < start ? '' : value.slice(start, end);
}

function isInteger(text: string): boolean {
  return /^[+-]?\d+$/.test(text) && Number.isSafeInteger(Number(text));
}

function changeFirst(value: string, change: (char: string) => string): string {
  const [first = '', ...rest] = Array.from(fromBytes(value));
  return first === '' ? value : toBytes(change(first) + rest.join(''));
}

function mapChars(value: string, change: (char: string) => string): string {
  return Array.from(fromBytes(value), change).join('');
}

/** Case as Go knows it: character by character. `ß` has no upper case that is one character. */
function upper(char: string): string {
  const changed = char.toUpperCase();
  return Array.from(changed).length === 1 ? changed : char;
}

function lower(char: string): string {
  return Array.from(char.toLowerCase())[0] ?? char;
}

/** Text as its UTF-8 bytes, one a character. Text in ASCII is itself. */
function toBytes(text: string): string {
  // eslint-disable-next-line no-control-regex -- the range is what ASCII is
  return /^[\x00-\x7f]*$/.test(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
}

function fromBytes(bytes: string): string {
  // eslint-disable-next-line no-control-regex -- the range is what ASCII is
  return /^[\x00-\x7f]*$/.test(bytes) ? bytes : Buffer.from(bytes, 'latin1').toString('utf8');
}
