import { beginsString, plainTag } from '../resolve.js';
import { FastScalars, declined, startsBlockPlain, startsPlain } from './fast-scalars.js';

/** What a document holds, the offset at which it begins, and the offset of its root. */
export interface FastDocument<N> {
  readonly value: N;
  readonly start: number;
  readonly root: number;
}

const LF = 10;
const SPACE = 32;
const COLON = 58;
const DASH = 45;
const HASH = 35;

/**
 * Reads texts as most manifests are, straight to what is wanted of them: block collections, scalars of every style, flow
 * collections, comments, several documents. It is several times faster than scanning and composing.
 *
 * The contract: what it gives is what the composer would have given. Whatever is unusual, be it wrong or only rare
 * (anchors, tags, tabs, keys that are no strings, carriage returns, limits), it declines with undefined, and the text
 * is read again in full. So it knows no errors.
 */
export abstract class FastReader<N, M extends N> extends FastScalars<N> {
  protected abstract emptyMapping(): M;
  /** Adds an entry; false if the key is there already and may not be. */
  protected abstract put(mapping: M, key: string, value: N): boolean;
  protected abstract sequenceNode(items: N[]): N;

  read(firstOnly: boolean): FastDocument<N>[] | undefined {
    if (/[\r\x85\u2028\u2029]/.test(this.text)) return undefined;
    try {
      return this.documents(firstOnly);
    } catch (error) {
      if (error === declined) return undefined;
      throw error;
    }
  }

  private documents(firstOnly: boolean): FastDocument<N>[] {
    const documents: FastDocument<N>[] = [];
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
      documents.push(this.column < 0 ? { value: this.plainNode(''), start, root: this.pos } : this.document(start));
    }
    return documents;
  }

  private document(start: number): FastDocument<N> {
    this.nodes = 0;
    const root = this.pos;
    const value = this.block(-1);
    if (this.column >= 0) throw declined;
    return { value, start, root };
  }

  /** A node at the position, which is its column; `parent` is the column of the collection around it. */
  private block(parent: number): N {
    const { text, pos, column } = this;
    const code = text.charCodeAt(pos);
    if (code === DASH && text.charCodeAt(pos + 1) <= SPACE) return this.sequence(column);
    const isPlain = startsBlockPlain(code, text.charCodeAt(pos + 1));
    if (!isPlain && code !== 34 && code !== 39) return this.inline(parent);
    const scalar = isPlain ? this.plain() : this.quoted(code);
    if (this.atColon) return this.mapping(column, this.key(scalar, isPlain));
    return isPlain ? this.plainLines(scalar, parent) : this.finished(this.textNode(scalar, 'quoted'));
  }

  private sequence(column: number): N {
    this.enter();
    const { text } = this;
    const items: N[] = [];
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
    return this.sequenceNode(items);
  }

  /** A mapping whose first key has been read. */
  private mapping(column: number, firstKey: string): N {
    this.enter();
    const { text } = this;
    const mapping = this.emptyMapping();
    let key = firstKey;
    for (;;) {
      if (!this.put(mapping, key, this.entry(column))) throw declined;
      if (this.column !== column) break;
      const code = text.charCodeAt(this.pos);
      const isPlain = startsBlockPlain(code, text.charCodeAt(this.pos + 1));
      if (!isPlain && code !== 34 && code !== 39) throw declined;
      key = this.key(isPlain ? this.plain() : this.quoted(code), isPlain);
      if (!this.atColon) throw declined;
    }
    if (this.column > column) throw declined;
    this.depth--;
    return mapping;
  }

  /** What follows the colon at the position. */
  private entry(column: number): N {
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

  private empty(): N {
    this.count();
    return this.plainNode('');
  }

  /** A value that can't be a block collection: what stands behind a key. */
  private inline(parent: number): N {
    const code = this.text.charCodeAt(this.pos);
    switch (code) {
      case 34 /* " */:
      case 39 /* ' */: {
        const value = this.quoted(code);
        if (this.atColon) throw declined;
        return this.finished(this.textNode(value, 'quoted'));
      }
      case 91 /* [ */:
      case 123 /* { */:
        return this.finished(this.flow(code));
      case 124 /* | */:
        return this.blockScalar(parent, false);
      case 62 /* > */:
        return this.blockScalar(parent, true);
      default: {
        if (!startsBlockPlain(code, this.text.charCodeAt(this.pos + 1))) throw declined;
        const scalar = this.plain();
        if (this.atColon) throw declined;
        return this.plainLines(scalar, parent);
      }
    }
  }

  private finished(node: N): N {
    this.endLine();
    return node;
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
  private flow(open: number): N {
    this.enter();
    const value = open === 91 ? this.flowSequence() : this.flowMapping();
    this.depth--;
    return value;
  }

  private flowSequence(): N {
    const items: N[] = [];
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
    return this.sequenceNode(items);
  }

  private flowMapping(): N {
    const mapping = this.emptyMapping();
    this.pos++;
    for (let code = this.flowSpace(); code !== 125 /* } */;) {
      const isQuoted = code === 34 || code === 39;
      const key = isQuoted ? this.quoted(code) : this.flowPlain(code);
      if (this.key(key, !isQuoted) === '' && !isQuoted) throw declined;
      while (this.text.charCodeAt(this.pos) === SPACE) this.pos++;
      if (this.text.charCodeAt(this.pos) !== COLON) throw declined;
      this.pos++;
      if (!this.put(mapping, key, this.flowValue(this.flowSpace()))) throw declined;
      code = this.flowSpace();
      if (code === 44) {
        this.pos++;
        code = this.flowSpace();
      } else if (code !== 125) {
        throw declined;
      }
    }
    this.pos++;
    return mapping;
  }

  private flowValue(code: number): N {
    if (code === 91 || code === 123) return this.flow(code);
    if (code === 34 || code === 39) return this.textNode(this.quoted(code), 'quoted');
    return this.plainNode(this.flowPlain(code));
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
