import { setOwn, type Json } from '@sluice/core';
import { beginsString, plainTag } from '../resolve.js';
import { FastScalars, declined, startsBlockPlain, startsPlain } from './fast-scalars.js';
import type { ValueRules } from './values.js';

/** A document's value and the offset at which it begins. */
export interface FastDocument {
  readonly value: Json;
  readonly start: number;
}

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

class FastReader extends FastScalars {
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

  /** A node at the position, which is its column; `parent` is the column of the collection around it. */
  private block(parent: number): Json {
    const { text, pos, column } = this;
    const code = text.charCodeAt(pos);
    if (code === DASH && text.charCodeAt(pos + 1) <= SPACE) return this.sequence(column);
    const isPlain = startsBlockPlain(code, text.charCodeAt(pos + 1));
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
    const { text } = this;
    const refuseDuplicates = this.rules.duplicateKeys === 'error';
    const object: MutableObject = {};
    let key = firstKey;
    for (;;) {
      if (refuseDuplicates && Object.hasOwn(object, key)) throw declined;
      const value = this.entry(column);
      if (key === '__proto__') setOwn(object, key, value);
      else object[key] = value;
      if (this.column !== column) break;
      const code = text.charCodeAt(this.pos);
      const isPlain = startsBlockPlain(code, text.charCodeAt(this.pos + 1));
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
        return this.blockScalar(parent, false);
      case 62 /* > */:
        return this.blockScalar(parent, true);
      default: {
        if (!startsBlockPlain(code, this.text.charCodeAt(this.pos + 1))) throw declined;
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

  /** A key, which has to be a string. */
  private key(text: string, isPlain: boolean): string {
    if (text.length > 1000 || (isPlain && (text === '<<' || !(beginsString(text.charCodeAt(0)) || this.isString(text))))) throw declined;
    return text;
  }

  private isString(text: string): boolean {
    const tag = plainTag(text, this.rules.types);
    return tag === '!!str' || (tag === '!!timestamp' && !this.kyaml);
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
      if (this.rules.duplicateKeys === 'error' && Object.hasOwn(object, key)) throw declined;
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
}
