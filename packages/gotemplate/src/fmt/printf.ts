import { GoInt, type GoValue } from '../values/values.js';
import { plainSpec, type Spec } from './flags.js';
import { printValue } from './print-value.js';

/** What fmt allows a width or precision to be. */
const MAX_NUMBER = 1_000_000;

/** fmt.Sprintf. */
export function sprintf(format: string, args: readonly GoValue[]): string {
  return new Formatter(format, args).run();
}

/** fmt.Sprint: a space between two operands when neither is a string. */
export function sprint(args: readonly GoValue[]): string {
  let text = '';
  let beforeIsString = true;
  for (const [index, arg] of args.entries()) {
    const isString = typeof arg === 'string';
    if (index > 0 && !isString && !beforeIsString) text += ' ';
    text += textOfValue(arg);
    beforeIsString = isString;
  }
  return text;
}

/** A value as `{{ }}` and `%v` print it. */
export function textOfValue(value: GoValue): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' && isPlain(value)) return String(value);
  if (value instanceof GoInt) return value.value.toString();
  return printValue(value, 'v', plainSpec());
}

/** Numbers of this size print in JavaScript as `%v` prints them: the shortest digits, without an exponent. */
function isPlain(value: number): boolean {
  const size = Math.abs(value);
  return (size >= 1e-4 && size < 1e6) || Object.is(value, 0);
}

/** fmt.Sprintln: a space between operands, a line feed at the end. */
export function sprintln(args: readonly GoValue[]): string {
  return `${args.map(textOfValue).join(' ')}\n`;
}

class Formatter {
  readonly #format: string;
  readonly #args: readonly GoValue[];
  #at = 0;
  #next = 0;
  #reordered = false;
  #goodIndex = true;
  #afterIndex = false;

  constructor(format: string, args: readonly GoValue[]) {
    this.#format = format;
    this.#args = args;
  }

  run(): string {
    let text = '';
    while (this.#at < this.#format.length) {
      const percent = this.#format.indexOf('%', this.#at);
      if (percent < 0) {
        text += this.#format.slice(this.#at);
        break;
      }
      text += this.#format.slice(this.#at, percent);
      this.#at = percent + 1;
      text += this.#verb();
    }
    if (!this.#reordered && this.#next < this.#args.length) text += this.#extra();
    return text;
  }

  #verb(): string {
    const spec = plainSpec();
    this.#goodIndex = true;
    this.#afterIndex = false;
    let complaint = '';
    this.#flags(spec);
    this.#argumentIndex();
    if (this.#char() === '*') {
      this.#at++;
      const width = this.#starNumber();
      if (width === undefined) complaint += '%!(BADWIDTH)';
      else {
        spec.width = Math.abs(width);
        if (width < 0) {
          spec.minus = true;
          spec.zero = false;
        }
      }
      this.#afterIndex = false;
    } else {
      const width = this.#number();
      if (width === 'too large') return this.#noVerb();
      spec.width = width;
      // `%[3]2d`: an index stands before what it is for.
      if (this.#afterIndex && width !== undefined) this.#goodIndex = false;
    }
    // A point at the very end is a verb that does not exist.
    if (this.#char() === '.' && this.#at + 1 < this.#format.length) {
      this.#at++;
      if (this.#afterIndex) this.#goodIndex = false;
      this.#argumentIndex();
      if (this.#char() === '*') {
        this.#at++;
        const precision = this.#starNumber();
        if (precision === undefined) complaint += '%!(BADPREC)';
        // A negative precision is none.
        else if (precision >= 0) spec.precision = precision;
        else complaint += '%!(BADPREC)';
        this.#afterIndex = false;
      } else {
        const precision = this.#number();
        if (precision === 'too large') return this.#noVerb();
        spec.precision = precision ?? 0;
      }
    }
    if (!this.#afterIndex) this.#argumentIndex();
    return complaint + this.#operand(spec);
  }

  #operand(spec: Spec): string {
    const verb = this.#codePoint();
    if (verb === '') return '%!(NOVERB)';
    this.#at += verb.length;
    if (verb === '%') return '%';
    if (!this.#goodIndex) return `%!${verb}(BADINDEX)`;
    if (this.#next >= this.#args.length) return `%!${verb}(MISSING)`;
    const arg = this.#args[this.#next++];
    if (verb === 'v') {
      spec.sharpV = spec.sharp;
      spec.sharp = false;
      spec.plusV = spec.plus;
      spec.plus = false;
    }
    // Zeros never fill the right side.
    if (spec.minus) spec.zero = false;
    return printValue(arg, verb, spec);
  }

  #noVerb(): string {
    this.#at = this.#format.length;
    return '%!(NOVERB)';
  }

  #flags(spec: Spec): void {
    for (; ; this.#at++) {
      switch (this.#char()) {
        case '#':
          spec.sharp = true;
          break;
        case '0':
          spec.zero = true;
          break;
        case '+':
          spec.plus = true;
          break;
        case '-':
          spec.minus = true;
          break;
        case ' ':
          spec.space = true;
          break;
        default:
          return;
      }
    }
  }

  /** `[n]`: which argument comes next. */
  #argumentIndex(): void {
    if (this.#char() !== '[') return;
    this.#reordered = true;
    const close = this.#format.indexOf(']', this.#at);
    if (close < 0 || this.#format.length - this.#at < 3) {
      this.#goodIndex = false;
      this.#at++;
      return;
    }
    const text = this.#format.slice(this.#at + 1, close);
    this.#at = close + 1;
    const index = /^\d+$/.test(text) ? Number(text) : 0;
    if (index < 1 || index > this.#args.length) {
      this.#goodIndex = false;
      return;
    }
    this.#next = index - 1;
    this.#afterIndex = true;
  }

  #number(): number | 'too large' | undefined {
    const digits = /^\d+/.exec(this.#format.slice(this.#at, this.#at + 20))?.[0];
    if (digits === undefined) return undefined;
    this.#at += digits.length;
    return Number(digits) > MAX_NUMBER ? 'too large' : Number(digits);
  }

  #starNumber(): number | undefined {
    const arg = this.#args[this.#next];
    if (this.#next < this.#args.length) this.#next++;
    if (!(arg instanceof GoInt)) return undefined;
    const value = Number(arg.value);
    return Math.abs(value) > MAX_NUMBER ? undefined : value;
  }

  #extra(): string {
    const rest = this.#args
      .slice(this.#next)
      .map((arg) =>
        arg === null || arg === undefined ? '<nil>' : `${printValue(arg, 'T', plainSpec())}=${printValue(arg, 'v', plainSpec())}`,
      );
    return `%!(EXTRA ${rest.join(', ')})`;
  }

  #char(): string {
    return this.#format.charAt(this.#at);
  }

  #codePoint(): string {
    const code = this.#format.codePointAt(this.#at);
    return code === undefined ? '' : String.fromCodePoint(code);
  }
}
