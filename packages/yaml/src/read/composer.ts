import { YamlError, type Mark, type Source } from '../error.js';
import type { CollectionStyle, YamlAlias, YamlMapping, YamlNode, YamlNodeDocument, YamlScalar, YamlSequence } from '../node.js';
import type { YamlLimits, YamlTypes } from '../options.js';
import { plainTag } from '../resolve.js';
import { Scanner } from './scanner.js';
import type { Token, TokenType } from './token.js';

const STANDARD_TAGS = 'tag:yaml.org,2002:';

/** What may stand in front of a node. */
interface Properties {
  readonly start: Mark;
  readonly anchor: string;
  /** The tag in full, or empty. */
  readonly tag: string;
}

/** Comments that were found and wait for the node they belong to. */
interface Comments {
  head: string;
  line: string;
  foot: string;
}

/**
 * Puts the tokens of a text together to nodes, a document at a time: the grammar of YAML, with libyaml's leniences.
 * Comments go to nodes as go-yaml v3 deals them out.
 */
export class Composer {
  private readonly source: Source;
  private readonly types: YamlTypes;
  private readonly scanner: Scanner;
  private readonly limits: YamlLimits;
  private readonly tagPrefixes = new Map<string, string>();
  private readonly anchors = new Map<string, YamlNode>();
  private pending: Comments = { head: '', line: '', foot: '' };
  private stemComment = '';
  private nextComment = 0;
  private depth = 0;
  private nodes = 0;
  private started = false;

  constructor(source: Source, types: YamlTypes, limits: YamlLimits) {
    this.source = source;
    this.types = types;
    this.limits = limits;
    this.scanner = new Scanner(source, types);
  }

  /** The next document, or undefined at the end. */
  document(): YamlNodeDocument | undefined {
    // v3 lets an alias refer to an anchor of a document before.
    if (this.types === 'sigs') this.anchors.clear();
    this.nodes = 0;
    const first = !this.started;
    this.started = true;
    if (!first) while (this.peek().type === 'document-end') this.scanner.skip();
    const start = this.peek();
    if (start.type === 'stream-end') return undefined;
    const implicit = first && !isDocumentHead(start.type);
    this.readDirectives();
    const document: YamlNodeDocument = { line: start.start.line + 1 };
    let root: YamlNode;
    if (implicit) {
      this.splitDocumentComment(document);
      root = this.node(true, false);
    } else {
      const marker = this.peek();
      if (marker.type !== 'document-start') this.fail('did not find expected <document start>', marker.start);
      this.scanner.skip();
      const content = this.peek();
      const empty = isDocumentHead(content.type) || content.type === 'document-end';
      root = empty ? this.emptyScalar(content.start) : this.node(true, false);
    }
    this.endDocument(document);
    document.root = root;
    return document;
  }

  private endDocument(document: YamlNodeDocument): void {
    if (this.peek().type === 'document-end') this.scanner.skip();
    this.tagPrefixes.clear();
    const comments = this.takeComments();
    const foot = comments.foot === '' ? comments.head : comments.foot;
    if (foot !== '') document.footComment = foot;
  }

  /** Comments at the top, up to an empty line, are about the document and not its first node. */
  private splitDocumentComment(document: YamlNodeDocument): void {
    const { head } = this.pending;
    for (let index = head.length - 1; index > 0; index--) {
      if (head[index] !== '\n') continue;
      const atEnd = index === head.length - 1;
      if (!atEnd && head[index - 1] !== '\n') continue;
      document.headComment = head.slice(0, atEnd ? index : index - 1);
      this.pending.head = head.slice(index + 1);
      return;
    }
  }

  private readDirectives(): void {
    let version = false;
    for (let next = this.peek(); ; next = this.peek()) {
      if (next.type === 'version-directive') {
        if (version) this.fail('found duplicate %YAML directive', next.start);
        if (next.value !== '1.1') this.fail('found incompatible YAML document', next.start);
        version = true;
      } else if (next.type === 'tag-directive') {
        if (this.tagPrefixes.has(next.value)) this.fail('found duplicate %TAG directive', next.start);
        this.tagPrefixes.set(next.value, next.suffix);
      } else {
        break;
      }
      this.scanner.skip();
    }
    if (!this.tagPrefixes.has('!')) this.tagPrefixes.set('!', '!');
    if (!this.tagPrefixes.has('!!')) this.tagPrefixes.set('!!', STANDARD_TAGS);
  }

