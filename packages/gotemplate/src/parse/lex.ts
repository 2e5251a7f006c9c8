import { isPrintable } from './literals.js';

/** The words of a template, as text/template's own lexer cuts them. */
export type TokenType =
  | 'error'
  | 'eof'
  | 'right-delim'
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
  /** Whether there is space before it: it parts operands. */
  readonly spaced: boolean;
  /** The index in the template's text. */
  readonly position: number;
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

const DOUBLE_QUOTE = 34;
const SINGLE_QUOTE = 39;
const PLUS = 43;
const MINUS = 45;
const DOT = 46;
const COLON = 58;

/** Classes of characters, as bits. */
const SPACE = 1;
const DIGIT = 2;
const WORD = 4;
/** What can follow a field, a variable or a name. */
const TERMINATOR = 8;

const CLASSES = new Uint8Array(128);
for (let code = 0; code < 128; code++) {
  const char = String.fromCharCode(code);
  if (' \t\r\n'.includes(char)) CLASSES[code] = SPACE | TERMINATOR;
  else if ('.,|:)('.includes(char)) CLASSES[code] = TERMINATOR;
  else if (/\d/.test(char)) CLASSES[code] = DIGIT | WORD;
  else if (/\w/.test(char)) CLASSES[code] = WORD;
}

/** They find the end of a word, and of space: in a text that is read once, sooner than a loop does. */
const ASCII_WORD = /\w*/y;
const FIELDS = /(?:\.[A-Za-z_]\w*)+/y;
const SPACES = /[ \t\r\n]*/y;
const LETTER_OR_DIGIT = /^[\p{L}\p{Nd}]/u;
const OTHER_THAN_SPACE = /[^ \t\r\n]/;

