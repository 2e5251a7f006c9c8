import { codesOf } from './characters.js';
import type { YamlTypes } from './options.js';

/** What an untagged plain scalar can be. */
export type ScalarTag = '!!str' | '!!null' | '!!bool' | '!!int' | '!!float' | '!!timestamp';

const trueWords = ['true', 'True', 'TRUE'];
const falseWords = ['false', 'False', 'FALSE'];
const yesWords = ['y', 'Y', 'yes', 'Yes', 'YES', 'on', 'On', 'ON'];
const noWords = ['n', 'N', 'no', 'No', 'NO', 'off', 'Off', 'OFF'];
const nullWords = ['~', 'null', 'Null', 'NULL'];
const infinities = ['.inf', '.Inf', '.INF', '+.inf', '+.Inf', '+.INF', '-.inf', '-.Inf', '-.INF'];
const notNumbers = ['.nan', '.NaN', '.NAN'];

const words = new Map<string, ScalarTag>();
for (const word of [...trueWords, ...falseWords]) words.set(word, '!!bool');
for (const word of nullWords) words.set(word, '!!null');
for (const word of [...infinities, ...notNumbers]) words.set(word, '!!float');
const oldBooleans = new Set([...yesWords, ...noWords]);
const truths = new Set([...trueWords, ...yesWords]);

/** By its first character, what a plain scalar may be other than a string: a word of the tables, a number or a date. */
const NEITHER = 0;
const WORD = 1;
const NUMBER = 2;
const firstCharacters = new Uint8Array(128);
for (const code of codesOf('~nNtTfFyYoO')) firstCharacters[code] = WORD;
for (const code of codesOf('+-0123456789.')) firstCharacters[code] = NUMBER;

/** Whether a plain scalar that begins with this character is a string whatever follows. */
export function beginsString(code: number): boolean {
  return code >= 128 || firstCharacters[code] === NEITHER;
}

const MAX_WORD = 6;

/** The tag that go-yaml gives an untagged plain scalar. */
export function plainTag(text: string, types: YamlTypes): ScalarTag {
  if (text === '') return '!!null';
  const code = text.charCodeAt(0);
  const hint = code < 128 ? firstCharacters[code] : NEITHER;
  if (hint === NEITHER) return '!!str';
  if (text.length < MAX_WORD) {
    const word = words.get(text);
    if (word !== undefined) return word;
    if (types === 'sigs' && oldBooleans.has(text)) return '!!bool';
  }
  return hint === NUMBER ? numberTag(text, types) : '!!str';
}

/** Whether a string is one of the words that YAML 1.1 takes for booleans and 1.2 does not. */
export function isOldBoolean(text: string): boolean {
  return oldBooleans.has(text);
}

/** What go-yaml's float expression accepts, after underscores are dropped. */
const decimalFloat = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
/** What Go's ParseFloat accepts of a text that begins with a dot: underscores stand between digits. */
const dottedFloat = /^\.(?:[0-9]+(?:_[0-9]+)*)(?:[eE][-+]?[0-9]+(?:_[0-9]+)*)?$/;

/** Whether a text that begins like a number may be one, or a time, by the characters at its ends. */
function mayBeNumber(text: string): boolean {
  const second = text.charCodeAt(1);
  const first = text.charCodeAt(0);
  // Behind a sign or a dot: a digit, another dot, an underscore.
  if ((first < 48 || first > 57) && !((second >= 48 && second <= 57) || second === 46 || second === 95)) return false;
  const last = text.charCodeAt(text.length - 1);
  // Hexadecimal digits, the Z of a time, an underscore, a dot.
  return (
    (last >= 48 && last <= 57) || (last >= 65 && last <= 70) || (last >= 97 && last <= 102) || last === 90 || last === 95 || last === 46
  );
}

function numberTag(text: string, types: YamlTypes): ScalarTag {
  if (!mayBeNumber(text)) return '!!str';
  if (text.charCodeAt(0) === 46 /* . */) return dottedFloat.test(text) && Number.isFinite(toFloat(text)) ? '!!float' : '!!str';
  if (isTimestamp(text)) return '!!timestamp';
  const plain = text.includes('_') ? text.replaceAll('_', '') : text;
  if (toInteger(plain, types) !== undefined) return '!!int';
  return decimalFloat.test(plain) && Number.isFinite(toFloat(plain)) ? '!!float' : '!!str';
}

