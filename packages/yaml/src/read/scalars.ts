import type { Mark } from '../error.js';
import { isBlank, isBlankOrEnd, isBreak, isBreakOrEnd, isDigit, isWord } from '../characters.js';
import type { Cursor } from './cursor.js';
import { readEscape } from './escapes.js';
import type { Scanner } from './scanner.js';
import { token, type Token } from './token.js';

/** What stands between two words of a scalar that goes over several lines. */
class Gap {
  blanks = '';
  /** Whether a line has ended; then the blanks do not count. */
  broken = false;
  private first = '';
  private further = '';

  addBreak(text: string): void {
    if (this.broken) {
      this.further += text;
    } else {
      this.blanks = '';
      this.first = text;
      this.broken = true;
    }
  }

  /** What the gap folds to: one line break to a space, more of them to one less. */
  take(): string {
    const text = !this.broken ? this.blanks : this.first !== '\n' ? this.first + this.further : this.further === '' ? ' ' : this.further;
    this.blanks = '';
    this.first = '';
    this.further = '';
    this.broken = false;
    return text;
  }

  /** An escaped line break folds to nothing. */
  escapeBreak(): void {
    this.broken = true;
    this.first = '';
  }
}

function endsPlain(cursor: Cursor, code: number, inFlow: boolean): boolean {
  if (code === 58 /* : */) return isBlankOrEnd(cursor.at(1));
  return inFlow && (code === 44 || code === 63 || code === 91 || code === 93 || code === 123 || code === 125); /* ,?[]{} */
}

export function scanPlainScalar(scanner: Scanner): Token {
  const { cursor } = scanner;
  const start = cursor.mark();
  const inFlow = scanner.flowLevel > 0;
  const indent = scanner.indent + 1;
  const gap = new Gap();
  let value = '';
  for (;;) {
    if (cursor.atDocumentMarker() || cursor.at() === 35 /* # */) break;
    const word = cursor.pos;
    for (let code = cursor.at(); ; code = cursor.at()) {
      // A single space between words is no end: most scalars are taken whole.
      const goesOn = code === 32 ? isWord(cursor.at(1)) && cursor.pos > word : !isBlankOrEnd(code) && !endsPlain(cursor, code, inFlow);
      if (!goesOn) break;
      cursor.pos++;
    }
    if (cursor.pos > word) value += gap.take() + cursor.text.slice(word, cursor.pos);
    if (cursor.at() === 0 || !isBlankOrEnd(cursor.at())) break;
    for (let code = cursor.at(); isBlank(code) || isBreak(code); code = cursor.at()) {
      if (isBreak(code)) {
        gap.addBreak(cursor.takeBreak());
      } else {
        if (gap.broken && cursor.column < indent && code === 9) scanner.fail('found a tab character that violates indentation', start);
        if (!gap.broken) gap.blanks += cursor.text[cursor.pos];
        cursor.pos++;
      }
    }
    if (!inFlow && cursor.column < indent) break;
  }
  if (gap.broken) scanner.simpleKeyAllowed = true;
  return token('scalar', start, value);
}

export function scanQuotedScalar(scanner: Scanner, style: 'single' | 'double'): Token {
  const { cursor } = scanner;
  const start = cursor.mark();
  const quote = style === 'single' ? 39 : 34;
  const gap = new Gap();
  let value = '';
  cursor.pos++;
  for (;;) {
    if (cursor.atDocumentMarker()) scanner.fail('found unexpected document indicator', start);
    if (cursor.at() === 0) scanner.fail('found unexpected end of stream', start);
    let word = cursor.pos;
    for (let code = cursor.at(); !isBlankOrEnd(code); code = cursor.at()) {
      if (code === quote) {
        if (style === 'double' || cursor.at(1) !== quote) break;
        value += cursor.text.slice(word, ++cursor.pos);
        word = ++cursor.pos;
      } else if (code === 92 /* \ */ && style === 'double') {
        value += cursor.text.slice(word, cursor.pos);
        if (isBreak(cursor.at(1))) {
          cursor.pos++;
          cursor.takeBreak();
          gap.escapeBreak();
          word = cursor.pos;
          break;
        }
        value += scanEscape(scanner, start);
        word = cursor.pos;
      } else {
        cursor.pos++;
      }
    }
    value += cursor.text.slice(word, cursor.pos);
    if (cursor.at() === quote) break;
    for (let code = cursor.at(); isBlank(code) || isBreak(code); code = cursor.at()) {
      if (isBreak(code)) {
        gap.addBreak(cursor.takeBreak());
      } else {
        if (!gap.broken) gap.blanks += cursor.text[cursor.pos];
        cursor.pos++;
      }
    }
    value += gap.take();
  }
  cursor.pos++;
  return token('scalar', start, value, '', style);
}

