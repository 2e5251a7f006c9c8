import { isPrintable } from './literals.js';

/** The words of a template, as text/template's own lexer cuts them. */
export type TokenType =
  | 'error'
  | 'eof'
  | 'text'
  | 'left-delim'
  | 'right-delim'
  | 'space'
  | 'assign'
  | 'declare'
  | 'pipe'
  | 'string'
  | 'raw-string'
  | 'char-constant'
  | 'number'
  | 'complex'
  | 'bool'
  | 'field'
  | 'variable'
  | 'identifier'
  | 'left-paren'
  | 'right-paren'
  | 'char'
  | 'keyword';

export interface Token {
  readonly type: TokenType;
  readonly value: string;
  /** The index in the template's text. */
  readonly position: number;
  /** Counting from 1. */
  readonly line: number;
}

const KEYWORDS: ReadonlySet<string> = new Set([
  '.',
  'block',
  'break',
  'continue',
  'define',
  'else',
  'end',
  'if',
  'range',
  'nil',
  'template',
  'with',
]);

const LEFT_COMMENT = '/*';
const RIGHT_COMMENT = '*/';
/** A trim marker is a minus with a space beside it. */
const TRIM_MARKER_LENGTH = 2;

export interface LexerOptions {
  readonly leftDelim: string;
  readonly rightDelim: string;
  /** Whether `break` and `continue` are words of the language: not where functions have these names. */
  readonly isKeyword: (word: string) => boolean;
}

/** Cuts a template's text, a token at a time, so that the first fault of the text is the one that is reported. */
export class Lexer {
  readonly #input: string;
  readonly #options: LexerOptions;
  #position = 0;
  #line = 1;
  #insideAction = false;
  #parenDepth = 0;
  #failed = false;

  constructor(input: string, options: LexerOptions) {
    this.#input = input;
    this.#options = options;
  }

