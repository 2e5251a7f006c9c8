import { YamlError, type Mark, type Source } from '../error.js';
import type { YamlTypes } from '../options.js';
import { codesOf, isBlankOrEnd, isBreak } from '../characters.js';
import { moveEntryComment, scanComments, scanLineComment, type Comment } from './comments.js';
import { Cursor } from './cursor.js';
import { scanAnchor, scanDirective, scanTag } from './properties.js';
import { scanBlockScalar, scanPlainScalar, scanQuotedScalar } from './scalars.js';
import { token, type Token, type TokenType } from './token.js';

/** A token that would be a key if a `:` came soon enough. */
interface SimpleKey {
  readonly tokenNumber: number;
  readonly mark: Mark;
  /** Nothing but a key may begin here: without its `:` this is an error. */
  readonly required: boolean;
  /** It may still become one. */
  possible: boolean;
  /** Its token waits in the queue for that. */
  waits: boolean;
}

/** How far a `:` may be from the beginning of its key. */
const MAX_SIMPLE_KEY = 1024;
/** Collections inside each other that go-yaml takes. */
const MAX_LEVELS = 10_000;

/** Characters that begin something else than a plain scalar. */
const indicators = new Set(codesOf('-?:,[]{}#&*!|>\'"%@`'));

/**
 * Cuts a text into tokens. The difficulty of YAML is here: that a scalar was a key is known only at its `:`, and a
 * mapping began before it. So tokens wait in a queue as long as the first of them may turn out to be a key.
 *
 * It accepts and refuses what go-yaml (libyaml, that is) does, with the same words. The two versions of go-yaml differ
 * in how far they look ahead, in the place that errors name, and in that v3 (`kyaml`) collects comments.
 */
export class Scanner {
  readonly cursor: Cursor;
  readonly source: Source;
  readonly types: YamlTypes;
  /** Collected comments, in the order of the text; empty for `sigs`. */
  readonly comments: Comment[] = [];
  indent = -1;
  flowLevel = 0;
  simpleKeyAllowed = true;

  private tokens: Token[] = [];
  private head = 0;
  /** Tokens that have left the queue. */
  private taken = 0;
  private readonly indents: number[] = [];
  /** One place for each open flow collection and one for the block context around them. */
  private readonly simpleKeys: (SimpleKey | undefined)[] = [undefined];
  /** For each of those places the token that its last key began with, or the bracket that opened it. */
  private readonly keyTokens: number[] = [0];
  /** Keys whose tokens wait, in the order of their tokens, from `firstWaiting` on. */
  private waiting: SimpleKey[] = [];
  private firstWaiting = 0;
  private available = false;

  constructor(source: Source, types: YamlTypes) {
    this.source = source;
    this.types = types;
    this.cursor = new Cursor(`${source.text}\0`);
  }

  /** The next token, which stays. */
  peek(): Token {
    if (!this.available) {
      this.fetchEnough();
      this.available = true;
    }
    return this.tokens[this.head]!;
  }

  /** Takes the token that {@link peek} gave. */
  skip(): void {
    this.available = false;
    this.taken++;
    this.head++;
    if (this.head > 64 && this.head * 2 > this.tokens.length) {
      this.tokens = this.tokens.slice(this.head - 2);
      this.head = 2;
    }
  }

  /** The token that was scanned last, or one before it. */
  lastToken(back = 1): Token | undefined {
    return this.tokens[this.tokens.length - back];
  }

  fail(problem: string, context: Mark = this.cursor.mark()): never {
    const mark = this.cursor.mark();
    const first = this.types === 'kyaml' ? context.line : mark.line;
    const second = this.types === 'kyaml' ? mark.line : context.line;
    // v2 does not count from 1 here.
    const line = first !== 0 ? first + 1 : second !== 0 ? second + (this.types === 'kyaml' ? 1 : 0) : 0;
    throw new YamlError('YamlInvalid', `yaml: ${line === 0 ? '' : `line ${line}: `}${problem}`, this.source, mark);
  }

  private fetchEnough(): void {
    const ahead = this.types === 'kyaml' ? 2 : 0;
    for (;;) {
      if (this.tokens.length - this.head > ahead) {
        const key = this.nextWaiting();
        if (key === undefined || key.tokenNumber !== this.taken || !this.isPossible(key)) return;
      }
      this.fetchToken();
    }
  }

  private fetchToken(): void {
    const { cursor } = this;
    const before = cursor.mark();
    this.scanToToken();
    this.unrollIndent(cursor.column, before);
    const code = cursor.at();
    if (code === 0) return this.fetchStreamEnd();
    if (code === 37 /* % */ && cursor.column === 0) return this.fetchDirective();
    if (cursor.atDocumentMarker()) return this.fetchDocumentMarker(code === 45 ? 'document-start' : 'document-end');
    let commentMark = cursor.mark();
    if (this.flowLevel === 0 ? code === 58 /* : */ : code === 44 /* , */) commentMark = this.lastToken()?.start ?? commentMark;
    this.fetchContent(code);
    if (this.lastToken()?.type !== 'block-entry') this.lineComment(commentMark);
  }

