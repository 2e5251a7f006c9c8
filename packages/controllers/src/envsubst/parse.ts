import { EnvsubstError } from './error.js';

/** A part of a template. Text is bytes, one a character (latin1), as lengths and offsets count bytes. */
export type Part = string | Expression;

/** `${name…}`: a variable, and what is done with its value. */
export interface Expression {
  readonly name: string;
  /** Empty for a plain `${name}`; else `:-`, `^^`, `/`, `#`, …. */
  readonly operator: string;
  readonly args: readonly (readonly Part[])[];
}

/** Reads a template. `$$` is a dollar sign; everything else that is not `${…}` is text. */
export function parseTemplate(bytes: string): Part[] {
  return new Parser(bytes).template();
}

type Accept = (char: string, length: number) => boolean;

const anything: Accept = () => true;
const nameChar: Accept = (char) => /[\w\x80-\xff]/.test(char);
const one =
  (wanted: string): Accept =>
  (char, length) =>
    char === wanted && length === 1;
const upToTwo =
  (...wanted: string[]): Accept =>
  (char, length) =>
    wanted.includes(char) && length < 3;
const until =
  (...ends: string[]): Accept =>
  (char) =>
    !ends.includes(char);
const defaultOperator: Accept = (char, length) => (length === 1 ? char === ':' : length === 2 && '=-?+'.includes(char));
const replaceOperator: Accept = (char, length) => (length === 1 ? char === '/' : length === 2 && '/#%'.includes(char));

/** What {@link Parser.next} found: literal text, the opening `${`, the closing `}`, the end, or something that is not allowed here. */
type Token = { readonly type: 'text'; readonly text: string } | { readonly type: 'open' | 'close' | 'end' | 'illegal' };

interface Allowed {
  readonly text?: Accept;
  readonly open?: boolean;
  readonly close?: boolean;
  /** Characters that a backslash or, for `$`, a second one makes literal. */
  readonly escapes?: '$' | '$\\';
}

class Parser {
  #at = 0;
  readonly #bytes: string;

  constructor(bytes: string) {
    this.#bytes = bytes;
  }

  template(): Part[] {
    const parts: Part[] = [];
    for (;;) {
      const token = this.#next({ text: anything, open: true, escapes: '$' });
      if (token.type === 'end') return parts;
      if (token.type === 'text') parts.push(token.text);
      else if (token.type === 'open') parts.push(this.#expression());
      else throw this.#error('bad substitution');
    }
  }

  /** After `${`, up to and with its `}`. */
  #expression(): Expression {
    if (this.#peek() === '#') return this.#length();
    const token = this.#next({ text: nameChar });
    if (token.type !== 'text') throw this.#error('unable to parse variable name');
    const name = token.text;
    switch (this.#peek()) {
      case ':':
        return '=-?+'.includes(this.#bytes[this.#at + 1] ?? ' ') ? this.#default(name) : this.#substring(name);
      case '=':
        return this.#default(name);
      case ',':
      case '^':
        return this.#closed({ name, operator: this.#operator(upToTwo(',', '^')), args: [] });
      case '/':
        return this.#replace(name);
      case '#':
        return this.#remove(name, upToTwo('#'));
      case '%':
        return this.#remove(name, upToTwo('%'));
    }
    if (this.#next({ close: true }).type !== 'close') throw this.#error('missing closing brace', name);
    return { name, operator: '', args: [] };
  }

  #length(): Expression {
    const operator = this.#operator(one('#'));
    return this.#closed({ name: this.#operator(nameChar), operator, args: [] });
  }

  /** `:-`, `:=`, `:?`, `:+` and `=`: all the parts up to the brace stand in for an empty value. */
  #default(name: string): Expression {
    const operator = this.#operator(this.#peek() === '=' ? one('=') : defaultOperator);
    const args: Part[][] = [];
    while (this.#peek() !== '}') args.push([this.#argument({ text: until('}') })]);
    return this.#closed({ name, operator, args });
  }

  #substring(name: string): Expression {
    const operator = this.#operator(one(':'));
    const offset = [this.#argument({ text: until(':', '}') })];
    const token = this.#next({ text: (char) => char === ':', close: true });
    if (token.type === 'close') return { name, operator, args: [offset] };
    if (token.type !== 'text') throw this.#error('bad substitution', name);
    return this.#closed({ name, operator, args: [offset, [this.#argument({ text: until('}') })]] });
  }

  #remove(name: string, accept: Accept): Expression {
    const operator = this.#operator(accept);
    return this.#closed({ name, operator, args: [[this.#argument({ text: until('}') })]] });
  }

  #replace(name: string): Expression {
    const operator = this.#operator(replaceOperator);
    const pattern = [this.#argument({ text: until('/'), escapes: '$\\' })];
    this.#operator((char) => char === '/');
    if (this.#peek() === '}') return this.#closed({ name, operator, args: [pattern] });
    return this.#closed({ name, operator, args: [pattern, [this.#argument({ text: until('}'), escapes: '$\\' })]] });
  }

  #operator(text: Accept): string {
    const token = this.#next({ text });
    if (token.type !== 'text') throw this.#error('bad substitution');
    return token.text;
  }

  /** One argument: text, or another expression. */
  #argument(allowed: Allowed): Part {
    const token = this.#next({ ...allowed, open: true });
    if (token.type === 'open') return this.#expression();
    if (token.type === 'text') return token.text;
    throw this.#error('unable to parse substitution within function');
  }

  #closed(expression: Expression): Expression {
    if (this.#next({ close: true }).type !== 'close') throw this.#error('bad substitution', expression.name);
    return expression;
  }

  #next({ text, open = false, close = false, escapes }: Allowed): Token {
    const first = this.#peek();
    if (first === undefined) return { type: 'end' };
    if (open && this.#opens()) {
      this.#at += 2;
      return { type: 'open' };
    }
    if (close && first === '}') {
      this.#at++;
      return { type: 'close' };
    }
    if (text === undefined) return { type: 'illegal' };
    let result = '';
    for (let length = 1; ; length++) {
      const char = this.#peek();
      if (char === undefined || (open && this.#opens())) break;
      if (this.#escaped(char, escapes)) {
        result += this.#bytes[this.#at + 1];
        this.#at += 2;
      } else if (text(char, length)) {
        result += char;
        this.#at++;
      } else if (length === 1) {
        return { type: 'illegal' };
      } else {
        break;
      }
    }
    return { type: 'text', text: result };
  }

  #escaped(char: string, escapes: Allowed['escapes']): boolean {
    if (escapes === undefined) return false;
    const next = this.#bytes[this.#at + 1];
    if (char === '$') return next === '$';
    return escapes === '$\\' && char === '\\' && (next === '/' || next === '\\');
  }

  #opens(): boolean {
    return this.#bytes[this.#at] === '$' && this.#bytes[this.#at + 1] === '{';
  }

  /** A NUL ends the text. */
  #peek(): string | undefined {
    const char = this.#bytes[this.#at];
    return char === '\0' ? undefined : char;
  }

  #error(message: string, variable?: string): EnvsubstError {
    return new EnvsubstError(message, this.#at, variable);
  }
}
