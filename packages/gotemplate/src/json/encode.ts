import { goQuote } from '../parse/literals.js';
import { formatTime } from '../time/format.js';
import {
  compareBytes,
  GoComplex,
  GoDuration,
  GoError,
  GoFloat32,
  GoInt,
  GoStruct,
  GoTime,
  isMap,
  isNilCollection,
  JsonNumber,
  typeName,
  type GoMap,
  type GoValue,
} from '../values/values.js';

export interface JsonStyle {
  /** `<`, `>` and `&` as escapes (the default). */
  readonly escapesHtml?: boolean;
  /** What each level is indented by; without it, all is one line. */
  readonly indent?: string;
}

/** A value as encoding/json prints it: keys in order, `<`, `>` and `&` as escapes. Throws with Go's text for what JSON can not say. */
export function encodeJson(value: GoValue, { escapesHtml = true, indent }: JsonStyle = {}): string {
  const text = (plain: string): string => encodeText(plain, escapesHtml);
  const block = (open: string, items: readonly string[], close: string, margin: string): string => {
    if (items.length === 0) return open + close;
    if (indent === undefined) return open + items.join(',') + close;
    return `${open}\n${items.map((item) => margin + indent + item).join(',\n')}\n${margin}${close}`;
  };
  const encode = (item: GoValue, margin: string): string => {
    if (item === null || item === undefined || isNilCollection(item)) return 'null';
    if (typeof item === 'string') return text(item);
    if (typeof item === 'number') return encodeFloat(item);
    if (typeof item === 'boolean') return String(item);
    const inner = margin + (indent ?? '');
    if (Array.isArray(item))
      return block(
        '[',
        item.map((element) => encode(element, inner)),
        ']',
        margin,
      );
    if (isMap(item))
      return object(
        Object.entries(item).sort(([a], [b]) => compareBytes(a, b)),
        margin,
      );
    if (item instanceof GoStruct) return item.json === undefined ? object(Array.from(item.fields), margin) : encode(item.json(), margin);
    return encodeScalar(item, text);
  };
  const object = (entries: readonly (readonly [string, GoValue])[], margin: string): string => {
    const inner = margin + (indent ?? '');
    const separator = indent === undefined ? ':' : ': ';
    return block(
      '{',
      entries.map(([key, item]) => text(key) + separator + encode(item, inner)),
      '}',
      margin,
    );
  };
  return encode(value, '');
}

type Scalar = Exclude<GoValue, undefined | null | boolean | number | string | GoValue[] | GoMap | GoStruct>;

function encodeScalar(value: Scalar, text: (plain: string) => string): string {
  if (value instanceof GoInt) return value.value.toString();
  if (value instanceof GoFloat32) return encodeFloat(Number(value.value.toPrecision(7)));
  if (value instanceof GoDuration) return value.nanoseconds.toString();
  if (value instanceof JsonNumber) return jsonNumber(value.text);
  if (value instanceof GoTime) return text(formatTime(value, '2006-01-02T15:04:05.999999999Z07:00'));
  if (value instanceof Uint8Array) return `"${Buffer.from(value).toString('base64')}"`;
  // The struct behind an error shows nothing.
  if (value instanceof GoError) return '{}';
  throw new Error(`json: unsupported type: ${value instanceof GoComplex ? 'complex128' : typeName(value)}`);
}

function jsonNumber(text: string): string {
  if (text === '') return '0';
  if (!/^-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?$/.test(text)) throw new Error(`json: invalid number literal ${goQuote(text)}`);
  return text;
}

/** A float64: as JavaScript prints it, but for the sign of a zero. */
function encodeFloat(value: number): string {
  if (!Number.isFinite(value)) {
    throw new Error(`json: unsupported value: ${Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'}`);
  }
  return Object.is(value, -0) ? '-0' : String(value);
}

const ESCAPED = /["\\\p{Cc}<>&\u2028\u2029\p{Surrogate}]/u;
const EACH_ESCAPED = new RegExp(ESCAPED, 'gu');

function encodeText(text: string, escapesHtml: boolean): string {
  if (!ESCAPED.test(text)) return `"${text}"`;
  return `"${text.replaceAll(EACH_ESCAPED, (char) => escaped(char, escapesHtml))}"`;
}

const SHORT: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

function escaped(char: string, escapesHtml: boolean): string {
  const short = SHORT[char];
  if (short !== undefined) return short;
  const code = char.charCodeAt(0);
  // A byte that is no UTF-8.
  if (code >= 0xd800 && code < 0xe000) return '\\ufffd';
  if (!escapesHtml && (char === '<' || char === '>' || char === '&')) return char;
  return code >= 0x7f && code < 0xa0 ? char : `\\u${code.toString(16).padStart(4, '0')}`;
}
