import type { CallContext } from '../exec/context.js';
import { contextFunction, goFunction } from '../exec/function.js';
import { sprintf } from '../fmt/printf.js';
import { goQuote } from '../parse/literals.js';
import { byteLength, sliceBytes } from '../values/bytes.js';
import { toLower, toUpper, trimSpace } from '../values/letters.js';
import { compareBytes, type GoMap, type GoValue } from '../values/values.js';
import { joinedCase, pascalCase } from './case-styles.js';
import { elements, isList } from './elements.js';
import { textValue } from './text-value.js';
import { abbreviate, deleteSpace, initials, swapCase, title, untitle, wrap } from './words.js';

function repeat(context: CallContext, count: number, text: string): string {
  if (count < 0) throw new Error('strings: negative Repeat count');
  context.checkTextLength(count * text.length);
  return text.repeat(count);
}

function indent(context: CallContext, spaces: number, text: string): string {
  const pad = repeat(context, spaces, ' ');
  const lines = text.split('\n');
  context.checkTextLength(text.length + lines.length * spaces);
  return pad + lines.join(`\n${pad}`);
}

/** strings.Replace of all. An empty `old` is between any two characters. */
function replace(old: string, replacement: string, text: string): string {
  if (old === '') return [replacement, ...Array.from(text, (char) => char + replacement)].join('');
  return text.split(old).join(replacement);
}

function trimAll(cutset: string, text: string): string {
  const cut = new Set(cutset);
  const chars = Array.from(text);
  const start = chars.findIndex((char) => !cut.has(char));
  return start < 0 ? '' : chars.slice(start, chars.findLastIndex((char) => !cut.has(char)) + 1).join('');
}

/** The first bytes of a text; with a negative count, the last. */
function trunc(count: number, text: string): string {
  const length = byteLength(text);
  if (count < 0) return length + count > 0 ? sliceBytes(text, length + count) : text;
  return length > count ? sliceBytes(text, 0, count) : text;
}

function substring(start: number, end: number, text: string): string {
  const length = byteLength(text);
  if (start < 0) {
    if (end < 0) throw new Error(`${OUT_OF_RANGE} [:${end}]`);
    if (end > length) throw new Error(`${OUT_OF_RANGE} [:${end}] with length ${length}`);
    return sliceBytes(text, 0, end);
  }
  if (end < 0 || end > length) {
    if (start > length) throw new Error(`${OUT_OF_RANGE} [${start}:${length}]`);
    return sliceBytes(text, start);
  }
  if (start > end) throw new Error(`${OUT_OF_RANGE} [${start}:${end}]`);
  return sliceBytes(text, start, end);
}

const OUT_OF_RANGE = 'runtime error: slice bounds out of range';

/** strings.SplitN: at most `limit` parts, all of them when it is negative. */
export function splitText(separator: string, text: string, limit = -1): string[] {
  const parts = separator === '' ? Array.from(text) : text.split(separator);
  if (limit < 0 || parts.length <= limit) return parts;
  return limit === 0 ? [] : [...parts.slice(0, limit - 1), parts.slice(limit - 1).join(separator)];
}

/** Parts under the names `_0`, `_1`, … */
function numbered(parts: readonly string[]): GoMap {
  return Object.fromEntries(parts.map((part, index) => [`_${index}`, part]));
}

/** A list's elements as texts, without those that are nil; anything else as a list of one. */
export function textList(value: GoValue): string[] {
  if (value === null || value === undefined) return [];
  if (!isList(value)) return [textValue(value)];
  return elements(value)
    .filter((item) => item !== null && item !== undefined)
    .map(textValue);
}

function isSet(value: GoValue): boolean {
  return value !== null && value !== undefined;
}

