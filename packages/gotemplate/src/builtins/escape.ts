import { goFunction } from '../exec/function.js';
import { sprint } from '../fmt/printf.js';
import { isPrintable, stringToBytes } from '../parse/literals.js';
import type { GoValue } from '../values/values.js';

const HTML: Readonly<Record<string, string>> = {
  '\0': '\ufffd',
  '"': '&#34;',
  "'": '&#39;',
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
};

const SCRIPT: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  "'": "\\'",
  '"': '\\"',
  '<': '\\u003C',
  '>': '\\u003E',
  '&': '\\u0026',
  '=': '\\u003D',
};

function escapeScript(text: string): string {
  return text.replaceAll(/[\p{Cc}\\'"<>&=]|[^\p{ASCII}]/gu, (char) => {
    const short = SCRIPT[char];
    if (short !== undefined) return short;
    const code = char.codePointAt(0) ?? 0;
    // A byte that is no UTF-8 reads as U+FFFD, which prints, and is written as it was.
    if (code === 0x7f) return char;
    if (code >= 0x80 && (isPrintable(char) || isStrayByte(code))) return char;
    return `\\u${code.toString(16).toUpperCase().padStart(4, '0')}`;
  });
}

function isStrayByte(code: number): boolean {
  return code >= 0xdc80 && code <= 0xdcff;
}

/** As net/url's QueryEscape: a space is a plus. */
export function escapeQuery(text: string): string {
  let result = '';
  for (const byte of stringToBytes(text)) {
    const char = String.fromCharCode(byte);
    if (/[A-Za-z0-9._~-]/.test(char)) result += char;
    else result += char === ' ' ? '+' : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return result;
}

function textOf(values: readonly GoValue[]): string {
  const [only] = values;
  if (values.length === 1 && typeof only === 'string') return only;
  // What is nil at the top prints as a template would print it.
  return sprint(values.map((value) => (value === null || value === undefined ? '<no value>' : value)));
}

export const escapes = {
  html: goFunction(['...any'], 'string', (...values) => textOf(values).replaceAll(/[\0"'&<>]/g, (char) => HTML[char] ?? char)),
  js: goFunction(['...any'], 'string', (...values) => escapeScript(textOf(values))),
  urlquery: goFunction(['...any'], 'string', (...values) => escapeQuery(textOf(values))),
};