  /** A node. `indentless`: a sequence may stand here without being indented, as below a key. */
  private node(block: boolean, indentless: boolean): YamlNode {
    const first = this.peek();
    if (first.type === 'alias') return this.alias(first);
    const properties = this.properties(first);
    const next = this.peek();
    switch (next.type) {
      case 'block-entry':
        if (indentless) return this.indentlessSequence(properties);
        break;
      case 'scalar':
        return this.scalar(next, properties);
      case 'flow-sequence-start':
        return this.flowSequence(next, properties);
      case 'flow-mapping-start':
        return this.flowMapping(next, properties);
      case 'block-sequence-start':
        if (block) return this.blockSequence(next, properties);
        break;
      case 'block-mapping-start':
        if (block) return this.blockMapping(next, properties);
        break;
      default:
        break;
    }
    if (properties.anchor !== '' || properties.tag !== '') return this.emptyScalar(properties.start, properties);
    return this.fail('did not find expected node content', next.start, properties.start);
  }

  private properties(first: Token): Properties {
    let anchor = '';
    let tag: Token | undefined;
    const start = first.start;
    if (first.type === 'anchor') {
      anchor = first.value;
      this.scanner.skip();
      const next = this.peek();
      if (next.type === 'tag') {
        tag = next;
        this.scanner.skip();
      }
    } else if (first.type === 'tag') {
      tag = first;
      this.scanner.skip();
      const next = this.peek();
      if (next.type === 'anchor') {
        anchor = next.value;
        this.scanner.skip();
      }
    }
    // What follows is looked at before the tag is: its fault, if it has one, comes first.
    this.peek();
    return { start, anchor, tag: tag === undefined ? '' : this.fullTag(tag, start) };
  }

  private fullTag(tag: Token, start: Mark): string {
    if (tag.value === '') return tag.suffix;
    const prefix = this.tagPrefixes.get(tag.value);
    if (prefix === undefined) this.fail('found undefined tag handle', tag.start, start);
    return prefix + tag.suffix;
  }

  private alias(token: Token): YamlAlias {
    this.count(token.start);
    const comments = this.takeComments();
    const target = this.anchors.get(token.value);
    if (target === undefined) {
      throw new YamlError('YamlInvalid', `yaml: unknown anchor '${token.value}' referenced`, this.source, token.start);
    }
    this.scanner.skip();
    const { line, column } = token.start;
    return withComments({ kind: 'alias', tag: '', name: token.value, target, line: line + 1, column: column + 1 }, comments);
  }

  private scalar(token: Token, properties: Properties): YamlScalar {
    const tag = properties.tag === '!' ? '' : shortTag(properties.tag);
    const node: YamlScalar = {
      kind: 'scalar',
      style: token.style,
      value: token.value,
      tag: tag === '' ? this.implicitTag(token) : tag,
      line: properties.start.line + 1,
      column: properties.start.column + 1,
    };
    if (tag !== '') node.taggedExplicitly = true;
    else if (properties.tag === '!') node.nonSpecific = true;
    withComments(node, this.takeComments());
    this.define(node, properties);
    this.scanner.skip();
    return node;
  }

  private implicitTag(token: Token): string {
    if (token.style !== 'plain') return '!!str';
    return token.value === '<<' ? '!!merge' : plainTag(token.value, this.types);
  }

  private emptyScalar(mark: Mark, properties?: Properties): YamlScalar {
    const tag = properties === undefined || properties.tag === '!' ? '' : shortTag(properties.tag);
    const node: YamlScalar = {
      kind: 'scalar',
      style: 'plain',
      value: '',
      tag: tag === '' ? '!!null' : tag,
      line: mark.line + 1,
      column: mark.column + 1,
    };
    if (tag !== '') node.taggedExplicitly = true;
    else if (properties?.tag === '!') node.nonSpecific = true;
    if (properties === undefined) this.count(mark);
    else this.define(node, properties);
    return node;
  }

  private openMapping(style: CollectionStyle, properties: Properties): YamlMapping {
    const tag = properties.tag === '!' ? '' : shortTag(properties.tag);
    const node: YamlMapping = {
      kind: 'mapping',
      style,
      entries: [],
      tag: tag === '' ? '!!map' : tag,
      line: properties.start.line + 1,
      column: properties.start.column + 1,
    };
    if (tag !== '') node.taggedExplicitly = true;
    this.open(node, properties);
    return node;
  }

  private openSequence(style: CollectionStyle, properties: Properties): YamlSequence {
    const tag = properties.tag === '!' ? '' : shortTag(properties.tag);
    const node: YamlSequence = {
      kind: 'sequence',
      style,
      items: [],
      tag: tag === '' ? '!!seq' : tag,
      line: properties.start.line + 1,
      column: properties.start.column + 1,
    };
    if (tag !== '') node.taggedExplicitly = true;
    this.open(node, properties);
    return node;
  }

  private open(node: YamlMapping | YamlSequence, properties: Properties): void {
    if (++this.depth > this.limits.depth) {
      throw new YamlError(
        'YamlTooComplex',
        `yaml: more than ${this.limits.depth} collections inside each other`,
        this.source,
        properties.start,
      );
    }
    this.define(node, properties);
    if (node.style === 'block' && this.stemComment !== '') {
      node.headComment = this.stemComment;
      this.stemComment = '';
    }
  }

