const ESCAPES: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v', '\\': '\\' };

/** The value of a quoted (`"…"`) or raw (`` `…` ``) Go string; undefined when its escapes are wrong. */
export function unquote(literal: string): string | undefined {
  const body = literal.slice(1, -1);
  return literal.startsWith('`') ? body.replaceAll('\r', '') : unescape(body, '"');
}

/** The code point of a Go character constant (`'x'`); undefined when it is none, or more than one. */
export function unquoteChar(literal: string): number | undefined {
  const value = unescape(literal.slice(1, -1), "'", true);
  if (value === undefined) return undefined;
  const [char, ...more] = Array.from(value);
  return char === undefined || more.length > 0 ? undefined : char.codePointAt(0);
}

function unescape(body: string, quote: string, bytesAreRunes = false): string | undefined {
  if (!body.includes('\\')) return body;
  let result = '';
  const bytes: number[] = [];
  const flush = (): void => {
    if (bytes.length > 0) result += bytesToString(Uint8Array.from(bytes));
    bytes.length = 0;
  };
  for (let at = 0; at < body.length;) {
    if (body[at] !== '\\') {
      flush();
      result += body[at++];
      continue;
    }
    const kind = body[at + 1] ?? '';
    const numeric = /^(?:x([0-9a-fA-F]{2})|([0-7]{3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))/.exec(body.slice(at + 1, at + 10));
    if (numeric !== null) {
      const [whole, hex, octal, short, long] = numeric;
      const byte = hex !== undefined ? Number.parseInt(hex, 16) : octal !== undefined ? Number.parseInt(octal, 8) : undefined;
      const code = byte ?? Number.parseInt(short ?? long ?? '', 16);
      if ((byte !== undefined && byte > 255) || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return undefined;
      if (byte !== undefined && !bytesAreRunes) bytes.push(byte);
      else {
        flush();
        result += String.fromCodePoint(code);
      }
      at += 1 + whole.length;
      continue;
    }
    flush();
    if (kind === quote) result += quote;
    else if (kind !== '' && Object.hasOwn(ESCAPES, kind)) result += ESCAPES[kind];
    else return undefined;
    at += 2;
  }
  flush();
  return result;
}

/**
 * A Go string is bytes, ours are UTF-16. Bytes that are no UTF-8 are kept as lone low surrogates U+DC80…U+DCFF, which no valid text has.
 */
export function bytesToString(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  if (!text.includes('\ufffd')) return text;
  let result = '';
  for (let at = 0; at < bytes.length;) {
    const length = sequenceLength(bytes, at);
    if (length === 0) result += String.fromCharCode(0xdc00 + (bytes[at++] ?? 0));
    else {
      result += Buffer.from(bytes.subarray(at, at + length)).toString('utf8');
      at += length;
    }
  }
  return result;
}

/** The bytes of a string; lone surrogates U+DC80…U+DCFF are the bytes that they stand for. */
export function stringToBytes(text: string): Uint8Array {
  if (!/\p{Surrogate}/u.test(text)) return Buffer.from(text, 'utf8');
  const parts: Buffer[] = [];
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    const paired = at > 0 && (text.charCodeAt(at - 1) & 0xfc00) === 0xd800;
    if (code < 0xdc80 || code > 0xdcff || paired) continue;
    parts.push(Buffer.from(text.slice(start, at), 'utf8'), Buffer.from([code - 0xdc00]));
    start = at + 1;
  }
  parts.push(Buffer.from(text.slice(start), 'utf8'));
  return Buffer.concat(parts);
}

/** The length of the UTF-8 sequence at an index; 0 when there is none. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0;
  const length =
    first < 0x80 ? 1 : first >= 0xc2 && first < 0xe0 ? 2 : first >= 0xe0 && first < 0xf0 ? 3 : first >= 0xf0 && first < 0xf5 ? 4 : 0;
  if (length <= 1) return length;
  const second = bytes[at + 1] ?? 0;
  const low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  if (second < low || second > high) return 0;
  for (let index = 2; index < length; index++) if (((bytes[at + index] ?? 0) & 0xc0) !== 0x80) return 0;
  return length;
}

/** What needs no escapes: most of what is quoted. */
const PLAIN_ASCII = /^[ !#-[\]-~]*$/;

/** A string as Go's `%q` and strconv.Quote print it. */
export function goQuote(text: string): string {
  if (PLAIN_ASCII.test(text)) return `"${text}"`;
  let result = '"';
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0;
    if (char === '"' || char === '\\') result += `\\${char}`;
    else if (code >= 0xdc80 && code <= 0xdcff) result += `\\x${(code - 0xdc00).toString(16)}`;
    else if (isPrintable(char)) result += char;
    else result += escaped(code);
  }
  return `${result}"`;
}

const SHORT_ESCAPES: ReadonlyMap<number, string> = new Map([
  [7, '\\a'],
  [8, '\\b'],
  [9, '\\t'],
  [10, '\\n'],
  [11, '\\v'],
  [12, '\\f'],
  [13, '\\r'],
]);

function escaped(code: number): string {
  const short = SHORT_ESCAPES.get(code);
  if (short !== undefined) return short;
  if (code < 0x20 || code === 0x7f) return `\\x${code.toString(16).padStart(2, '0')}`;
  return code > 0xffff ? `\\U${code.toString(16).padStart(8, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
}

/** Go's unicode.IsPrint: letters, marks, numbers, punctuation, symbols, and the ASCII space. */
export function isPrintable(char: string): boolean {
  return char === ' ' || /[\p{L}\p{M}\p{N}\p{P}\p{S}]/u.test(char);
}
