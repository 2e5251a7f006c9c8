import type { Mark } from '../error.js';
import { isBlank, isBreak, isBreakOrEnd } from '../characters.js';
import type { Scanner } from './scanner.js';

/** A comment, and the token that it belongs to: the first one that begins at `tokenIndex` or later. */
export interface Comment {
  scanIndex: number;
  tokenIndex: number;
  start: Mark;
  endIndex: number;
  kind: 'head' | 'line' | 'foot';
  readonly text: string;
}

/** How far go-yaml looks for a comment: longer runs of blanks and empty lines separate it from what it is about. */
const MAX_PEEK = 512;

/** A comment behind a token, on its line. */
export function scanLineComment(scanner: Scanner, tokenMark: Mark): void {
  const { cursor } = scanner;
  if (cursor.newlinesBefore() > 0) return;
  for (let peek = 0; peek < MAX_PEEK; peek++) {
    const code = cursor.at(peek);
    if (isBlank(code)) continue;
    if (code === 35 /* # */) {
      cursor.pos += peek;
      const start = cursor.mark();
      const text = takeLine(scanner);
      scanner.comments.push({ scanIndex: 0, tokenIndex: tokenMark.index, start, endIndex: 0, kind: 'line', text });
    }
    return;
  }
}

/** `- # comment` with the entry on the next line: the comment is about that entry. */
export function moveEntryComment(scanner: Scanner): void {
  const comment = scanner.comments.at(-1);
  if (comment?.kind !== 'line' || isBreak(scanner.cursor.at())) return;
  if (scanner.lastToken(2)?.type !== 'block-sequence-start' || scanner.lastToken()?.type !== 'block-entry') return;
  comment.kind = 'head';
  if (comment.start.line === scanner.cursor.line - 1) comment.tokenIndex = scanner.cursor.pos;
}

/**
 * Comments on lines of their own: as many as follow each other. Those directly below a token, with an empty line
 * after them, or indented less than what comes next, are its foot; the last ones are the head of what comes next.
 */
export function scanComments(scanner: Scanner, before: Mark): void {
  const { cursor, comments } = scanner;
  let last = scanner.lastToken();
  if (last?.type === 'flow-entry') last = scanner.lastToken(2) ?? last;
  const newlines = cursor.newlinesBefore();
  const footLine = before.line > 0 ? cursor.line - newlines + 1 + (newlines === 0 && cursor.column > 1 ? 1 : 0) : -1;

  let scanIndex = before.index;
  let tokenIndex = last?.start.index ?? 0;
  let start: Mark = { index: 0, line: 0, column: 0 };
  let nextIndent = Math.max(scanner.indent, 0);
  let afterEmpty = false;
  let firstEmpty = newlines <= 1;
  let line = cursor.line;
  let column = cursor.column;
  let text = '';
  let peek = 0;
  const endFoot = (): void => {
    const endIndex = cursor.pos + peek;
    comments.push({ scanIndex, tokenIndex, start, endIndex, kind: 'foot', text });
    scanIndex = endIndex;
    tokenIndex = endIndex;
    text = '';
  };

  for (; peek < MAX_PEEK; peek++) {
    column++;
    const code = cursor.at(peek);
    if (isBlank(code)) continue;
    const closesFlow = scanner.flowLevel > 0 && (code === 93 /* ] */ || code === 125); /* } */
    if (closesFlow || isBreakOrEnd(code)) {
      if (closesFlow || !afterEmpty) {
        const below = start.line === footLine && last?.type !== 'value';
        if (closesFlow || (firstEmpty && (below || start.column - 1 < nextIndent))) {
          if (text !== '') {
            if (start.column - 1 < nextIndent) tokenIndex = start.index;
            endFoot();
          }
        } else if (text !== '' && code !== 0) {
          text += '\n';
        }
      }
      if (!isBreak(code)) break;
      firstEmpty = false;
      afterEmpty = true;
      column = 0;
      line++;
      continue;
    }
    if (text !== '' && column - 1 < nextIndent && column !== start.column) endFoot();
    if (code !== 35 /* # */) break;
    if (text === '') start = { index: cursor.pos + peek, line, column };
    else text += '\n';
    afterEmpty = false;
    const target = cursor.pos + peek;
    while (cursor.pos < target) {
      if (isBreak(cursor.at())) cursor.takeBreak();
      else cursor.pos++;
    }
    text += takeLine(scanner);
    // Goes on behind the line break.
    peek = 0;
    column = 0;
    line = cursor.line;
    nextIndent = Math.max(scanner.indent, 0);
  }
  if (text !== '') comments.push({ scanIndex, tokenIndex: start.index, start, endIndex: cursor.pos + peek - 1, kind: 'head', text });
}

/** The rest of the line. */
function takeLine({ cursor }: Scanner): string {
  const start = cursor.pos;
  while (!isBreakOrEnd(cursor.at())) cursor.pos++;
  return cursor.text.slice(start, cursor.pos);
}
