import type { Mark } from '../error.js';
import { codesOf, isBlank, isBlankOrEnd, isBreak, isBreakOrEnd, isDigit, isWord } from '../characters.js';
import type { Scanner } from './scanner.js';
import { token, type Token } from './token.js';

/** What may follow a name directly: `?:,]}%@` and the backtick. */
const afterName = new Set(codesOf('?:,]}%@`'));
const uriCharacters = new Set(codesOf(";/?:@&=+$,.!~*'()[]%"));

export function scanAnchor(scanner: Scanner, type: 'anchor' | 'alias'): Token {
  const { cursor } = scanner;
  const start = cursor.mark();
  cursor.pos++;
  const name = takeWord(scanner);
  if (name === '' || !(isBlankOrEnd(cursor.at()) || afterName.has(cursor.at()))) {
    scanner.fail('did not find expected alphabetic or numeric character', start);
  }
  return token(type, start, name);
}

/** `!<uri>`, `!suffix`, `!!suffix`, `!handle!suffix` or a lone `!`. */
export function scanTag(scanner: Scanner): Token {
  const { cursor } = scanner;
  const start = cursor.mark();
  let handle = '';
  let suffix = '';
  if (cursor.at(1) === 60 /* < */) {
    cursor.pos += 2;
    suffix = scanUri(scanner, '', start);
    if (cursor.at() !== 62 /* > */) scanner.fail("did not find the expected '>'", start);
    cursor.pos++;
  } else {
    handle = scanHandle(scanner, false, start);
    if (handle.length > 1 && handle.endsWith('!')) {
      suffix = scanUri(scanner, '', start);
    } else {
      suffix = scanUri(scanner, handle, start);
      handle = '!';
      if (suffix === '') [handle, suffix] = ['', '!'];
    }
  }
  if (!isBlankOrEnd(cursor.at())) scanner.fail('did not find expected whitespace or line break', start);
  return token('tag', start, handle, suffix);
}

/** `%YAML 1.1` or `%TAG !handle! prefix`. */
export function scanDirective(scanner: Scanner): Token {
  const { cursor } = scanner;
  const start = cursor.mark();
  cursor.pos++;
  const name = takeWord(scanner);
  if (name === '') scanner.fail('could not find expected directive name', start);
  if (!isBlankOrEnd(cursor.at())) scanner.fail('found unexpected non-alphabetical character', start);
  let scanned: Token;
  if (name === 'YAML') {
    skipBlanks(scanner);
    const major = scanVersionNumber(scanner, start);
    if (cursor.at() !== 46 /* . */) scanner.fail("did not find expected digit or '.' character", start);
    cursor.pos++;
    scanned = token('version-directive', start, `${major}.${scanVersionNumber(scanner, start)}`);
  } else if (name === 'TAG') {
    skipBlanks(scanner);
    const handle = scanHandle(scanner, true, start);
    if (!isBlank(cursor.at())) scanner.fail('did not find expected whitespace', start);
    skipBlanks(scanner);
    const prefix = scanUri(scanner, '', start);
    if (!isBlankOrEnd(cursor.at())) scanner.fail('did not find expected whitespace or line break', start);
    scanned = token('tag-directive', start, handle, prefix);
  } else {
    return scanner.fail('found unknown directive name', start);
  }
  skipBlanks(scanner);
  if (cursor.at() === 35 /* # */) while (!isBreakOrEnd(cursor.at())) cursor.pos++;
  if (!isBreakOrEnd(cursor.at())) scanner.fail('did not find expected comment or line break', start);
  if (isBreak(cursor.at())) cursor.takeBreak();
  return scanned;
}

function takeWord({ cursor }: Scanner): string {
  const start = cursor.pos;
  while (isWord(cursor.at())) cursor.pos++;
  return cursor.text.slice(start, cursor.pos);
}

function skipBlanks({ cursor }: Scanner): void {
  while (isBlank(cursor.at())) cursor.pos++;
}

function scanVersionNumber(scanner: Scanner, start: Mark): number {
  const { cursor } = scanner;
  const begin = cursor.pos;
  while (isDigit(cursor.at())) {
    cursor.pos++;
    if (cursor.pos - begin > 2) scanner.fail('found extremely long version number', start);
  }
  if (cursor.pos === begin) scanner.fail('did not find expected version number', start);
  return Number(cursor.text.slice(begin, cursor.pos));
}

/** `!`, `!!` or `!word!`; in a tag also `!word`, which is a suffix of the handle `!`. */
function scanHandle(scanner: Scanner, directive: boolean, start: Mark): string {
  const { cursor } = scanner;
  if (cursor.at() !== 33 /* ! */) scanner.fail("did not find expected '!'", start);
  cursor.pos++;
  const word = takeWord(scanner);
  if (cursor.at() === 33) {
    cursor.pos++;
    return `!${word}!`;
  }
  if (directive && word !== '') scanner.fail("did not find expected '!'", start);
  return `!${word}`;
}

/** The characters of a URI, after what a handle without an end has given away. */
function scanUri(scanner: Scanner, head: string, start: Mark): string {
  const { cursor } = scanner;
  let uri = head.slice(1);
  let found = head !== '';
  for (let code = cursor.at(); isWord(code) || uriCharacters.has(code); code = cursor.at()) {
    if (code === 37 /* % */) uri += scanUriEscape(scanner, start);
    else uri += cursor.text[cursor.pos++];
    found = true;
  }
  if (!found) scanner.fail('did not find expected tag URI', start);
  return uri;
}

/** One character as percent-encoded UTF-8. */
function scanUriEscape(scanner: Scanner, start: Mark): string {
  const { cursor } = scanner;
  const bytes: number[] = [];
  let width = 1;
  do {
    const hex = /^%([0-9a-fA-F]{2})/.exec(cursor.text.slice(cursor.pos, cursor.pos + 3))?.[1];
    if (hex === undefined) scanner.fail('did not find URI escaped octet', start);
    const byte = Number.parseInt(hex, 16);
    if (bytes.length === 0) {
      width = byte < 0x80 ? 1 : byte >> 5 === 6 ? 2 : byte >> 4 === 14 ? 3 : byte >> 3 === 30 ? 4 : 0;
      if (width === 0) scanner.fail('found an incorrect leading UTF-8 octet', start);
    } else if ((byte & 0xc0) !== 0x80) {
      scanner.fail('found an incorrect trailing UTF-8 octet', start);
    }
    bytes.push(byte);
    cursor.pos += 3;
  } while (bytes.length < width);
  return new TextDecoder().decode(Uint8Array.from(bytes));
}
