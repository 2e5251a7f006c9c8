import { setOwn, type Json } from '@sluice/core';
import { codesOf } from '../characters.js';
import { booleanOf, beginsString, floatOf, integerOf, plainTag, timestampOf } from '../resolve.js';
import { readEscape } from './escapes.js';
import type { ValueRules } from './values.js';

/** A document's value and the offset at which it begins. */
export interface FastDocument {
  readonly value: Json;
  readonly start: number;
}

/** Thrown at the first thing that is out of the ordinary; caught at the door. */
const declined = new Error('declined');

const LF = 10;
const SPACE = 32;
const COLON = 58;
const DASH = 45;
const HASH = 35;

/**
 * Reads texts as most manifests are, straight to values: block collections, scalars of every style, flow collections,
 * comments, several documents. It is several times faster than scanning and composing.
 *
 * The contract: what it gives is what the composer would have given. Whatever is unusual, be it wrong or only rare
 * (anchors, tags, tabs, keys that are no strings, carriage returns, limits), it declines with undefined, and the text
 * is read again in full. So it knows no errors.
 */
export function readFast(text: string, rules: ValueRules, firstOnly: boolean): FastDocument[] | undefined {
  if (/[\r\x85\u2028\u2029]/.test(text)) return undefined;
  try {
    return new FastReader(text, rules).documents(firstOnly);
  } catch (error) {
    if (error === declined) return undefined;
    throw error;
  }
}

type MutableObject = Record<string, Json>;

class FastReader {
  private readonly text: string;
  private readonly length: number;
  /** The text did not end with a line break, and got one. */
  private readonly unterminated: boolean;
  private readonly rules: ValueRules;
  private readonly kyaml: boolean;
  private readonly refuseDuplicates: boolean;
  /** Between tokens: at the first character of a line with content, `column` columns in. At a document's end column is -1. */
  private pos = 0;
  private column = 0;
  private nodes = 0;
  private depth = 0;
  /** Whether {@link plain} or {@link quoted} stopped at the colon of a key. */
  private atColon = false;

  constructor(text: string, rules: ValueRules) {
    this.unterminated = !text.endsWith('\n');
    this.text = this.unterminated ? `${text}\n` : text;
    this.length = this.text.length;
    this.rules = rules;
    this.kyaml = rules.types === 'kyaml';
    this.refuseDuplicates = rules.duplicateKeys === 'error';
  }

  documents(firstOnly: boolean): FastDocument[] {
    const documents: FastDocument[] = [];
    this.toContent();
    if (this.column >= 0) documents.push(this.document(this.pos));
    while (this.pos < this.length) {
      if (!this.text.startsWith('---', this.pos)) throw declined;
      if (firstOnly && documents.length > 0) {
        // go-yaml v3 looks a few tokens ahead, and may not like them.
        if (this.kyaml) throw declined;
        break;
      }
      const start = this.pos;
      this.pos += 3;
      this.endLine();
      documents.push(this.column < 0 ? { value: null, start } : this.document(start));
    }
    return documents;
  }

  private document(start: number): FastDocument {
    this.nodes = 0;
    const value = this.block(-1);
    if (this.column >= 0) throw declined;
    return { value, start };
  }