  private define(node: YamlNode, properties: Properties): void {
    this.count(properties.start);
    if (properties.anchor === '') return;
    node.anchor = properties.anchor;
    this.anchors.set(properties.anchor, node);
  }

  private count(mark: Mark): void {
    if (++this.nodes > this.limits.nodes) {
      throw new YamlError('YamlTooComplex', `yaml: a document of more than ${this.limits.nodes} nodes`, this.source, mark);
    }
  }

  private blockSequence(start: Token, properties: Properties): YamlSequence {
    const node = this.openSequence('block', properties);
    this.scanner.skip();
    for (let next = this.peek(); next.type === 'block-entry'; next = this.peek()) {
      node.items.push(this.blockEntry(next, ['block-entry', 'block-end']));
    }
    const end = this.peek();
    if (end.type !== 'block-end') this.fail("did not find expected '-' indicator", end.start, start.start);
    this.scanner.skip();
    return this.close(node, { head: '', line: '', foot: '' });
  }

  private indentlessSequence(properties: Properties): YamlSequence {
    const node = this.openSequence('block', properties);
    for (let next = this.peek(); next.type === 'block-entry'; next = this.peek()) {
      node.items.push(this.blockEntry(next, ['block-entry', 'key', 'value', 'block-end']));
    }
    return this.close(node, { head: '', line: '', foot: '' });
  }

  /** An entry of a block sequence; one of `ends` behind the `-` means that it is empty. */
  private blockEntry(entry: Token, ends: readonly TokenType[]): YamlNode {
    const stem = this.pending.head.length;
    this.scanner.skip();
    this.splitStemComment(stem);
    if (ends.includes(this.peek().type)) return this.emptyScalar(after(entry));
    return this.node(true, false);
  }

  /** In front of `- key: value` the comment so far belongs to the mapping, what comes between to its first key. */
  private splitStemComment(length: number): void {
    if (length === 0) return;
    const { type } = this.peek();
    if (type !== 'block-sequence-start' && type !== 'block-mapping-start') return;
    this.stemComment = this.pending.head.slice(0, length);
    this.pending.head = this.pending.head.slice(length + 1);
  }

  private blockMapping(start: Token, properties: Properties): YamlMapping {
    const node = this.openMapping('block', properties);
    this.scanner.skip();
    for (let next = this.peek(); next.type !== 'block-end'; next = this.peek()) {
      if (next.type !== 'key') this.fail('did not find expected key', next.start, start.start);
      const key = this.blockKey(next);
      // A comment below the previous value was found with this key.
      const previous = node.entries.at(-1)?.key;
      if (key.footComment !== undefined && previous !== undefined) {
        previous.footComment = key.footComment;
        delete key.footComment;
      }
      const value = this.blockValue();
      moveFoot(value, key);
      node.entries.push({ key, value });
    }
    const comments = this.takeComments();
    this.scanner.skip();
    return this.close(node, comments);
  }

  private blockKey(next: Token): YamlNode {
    this.scanner.skip();
    return this.blockContent(next);
  }

  private blockValue(): YamlNode {
    const next = this.peek();
    if (next.type !== 'value') return this.emptyScalar(next.start);
    this.scanner.skip();
    return this.blockContent(next);
  }

  /** What stands behind `?` or `:`, if anything does. */
  private blockContent(indicator: Token): YamlNode {
    const { type } = this.peek();
    const empty = type === 'key' || type === 'value' || type === 'block-end';
    return empty ? this.emptyScalar(after(indicator)) : this.node(true, true);
  }

  private flowSequence(start: Token, properties: Properties): YamlSequence {
    const { head } = this.takeComments();
    const node = this.openSequence('flow', properties);
    if (head !== '') node.headComment = head;
    this.scanner.skip();
    for (let next = this.peek(); next.type !== 'flow-sequence-end'; next = this.peek()) {
      if (node.items.length > 0) {
        next = this.flowSeparator(next, start, "did not find expected ',' or ']'");
        if (next.type === 'flow-sequence-end') break;
      }
      node.items.push(next.type === 'key' ? this.flowPair(next) : this.node(false, false));
    }
    const end = this.takeComments();
    this.scanner.skip();
    return this.close(node, end);
  }

  /** `[key: value]`: a mapping of one entry without braces. */
  private flowPair(start: Token): YamlMapping {
    const node = this.openMapping('flow', { start: start.start, anchor: '', tag: '' });
    this.scanner.skip();
    const content = this.peek();
    let key: YamlNode;
    if (content.type === 'value' || content.type === 'flow-entry' || content.type === 'flow-sequence-end') {
      // libyaml goes over the token that shows that there is no key.
      key = this.emptyScalar(after(content));
      this.scanner.skip();
    } else {
      key = this.node(false, false);
    }
    const value = this.flowValue(['flow-entry', 'flow-sequence-end']);
    moveFoot(value, key);
    node.entries.push({ key, value });
    return this.close(node, { head: '', line: '', foot: '' });
  }