export const strings = {
  abbrev: goFunction(['int', 'string'], 'string', (width, text) => (width < 4 ? text : abbreviate(text, 0, width))),
  abbrevboth: goFunction(['int', 'int', 'string'], 'string', (left, right, text) =>
    right < 4 || (left > 0 && right < 7) ? text : abbreviate(text, left, right),
  ),
  camelcase: goFunction(['string'], 'string', pascalCase),
  cat: contextFunction(['...any'], 'string', (context, ...values) => {
    const shown = values.filter(isSet);
    context.checkSize(shown);
    return sprintf(shown.map(() => '%v').join(' '), shown);
  }),
  contains: goFunction(['string', 'string'], 'bool', (part, text) => text.includes(part)),
  hasPrefix: goFunction(['string', 'string'], 'bool', (part, text) => text.startsWith(part)),
  hasSuffix: goFunction(['string', 'string'], 'bool', (part, text) => text.endsWith(part)),
  indent: contextFunction(['int', 'string'], 'string', indent),
  initials: goFunction(['string'], 'string', initials),
  join: contextFunction(['string', 'any'], 'string', (context, separator, list) => {
    context.checkSize(list);
    return textList(list).join(separator);
  }),
  kebabcase: goFunction(['string'], 'string', (text) => joinedCase(text, '-')),
  lower: goFunction(['string'], 'string', toLower),
  nindent: contextFunction(['int', 'string'], 'string', (context, spaces, text) => `\n${indent(context, spaces, text)}`),
  nospace: goFunction(['string'], 'string', deleteSpace),
  plural: goFunction(['string', 'string', 'int'], 'string', (one, many, count) => (count === 1 ? one : many)),
  quote: contextFunction(['...any'], 'string', (context, ...values) => {
    context.checkSize(values);
    return values
      .filter(isSet)
      .map((value) => goQuote(textValue(value)))
      .join(' ');
  }),
  repeat: contextFunction(['int', 'string'], 'string', repeat),
  replace: contextFunction(['string', 'string', 'string'], 'string', (context, old, replacement, text) => {
    // Every character might be one that is replaced.
    if (text.length * replacement.length > context.limits.textLength) {
      const count = old === '' ? text.length + 1 : text.split(old).length - 1;
      context.checkTextLength(text.length + count * (replacement.length - old.length));
    }
    return replace(old, replacement, text);
  }),
  snakecase: goFunction(['string'], 'string', (text) => joinedCase(text, '_')),
  sortAlpha: goFunction(['any'], '[]string', (list) => (isList(list) ? textList(list).sort(compareBytes) : [textValue(list)])),
  split: goFunction(['string', 'string'], 'map[string]string', (separator, text) => numbered(splitText(separator, text))),
  splitList: goFunction(['string', 'string'], '[]string', (separator, text) => splitText(separator, text)),
  splitn: goFunction(['string', 'int', 'string'], 'map[string]string', (separator, limit, text) =>
    numbered(splitText(separator, text, limit)),
  ),
  squote: contextFunction(['...any'], 'string', (context, ...values) => {
    context.checkSize(values);
    return values
      .filter(isSet)
      .map((value) => sprintf("'%v'", [value]))
      .join(' ');
  }),
  substr: goFunction(['int', 'int', 'string'], 'string', substring),
  swapcase: goFunction(['string'], 'string', swapCase),
  title: goFunction(['string'], 'string', title),
  toString: contextFunction(['any'], 'string', (context, value) => {
    context.checkSize(value);
    return textValue(value);
  }),
  toStrings: goFunction(['any'], '[]string', textList),
  trim: goFunction(['string'], 'string', trimSpace),
  trimAll: goFunction(['string', 'string'], 'string', trimAll),
  trimall: goFunction(['string', 'string'], 'string', trimAll),
  trimPrefix: goFunction(['string', 'string'], 'string', (prefix, text) => (text.startsWith(prefix) ? text.slice(prefix.length) : text)),
  trimSuffix: goFunction(['string', 'string'], 'string', (suffix, text) =>
    suffix !== '' && text.endsWith(suffix) ? text.slice(0, -suffix.length) : text,
  ),
  trunc: goFunction(['int', 'string'], 'string', trunc),
  untitle: goFunction(['string'], 'string', untitle),
  upper: goFunction(['string'], 'string', toUpper),
  wrap: goFunction(['int', 'string'], 'string', (width, text) => wrap(text, width, '', false)),
  wrapWith: goFunction(['int', 'string', 'string'], 'string', (width, newLine, text) => wrap(text, width, newLine, true)),
};