function scanEscape(scanner: Scanner, start: Mark): string {
  const { cursor } = scanner;
  const escape = readEscape(cursor.text, cursor.pos);
  cursor.pos += escape.length;
  return 'value' in escape ? escape.value : scanner.fail(escape.problem, start);
}

export function scanBlockScalar(scanner: Scanner, literal: boolean): Token {
  const { cursor } = scanner;
  const start = cursor.mark();
  cursor.pos++;
  const { chomping, increment } = scanBlockHeader(scanner, start);
  const lines = new BlockLines(scanner, start, increment === 0 ? 0 : Math.max(scanner.indent, 0) + increment);

  let value = '';
  let lastBreak = '';
  let breaks = lines.skipEmpty();
  let afterIndented = false;
  while (cursor.column === lines.indent && cursor.at() !== 0) {
    // A folded scalar joins lines with a space, unless one of them is indented further.
    const indented = isBlank(cursor.at());
    if (!literal && !afterIndented && !indented && lastBreak === '\n') value += breaks === '' ? ' ' : '';
    else value += lastBreak;
    value += breaks;
    afterIndented = indented;
    const line = cursor.pos;
    while (!isBreakOrEnd(cursor.at())) cursor.pos++;
    value += cursor.text.slice(line, cursor.pos);
    lastBreak = cursor.at() === 0 ? '' : cursor.takeBreak();
    breaks = lines.skipEmpty();
  }
  if (chomping !== '-') value += lastBreak;
  if (chomping === '+') value += breaks;
  return token('scalar', start, value, '', literal ? 'literal' : 'folded');
}

function scanBlockHeader(scanner: Scanner, start: Mark): { chomping: string; increment: number } {
  const { cursor } = scanner;
  let chomping = '';
  let increment = 0;
  const takeChomping = (): void => {
    if (cursor.at() === 43 /* + */ || cursor.at() === 45 /* - */) chomping = cursor.text[cursor.pos++] ?? '';
  };
  takeChomping();
  if (isDigit(cursor.at())) {
    if (cursor.at() === 48) scanner.fail('found an indentation indicator equal to 0', start);
    increment = cursor.at() - 48;
    cursor.pos++;
    if (chomping === '') takeChomping();
  }
  while (isBlank(cursor.at())) cursor.pos++;
  if (cursor.at() === 35 /* # */) {
    scanner.lineComment(start);
    while (!isBreakOrEnd(cursor.at())) cursor.pos++;
  }
  if (!isBreakOrEnd(cursor.at())) scanner.fail('did not find expected comment or line break', start);
  if (isBreak(cursor.at())) cursor.takeBreak();
  return { chomping, increment };
}

/** The indentation of a block scalar's lines: given, or that of the first line with text. */
class BlockLines {
  indent: number;
  private readonly scanner: Scanner;
  private readonly start: Mark;

  constructor(scanner: Scanner, start: Mark, indent: number) {
    this.scanner = scanner;
    this.start = start;
    this.indent = indent;
  }

  /** Goes over empty lines and the next line's indentation, and gives the empty lines' breaks. */
  skipEmpty(): string {
    const { cursor } = this.scanner;
    let breaks = '';
    let deepest = 0;
    for (;;) {
      while ((this.indent === 0 || cursor.column < this.indent) && cursor.at() === 32) cursor.pos++;
      deepest = Math.max(deepest, cursor.column);
      if ((this.indent === 0 || cursor.column < this.indent) && cursor.at() === 9) {
        this.scanner.fail('found a tab character where an indentation space is expected', this.start);
      }
      if (!isBreak(cursor.at())) break;
      breaks += cursor.takeBreak();
    }
    if (this.indent === 0) this.indent = Math.max(deepest, this.scanner.indent + 1, 1);
    return breaks;
  }
}
