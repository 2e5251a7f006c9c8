import { codesOf } from '../characters.js';
import { readEscape } from './escapes.js';
import type { ValueRules } from './values.js';

/** Thrown at the first thing that is out of the ordinary; caught at the door. */
export const declined = new Error('declined');

const LF = 10;
const SPACE = 32;
const COLON = 58;
const DASH = 45;
const HASH = 35;

/** How a scalar stands in the text. */
export type FastStyle = 'plain' | 'quoted' | 'literal' | 'folded';

/** The part of the fast reader that knows lines and scalars. What is made of them is for whoever extends it to say. */
export abstract class FastScalars<N> {
  protected readonly text: string;
  protected readonly length: number;
  /** The text did not end with a line break, and got one. */
  private readonly unterminated: boolean;
  protected readonly rules: ValueRules;
  protected readonly kyaml: boolean;
  /** Between tokens: at the first character of a line with content, `column` columns in. At a document's end column is -1. */
  protected pos = 0;
  protected column = 0;
  protected nodes = 0;
  protected depth = 0;
  /** Whether {@link plain} or {@link quoted} stopped at the colon of a key. */
  protected atColon = false;

  constructor(text: string, rules: ValueRules) {
    this.unterminated = !text.endsWith('\n');
    this.text = this.unterminated ? `${text}\n` : text;
    this.length = this.text.length;
    this.rules = rules;
    this.kyaml = rules.types === 'kyaml';
  }

  /** A plain scalar, by what its text looks like. */
  protected abstract plainNode(text: string): N;
  /** A scalar of another style: text, whatever it looks like. */
  protected abstract textNode(text: string, style: FastStyle): N;

  /** The rest of a line without content, then on to the next content. */
  protected endLine(): void {
    const { text } = this;
    let { pos } = this;
    let code = text.charCodeAt(pos);
    if (code === SPACE) {
      do code = text.charCodeAt(++pos);
      while (code === SPACE);
      if (code === HASH) {
        pos = text.indexOf('\n', pos);
        code = LF;
      }
    }
    if (code !== LF) throw declined;
    this.pos = pos + 1;
    this.toContent();
  }

  /** From the start of a line to the first content on it or below. */
  protected toContent(): void {
    const { text, length } = this;
    let { pos } = this;
    for (;;) {
      const start = pos;
      let code = text.charCodeAt(pos);
      while (code === SPACE) code = text.charCodeAt(++pos);
      if (code === LF) {
        pos++;
      } else if (code === HASH) {
        pos = text.indexOf('\n', pos) + 1;
      } else if (pos >= length) {
        this.pos = length;
        this.column = -1;
        return;
      } else {
        this.pos = pos;
        this.column = pos === start && this.atMarker(code) ? -1 : pos - start;
        return;
      }
    }
  }

  /** `---`, `...` or a directive at the start of a line. What is not `---` is declined where documents begin. */
  private atMarker(code: number): boolean {
    if (code === 37 /* % */) return true;
    if (code !== DASH && code !== 46) return false;
    const { text, pos } = this;
    return text.charCodeAt(pos + 1) === code && text.charCodeAt(pos + 2) === code && text.charCodeAt(pos + 3) <= SPACE;
  }

  /** The text of a plain scalar on one line. Stops behind it, or at the colon that makes it a key. */
  protected plain(): string {
    this.count();
    const { text, pos: start } = this;
    let pos = start;
    this.atColon = false;
    for (;;) {
      const code = text.charCodeAt(pos);
      if (code <= COLON) {
        if (code === LF) break;
        if (code === COLON) {
          const next = text.charCodeAt(pos + 1);
          if (next <= SPACE) {
            if (next === 9) throw declined;
            this.atColon = true;
            break;
          }
        } else if (code === HASH) {
          if (text.charCodeAt(pos - 1) === SPACE && pos > start) break;
        } else if (code === 9) {
          throw declined;
        }
      }
      pos++;
    }
    let end = pos;
    while (text.charCodeAt(end - 1) === SPACE) end--;
    // A comment is left with the space in front of it, which makes it one.
    this.pos = this.atColon ? pos : end;
    return text.slice(start, end);
  }

  /** Takes further lines of a plain scalar. */
  protected plainLines(first: string, parent: number): N {
    const { text } = this;
    let value = first;
    for (;;) {
      let pos = this.pos;
      while (text.charCodeAt(pos) === SPACE) pos++;
      if (text.charCodeAt(pos) === HASH) {
        this.endLine();
        break;
      }
      // Line breaks, and where the next content begins.
      let breaks = 0;
      let lineStart = pos;
      while (text.charCodeAt(pos) === LF) {
        breaks++;
        lineStart = ++pos;
        while (text.charCodeAt(pos) === SPACE) pos++;
      }
      const code = text.charCodeAt(pos);
      if (pos >= this.length || pos - lineStart <= parent || code === HASH) {
        this.pos = lineStart;
        this.toContent();
        break;
      }
      if (parent < 0 || code === 9) throw declined;
      this.pos = pos;
      const more = this.plain();
      this.nodes--;
      if (this.atColon || more === '') throw declined;
      value += (breaks === 1 ? ' ' : '\n'.repeat(breaks - 1)) + more;
    }
    return this.plainNode(value);
  }

