import { bytesToString, stringToBytes } from '../parse/literals.js';
import { byteLength, sliceBytes } from '../values/bytes.js';
import { isLower, isSpace, isUpper, toLower, toUpper } from '../values/letters.js';

/** strings.Title: the first letter of each word in upper case. */
export function title(text: string): string {
  let afterWord = false;
  let result = '';
  for (const char of text) {
    result += afterWord ? char : toUpper(char);
    afterWord = /[\p{L}\p{Nd}_]/u.test(char) || (char > '\u007f' && !isSpace(char));
  }
  return result;
}

/** The first letter of each word, as spaces part them, in lower case. */
export function untitle(text: string): string {
  let afterSpace = true;
  let result = '';
  for (const char of text) {
    if (isSpace(char)) afterSpace = true;
    else if (afterSpace) {
      result += toLower(char);
      afterSpace = false;
      continue;
    }
    result += char;
  }
  return result;
}

/** Upper case for lower and the reverse; but at the start of a word lower case becomes title case. */
export function swapCase(text: string): string {
  return Array.from(text, (char) => (isUpper(char) || /^\p{Lt}$/u.test(char) ? toLower(char) : isLower(char) ? toUpper(char) : char)).join(
    '',
  );
}

/** The first byte of each word; read as Latin-1, as goutils does. */
export function initials(text: string): string {
  const letters = latin1(text)
    .split(LATIN1_SPACES)
    .filter((word) => word !== '');
  return letters.map((word) => word.charAt(0)).join('');
}

/** Without white space. A text that has some is read byte by byte as Latin-1, as goutils does. */
export function deleteSpace(text: string): string {
  const bytes = latin1(text);
  const without = bytes.replaceAll(LATIN1_SPACES, '');
  return without === bytes ? text : without;
}

const LATIN1_SPACES = /[\t\n\v\f\r \u0085\u00a0]+/g;

function latin1(text: string): string {
  return Buffer.from(stringToBytes(text)).toString('latin1');
}

/** At most `width` bytes, with `...` where text is missing. */
export function abbreviate(text: string, offset: number, width: number): string {
  const length = byteLength(text);
  if (text === '' || width < 4) return '';
  if (length <= width) return text;
  let from = Math.min(offset, length);
  if (length - from < width - 3) from = length - (width - 3);
  if (from <= 4) return `${sliceBytes(text, 0, width - 3)}...`;
  if (width < 7) return '';
  if (from + width - 3 < length) return `...${abbreviate(sliceBytes(text, from), 0, width - 3)}`;
  return `...${sliceBytes(text, length - (width - 3))}`;
}

/** Lines of at most `width` bytes, broken at spaces; longer words are cut only when asked. */
export function wrap(text: string, width: number, newLine: string, cutsLongWords: boolean): string {
  const bytes = stringToBytes(text);
  const columns = Math.max(width, 1);
  const separator = newLine === '' ? '\n' : newLine;
  const lines: string[] = [];
  const piece = (start: number, end?: number): string => bytesToString(bytes.subarray(start, end));
  let offset = 0;
  while (bytes.length - offset > columns) {
    if (bytes[offset] === SPACE) {
      offset++;
      continue;
    }
    const space = bytes.subarray(offset, offset + columns + 1).lastIndexOf(SPACE) + offset;
    if (space >= offset) {
      lines.push(piece(offset, space));
      offset = space + 1;
    } else if (cutsLongWords) {
      lines.push(piece(offset, offset + columns));
      offset += columns;
    } else {
      const next = bytes.indexOf(SPACE, offset + columns);
      if (next < 0) {
        lines.push(piece(offset));
        return lines.join(separator);
      }
      lines.push(piece(offset, next));
      offset = next + 1;
    }
  }
  return [...lines, piece(offset)].join(separator);
}

const SPACE = 0x20;