const DOUBLE_QUOTED = /"[^"\\\n]*(?:\\[^\n][^"\\\n]*)*"/y;
const SINGLE_QUOTED = /'[^'\\\n]*(?:\\[^\n][^'\\\n]*)*'/y;

export interface LexerOptions {
  readonly leftDelim: string;
  readonly rightDelim: string;
  /** Whether `break` and `continue` are words of the language: not where functions have these names. */
  readonly isKeyword: (word: string) => boolean;
}

/**
 * Cuts a template's text, a token at a time, so that the first fault of the text is the one that is reported. What is private here
 * and in what reads the tokens is so by TypeScript's word: until V8 optimizes a function it searches names with a # at each use,
 * which was a seventh of reading a chart once.
 */
export class Lexer {
  private readonly input: string;
  private readonly options: LexerOptions;
  private readonly rightStart: number;
  /** Where the last action began, with its delimiter. */
  actionStart = 0;
  /** Where the next token begins, or the space before it. */
  position = 0;
  /** Whether an action has begun whose right delimiter was not read. */
  insideAction = false;
  /** Whether there was space before the token. */
  private spaced = false;
  private parenDepth = 0;
  /** What is wrong with the text, until it is told. */
  private fault: string | undefined;

  constructor(input: string, options: LexerOptions) {
    this.input = input;
    this.options = options;
    this.rightStart = options.rightDelim.charCodeAt(0);
  }

  /** The next token of an action. */
  lex(): Token {
    if (this.fault !== undefined) return this.lastToken(this.fault);
    return this.insideAction ? this.action() : this.eof();
  }

  /** Whether there is nothing to come, but for a fault perhaps. */
  get isAtEnd(): boolean {
    return this.position >= this.input.length || this.fault !== undefined;
  }

  /**
   * What stands before the next right delimiter, if that is not too far: the words of the action that has just begun, unless they
   * hold a delimiter in quotes.
   */
  words(maxLength: number): string | undefined {
    const end = this.input.indexOf(this.options.rightDelim, this.position);
    return end < 0 || end > this.position + maxLength ? undefined : this.input.slice(this.position, end);
  }

  /** Goes on behind an action whose words need not be read. Returns where its right delimiter is. */
  skipAction(words: string): number {
    const at = this.position + words.length;
    const trims = this.input.charCodeAt(at - 1) === MINUS;
    const end = at + this.options.rightDelim.length;
    this.position = trims ? this.afterSpaces(end) : end;
    this.insideAction = false;
    return at;
  }

  private eof(): Token {
    return { type: 'eof', value: 'EOF', spaced: false, position: this.position };
  }

  /** The text up to the next action, comment, or end. It goes on inside of the action, or behind the comment. */
  takeText(): string {
    const { leftDelim } = this.options;
    const start = this.position;
    const at = this.input.indexOf(leftDelim, start);
    if (at < 0) {
      this.position = this.input.length;
      return this.input.slice(start);
    }
    let inside = at + leftDelim.length;
    const trims = this.isLeftTrim(inside);
    if (trims) inside += TRIM_MARKER_LENGTH;
    this.position = inside;
    if (this.input.startsWith(LEFT_COMMENT, inside)) this.skipComment();
    else {
      this.actionStart = at;
      this.insideAction = true;
      this.parenDepth = 0;
    }
    return this.input.slice(start, trims ? this.beforeSpaces(start, at) : at);
  }

  private skipComment(): void {
    const { rightDelim } = this.options;
    const close = this.input.indexOf(RIGHT_COMMENT, this.position + LEFT_COMMENT.length);
    if (close < 0) return this.giveUp('unclosed comment');
    let end = close + RIGHT_COMMENT.length;
    const trims = this.isRightTrim(end) && this.input.startsWith(rightDelim, end + TRIM_MARKER_LENGTH);
    if (!trims && !this.input.startsWith(rightDelim, end)) return this.giveUp('comment ends before closing delimiter');
    end += (trims ? TRIM_MARKER_LENGTH : 0) + rightDelim.length;
    this.position = trims ? this.afterSpaces(end) : end;
  }

  private action(): Token {
    const input = this.input;
    let start = this.position;
    let code = input.charCodeAt(start);
    this.spaced = code <= 32 && is(code, SPACE);
    if (this.spaced) {
      do code = input.charCodeAt(++start);
      while (code <= 32 && is(code, SPACE));
    }
    // The last of the spaces belongs to the minus that trims what comes after the action.
    const trims = code === MINUS && this.spaced && this.atRightDelim(start + 1);
    if (trims || (code === this.rightStart && this.atRightDelim(start))) {
      this.position = trims ? start - 1 : start;
      return this.parenDepth === 0 ? this.rightDelim(trims) : this.error('unclosed left paren');
    }
    if (this.spaced) this.position = start;
    if (code >= 97 && code <= 122) return this.identifier();
    switch (code) {
      case 61 /* = */:
        return this.take('assign', start + 1);
      case COLON:
        return this.input.charCodeAt(start + 1) === 61 ? this.take('declare', start + 2) : this.error('expected :=');
      case 124 /* | */:
        return this.take('pipe', start + 1);
      case DOUBLE_QUOTE:
        return this.quoted(DOUBLE_QUOTED, 'string', 'unterminated quoted string');
      case SINGLE_QUOTE:
        return this.quoted(SINGLE_QUOTED, 'char-constant', 'unterminated character constant');
      case 96 /* ` */:
        return this.rawString();
      case 36 /* $ */:
        return this.fieldOrVariable('variable');
      case 40 /* ( */:
        this.parenDepth++;
        return this.take('left-paren', start + 1);
      case 41 /* ) */:
        this.parenDepth--;
        return this.parenDepth < 0 ? this.error('unexpected right paren') : this.take('right-paren', start + 1);
      case DOT:
        // At the very end of a text it is taken for the begin of a number.
        if (is(input.charCodeAt(start + 1), DIGIT) || start + 1 === input.length) return this.number();
        return this.fields();
      case PLUS:
      case MINUS:
        return this.number();
      default:
        if (is(code, DIGIT)) return this.number();
        if (this.isWordAt(start)) return this.identifier();
        if (code > 32 && code < 127) return this.take('char', start + 1);
        if (Number.isNaN(code)) return this.error('unclosed action');
        return this.error(`unrecognized character in action: ${unicodeName(this.codePoint(start))}`);
    }
  }

  private rightDelim(trims: boolean): Token {
    if (trims) this.position = this.position + TRIM_MARKER_LENGTH;
    const token = this.take('right-delim', this.position + this.options.rightDelim.length);
    if (trims) this.position = this.afterSpaces(this.position);
    this.insideAction = false;
    return token;
  }

  private quoted(expression: RegExp, type: TokenType, unterminated: string): Token {
    expression.lastIndex = this.position;
    return expression.test(this.input) ? this.take(type, expression.lastIndex) : this.error(unterminated);
  }

  private rawString(): Token {
    const end = this.input.indexOf('`', this.position + 1);
    return end < 0 ? this.error('unterminated raw quoted string') : this.take('raw-string', end + 1);
  }

  /** `.a`, and `.a.b.c` as one: most of what stands in templates is that. */
  private fields(): Token {
    FIELDS.lastIndex = this.position;
    const end = FIELDS.test(this.input) ? FIELDS.lastIndex : 0;
    return end > 0 && this.atTerminator(end) ? this.take('field', end) : this.fieldOrVariable('field');
  }

  private fieldOrVariable(type: 'field' | 'variable'): Token {
    const start = this.position + 1;
    // Nothing after it: the dot, or the variable `$`.
    if (this.atTerminator(start)) return this.take(type === 'variable' ? 'variable' : 'keyword', start);
    const end = this.afterWord(start);
    return this.atTerminator(end) ? this.take(type, end) : this.badCharacter(end);
  }

  private identifier(): Token {
    const end = this.afterWord(this.position);
    if (!this.atTerminator(end)) return this.badCharacter(end);
    const word = this.input.slice(this.position, end);
    if (KEYWORDS.has(word) && this.options.isKeyword(word)) return this.take('keyword', end);
    return this.take(word === 'true' || word === 'false' ? 'bool' : 'identifier', end);
  }

  private number(): Token {
    const first = this.scanNumber(this.position);
    if (!first.ok) return this.badNumber(first.end);
    const sign = this.input[first.end];
    if (sign !== '+' && sign !== '-') return this.take('number', first.end);
    const second = this.scanNumber(first.end);
    if (!second.ok || this.input[second.end - 1] !== 'i') return this.badNumber(second.end);
    return this.take('complex', second.end);
  }

  private scanNumber(start: number): { ok: boolean; end: number } {
    const input = this.input;
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
    return this.isWordAt(at) ? { ok: false, end: at + 1 } : { ok: true, end: at };
  }

  private atTerminator(at: number): boolean {
    const code = this.input.charCodeAt(at);
    if (code < 128 && (CLASSES[code]! & TERMINATOR) !== 0) return true;
    return this.atRightDelim(at) || Number.isNaN(code);
  }

  private atRightDelim(at: number): boolean {
    // Asked at every token: most are told apart by their first character.
    return this.input.charCodeAt(at) === this.rightStart && this.input.startsWith(this.options.rightDelim, at);
  }

  private isLeftTrim(at: number): boolean {
    return this.input.charCodeAt(at) === MINUS && is(this.input.charCodeAt(at + 1), SPACE);
  }

  private isRightTrim(at: number): boolean {
    return this.input.charCodeAt(at + 1) === MINUS && is(this.input.charCodeAt(at), SPACE);
  }

  private afterSpaces(at: number): number {
    SPACES.lastIndex = at;
    SPACES.test(this.input);
    return SPACES.lastIndex;
  }

  /** Where the text from `start` to `end` ends without its last spaces. */
  private beforeSpaces(start: number, end: number): number {
    if (!is(this.input.charCodeAt(end - 1), SPACE)) return end;
    let at = start + this.input.slice(start, end).trimEnd().length;
    // JavaScript knows of more spaces.
    if (OTHER_THAN_SPACE.test(this.input.slice(at, end))) for (at = end; is(this.input.charCodeAt(at - 1), SPACE);) at--;
    return at;
  }

  private afterWord(at: number): number {
    ASCII_WORD.lastIndex = at;
    ASCII_WORD.test(this.input);
    let end = ASCII_WORD.lastIndex;
    if (this.input.charCodeAt(end) >= 128) while (this.isWordAt(end)) end += this.codePoint(end) > 0xffff ? 2 : 1;
    return end;
  }

  private isWordAt(at: number): boolean {
    const code = this.input.charCodeAt(at);
    return code < 128 ? is(code, WORD) : LETTER_OR_DIGIT.test(this.input.slice(at, at + (this.codePoint(at) > 0xffff ? 2 : 1)));
  }

  private codePoint(at: number): number {
    return this.input.codePointAt(at) ?? 0;
  }

  private badCharacter(at: number): Token {
    return this.error(`bad character ${at < this.input.length ? unicodeName(this.codePoint(at)) : 'U+FFFFFFFFFFFFFFFF'}`);
  }

  private badNumber(end: number): Token {
    return this.error(`bad number syntax: ${JSON.stringify(this.input.slice(this.position, end))}`);
  }

  private take(type: TokenType, end: number): Token {
    const position = this.position;
    const token: Token = { type, value: this.input.slice(position, end), spaced: this.spaced, position };
    this.position = end;
    return token;
  }

  private error(message: string): Token {
    this.giveUp(message);
    return this.lastToken(message);
  }

  /** A fault is told once; after it there is nothing. */
  private giveUp(message: string): void {
    this.fault = message;
  }

  private lastToken(fault: string): Token {
    this.fault = '';
    if (fault === '') return this.eof();
    return { type: 'error', value: fault, spaced: this.spaced, position: this.position };
  }
}

/** Whether a code unit is an ASCII character of a class. The end of the text (NaN) is in none. */
function is(code: number, characterClass: number): boolean {
  return code < 128 && (CLASSES[code]! & characterClass) !== 0;
}

/** A character as Go's `%#U` prints it. */
function unicodeName(codePoint: number): string {
  const name = `U+${codePoint.toString(16).toUpperCase().padStart(4, '0')}`;
  const char = String.fromCodePoint(codePoint);
  return isPrintable(char) ? `${name} '${char}'` : name;
}