  next(): Token {
    if (this.#failed) return { type: 'eof', value: 'EOF', position: this.#position, line: this.#line };
    return this.#insideAction ? this.#action() : this.#text();
  }

  #text(): Token {
    const { leftDelim } = this.#options;
    for (;;) {
      const start = this.#position;
      const at = this.#input.indexOf(leftDelim, start);
      if (at < 0) {
        return start < this.#input.length
          ? this.#take('text', this.#input.length)
          : { type: 'eof', value: 'EOF', position: start, line: this.#line };
      }
      if (at > start) {
        const trims = this.#isLeftTrim(at + leftDelim.length);
        const end = trims ? start + this.#input.slice(start, at).replace(/[ \t\r\n]+$/, '').length : at;
        const token = this.#take('text', end);
        this.#skipTo(at);
        if (token.value !== '') return token;
      }
      const token = this.#leftDelimOrComment();
      if (token !== undefined) return token;
    }
  }

  /** A left delimiter; undefined after a comment. */
  #leftDelimOrComment(): Token | undefined {
    const { leftDelim, rightDelim } = this.#options;
    const start = this.#position;
    const inside = start + leftDelim.length + (this.#isLeftTrim(start + leftDelim.length) ? TRIM_MARKER_LENGTH : 0);
    if (!this.#input.startsWith(LEFT_COMMENT, inside)) {
      const token: Token = { type: 'left-delim', value: leftDelim, position: start, line: this.#line };
      this.#skipTo(inside);
      this.#insideAction = true;
      this.#parenDepth = 0;
      return token;
    }
    this.#skipTo(inside);
    const close = this.#input.indexOf(RIGHT_COMMENT, inside + LEFT_COMMENT.length);
    if (close < 0) return this.#error('unclosed comment');
    let end = close + RIGHT_COMMENT.length;
    const trims = this.#isRightTrim(end) && this.#input.startsWith(rightDelim, end + TRIM_MARKER_LENGTH);
    if (!trims && !this.#input.startsWith(rightDelim, end)) return this.#error('comment ends before closing delimiter');
    end += (trims ? TRIM_MARKER_LENGTH : 0) + rightDelim.length;
    this.#skipTo(trims ? this.#afterSpaces(end) : end);
    return undefined;
  }

  #action(): Token {
    const start = this.#position;
    if (this.#atRightDelim(start)) {
      return this.#parenDepth === 0 ? this.#rightDelim() : this.#error('unclosed left paren');
    }
    const char = this.#input.charAt(start);
    if (char === '') return this.#error('unclosed action');
    if (isSpace(char)) return this.#space();
    switch (char) {
      case '=':
        return this.#take('assign', start + 1);
      case ':':
        return this.#input[start + 1] === '=' ? this.#take('declare', start + 2) : this.#error('expected :=');
      case '|':
        return this.#take('pipe', start + 1);
      case '"':
        return this.#quoted('"', 'string', 'unterminated quoted string');
      case "'":
        return this.#quoted("'", 'char-constant', 'unterminated character constant');
      case '`':
        return this.#rawString();
      case '$':
        return this.#fieldOrVariable('variable');
      case '(':
        this.#parenDepth++;
        return this.#take('left-paren', start + 1);
      case ')':
        this.#parenDepth--;
        return this.#parenDepth < 0 ? this.#error('unexpected right paren') : this.#take('right-paren', start + 1);
      case '.':
        return isDigit(this.#input.charAt(start + 1)) ? this.#number() : this.#fieldOrVariable('field');
      default:
        if (char === '+' || char === '-' || isDigit(char)) return this.#number();
        if (this.#isWordAt(start)) return this.#identifier();
        if (char >= ' ' && char <= '~') return this.#take('char', start + 1);
        return this.#error(`unrecognized character in action: ${unicodeName(this.#codePoint(start))}`);
    }
  }

  #space(): Token {
    let end = this.#position;
    while (isSpace(this.#input.charAt(end))) end++;
    // The last of the spaces may belong to a trim marker before the closing delimiter.
    if (this.#atTrimmedRightDelim(end - 1)) {
      if (end - 1 === this.#position) return this.#rightDelim();
      end--;
    }
    return this.#take('space', end);
  }

  #rightDelim(): Token {
    const { rightDelim } = this.#options;
    const trims = this.#atTrimmedRightDelim(this.#position);
    if (trims) this.#skipTo(this.#position + TRIM_MARKER_LENGTH);
    const token = this.#take('right-delim', this.#position + rightDelim.length);
    if (trims) this.#skipTo(this.#afterSpaces(this.#position));
    this.#insideAction = false;
    return token;
  }

  #quoted(quote: string, type: TokenType, unterminated: string): Token {
    for (let at = this.#position + 1; ; at++) {
      let char = this.#input.charAt(at);
      if (char === '\\') char = this.#input.charAt(++at) === '\n' ? '\n' : this.#input.charAt(at) === '' ? '' : 'escaped';
      if (char === '' || char === '\n') return this.#error(unterminated);
      if (char === quote) return this.#take(type, at + 1);
    }
  }

  #rawString(): Token {
    const end = this.#input.indexOf('`', this.#position + 1);
    return end < 0 ? this.#error('unterminated raw quoted string') : this.#take('raw-string', end + 1);
  }

  #fieldOrVariable(type: 'field' | 'variable'): Token {
    const start = this.#position;
    let end = start + 1;
    // Nothing after it: the dot, or the variable `$`.
    if (this.#atTerminator(end)) return this.#take(type === 'variable' ? 'variable' : 'keyword', end);
    while (this.#isWordAt(end)) end += this.#codePoint(end) > 0xffff ? 2 : 1;
    return this.#atTerminator(end) ? this.#take(type, end) : this.#badCharacter(end);
  }

  #identifier(): Token {
    let end = this.#position;
    while (this.#isWordAt(end)) end += this.#codePoint(end) > 0xffff ? 2 : 1;
    if (!this.#atTerminator(end)) return this.#badCharacter(end);
    const word = this.#input.slice(this.#position, end);
    if (KEYWORDS.has(word) && this.#options.isKeyword(word)) return this.#take('keyword', end);
    return this.#take(word === 'true' || word === 'false' ? 'bool' : 'identifier', end);
  }

  #number(): Token {
    const first = this.#scanNumber(this.#position);
    if (!first.ok) return this.#badNumber(first.end);
    const sign = this.#input[first.end];
    if (sign !== '+' && sign !== '-') return this.#take('number', first.end);
    const second = this.#scanNumber(first.end);
    if (!second.ok || this.#input[second.end - 1] !== 'i') return this.#badNumber(second.end);
    return this.#take('complex', second.end);
  }

  #scanNumber(start: number): { ok: boolean; end: number } {
    const input = this.#input;
    let at = start;
    const accept = (set: string): boolean => {
      const char = input.charAt(at);
      if (char === '' || !set.includes(char)) return false;
      at++;
      return true;
    };
    const acceptRun = (set: string): void => {
      while (accept(set));
    };
    accept('+-');
    const decimal = '0123456789_';
    const hexadecimal = '0123456789abcdefABCDEF_';
    let digits = decimal;
    if (accept('0')) {
      if (accept('xX')) digits = hexadecimal;
      else if (accept('oO')) digits = '01234567_';
      else if (accept('bB')) digits = '01_';
    }
    acceptRun(digits);
    if (accept('.')) acceptRun(digits);
    if ((digits === decimal && accept('eE')) || (digits === hexadecimal && accept('pP'))) {
      accept('+-');
      acceptRun(decimal);
    }
    accept('i');
    return this.#isWordAt(at) ? { ok: false, end: at + 1 } : { ok: true, end: at };
  }

  #atTerminator(at: number): boolean {
    const char = this.#input.charAt(at);
    return char === '' || isSpace(char) || '.,|:)('.includes(char) || this.#input.startsWith(this.#options.rightDelim, at);
  }

  #atRightDelim(at: number): boolean {
    return this.#input.startsWith(this.#options.rightDelim, at) || this.#atTrimmedRightDelim(at);
  }

  #atTrimmedRightDelim(at: number): boolean {
    return this.#isRightTrim(at) && this.#input.startsWith(this.#options.rightDelim, at + TRIM_MARKER_LENGTH);
  }

  #isLeftTrim(at: number): boolean {
    return this.#input[at] === '-' && isSpace(this.#input.charAt(at + 1));
  }

  #isRightTrim(at: number): boolean {
    return isSpace(this.#input.charAt(at)) && this.#input[at + 1] === '-';
  }

  #afterSpaces(at: number): number {
    let end = at;
    while (isSpace(this.#input.charAt(end))) end++;
    return end;
  }

  #isWordAt(at: number): boolean {
    const char = this.#input.charAt(at);
    if (char === '') return false;
    return char < '\u0080' ? /\w/.test(char) : /[\p{L}\p{Nd}]/u.test(String.fromCodePoint(this.#codePoint(at)));
  }

  #codePoint(at: number): number {
    return this.#input.codePointAt(at) ?? 0;
  }

  #badCharacter(at: number): Token {
    return this.#error(`bad character ${at < this.#input.length ? unicodeName(this.#codePoint(at)) : 'U+FFFFFFFFFFFFFFFF'}`);
  }

  #badNumber(end: number): Token {
    return this.#error(`bad number syntax: ${JSON.stringify(this.#input.slice(this.#position, end))}`);
  }

  #take(type: TokenType, end: number): Token {
    const token: Token = { type, value: this.#input.slice(this.#position, end), position: this.#position, line: this.#line };
    this.#skipTo(end);
    return token;
  }

  #skipTo(end: number): void {
    for (let at = this.#input.indexOf('\n', this.#position); at >= 0 && at < end; at = this.#input.indexOf('\n', at + 1)) this.#line++;
    this.#position = end;
  }

  #error(message: string): Token {
    this.#failed = true;
    return { type: 'error', value: message, position: this.#position, line: this.#line };
  }
}

function isSpace(char: string): boolean {
  return char === ' ' || char === '\t' || char === '\r' || char === '\n';
}

function isDigit(char: string): boolean {
  return char >= '0' && char <= '9';
}

/** A character as Go's `%#U` prints it. */
function unicodeName(codePoint: number): string {
  const name = `U+${codePoint.toString(16).toUpperCase().padStart(4, '0')}`;
  const char = String.fromCodePoint(codePoint);
  return isPrintable(char) ? `${name} '${char}'` : name;
}