const decimalInteger = /^[-+]?(?:0|[1-9][0-9]*)$/;
const otherInteger = /^([-+]?)0(?:[xX]([0-9a-fA-F]+)|[bB]([01]+)|[oO]?([0-7]+))$/;
/** go-yaml's second try at binary (v3: and octal) lets the sign stand inside: `0b-1`. */
const signInside = { sigs: /^(0b)([-+])([01]+)$/, kyaml: /^(0[bo])([-+])([0-7]+)$/ };
const MAX_INT64 = 2n ** 63n - 1n;
const MIN_INT64 = -(2n ** 63n);
const MAX_UINT64 = 2n ** 64n - 1n;

/** An integer as Go's ParseInt and ParseUint read it with base 0: bigint beyond 2^53, undefined beyond 64 bits. */
function toInteger(text: string, types: YamlTypes): number | bigint | undefined {
  if (text.length <= 16 && decimalInteger.test(text)) {
    const number = Number(text);
    if (Number.isSafeInteger(number)) return number === 0 ? 0 : number;
  }
  const value = toBigInt(text, types);
  if (value === undefined || value < MIN_INT64 || value > MAX_UINT64) return undefined;
  // ParseUint, which is there for what int64 can't hold, takes no sign.
  if (value > MAX_INT64 && text.startsWith('+')) return undefined;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function toBigInt(text: string, types: YamlTypes): bigint | undefined {
  if (decimalInteger.test(text)) return BigInt(text.startsWith('+') ? text.slice(1) : text);
  const match = otherInteger.exec(text.replace(signInside[types], '$2$1$3'));
  if (match === null) return undefined;
  const [, sign, hex, binary, octal] = match;
  const value = BigInt(hex !== undefined ? `0x${hex}` : binary !== undefined ? `0b${binary}` : `0o${octal}`);
  return sign === '-' ? -value : value;
}

function toFloat(text: string): number {
  return Number(text.includes('_') ? text.replaceAll('_', '') : text);
}

/** The value of a plain scalar that {@link plainTag} found to be an integer. */
export function integerOf(text: string, types: YamlTypes): number | bigint {
  return toInteger(text.includes('_') ? text.replaceAll('_', '') : text, types) ?? Number.NaN;
}

/** The value of a plain scalar that is a float, or an integer that was asked to be one. */
export function floatOf(text: string, types: YamlTypes): number {
  if (notNumbers.includes(text)) return Number.NaN;
  if (infinities.includes(text)) return text.startsWith('-') ? -Infinity : Infinity;
  const plain = text.replaceAll('_', '');
  return decimalFloat.test(plain) ? Number(plain) : Number(toInteger(plain, types) ?? Number.NaN);
}

export function booleanOf(text: string): boolean {
  return truths.has(text);
}

const timestampForm =
  /^([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?:([Tt ])([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})([.,][0-9]+)?(Z|[-+][0-9]{2}:[0-9]{2})?)?$/;

/** The parts of what go-yaml reads as a time: `2001-1-2`, `2001-01-02T03:04:05.6Z`, `2001-01-02 03:04:05`. */
function timestampParts(text: string): RegExpExecArray | undefined {
  if (text.length < 8 || text.charCodeAt(4) !== 45 /* - */) return undefined;
  const match = timestampForm.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, separator, hour, minute, second, , zone] = match;
  if (separator !== undefined && (separator === ' ') !== (zone === undefined)) return undefined;
  const lastDay = new Date(Date.UTC(2000 + (Number(year) % 400), Number(month), 0)).getUTCDate();
  if (Number(month) < 1 || Number(month) > 12 || Number(day) < 1 || Number(day) > lastDay) return undefined;
  if (Number(hour ?? 0) > 23 || Number(minute ?? 0) > 59 || Number(second ?? 0) > 59) return undefined;
  if (zone !== undefined && zone !== 'Z' && (Number(zone.slice(1, 3)) > 24 || Number(zone.slice(4)) > 60)) return undefined;
  return match;
}

function isTimestamp(text: string): boolean {
  return timestampParts(text) !== undefined;
}

/** A time that go-yaml read, as Go's encoding/json writes it (RFC 3339 with the fraction's zeros dropped). */
export function timestampOf(text: string): string {
  const [, year = '', month = '', day = '', , hour = '0', minute = '0', second = '0', fraction = '', zone = 'Z'] =
    timestampParts(text) ?? [];
  const digits = fraction.slice(1, 10).replace(/0+$/, '');
  const offset = zone === '+00:00' || zone === '-00:00' ? 'Z' : zone;
  return `${year}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}:${two(second)}${digits === '' ? '' : `.${digits}`}${offset}`;
}

function two(part: string): string {
  return part.padStart(2, '0');
}
