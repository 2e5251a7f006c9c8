import { CelSyntaxError } from './error.js';

export interface Token {
  readonly kind: 'name' | 'quoted' | 'int' | 'uint' | 'double' | 'string' | 'bytes' | 'symbol' | 'end';
  /** The symbol or name; the content of a string. */
  readonly text: string;
  readonly at: number;
  readonly value?: bigint | number | Uint8Array;
}

const symbols = [
  '&&',
  '||',
  '==',
  '!=',
  '<=',
  '>=',
  '<',
  '>',
  '+',
  '-',
  '*',
  '/',
  '%',
  '!',
  '?',
  ':',
  '.',
  ',',
  '(',
  ')',
  '[',
  ']',
  '{',
  '}',
];
const number = /(?:0[xX][0-9a-fA-F]+|(?:\d+\.\d+|\.\d+)(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\d+)[uU]?/y;
const name = /[A-Za-z_][A-Za-z0-9_]*/y;
const stringStart = /(?:[rR][bB]?|[bB][rR]?)?("""|'''|"|')/y;
const blank = /(?:\s+|\/\/[^\n]*)+/y;

/** The tokens of an expression, the end included. */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    return pattern.exec(source);
  };
  for (;;) {
    at += match(blank)?.[0].length ?? 0;
    if (at >= source.length) break;
    const start = match(stringStart);
    if (start !== null) {
      const token = readString(source, at, start[0].slice(0, -(start[1] ?? '').length).toLowerCase(), start[1] ?? '');
      tokens.push(token.token);
      at = token.end;
      continue;
    }
    const digits = match(number);
    if (digits !== null) {
      tokens.push(numberToken(source, digits[0], at));
      at += digits[0].length;
      continue;
    }
    const word = match(name)?.[0];
    if (word !== undefined) {
      tokens.push({ kind: 'name', text: word, at });
      at += word.length;
      continue;
    }
    const quoted = /`([A-Za-z0-9_.\-/ ]+)`/y;
    const quotedMatch = match(quoted);
    if (quotedMatch !== null) {
      tokens.push({ kind: 'quoted', text: quotedMatch[1] ?? '', at });
      at += quotedMatch[0].length;
      continue;
    }
    const symbol = symbols.find((text) => source.startsWith(text, at));
    if (symbol === undefined) throw new CelSyntaxError(source, at, `Syntax error: token recognition error at: '${source[at] ?? ''}'`);
    tokens.push({ kind: 'symbol', text: symbol, at });
    at += symbol.length;
  }
  tokens.push({ kind: 'end', text: '<EOF>', at: source.length });
  return tokens;
}

function numberToken(source: string, text: string, at: number): Token {
  if (/[.eE]/.test(text) && !/^0[xX]/.test(text)) return { kind: 'double', text, at, value: Number(text) };
  const isUnsigned = /[uU]$/.test(text);
  const value = BigInt(isUnsigned ? text.slice(0, -1) : text);
  if (isUnsigned ? value > 18446744073709551615n : value > 9223372036854775808n) {
    throw new CelSyntaxError(source, at, isUnsigned ? 'invalid uint literal' : 'invalid int literal');
  }
  return { kind: isUnsigned ? 'uint' : 'int', text, at, value };
}

function readString(source: string, start: number, prefix: string, quote: string): { token: Token; end: number } {
  const isRaw = prefix.includes('r');
  const isBytes = prefix.includes('b');
  let at = start + prefix.length + quote.length;
  let text = '';
  const bytes: number[] = [];
  const append = (part: string): void => {
    if (isBytes) bytes.push(...Buffer.from(part));
    else text += part;
  };
  while (!source.startsWith(quote, at)) {
    const char = source.codePointAt(at);
    if (char === undefined || (quote.length === 1 && char === 10)) {
      throw new CelSyntaxError(source, start, `Syntax error: token recognition error at: '${source.slice(start)}'`);
    }
    if (char === 92 && !isRaw) {
      const escape = readEscape(source, at);
      // In bytes, \xff and octals are bytes; in strings they are characters.
      if (isBytes && escape.isByte) bytes.push(escape.code);
      else append(String.fromCodePoint(escape.code));
      at = escape.end;
    } else {
      const character = String.fromCodePoint(char);
      append(character);
      at += character.length;
    }
  }
  const end = at + quote.length;
  return {
    token: isBytes ? { kind: 'bytes', text: '', at: start, value: Uint8Array.from(bytes) } : { kind: 'string', text, at: start },
    end,
  };
}

const simpleEscapes: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
  '\\': 92,
  '?': 63,
  '"': 34,
  "'": 39,
  '`': 96,
};

function readEscape(source: string, at: number): { code: number; end: number; isByte: boolean } {
  const kind = source[at + 1] ?? '';
  const simple = simpleEscapes[kind];
  if (simple !== undefined) return { code: simple, end: at + 2, isByte: false };
  const [pattern, base] =
    kind === 'x' || kind === 'X'
      ? [/[0-9a-fA-F]{2}/y, 16]
      : kind === 'u'
        ? [/[0-9a-fA-F]{4}/y, 16]
        : kind === 'U'
          ? [/[0-9a-fA-F]{8}/y, 16]
          : [/[0-3][0-7]{2}/y, 8];
  const from = base === 8 ? at + 1 : at + 2;
  pattern.lastIndex = from;
  const digits = pattern.exec(source)?.[0];
  const code = digits === undefined ? Number.NaN : Number.parseInt(digits, base);
  if (digits === undefined || code > 0x10ffff) throw new CelSyntaxError(source, at, 'Syntax error: invalid escape sequence');
  return { code, end: from + digits.length, isByte: base === 8 || kind === 'x' || kind === 'X' };
}
