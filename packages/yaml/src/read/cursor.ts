import type { Mark } from '../error.js';
import { isBreak } from '../characters.js';

/** A position in a text that knows its line. The text ends with NUL. */
export class Cursor {
  readonly text: string;
  pos = 0;
  line = 0;
  private lineStart = 0;
  private readonly hasSurrogates: boolean;
  private countedTo = 0;
  private pairs = 0;

  constructor(text: string) {
    this.text = text;
    this.hasSurrogates = /[\uD800-\uDBFF]/.test(text);
  }

  /** The code unit ahead by `offset`; beyond the end, as at the end, NUL. */
  at(offset = 0): number {
    return this.text.charCodeAt(this.pos + offset) || 0;
  }

  /** Characters of the line before the position. */
  get column(): number {
    const units = this.pos - this.lineStart;
    return this.hasSurrogates ? units - this.pairsBefore() : units;
  }

  /** Surrogate pairs of the line before the position, counted on from where they were counted last. */
  private pairsBefore(): number {
    for (; this.countedTo < this.pos; this.countedTo++) {
      const code = this.text.charCodeAt(this.countedTo);
      if (code >= 0xd800 && code <= 0xdbff) this.pairs++;
    }
    return this.pairs;
  }

  mark(): Mark {
    return { index: this.pos, line: this.line, column: this.column };
  }

  /** Goes over a line break, `\r\n` as one, and gives what it means in a scalar. */
  takeBreak(): string {
    const code = this.text.charCodeAt(this.pos);
    this.pos += code === 13 && this.text.charCodeAt(this.pos + 1) === 10 ? 2 : 1;
    this.startLine();
    return code === 0x2028 || code === 0x2029 ? String.fromCharCode(code) : '\n';
  }

  /** The position is the beginning of a line of its own; so is the end of the text, wherever it comes. */
  startLine(): void {
    this.line++;
    this.lineStart = this.pos;
    this.countedTo = this.pos;
    this.pairs = 0;
  }

  /** Line breaks, blanks between them aside, that end at the position. */
  newlinesBefore(): number {
    let count = 0;
    for (let index = this.pos - 1; index >= 0; index--) {
      const code = this.text.charCodeAt(index);
      if (code === 10 && this.text.charCodeAt(index - 1) === 13) continue;
      if (isBreak(code)) count++;
      else if (code !== 32 && code !== 9) break;
    }
    return count;
  }

  /** Whether `---` or `...` stands at the start of the line. */
  atDocumentMarker(): boolean {
    if (this.pos !== this.lineStart) return false;
    const code = this.text.charCodeAt(this.pos);
    if (code !== 45 && code !== 46) return false;
    if (this.at(1) !== code || this.at(2) !== code) return false;
    const after = this.at(3);
    return after === 32 || after === 9 || after === 0 || isBreak(after);
  }
}
