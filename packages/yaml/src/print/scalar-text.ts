import { isBlank, isBreak } from '../characters.js';
import type { ScalarStyle } from '../node.js';
import { isPrintable } from './scalar-style.js';

/** Where the text of a scalar begins, and how far its further lines are indented. */
export interface ScalarLayout {
  readonly column: number;
  readonly indent: number;
  /** Lines are folded at the first space beyond this column. */
  readonly width: number;
  /** The digit of an indentation indicator. */
  readonly step: number;
  /** Whether lines may be broken: not in a key. */
  readonly breaks: boolean;
}

const SPACE = 32;

/** A scalar in a style that {@link chooseStyle} allows. A block scalar keeps the line breaks at its end. */
export function scalarText(text: string, style: ScalarStyle, layout: ScalarLayout): string {
  switch (style) {
    case 'plain':
      return foldedLines(text, false, layout);
    case 'single':
      return `'${foldedLines(text, true, { ...layout, column: layout.column + 1 })}'`;
    case 'double':
      return `"${escapedLines(text, { ...layout, column: layout.column + 1 })}"`;
    case 'literal':
    case 'folded':
      return `${blockHeader(text, style, layout.step)}\n${blockLines(text, style, layout)}`;
  }
}

/** The lines of a block scalar, below its header. */
export function blockLines(text: string, style: 'literal' | 'folded', layout: ScalarLayout): string {
  return style === 'literal' ? literalLines(text, layout.indent) : foldedBlock(text, layout);
}

/** The text of a plain or single-quoted scalar, folded where it is too long; a break is written as two. */
function foldedLines(text: string, quoted: boolean, { column, indent, width, breaks }: ScalarLayout): string {
  const fits = column + text.length <= width || !breaks;
  if (fits && !(quoted && /['\n\r\u0085\u2028\u2029]/.test(text))) return text;
  const margin = ' '.repeat(indent);
  let out = '';
  let position = column;
  let afterSpace = false;
  let afterBreak = false;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === SPACE) {
      const inside = !quoted || (index > 0 && index < text.length - 1);
      if (breaks && !afterSpace && position > width && inside && text.charCodeAt(index + 1) !== SPACE) {
        out += `\n${margin}`;
        position = indent;
      } else {
        out += ' ';
        position++;
      }
      afterSpace = true;
    } else if (isBreak(code)) {
      if (!afterBreak && code === 10) out += '\n';
      out += text[index];
      position = 0;
      afterBreak = true;
    } else {
      if (afterBreak) {
        out += margin;
        position = indent;
      }
      if (quoted && code === 39 /* ' */) {
        out += "'";
        position++;
      }
      out += text[index];
      position++;
      afterSpace = false;
      afterBreak = false;
    }
  }
  return out;
}

const escapes = new Map<number, string>([
  [0x00, '0'],
  [0x07, 'a'],
  [0x08, 'b'],
  [0x09, 't'],
  [0x0a, 'n'],
  [0x0b, 'v'],
  [0x0c, 'f'],
  [0x0d, 'r'],
  [0x1b, 'e'],
  [0x22, '"'],
  [0x5c, '\\'],
  [0x85, 'N'],
  [0xa0, '_'],
  [0x2028, 'L'],
  [0x2029, 'P'],
]);

/** Everything a double-quoted scalar can't show as it is. */
function needsEscape(code: number): boolean {
  return !isPrintable(code) || isBreak(code) || code === 0x22 || code === 0x5c;
}

function escape(code: number): string {
  const short = escapes.get(code);
  if (short !== undefined) return `\\${short}`;
  const hex = code.toString(16).toUpperCase();
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}

function escapedLines(text: string, { column, indent, width, breaks }: ScalarLayout): string {
  let out = '';
  let position = column;
  let afterSpace = false;
  // go-yaml takes every character of a text that begins with a byte order mark for one.
  const all = text.charCodeAt(0) === 0xfeff;
  for (let index = 0; index < text.length; index++) {
    const code = text.codePointAt(index) ?? 0;
    if (code > 0xffff) index++;
    if (all || code > 0xffff || needsEscape(code)) {
      const escaped = escape(code);
      out += escaped;
      position += escaped.length;
      afterSpace = false;
    } else if (code === SPACE) {
      if (breaks && !afterSpace && position > width && index > 0 && index < text.length - 1) {
        out += `\n${' '.repeat(indent)}`;
        position = indent;
        // A space at the start of a line would be lost.
        if (text.charCodeAt(index + 1) === SPACE) {
          out += '\\';
          position++;
        }
      } else {
        out += ' ';
        position++;
      }
      afterSpace = true;
    } else {
      out += text[index];
      position++;
      afterSpace = false;
    }
  }
  return out;
}

/** The header of a block scalar: `2` where its first line is blank or indented, `-` and `+` for how it ends. */
export function blockHeader(text: string, style: 'literal' | 'folded', step: number): string {
  const first = text.charCodeAt(0);
  const hint = `${style === 'literal' ? '|' : '>'}${first === SPACE || isBreak(first) ? step : ''}`;
  const last = text.length - 1;
  if (last < 0 || !isBreak(text.charCodeAt(last))) return `${hint}-`;
  return last === 0 || isBreak(text.charCodeAt(last - 1)) ? `${hint}+` : hint;
}

function literalLines(text: string, indent: number): string {
  const margin = ' '.repeat(indent);
  return text.replace(/^(?=[^\n\r\u0085\u2028\u2029])/gm, margin);
}

function foldedBlock(text: string, { indent, width }: ScalarLayout): string {
  const margin = ' '.repeat(indent);
  let out = '';
  let position = 0;
  let afterBreak = true;
  let leadingSpaces = true;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (isBreak(code)) {
      if (!afterBreak && !leadingSpaces && code === 10) {
        // Only a break at the very start counts here, as in libyaml.
        let start = 0;
        while (isBreak(text.charCodeAt(start))) start++;
        const next = text.charCodeAt(start);
        if (start < text.length && !isBlank(next)) out += '\n';
      }
      out += text[index];
      position = 0;
      afterBreak = true;
    } else {
      if (afterBreak) {
        out += margin;
        position = indent;
        leadingSpaces = isBlank(code);
      }
      if (!afterBreak && code === SPACE && text.charCodeAt(index + 1) !== SPACE && position > width) {
        out += `\n${margin}`;
        position = indent;
      } else {
        out += text[index];
        position++;
      }
      afterBreak = false;
    }
  }
  return out;
}
