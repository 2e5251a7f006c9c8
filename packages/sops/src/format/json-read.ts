import { sopsError } from '../error.js';
import { Mapping, textOf, type Item, type Value } from '../tree.js';

const MAX_DEPTH = 1_000;
const MAX_INT64 = 2n ** 63n - 1n;
const MIN_INT64 = -(2n ** 63n);

/**
 * The object of a JSON file, with its keys in their order, repeated ones too, and integers exact: `JSON.parse` keeps none
 * of that. What follows the object is not looked at, as SOPS doesn't.
 */
export function readJson(bytes: Uint8Array, file?: string): Mapping {
  return new JsonReader(bytes, file).root();
}

class JsonReader {
  readonly #text: string;
  readonly #file: string | undefined;
  #at = 0;

  constructor(bytes: Uint8Array, file: string | undefined) {
    const text = textOf(bytes);
    // What isn't UTF-8 is replaced, as Go does.
    this.#text = typeof text === 'string' ? text : Buffer.from(text).toString('utf8');
    this.#file = file;
  }

  root(): Mapping {
    this.#space();
    if (this.#at >= this.#text.length) throw this.#invalid('the file is empty');
    const isValue = /[[\]"\w-]/.test(this.#text[this.#at]!);
    if (isValue) throw this.#invalid('a SOPS file is an object at its root, and this one is not: wrap it in one, such as {"data": […]}');
    this.#expect('{');
    return this.#object(1);
  }

  #object(depth: number): Mapping {
    const items: Item[] = [];
    this.#checkDepth(depth);
    for (let first = true; !this.#closes('}', first); first = false) {
      if (this.#text[this.#at] !== '"') throw this.#invalid('a key is missing, or is not a string');
      const key = this.#string();
      this.#space();
      this.#expect(':');
      items.push({ key, value: this.#value(depth) });
    }
    return new Mapping(items);
  }

  #list(depth: number): Value[] {
    const values: Value[] = [];
    this.#checkDepth(depth);
    for (let first = true; !this.#closes(']', first); first = false) values.push(this.#value(depth));
    return values;
  }

  /** Whether the collection ends here; if not, the comma before the next entry is passed. */
  #closes(bracket: string, first: boolean): boolean {
    this.#space();
    if (this.#text[this.#at] === bracket) {
      this.#at++;
      return true;
    }
    if (!first) {
      this.#expect(',');
      this.#space();
    }
    return false;
  }

  #value(depth: number): Value {
    this.#space();
    switch (this.#text[this.#at]) {
      case '{':
        this.#at++;
        return this.#object(depth + 1);
      case '[':
        this.#at++;
        return this.#list(depth + 1);
      case '"':
        return this.#string();
      case 't':
        return this.#word('true', true);
      case 'f':
        return this.#word('false', false);
      case 'n':
        return this.#word('null', null);
      default:
        return this.#number();
    }
  }

  #string(): string {
    const start = this.#at;
    let end = start + 1;
    while (end < this.#text.length && this.#text[end] !== '"') end += this.#text[end] === '\\' ? 2 : 1;
    try {
      const value = JSON.parse(this.#text.slice(start, end + 1)) as string;
      this.#at = end + 1;
      // Halves of surrogate pairs are no characters.
      return Buffer.from(value).toString('utf8');
    } catch {
      throw this.#invalid('a string is not closed, or holds what a string must not');
    }
  }

  #number(): bigint | number {
    const pattern = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?/y;
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) throw this.#invalid(this.#at >= this.#text.length ? 'the file ends in the middle' : 'this is no value');
    const [text, fraction, exponent] = match;
    this.#at += text.length;
    if (fraction === undefined && exponent === undefined && text.length <= 20) {
      const integer = BigInt(text);
      if (integer <= MAX_INT64 && integer >= MIN_INT64) return integer;
    }
    const value = Number(text);
    if (!Number.isFinite(value)) throw this.#invalid('a number is too large');
    return value;
  }

  #word<T>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#at)) throw this.#invalid('this is no value');
    this.#at += word.length;
    return value;
  }

  #space(): void {
    for (let code = this.#text.charCodeAt(this.#at); code === 32 || code === 10 || code === 13 || code === 9;)
      code = this.#text.charCodeAt(++this.#at);
  }

  #expect(character: string): void {
    if (this.#text[this.#at] === character) {
      this.#at++;
      return;
    }
    throw this.#invalid(this.#at >= this.#text.length ? 'the file ends in the middle' : `${character} is missing`);
  }

  #checkDepth(depth: number): void {
    if (depth > MAX_DEPTH) throw sopsError('YamlTooComplex', `objects and lists are more than ${MAX_DEPTH} deep inside each other`);
  }

  #invalid(why: string): Error {
    const before = this.#text.slice(0, this.#at);
    const line = before.split('\n').length;
    const column = this.#at - before.lastIndexOf('\n');
    const place = `${this.#file === undefined ? '' : `${this.#file}: `}line ${line}, column ${column}`;
    return sopsError('SopsFileInvalid', `the JSON does not parse: ${place}: ${why}`, undefined, {
      ...(this.#file === undefined ? {} : { file: this.#file }),
      line,
      column,
    });
  }
}
