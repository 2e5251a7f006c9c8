import { setOwn } from '@sluice/core';
import { stringToBytes } from '../parse/literals.js';
import { quoteRune } from '../fmt/number.js';
import { plainSpec } from '../fmt/flags.js';
import type { GoMap, GoValue } from '../values/values.js';

/** JSON as encoding/json reads it into an `interface{}`: numbers are float64. Throws with Go's text for what is none. */
export function decodeJson(text: string): GoValue {
  // V8 reads what is well formed. Only what it refuses, or reads otherwise, is read here.
  if (!/\\u[dD]|\p{Surrogate}/u.test(text)) {
    try {
      const value = JSON.parse(text) as GoValue;
      if (allFinite(value)) return value;
    } catch {
      // The reader below says what is wrong.
    }
  }
  return new JsonReader(text).read();
}

/** The JSON value that a text begins with, and where in the text it ends. */
export function decodeJsonPrefix(text: string): { readonly value: GoValue; readonly end: number } {
  return new JsonReader(text).readPrefix();
}

function allFinite(value: GoValue): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || value === null) return true;
  return Object.values(value).every((item) => allFinite(item as GoValue));
}

/** How deep encoding/json goes. */
const MAX_DEPTH = 10_000;

class JsonReader {
  readonly #text: string;
  #at = 0;
  #depth = 0;
  #numberFault: Error | undefined;

  constructor(text: string) {
    // Bytes that are no UTF-8 read as U+FFFD.
    this.#text = Buffer.from(text).toString();
  }

  read(): GoValue {
    const value = this.#value();
    this.#space();
    if (this.#at < this.#text.length) this.#fail('after top-level value');
    if (this.#numberFault !== undefined) throw this.#numberFault;
    return value;
  }

  readPrefix(): { value: GoValue; end: number } {
    const value = this.#value();
    if (this.#numberFault !== undefined) throw this.#numberFault;
    return { value, end: this.#at };
  }

  #value(): GoValue {
    this.#space();
    switch (this.#text[this.#at]) {
      case '{':
        return this.#nested(() => this.#object());
      case '[':
        return this.#nested(() => this.#array());
      case '"':
        return this.#string();
      case 't':
        return this.#literal('true', true);
      case 'f':
        return this.#literal('false', false);
      case 'n':
        return this.#literal('null', null);
      default:
        return this.#number();
    }
  }

  #nested<T>(read: () => T): T {
    if (++this.#depth > MAX_DEPTH) throw new Error('exceeded max depth');
    this.#at++;
    const value = read();
    this.#depth--;
    return value;
  }

  #object(): GoMap {
    const map: GoMap = {};
    this.#space();
    if (this.#take('}')) return map;
    for (;;) {
      this.#space();
      if (this.#text[this.#at] !== '"') this.#fail('looking for beginning of object key string');
      const key = this.#string();
      this.#space();
      if (!this.#take(':')) this.#fail('after object key');
      setOwn(map, key, this.#value());
      this.#space();
      if (this.#take('}')) return map;
      if (!this.#take(',')) this.#fail('after object key:value pair');
    }
  }

  #array(): GoValue[] {
    const list: GoValue[] = [];
    this.#space();
    if (this.#take(']')) return list;
    for (;;) {
      list.push(this.#value());
      this.#space();
      if (this.#take(']')) return list;
      if (!this.#take(',')) this.#fail('after array element');
    }
  }

  #string(): string {
    const start = ++this.#at;
    let escaped = false;
    for (; this.#text[this.#at] !== '"'; this.#at++) {
      const char = this.#text[this.#at];
      if (char === undefined || char < ' ') this.#fail('in string literal');
      if (char !== '\\') continue;
      escaped = true;
      this.#at++;
      if (this.#text[this.#at] === 'u') {
        for (let count = 0; count < 4; count++) {
          this.#at++;
          if (!/^[0-9a-fA-F]$/.test(this.#text[this.#at] ?? '')) this.#fail('in \\u hexadecimal character escape');
        }
      } else if (!'"\\/bfnrt'.includes(this.#text[this.#at] ?? '?')) this.#fail('in string escape code');
    }
    const raw = this.#text.slice(start, this.#at++);
    if (!escaped) return raw;
    // Halves of a surrogate pair that have no other half become U+FFFD.
    return Buffer.from(JSON.parse(`"${raw}"`) as string).toString();
  }

  #literal<T>(word: string, value: T): T {
    for (let index = 1; index < word.length; index++) {
      this.#at++;
      if (this.#text[this.#at] !== word[index]) this.#fail(`in literal ${word} (expecting '${word[index] ?? ''}')`);
    }
    this.#at++;
    return value;
  }

  #number(): number {
    const start = this.#at;
    const isNegative = this.#take('-');
    if (this.#take('0')) {
      // Nothing may follow a zero but a point or an exponent.
    } else if (!this.#digits()) this.#fail(isNegative ? 'in numeric literal' : 'looking for beginning of value');
    if (this.#take('.') && !this.#digits()) this.#fail('after decimal point in numeric literal');
    if (this.#take('e') || this.#take('E')) {
      if (!this.#take('+')) this.#take('-');
      if (!this.#digits()) this.#fail('in exponent of numeric literal');
    }
    const text = this.#text.slice(start, this.#at);
    const value = Number(text);
    // The syntax comes first: a number that is too large is said after all of it was read.
    if (!Number.isFinite(value)) this.#numberFault ??= new Error(`json: cannot unmarshal number ${text} into Go value of type float64`);
    return value;
  }

  #digits(): boolean {
    const start = this.#at;
    while (/^\d$/.test(this.#text[this.#at] ?? '')) this.#at++;
    return this.#at > start;
  }

  #space(): void {
    while (' \t\r\n'.includes(this.#text[this.#at] ?? '?')) this.#at++;
  }

  #take(char: string): boolean {
    if (this.#text[this.#at] !== char) return false;
    this.#at++;
    return true;
  }

  #fail(context: string): never {
    // Go finds out about the end by reading a space there: where one may stand, or a text goes on, the end is what is wrong.
    const isEnd = this.#text[this.#at] === undefined;
    if (isEnd && !/numeric literal$|^in literal|escape/.test(context)) throw new Error('unexpected end of JSON input');
    throw new Error(`invalid character ${isEnd ? "' '" : quoteByte(this.#text, this.#at)} ${context}`);
  }
}

/** The first byte of a character, as Go quotes it: of more than one byte, it is read as Latin-1. */
function quoteByte(text: string, at: number): string {
  const char = text[at] ?? '';
  if (char === "'") return `'\\''`;
  if (char === '"') return `'"'`;
  const [byte = 0] = stringToBytes(String.fromCodePoint(text.codePointAt(at) ?? 0));
  return quoteRune(BigInt(byte), plainSpec());
}