  /** The rest of a line without content, then on to the next content. */
  private endLine(): void {
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
  private toContent(): void {
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

  /** A node at the position, which is its column; `parent` is the column of the collection around it. */
  private block(parent: number): Json {
    const { text, pos, column } = this;
    const code = text.charCodeAt(pos);
    if (code === DASH && text.charCodeAt(pos + 1) <= SPACE) return this.sequence(column);
    const isPlain = startsPlain(code, text.charCodeAt(pos + 1));
    if (!isPlain && code !== 34 && code !== 39) return this.inline(parent);
    const scalar = isPlain ? this.plain() : this.quoted(code);
    if (this.atColon) return this.mapping(column, this.key(scalar, isPlain));
    return isPlain ? this.plainValue(scalar, parent) : this.finished(scalar);
  }

  private sequence(column: number): Json[] {
    this.enter();
    const { text } = this;
    const items: Json[] = [];
    while (this.column === column && text.charCodeAt(this.pos) === DASH) {
      let pos = this.pos + 1;
      let code = text.charCodeAt(pos);
      if (code > SPACE) break;
      while (code === SPACE) code = text.charCodeAt(++pos);
      if (code === LF || code === HASH) {
        this.pos = code === HASH ? pos - 1 : pos;
        this.endLine();
        items.push(this.column > column ? this.block(column) : this.empty());
      } else {
        this.column = column + pos - this.pos;
        this.pos = pos;
        items.push(this.block(column));
      }
    }
    if (this.column > column) throw declined;
    this.depth--;
    return items;
  }

  /** A mapping whose first key has been read. */
  private mapping(column: number, firstKey: string): Json {
    this.enter();
    const { text, refuseDuplicates } = this;
    const object: MutableObject = {};
    let key = firstKey;
    for (;;) {
      if (refuseDuplicates && Object.hasOwn(object, key)) throw declined;
      const value = this.entry(column);
      if (key === '__proto__') setOwn(object, key, value);
      else object[key] = value;
      if (this.column !== column) break;
      const code = text.charCodeAt(this.pos);
      const isPlain = startsPlain(code, text.charCodeAt(this.pos + 1));
      if (!isPlain && code !== 34 && code !== 39) throw declined;
      key = this.key(isPlain ? this.plain() : this.quoted(code), isPlain);
      if (!this.atColon) throw declined;
    }
    if (this.column > column) throw declined;
    this.depth--;
    return object;
  }

  /** What follows the colon at the position. */
  private entry(column: number): Json {
    const { text } = this;
    let pos = this.pos + 1;
    let code = text.charCodeAt(pos);
    while (code === SPACE) code = text.charCodeAt(++pos);
    if (code !== LF && code !== HASH) {
      this.pos = pos;
      return this.inline(column);
    }
    this.pos = code === HASH ? pos - 1 : pos;
    this.endLine();
    if (this.column > column) return this.block(column);
    // A sequence may stand right below its key.
    if (this.column === column && text.charCodeAt(this.pos) === DASH && text.charCodeAt(this.pos + 1) <= SPACE)
      return this.sequence(column);
    return this.empty();
  }

  private empty(): null {
    this.count();
    return null;
  }

  /** A value that can't be a block collection: what stands behind a key. */
  private inline(parent: number): Json {
    const code = this.text.charCodeAt(this.pos);
    switch (code) {
      case 34 /* " */:
      case 39 /* ' */: {
        const value = this.quoted(code);
        if (this.atColon) throw declined;
        return this.finished(value);
      }
      case 91 /* [ */:
      case 123 /* { */: {
        const value = this.flow(code);
        return this.finished(value);
      }
      case 124 /* | */:
        return this.literal(parent);
      case 62 /* > */:
        return this.folded(parent);
      default: {
        if (!startsPlain(code, this.text.charCodeAt(this.pos + 1))) throw declined;
        const scalar = this.plain();
        if (this.atColon) throw declined;
        return this.plainValue(scalar, parent);
      }
    }
  }

  private finished<T extends Json>(value: T): T {
    this.endLine();
    return value;
  }

  /** The text of a plain scalar on one line. Stops behind it, or at the colon that makes it a key. */
  private plain(): string {
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

  /** Takes further lines of a plain scalar, and gives it its type. */
  private plainValue(first: string, parent: number): Json {
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
    return this.typed(value);
  }

  private typed(value: string): Json {
    const code = value.charCodeAt(0);
    if (beginsString(code)) return value;
    if (code > 48 && code <= 57 && value.length < 16) {
      let number = 0;
      let index = 0;
      for (; index < value.length; index++) {
        const digit = value.charCodeAt(index) - 48;
        if (digit < 0 || digit > 9) break;
        number = number * 10 + digit;
      }
      if (index === value.length) return number;
    }
    const { types } = this.rules;
    switch (plainTag(value, types)) {
      case '!!str':
        return value;
      case '!!null':
        return null;
      case '!!bool':
        return booleanOf(value);
      case '!!timestamp':
        return this.kyaml ? timestampOf(value) : value;
      case '!!int': {
        const integer = integerOf(value, types);
        return typeof integer === 'bigint' && this.rules.integers === 'float64' ? Number(integer) : integer;
      }
      case '!!float': {
        const float = floatOf(value, types);
        if (!Number.isFinite(float)) throw declined;
        return float;
      }
    }
  }

  /** A key, which has to be a string. */
  private key(text: string, isPlain: boolean): string {
    if (text.length > 1000 || (isPlain && (text === '<<' || !(beginsString(text.charCodeAt(0)) || this.isString(text))))) throw declined;
    return text;
  }

  private isString(text: string): boolean {
    const tag = plainTag(text, this.rules.types);
    return tag === '!!str' || (tag === '!!timestamp' && !this.kyaml);
  }

  /** A quoted scalar on one line. Stops behind it, or at the colon that makes it a key. */
  private quoted(quote: number): string {
    this.count();
    const { text } = this;
    let start = this.pos + 1;
    let pos = start;
    let value = '';
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
        throw declined;
      } else {
        pos++;
      }
    }
    value = value === '' ? text.slice(start, pos) : value + text.slice(start, pos);
    const end = ++pos;
    while (text.charCodeAt(pos) === SPACE) pos++;
    this.atColon = text.charCodeAt(pos) === COLON && text.charCodeAt(pos + 1) <= SPACE;
    if (this.atColon && (text.charCodeAt(pos + 1) === 9 || pos - this.pos > 1000)) throw declined;
    this.pos = this.atColon ? pos : end;
    return value;
  }

  /** `[…]` or `{…}`, also over several lines. Stops behind it. */
  private flow(open: number): Json {
    this.enter();
    const value = open === 91 ? this.flowSequence() : this.flowMapping();
    this.depth--;
    return value;
  }

  private flowSequence(): Json[] {
    const items: Json[] = [];
    this.pos++;
    for (let code = this.flowSpace(); code !== 93 /* ] */;) {
      items.push(this.flowValue(code));
      code = this.flowSpace();
      if (code === 44 /* , */) {
        this.pos++;
        code = this.flowSpace();
      } else if (code !== 93) {
        throw declined;
      }
    }
    this.pos++;
    return items;
  }

  private flowMapping(): MutableObject {
    const object: MutableObject = {};
    this.pos++;
    for (let code = this.flowSpace(); code !== 125 /* } */;) {
      const isQuoted = code === 34 || code === 39;
      const key = isQuoted ? this.quoted(code) : this.flowPlain(code);
      if (this.key(key, !isQuoted) === '' && !isQuoted) throw declined;
      while (this.text.charCodeAt(this.pos) === SPACE) this.pos++;
      if (this.text.charCodeAt(this.pos) !== COLON) throw declined;
      this.pos++;
      const value = this.flowValue(this.flowSpace());
      if (this.refuseDuplicates && Object.hasOwn(object, key)) throw declined;
      setOwn(object, key, value);
      code = this.flowSpace();
      if (code === 44) {
        this.pos++;
        code = this.flowSpace();
      } else if (code !== 125) {
        throw declined;
      }
    }
    this.pos++;
    return object;
  }

  private flowValue(code: number): Json {
    if (code === 91 || code === 123) return this.flow(code);
    if (code === 34 || code === 39) return this.quoted(code);
    return this.typed(this.flowPlain(code));
  }

  /** Blanks and line breaks between the tokens of a flow collection; gives the character behind them. */
  private flowSpace(): number {
    const { text, length } = this;
    let { pos } = this;
    for (;;) {
      const code = text.charCodeAt(pos);
      if (code !== SPACE && code !== LF) {
        this.pos = pos;
        return code;
      }
      pos++;
      // Where a document marker could stand, or nothing any more.
      if (code === LF && (pos >= length || text.charCodeAt(pos) === DASH || text.charCodeAt(pos) === 46)) throw declined;
    }
  }

  /** A plain scalar in a flow collection, on one line. */
  private flowPlain(code: number): string {
    this.count();
    const { text, pos: start } = this;
    if (!startsPlain(code, text.charCodeAt(start + 1))) throw declined;
    let pos = start;
    for (;;) {
      const code = text.charCodeAt(pos);
      if (code === LF || code === 44 || code === 93 || code === 125) break;
      if (code === COLON && text.charCodeAt(pos + 1) <= SPACE) break;
      // A comment, another line, a collection as a key: not here.
      if (code === 9 || code === HASH || code === 63 || code === 91 || code === 123) throw declined;
      pos++;
    }
    let end = pos;
    while (text.charCodeAt(end - 1) === SPACE) end--;
    this.pos = end;
    return text.slice(start, end);
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

  private literal(parent: number): string {
    const chomping = this.blockHeader();
    const indent = this.blockIndent(parent);
    const { text, length } = this;
    let value = '';
    let breaks = '';
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
      const end = text.indexOf('\n', pos);
      value += breaks + text.slice(pos, end);
      breaks = '\n';
      pos = end + 1;
    }
    return this.endBlockScalar(value, breaks, chomping, pos);
  }

  private folded(parent: number): string {
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
      const end = text.indexOf('\n', pos);
      if (!afterIndented && !indented) value += breaks.length === 1 ? ' ' : breaks.slice(1);
      else value += breaks;
      value += text.slice(pos, end);
      afterIndented = indented;
      breaks = '\n';
      pos = end + 1;
    }
    return this.endBlockScalar(value, breaks, chomping, pos);
  }

  private endBlockScalar(value: string, breaks: string, chomping: string, pos: number): string {
    if (pos >= this.length && this.unterminated) throw declined;
    this.pos = pos;
    this.toContent();
    if (chomping === '-') return value;
    return value + (chomping === '+' ? breaks : '\n');
  }

  private enter(): void {
    this.count();
    if (++this.depth > this.rules.limits.depth) throw declined;
  }

  private count(): void {
    if (++this.nodes > this.rules.limits.nodes) throw declined;
  }
}

/** Characters that begin something else than a plain scalar, or may. */
const indicators = new Uint8Array(128);
for (const code of codesOf('\t\n ,[]{}#&*!|>\'"%@`?:')) indicators[code] = 1;

function startsPlain(code: number, next: number): boolean {
  if (code >= 128) return true;
  return indicators[code] === 0 && !(code === DASH && next <= SPACE);
}