  /** A quoted scalar. Stops behind it, or at the colon that makes it a key. */
  protected quoted(quote: number): string {
    this.count();
    const { text } = this;
    let start = this.pos + 1;
    let pos = start;
    let value = '';
    let isOneLine = true;
    for (;;) {
      const code = text.charCodeAt(pos);
      if (code === quote) {
        if (quote === 34 || text.charCodeAt(pos + 1) !== quote) break;
        value += text.slice(start, pos + 1);
        pos += 2;
        start = pos;
      } else if (code === 92 /* \ */ && quote === 34) {
        const escape = readEscape(text, pos);
        if (!('value' in escape)) throw declined;
        value += text.slice(start, pos) + escape.value;
        pos += escape.length;
        start = pos;
      } else if (code === LF) {
        let end = pos;
        while (end > start && text.charCodeAt(end - 1) === SPACE) end--;
        const next = this.nextQuotedLine(pos);
        if (text.charCodeAt(end - 1) === 9 || text.charCodeAt(next.pos) === 9) throw declined;
        value += text.slice(start, end) + (next.breaks === 1 ? ' ' : '\n'.repeat(next.breaks - 1));
        ({ pos } = next);
        start = pos;
        isOneLine = false;
      } else {
        pos++;
      }
    }
    value = value === '' ? text.slice(start, pos) : value + text.slice(start, pos);
    const end = ++pos;
    while (text.charCodeAt(pos) === SPACE) pos++;
    this.atColon = text.charCodeAt(pos) === COLON && text.charCodeAt(pos + 1) <= SPACE;
    if (this.atColon && (!isOneLine || text.charCodeAt(pos + 1) === 9 || pos - this.pos > 1000)) throw declined;
    this.pos = this.atColon ? pos : end;
    return value;
  }

  /** From a line break in a quoted scalar to the scalar's next character that is no space. */
  private nextQuotedLine(from: number): { readonly pos: number; readonly breaks: number } {
    const { text } = this;
    let breaks = 0;
    let pos = from;
    while (text.charCodeAt(pos) === LF) {
      breaks++;
      pos++;
      // Where the text ends, or a document marker may stand.
      if (pos >= this.length || text.charCodeAt(pos) === DASH || text.charCodeAt(pos) === 46) throw declined;
      while (text.charCodeAt(pos) === SPACE) pos++;
    }
    return { pos, breaks };
  }

  /** A literal or folded scalar, from its header on. */
  protected blockScalar(parent: number, isFolded: boolean): N {
    const chomping = this.blockHeader();
    const indent = this.blockIndent(parent);
    const { text, length } = this;
    let value = '';
    let breaks = '';
    let afterIndented = true;
    let { pos } = this;
    while (pos < length) {
      const start = pos;
      const limit = pos + indent;
      while (pos < limit && text.charCodeAt(pos) === SPACE) pos++;
      const code = text.charCodeAt(pos);
      if (code === LF) {
        breaks += '\n';
        pos++;
        continue;
      }
      if (pos < limit) {
        if (code === 9) throw declined;
        pos = start;
        break;
      }
      const indented = code === SPACE || code === 9;
      // Lines join with a space, unless one of them is indented further.
      if (isFolded && !afterIndented && !indented) value += breaks.length === 1 ? ' ' : breaks.slice(1);
      else value += breaks;
      const end = text.indexOf('\n', pos);
      value += text.slice(pos, end);
      afterIndented = indented;
      breaks = '\n';
      pos = end + 1;
    }
    return this.textNode(this.endBlockScalar(value, breaks, chomping, pos), isFolded ? 'folded' : 'literal');
  }

  /** The header of a block scalar; then the position is at the start of its first line. */
  private blockHeader(): string {
    this.count();
    const { text } = this;
    let pos = this.pos + 1;
    const code = text.charCodeAt(pos);
    const chomping = code === 43 ? '+' : code === DASH ? '-' : '';
    if (chomping !== '') pos++;
    while (text.charCodeAt(pos) === SPACE) pos++;
    if (text.charCodeAt(pos) !== LF) throw declined;
    this.pos = pos + 1;
    return chomping;
  }

  /** The indentation of a block scalar's text. */
  private blockIndent(parent: number): number {
    const { text } = this;
    let { pos } = this;
    let deepest = 0;
    for (;;) {
      const start = pos;
      while (text.charCodeAt(pos) === SPACE) pos++;
      const indent = pos - start;
      const code = text.charCodeAt(pos);
      if (code === LF) {
        deepest = Math.max(deepest, indent);
        pos++;
      } else {
        if (pos >= this.length || code === 9 || indent <= Math.max(parent, 0) || indent < deepest) throw declined;
        return indent;
      }
    }
  }

  private endBlockScalar(value: string, breaks: string, chomping: string, pos: number): string {
    this.pos = pos;
    this.toContent();
    if (chomping === '-') return value;
    // The last line break may be one that the text did not have.
    const own = pos >= this.length && this.unterminated ? breaks.slice(1) : breaks;
    return value + (chomping === '+' ? own : own.slice(0, 1));
  }

  protected enter(): void {
    this.count();
    if (++this.depth > this.rules.limits.depth) throw declined;
  }

  protected count(): void {
    if (++this.nodes > this.rules.limits.nodes) throw declined;
  }
}

/** Characters that begin something else than a plain scalar, or may. */
const indicators = new Uint8Array(128);
for (const code of codesOf('\t\n ,[]{}#&*!|>\'"%@`?:')) indicators[code] = 1;

export function startsPlain(code: number, next: number): boolean {
  if (code >= 128) return true;
  return indicators[code] === 0 && !(code === DASH && next <= SPACE);
}

/** The same in a block collection, where a colon or a question mark may be first. */
export function startsBlockPlain(code: number, next: number): boolean {
  return startsPlain(code, next) || ((code === COLON || code === 63) && next > SPACE);
}
