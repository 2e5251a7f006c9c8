/** What a careful reading of a JSON text finds. */
export interface JsonFindings {
  /** Why the text does not parse, in the words of Go's decoder. */
  readonly error?: string;
  /** Keys that occur twice: `spec.replicas`. The last one counts. */
  readonly duplicates: readonly string[];
}

/** Real objects have less than thirty levels; what is deeper than this is meant to hurt. */
const MAX_DEPTH = 1000;
export const tooDeep = 'exceeded max depth';

/**
 * A cheap look at a text that parsed: the number of keys written in it and whether it is nested too deeply. With more keys
 * written than there are in the value some occur twice, and {@link inspectJson} tells which.
 */
export function scanJson(text: string): { readonly keys: number; readonly isTooDeep: boolean } {
  let keys = 0;
  let depth = 0;
  let deepest = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 34 /* " */:
        for (at++; text.charCodeAt(at) !== 34; at++) if (text.charCodeAt(at) === 92 /* \ */) at++;
        break;
      case 58 /* : */:
        keys++;
        break;
      case 91 /* [ */:
      case 123 /* { */:
        if (++depth > deepest) deepest = depth;
        break;
      case 93 /* ] */:
      case 125 /* } */:
        depth--;
        break;
      default:
    }
  }
  return { keys, isTooDeep: deepest > MAX_DEPTH };
}

/** The number of keys in a value, at all depths. */
export function countKeys(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + countKeys(item), 0);
  let count = 0;
  for (const key of Object.keys(value)) count += 1 + countKeys((value as Record<string, unknown>)[key]);
  return count;
}

/** Reads a text slowly, to say what is wrong with it. */
export function inspectJson(text: string): JsonFindings {
  const reader = new Reader(text);
  try {
    reader.value('', 0);
    reader.end();
    return { duplicates: reader.duplicates };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { error: error.message, duplicates: reader.duplicates };
  }
}

class Reader {
  readonly duplicates: string[] = [];
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(path: string, depth: number): void {
    if (depth > MAX_DEPTH) throw new SyntaxError(tooDeep);
    switch (this.#next()) {
      case '{':
        this.#object(path, depth);
        return;
      case '[':
        this.#array(path, depth);
        return;
      case '"':
        this.#string();
        return;
      case 't':
        this.#literal('true');
        return;
      case 'f':
        this.#literal('false');
        return;
      case 'n':
        this.#literal('null');
        return;
      default:
        if (!/[-\d]/.test(this.#text.charAt(this.#at))) this.#fail('looking for beginning of value');
        this.#number();
    }
  }

  end(): void {
    if (this.#next() !== '') this.#fail('after top-level value');
  }

  #object(path: string, depth: number): void {
    const seen = new Set<string>();
    this.#at++;
    if (this.#next() === '}') {
      this.#at++;
      return;
    }
    for (;;) {
      if (this.#next() !== '"') this.#fail('looking for beginning of object key string');
      const key = this.#string();
      const below = path === '' ? key : `${path}.${key}`;
      if (seen.has(key)) this.duplicates.push(below);
      seen.add(key);
      if (this.#next() !== ':') this.#fail('after object key');
      this.#at++;
      this.value(below, depth + 1);
      const next = this.#next();
      if (next === '}') break;
      if (next !== ',') this.#fail('after object key:value pair');
      this.#at++;
    }
    this.#at++;
  }

  #array(path: string, depth: number): void {
    this.#at++;
    if (this.#next() === ']') {
      this.#at++;
      return;
    }
    for (let index = 0; ; index++) {
      this.value(`${path}[${index}]`, depth + 1);
      const next = this.#next();
      if (next === ']') break;
      if (next !== ',') this.#fail('after array element');
      this.#at++;
    }
    this.#at++;
  }

  #string(): string {
    const start = this.#at;
    for (this.#at++; ; this.#at++) {
      const char = this.#text.charAt(this.#at);
      if (char === '') this.#fail('');
      if (char === '"') break;
      if (char < ' ') this.#fail('in string literal');
      if (char !== '\\') continue;
      this.#at++;
      const escape = this.#text.charAt(this.#at);
      if (escape === '') this.#fail('');
      if (escape === 'u') {
        for (let digit = 0; digit < 4; digit++) {
          this.#at++;
          if (!/[\da-fA-F]/.test(this.#text.charAt(this.#at))) this.#fail('in \\u hexadecimal character escape');
        }
      } else if (!'"\\/bfnrt'.includes(escape)) this.#fail('in string escape code');
    }
    this.#at++;
    return JSON.parse(this.#text.slice(start, this.#at)) as string;
  }

  #literal(word: string): void {
    for (const [index, expected] of Array.from(word).entries()) {
      if (this.#text.charAt(this.#at) !== expected) {
        this.#fail(index === 0 ? 'looking for beginning of value' : `in literal ${word} (expecting '${expected}')`);
      }
      this.#at++;
    }
  }

  #number(): void {
    const digits = (where: string): void => {
      if (!/\d/.test(this.#text.charAt(this.#at))) this.#fail(where);
      while (/\d/.test(this.#text.charAt(this.#at))) this.#at++;
    };
    if (this.#text.charAt(this.#at) === '-') this.#at++;
    if (this.#text.charAt(this.#at) === '0') this.#at++;
    else digits('in numeric literal');
    if (this.#text.charAt(this.#at) === '.') {
      this.#at++;
      digits('after decimal point in numeric literal');
    }
    if (/[eE]/.test(this.#text.charAt(this.#at))) {
      this.#at++;
      if (/[+-]/.test(this.#text.charAt(this.#at))) this.#at++;
      digits('in exponent of numeric literal');
    }
  }

  /** The next character that is not white space; empty at the end. */
  #next(): string {
    while (/[ \t\r\n]/.test(this.#text.charAt(this.#at))) this.#at++;
    return this.#text.charAt(this.#at);
  }

  #fail(where: string): never {
    const char = this.#text.charAt(this.#at);
    if (char === '') throw new SyntaxError('unexpected end of JSON input');
    const shown = char === "'" ? "\\'" : char === '"' ? '"' : JSON.stringify(char).slice(1, -1);
    throw new SyntaxError(`invalid character '${shown}' ${where}`);
  }
}