  /** Collects a comment behind the token that begins at `owner`. */
  lineComment(owner: Mark): void {
    if (this.types === 'kyaml') scanLineComment(this, owner);
  }

  private fetchContent(code: number): void {
    const { cursor } = this;
    const next = cursor.at(1);
    const inFlow = this.flowLevel > 0;
    switch (code) {
      case 91 /* [ */:
        return this.fetchFlowStart('flow-sequence-start');
      case 123 /* { */:
        return this.fetchFlowStart('flow-mapping-start');
      case 93 /* ] */:
        return this.fetchFlowEnd('flow-sequence-end');
      case 125 /* } */:
        return this.fetchFlowEnd('flow-mapping-end');
      case 44 /* , */:
        return this.fetchFlowEntry();
      case 45 /* - */:
        if (isBlankOrEnd(next)) return this.fetchBlockEntry();
        break;
      case 63 /* ? */:
        if (inFlow || isBlankOrEnd(next)) return this.fetchKey();
        break;
      case 58 /* : */:
        if (inFlow || isBlankOrEnd(next)) return this.fetchValue();
        break;
      case 42 /* * */:
        this.beginNode();
        return this.push(scanAnchor(this, 'alias'));
      case 38 /* & */:
        this.beginNode();
        return this.push(scanAnchor(this, 'anchor'));
      case 33 /* ! */:
        this.beginNode();
        return this.push(scanTag(this));
      case 39 /* ' */:
        this.beginNode();
        return this.push(scanQuotedScalar(this, 'single'));
      case 34 /* " */:
        this.beginNode();
        return this.push(scanQuotedScalar(this, 'double'));
      case 124 /* | */:
        if (!inFlow) return this.fetchBlockScalar(true);
        break;
      case 62 /* > */:
        if (!inFlow) return this.fetchBlockScalar(false);
        break;
      default:
        break;
    }
    const plain =
      !(isBlankOrEnd(code) || indicators.has(code)) ||
      (code === 45 && next !== 32 && next !== 9) ||
      (!inFlow && (code === 63 || code === 58) && !isBlankOrEnd(next));
    if (!plain) this.fail('found character that cannot start any token');
    this.beginNode();
    this.push(scanPlainScalar(this));
  }

  /** Blanks, comments and line breaks. After a break of a block line a key may begin. */
  private scanToToken(): void {
    const { cursor } = this;
    const before = cursor.mark();
    for (;;) {
      for (let code = cursor.at(); ; code = cursor.at()) {
        // A tab separates, but it does not indent.
        if (code !== 32 && !(code === 9 && (this.flowLevel > 0 || !this.simpleKeyAllowed))) break;
        cursor.pos++;
      }
      if (this.types === 'kyaml') moveEntryComment(this);
      if (cursor.at() === 35 /* # */) {
        if (this.types === 'kyaml') scanComments(this, before);
        else while (!(cursor.at() === 0 || isBreak(cursor.at()))) cursor.pos++;
      }
      if (!isBreak(cursor.at())) return;
      cursor.takeBreak();
      if (this.flowLevel === 0) this.simpleKeyAllowed = true;
    }
  }

  private push(added: Token): void {
    this.tokens.push(added);
  }

  /** Puts a token in front of the one of a number, or at the end when that has left the queue. */
  private insert(tokenNumber: number, added: Token): void {
    const ahead = tokenNumber - this.taken;
    if (ahead < 0) this.push(added);
    else this.tokens.splice(this.head + ahead, 0, added);
  }

  private nextTokenNumber(): number {
    return this.taken + this.tokens.length - this.head;
  }

  private fetchStreamEnd(): void {
    if (this.cursor.column !== 0) this.cursor.startLine();
    this.unrollIndent(-1, this.cursor.mark());
    this.removeSimpleKey();
    this.simpleKeyAllowed = false;
    this.push(token('stream-end', this.cursor.mark()));
  }

  private fetchDirective(): void {
    this.unrollIndent(-1, this.cursor.mark());
    this.removeSimpleKey();
    this.simpleKeyAllowed = false;
    this.push(scanDirective(this));
  }

  private fetchDocumentMarker(type: TokenType): void {
    this.unrollIndent(-1, this.cursor.mark());
    this.removeSimpleKey();
    this.simpleKeyAllowed = false;
    const start = this.cursor.mark();
    this.cursor.pos += 3;
    this.push(token(type, start));
  }

  private fetchFlowStart(type: TokenType): void {
    this.saveSimpleKey();
    this.simpleKeys.push(undefined);
    this.keyTokens.push(this.nextTokenNumber());
    if (++this.flowLevel > MAX_LEVELS) this.fail(`exceeded max depth of ${MAX_LEVELS}`);
    this.simpleKeyAllowed = true;
    this.pushIndicator(type);
  }

  private fetchFlowEnd(type: TokenType): void {
    this.removeSimpleKey();
    if (this.flowLevel > 0) {
      this.flowLevel--;
      this.simpleKeys.pop();
      // For an empty collection this is its bracket: `[]` is handed out at once, and can't become a key. So it is in Go.
      const bracket = this.simpleKeys.at(-1);
      if (this.keyTokens.pop() === bracket?.tokenNumber) bracket!.waits = false;
    }
    this.simpleKeyAllowed = false;
    this.pushIndicator(type);
  }