  private flowMapping(start: Token, properties: Properties): YamlMapping {
    const { head } = this.takeComments();
    const node = this.openMapping('flow', properties);
    if (head !== '') node.headComment = head;
    this.scanner.skip();
    for (let next = this.peek(); next.type !== 'flow-mapping-end'; next = this.peek()) {
      if (node.entries.length > 0) {
        next = this.flowSeparator(next, start, "did not find expected ',' or '}'");
        if (next.type === 'flow-mapping-end') break;
      }
      const entry = next.type === 'key' ? this.flowEntry() : { key: this.node(false, false), value: this.emptyScalar(this.peek().start) };
      moveFoot(entry.value, entry.key);
      node.entries.push(entry);
    }
    const end = this.takeComments();
    this.scanner.skip();
    return this.close(node, end);
  }

  private flowEntry(): { key: YamlNode; value: YamlNode } {
    this.scanner.skip();
    const content = this.peek();
    const ends: readonly TokenType[] = ['value', 'flow-entry', 'flow-mapping-end'];
    const key = ends.includes(content.type) ? this.emptyScalar(content.start) : this.node(false, false);
    return { key, value: this.flowValue(['flow-entry', 'flow-mapping-end']) };
  }

  private flowValue(ends: readonly TokenType[]): YamlNode {
    let next = this.peek();
    if (next.type === 'value') {
      this.scanner.skip();
      next = this.peek();
      if (!ends.includes(next.type)) return this.node(false, false);
    }
    return this.emptyScalar(next.start);
  }

  private flowSeparator(next: Token, start: Token, problem: string): Token {
    if (next.type !== 'flow-entry') this.fail(problem, next.start, start.start);
    this.scanner.skip();
    return this.peek();
  }

  /** The comments at the end of a collection. Those below a block mapping are about its last key. */
  private close<T extends YamlMapping | YamlSequence>(node: T, comments: Comments): T {
    this.depth--;
    const last = node.kind === 'mapping' && node.style === 'block' ? node.entries.at(-1)?.key : undefined;
    if (comments.line !== '') node.lineComment = comments.line;
    if (comments.foot !== '') (last ?? node).footComment = comments.foot;
    return node;
  }

  private peek(): Token {
    const token = this.scanner.peek();
    const { comments } = this.scanner;
    for (
      let comment = comments[this.nextComment];
      comment !== undefined && token.start.index >= comment.tokenIndex;
      comment = comments[++this.nextComment]
    ) {
      // A comment in front of the end of a block is the head of what follows.
      if (comment.kind === 'head' && token.type === 'block-end') break;
      const before = this.pending[comment.kind];
      this.pending[comment.kind] = before === '' ? comment.text : `${before}\n${comment.text}`;
    }
    return token;
  }

  private takeComments(): Comments {
    const comments = this.pending;
    if (comments.head !== '' || comments.line !== '' || comments.foot !== '') this.pending = { head: '', line: '', foot: '' };
    this.stemComment = '';
    return comments;
  }

  /** Go's words: the line it names counts from 0, and v3 prefers where the collection began. */
  private fail(problem: string, mark: Mark, context?: Mark): never {
    const preferred = this.types === 'kyaml' && context !== undefined && context.line !== 0 ? context.line : mark.line;
    const line = preferred !== 0 ? preferred : (context?.line ?? 0);
    throw new YamlError('YamlInvalid', `yaml: ${line === 0 ? '' : `line ${line}: `}${problem}`, this.source, mark);
  }
}

function isDocumentHead(type: TokenType): boolean {
  return type === 'version-directive' || type === 'tag-directive' || type === 'document-start' || type === 'stream-end';
}

function shortTag(tag: string): string {
  return tag.startsWith(STANDARD_TAGS) ? `!!${tag.slice(STANDARD_TAGS.length)}` : tag;
}

/** The place behind an indicator. */
function after({ start }: Token): Mark {
  return { index: start.index + 1, line: start.line, column: start.column + 1 };
}

function withComments<T extends YamlNode>(node: T, comments: Comments): T {
  if (comments.head !== '') node.headComment = comments.head;
  if (comments.line !== '') node.lineComment = comments.line;
  if (comments.foot !== '') node.footComment = comments.foot;
  return node;
}

/** A comment below a value is kept with its key. */
function moveFoot(value: YamlNode, key: YamlNode): void {
  if (value.footComment === undefined || key.footComment !== undefined) return;
  key.footComment = value.footComment;
  delete value.footComment;
}