  private fetchFlowEntry(): void {
    this.removeSimpleKey();
    this.simpleKeyAllowed = true;
    this.pushIndicator('flow-entry');
  }

  private fetchBlockEntry(): void {
    if (this.flowLevel === 0) {
      if (!this.simpleKeyAllowed) this.fail('block sequence entries are not allowed in this context');
      this.rollIndent('block-sequence-start', this.cursor.mark());
    }
    // In a flow collection the entry is an error too, which the parser has better words for.
    this.removeSimpleKey();
    this.simpleKeyAllowed = true;
    this.pushIndicator('block-entry');
  }

  private fetchKey(): void {
    if (this.flowLevel === 0) {
      if (!this.simpleKeyAllowed) this.fail('mapping keys are not allowed in this context');
      this.rollIndent('block-mapping-start', this.cursor.mark());
    }
    this.removeSimpleKey();
    this.simpleKeyAllowed = this.flowLevel === 0;
    this.pushIndicator('key');
  }

  private fetchValue(): void {
    const key = this.simpleKeys.at(-1);
    if (key !== undefined && this.isPossible(key)) {
      this.insert(key.tokenNumber, token('key', key.mark));
      this.rollIndent('block-mapping-start', key.mark, key.tokenNumber);
      key.possible = false;
      this.simpleKeyAllowed = false;
    } else {
      if (this.flowLevel === 0) {
        if (!this.simpleKeyAllowed) this.fail('mapping values are not allowed in this context');
        this.rollIndent('block-mapping-start', this.cursor.mark());
      }
      this.simpleKeyAllowed = this.flowLevel === 0;
    }
    this.pushIndicator('value');
  }

  private pushIndicator(type: TokenType): void {
    this.push(token(type, this.cursor.mark()));
    this.cursor.pos++;
  }

  /** In front of an anchor, alias, tag or scalar of one line: a key may begin with it. */
  private beginNode(): void {
    this.saveSimpleKey();
    this.simpleKeyAllowed = false;
  }

  private fetchBlockScalar(literal: boolean): void {
    this.removeSimpleKey();
    this.simpleKeyAllowed = true;
    this.push(scanBlockScalar(this, literal));
  }

  private isPossible(key: SimpleKey): boolean {
    const { cursor } = this;
    if (!key.possible) return false;
    if (key.mark.line >= cursor.line && key.mark.index + MAX_SIMPLE_KEY >= cursor.pos) return true;
    if (key.required) this.fail("could not find expected ':'", key.mark);
    key.possible = false;
    return false;
  }

  /** The first key that its token waits for. */
  private nextWaiting(): SimpleKey | undefined {
    for (; this.firstWaiting < this.waiting.length; this.firstWaiting++) {
      const key = this.waiting[this.firstWaiting]!;
      if (key.possible && key.waits) return key;
    }
    if (this.firstWaiting > 0) {
      this.waiting = [];
      this.firstWaiting = 0;
    }
    return undefined;
  }

  private saveSimpleKey(): void {
    if (!this.simpleKeyAllowed) return;
    const required = this.flowLevel === 0 && this.indent === this.cursor.column;
    const tokenNumber = this.nextTokenNumber();
    this.removeSimpleKey();
    const key = { tokenNumber, mark: this.cursor.mark(), required, possible: true, waits: true };
    this.simpleKeys[this.simpleKeys.length - 1] = key;
    this.keyTokens[this.keyTokens.length - 1] = tokenNumber;
    this.waiting.push(key);
  }

  private removeSimpleKey(): void {
    const key = this.simpleKeys.at(-1);
    if (key === undefined || !key.possible) return;
    if (key.required) this.fail("could not find expected ':'", key.mark);
    key.possible = false;
  }

  /** Deeper indentation begins a collection, at the end of the queue or in front of the key that it begins with. */
  private rollIndent(type: TokenType, mark: Mark, tokenNumber?: number): void {
    if (this.flowLevel > 0 || this.indent >= mark.column) return;
    this.indents.push(this.indent);
    this.indent = mark.column;
    if (this.indents.length > MAX_LEVELS) this.fail(`exceeded max depth of ${MAX_LEVELS}`);
    const added = token(type, mark);
    if (tokenNumber === undefined) this.push(added);
    else this.insert(tokenNumber, added);
  }

  /** Less indentation ends collections. A comment that is indented like one of them is still inside it. */
  private unrollIndent(column: number, before: Mark): void {
    if (this.flowLevel > 0) return;
    let mark = this.types === 'kyaml' ? { ...before, index: before.index - 1 } : this.cursor.mark();
    while (this.indent > column) {
      let stop = mark.index;
      for (let index = this.comments.length - 1; index >= 0; index--) {
        const comment = this.comments[index]!;
        if (comment.endIndex < stop) break;
        if (comment.start.column === this.indent + 1) mark = comment.start;
        stop = comment.scanIndex;
      }
      this.push(token('block-end', mark));
      this.indent = this.indents.pop() ?? -1;
    }
  }
}
