import { isBreak } from '../characters.js';
import type { ScalarStyle, YamlMapping, YamlNode, YamlNodeDocument, YamlScalar, YamlSequence } from '../node.js';
import { plainTag } from '../resolve.js';
import { chooseStyle, scalarTraits, type ScalarTraits } from './scalar-style.js';
import { blockHeader, blockLines, scalarText } from './scalar-text.js';

export interface YamlNodeLayout {
  /** Columns of each level: 2 by default, as in kyaml. */
  readonly indent?: number;
  /** Whether the sequence below a key is as far left as the key (`compact`, the default) or indented (`wide`). */
  readonly sequences?: 'compact' | 'wide';
}

/**
 * Nodes as go-yaml v3 prints them in kyaml's manner: styles, tags, anchors and comments kept where they can be, nothing
 * folded. Ends with a line break; `---` stands between documents.
 */
export function printYamlNodes(documents: YamlNode | readonly YamlNodeDocument[], layout: YamlNodeLayout = {}): string {
  const printer = new NodePrinter(layout);
  if ('kind' in documents) printer.document({ root: documents, line: 1 });
  else for (const document of documents) printer.document(document);
  return printer.out;
}

/** Where a node stands. */
interface Context {
  readonly place: 'root' | 'item' | 'key' | 'value';
  /** A key on one line. */
  readonly simpleKey: boolean;
}

const ROOT: Context = { place: 'root', simpleKey: false };
const ITEM: Context = { place: 'item', simpleKey: false };
const SIMPLE_KEY: Context = { place: 'key', simpleKey: true };
const LONG_KEY: Context = { place: 'key', simpleKey: false };
const VALUE: Context = { place: 'value', simpleKey: false };
const MAX_SIMPLE_KEY = 128;
const STANDARD_TAGS = 'tag:yaml.org,2002:';

/** A comment that is to be written when the next place for its kind comes. */
type Pending = Record<'head' | 'line' | 'foot' | 'tail' | 'keyLine', string>;

/**
 * Follows libyaml's emitter, whose line breaks and spaces depend on what was written before: so it keeps the same state.
 */
class NodePrinter {
  out = '';
  private readonly step: number;
  private readonly compact: boolean;
  private readonly pending: Pending = { head: '', line: '', foot: '', tail: '', keyLine: '' };
  private indent = -1;
  private column = 0;
  /** The last thing written was a space or an indicator that separates. */
  private whitespace = true;
  /** Nothing but indentation and indicators of block collections is on the line yet. */
  private indention = true;
  /** The indentation of the foot comment that was just written: an empty line has to follow it. */
  private footIndent = -1;
  private flowLevel = 0;
  private isFirst = true;

  constructor({ indent = 2, sequences = 'compact' }: YamlNodeLayout) {
    this.step = indent;
    this.compact = sequences === 'compact';
  }

  document({ root, headComment = '', footComment = '' }: YamlNodeDocument): void {
    this.pending.head = headComment || this.pending.head;
    if (!this.isFirst) {
      this.writeIndent();
      this.indicator('---', true);
      this.writeIndent();
    }
    this.isFirst = false;
    if (this.pending.head !== '') {
      this.headComment();
      this.break();
    }
    if (root !== undefined) {
      this.take(root, '');
      this.headComment();
      this.node(root, ROOT, () => this.trailingComments());
    }
    this.pending.foot = footComment || this.pending.foot;
    this.footIndent = 0;
    this.footComment();
    this.footIndent = -1;
    this.writeIndent();
  }

  /** Makes the comments in front of and at a node the ones to be written. */
  private take(node: YamlNode, tail: string): void {
    if (node.headComment !== undefined) this.pending.head = node.headComment;
    if (node.kind === 'scalar' || node.kind === 'alias') this.takeEnd(node);
    if (tail !== '' && node.kind !== 'sequence' && node.kind !== 'alias') this.pending.tail = tail;
  }

  private takeEnd(node: YamlNode, tail = ''): void {
    if (node.lineComment !== undefined) this.pending.line = node.lineComment;
    if (node.footComment !== undefined) this.pending.foot = node.footComment;
    if (tail !== '') this.pending.tail = tail;
  }

  /** A node. `afterStart` runs behind a scalar, and between the start of a collection and what is in it. */
  private node(node: YamlNode, context: Context, afterStart: () => void): void {
    switch (node.kind) {
      case 'alias':
        this.indicator('*', true);
        this.raw(node.name);
        return afterStart();
      case 'scalar':
        this.scalar(node, context);
        return afterStart();
      case 'sequence':
        this.properties(node, collectionTag(node, '!!seq'));
        afterStart();
        if (this.flowLevel > 0 || node.style === 'flow' || node.items.length === 0) return this.flowSequence(node, context);
        return this.blockSequence(node, context);
      case 'mapping':
        this.properties(node, collectionTag(node, '!!map'));
        afterStart();
        if (this.flowLevel > 0 || node.style === 'flow' || node.entries.length === 0) return this.flowMapping(node, context);
        return this.blockMapping(node, context);
    }
  }

  private blockSequence(node: YamlSequence, context: Context): void {
    const outer = this.indent;
    const below = context.place === 'key' || context.place === 'value';
    this.increaseIndent(context, false, below && (this.column === 0 || !this.indention) && this.compact);
    for (const item of node.items) {
      this.take(item, '');
      this.headComment();
      this.writeIndent();
      this.indicator('-', true, false, true);
      this.node(item, ITEM, () => this.trailingComments());
    }
    this.takeEnd(node);
    this.indent = outer;
  }

  private blockMapping(node: YamlMapping, context: Context): void {
    const outer = this.indent;
    this.increaseIndent(context, false, false);
    let tail = '';
    for (const { key: keyWithFoot, value } of node.entries) {
      const key = withoutFoot(keyWithFoot);
      this.take(key, tail);
      tail = keyWithFoot.footComment ?? '';
      this.headComment();
      this.writeIndent();
      if (this.pending.line !== '') {
        this.pending.keyLine = this.pending.line;
        this.pending.line = '';
      }
      if (this.isSimpleKey(key)) {
        this.node(key, SIMPLE_KEY, nothing);
        this.take(value, '');
        this.indicator(':', false);
      } else {
        this.indicator('?', true, false, true);
        this.node(key, LONG_KEY, nothing);
        this.take(value, '');
        this.writeIndent();
        this.indicator(':', true, false, true);
      }
      this.keyLineComment(value);
      this.node(value, VALUE, () => this.trailingComments());
    }
    this.takeEnd(node, tail);
    this.headComment();
    this.indent = outer;
  }

  /** A comment behind a key goes behind its value, or stays there when that begins on the next line. */
  private keyLineComment(value: YamlNode): void {
    if (this.pending.keyLine === '') return;
    if (value.kind === 'scalar') {
      if (this.pending.line !== '') return;
      this.pending.line = this.pending.keyLine;
      this.pending.keyLine = '';
    } else if (value.kind !== 'alias' && value.style !== 'flow') {
      const { line } = this.pending;
      this.pending.line = this.pending.keyLine;
      this.lineComment();
      this.pending.keyLine = '';
      this.pending.line = line;
    }
  }

  private flowSequence(node: YamlSequence, context: Context): void {
    const outer = this.openFlow('[', context);
    let separated = true;
    for (const item of node.items) {
      this.take(item, '');
      if (!separated) this.indicator(',', false);
      this.headComment();
      if (this.column === 0) this.writeIndent();
      separated = this.hasTrailing();
      this.node(item, ITEM, () => this.flowTrailing());
    }
    this.takeEnd(node);
    this.flowLevel--;
    this.indent = outer;
    if (this.column === 0) this.writeIndent();
    this.indicator(']', false);
    this.trailingComments();
  }

  private flowMapping(node: YamlMapping, context: Context): void {
    const outer = this.openFlow('{', context);
    let separated = true;
    let tail = '';
    for (const { key: keyWithFoot, value } of node.entries) {
      const key = withoutFoot(keyWithFoot);
      this.take(key, tail);
      tail = keyWithFoot.footComment ?? '';
      if (!separated) this.indicator(',', false);
      this.headComment();
      if (this.column === 0) this.writeIndent();
      if (this.isSimpleKey(key)) {
        this.node(key, SIMPLE_KEY, nothing);
        this.take(value, '');
        this.indicator(':', false);
      } else {
        this.indicator('?', true);
        this.node(key, LONG_KEY, nothing);
        this.take(value, '');
        this.indicator(':', true);
      }
      separated = this.hasTrailing();
      this.node(value, VALUE, () => this.flowTrailing());
    }
    this.takeEnd(node, tail);
    if (!separated && (this.pending.head !== '' || this.pending.foot !== '' || this.pending.tail !== '')) this.indicator(',', false);
    this.headComment();
    this.flowLevel--;
    this.indent = outer;
    this.indicator('}', false);
    this.trailingComments();
  }

  /** Opens a bracket and gives the indentation around it. */
  private openFlow(bracket: string, context: Context): number {
    const outer = this.indent;
    this.indicator(bracket, true, true);
    this.increaseIndent(context, true, false);
    this.flowLevel++;
    return outer;
  }

  private hasTrailing(): boolean {
    return this.pending.line !== '' || this.pending.foot !== '' || this.pending.tail !== '';
  }

  /** The comma of an entry goes in front of its comment. */
  private flowTrailing(): void {
    if (this.hasTrailing()) this.indicator(',', false);
    this.trailingComments();
  }

  private isSimpleKey(key: YamlNode): boolean {
    if (key.kind === 'alias') return key.name.length <= MAX_SIMPLE_KEY;
    const length = Buffer.byteLength((key.anchor ?? '') + tagParts(keyTag(key)).join(''));
    if (key.kind === 'sequence') return key.items.length === 0 && length <= MAX_SIMPLE_KEY;
    if (key.kind === 'mapping') return key.entries.length === 0 && length <= MAX_SIMPLE_KEY;
    return !scalarTraits(key.value, true).multiline && length + Buffer.byteLength(key.value) <= MAX_SIMPLE_KEY;
  }

  private scalar(node: YamlScalar, context: Context): void {
    const { tag, forceQuotes } = scalarTag(node);
    const traits = scalarTraits(node.value, true);
    const plainAllowed = tag === '';
    const place = { flow: this.flowLevel > 0, simpleKey: context.simpleKey, plainAllowed: true };
    const style = chooseStyle(wantedStyle(node, forceQuotes), node.value, traits, place);
    this.properties(node, plainAllowed ? '' : tag);
    const outer = this.indent;
    this.increaseIndent(context, true, false);
    this.writeScalar(node.value, style, traits, context);
    this.indent = outer;
  }

  private writeScalar(text: string, style: ScalarStyle, traits: ScalarTraits, context: Context): void {
    const layout = { column: this.column + 1, indent: this.indent, width: Infinity, step: this.step, breaks: !context.simpleKey };
    if (style === 'plain') {
      if (text === '') return this.endScalar(false);
      if (!this.whitespace) this.raw(' ');
      this.raw(text);
      return this.endScalar(true);
    }
    if (style === 'single' || style === 'double') {
      this.indicator(scalarText(text, style, layout), true);
      if (traits.multiline && style === 'single') this.column = this.out.length - this.out.lastIndexOf('\n') - 1;
      return this.endScalar(true);
    }
    this.indicator(blockHeader(text, style, this.step), true);
    if (this.pending.line === '') this.break();
    else this.lineComment();
    this.whitespace = true;
    const lines = blockLines(text, style, layout);
    this.out += lines;
    const ends = isBreak(lines.charCodeAt(lines.length - 1));
    this.column = ends ? 0 : lines.length - lines.lastIndexOf('\n') - 1;
    this.indention = ends;
  }

  private endScalar(written: boolean): void {
    if (written) this.whitespace = false;
    this.indention = false;
  }

  /** `&anchor !tag` in front of a node. */
  private properties(node: YamlNode, tag: string): void {
    if (node.anchor !== undefined) {
      this.indicator('&', true);
      this.raw(node.anchor);
    }
    const text = tagText(tag);
    if (text === '') return;
    if (!this.whitespace) this.raw(' ');
    this.raw(text);
    this.whitespace = false;
    this.indention = false;
  }

  private increaseIndent(context: Context, flow: boolean, compact: boolean): void {
    if (this.indent < 0) {
      this.indent = flow ? this.step : 0;
    } else if (context.place === 'item' && this.flowLevel === 0) {
      this.indent += 2;
    } else {
      // To the next multiple: entries of a sequence may have left it between two.
      this.indent = this.step * Math.floor((this.indent + this.step) / this.step);
      if (compact) this.indent -= 2;
    }
  }

  private headComment(): void {
    if (this.pending.tail !== '') {
      this.writeIndent();
      this.comment(this.pending.tail);
      this.pending.tail = '';
      this.footIndent = Math.max(this.indent, 0);
    }
    if (this.pending.head === '') return;
    this.writeIndent();
    this.comment(this.pending.head);
    this.pending.head = '';
  }

  private trailingComments(): void {
    this.lineComment();
    this.footComment();
  }

  private lineComment(): void {
    if (this.pending.line === '') return;
    if (!this.whitespace) this.raw(' ');
    this.comment(this.pending.line);
    this.pending.line = '';
  }

  private footComment(): void {
    if (this.pending.foot === '') return;
    this.writeIndent();
    this.comment(this.pending.foot);
    this.pending.foot = '';
    this.footIndent = Math.max(this.indent, 0);
  }

  /** A comment and the end of its line. Lines that lack a `#` get one. */
  private comment(text: string): void {
    for (const [index, line] of text.split('\n').entries()) {
      if (index > 0) this.break();
      if (line === '') continue;
      if (index > 0) this.writeIndent();
      this.raw(line.startsWith('#') ? line : `# ${line}`);
      this.indention = false;
    }
    if (!text.endsWith('\n')) this.break();
    this.whitespace = true;
  }

  /** Begins a line where there is something on this one, and goes to the indentation. */
  private writeIndent(): void {
    const indent = Math.max(this.indent, 0);
    if (!this.indention || this.column > indent || (this.column === indent && !this.whitespace)) this.break();
    if (this.footIndent === indent) this.break();
    if (this.column < indent) this.raw(' '.repeat(indent - this.column));
    this.whitespace = true;
    this.footIndent = -1;
  }

  private indicator(text: string, separate: boolean, isWhitespace = false, isIndention = false): void {
    if (separate && !this.whitespace) this.raw(' ');
    this.raw(text);
    this.whitespace = isWhitespace;
    this.indention &&= isIndention;
  }

  private raw(text: string): void {
    this.out += text;
    this.column += text.length;
  }

  private break(): void {
    this.out += '\n';
    this.column = 0;
    this.indention = true;
  }
}

function nothing(): void {
  // a key has no comments of its own behind it
}

/** A key whose foot comment is written as the tail of its entry instead. */
function withoutFoot(key: YamlNode): YamlNode {
  if (key.footComment === undefined) return key;
  const bare = { ...key };
  delete bare.footComment;
  return bare;
}

/** The tag that has to be written in front of a scalar, if any; and whether quotes say as much. */
function scalarTag(node: YamlScalar): { tag: string; forceQuotes: boolean } {
  if (node.tag === '' || node.taggedExplicitly === true) return { tag: node.tag, forceQuotes: false };
  if (node.tag === '!!str' && node.style !== 'plain') return { tag: '', forceQuotes: false };
  if (plainTag(node.value, 'kyaml') === node.tag) return { tag: '', forceQuotes: false };
  return node.tag === '!!str' ? { tag: '', forceQuotes: true } : { tag: node.tag, forceQuotes: false };
}

function collectionTag(node: YamlMapping | YamlSequence, natural: string): string {
  return node.taggedExplicitly === true || node.tag !== natural ? node.tag : '';
}

function keyTag(node: YamlNode): string {
  if (node.kind === 'scalar') return scalarTag(node).tag;
  if (node.kind === 'alias') return '';
  return collectionTag(node, node.kind === 'mapping' ? '!!map' : '!!seq');
}

function wantedStyle(node: YamlScalar, forceQuotes: boolean): ScalarStyle {
  if (node.style !== 'plain') return node.style;
  if (node.value.includes('\n')) return 'literal';
  return forceQuotes ? 'double' : 'plain';
}

/** A tag as handle and suffix; one without a handle has only the suffix. */
function tagParts(tag: string): [handle: string, suffix: string] {
  if (tag.startsWith('!!')) return ['!!', tag.slice(2)];
  if (tag.startsWith('!')) return ['!', tag.slice(1)];
  return tag.startsWith(STANDARD_TAGS) ? ['!!', tag.slice(STANDARD_TAGS.length)] : ['', tag];
}

function tagText(tag: string): string {
  if (tag === '') return '';
  const [handle, suffix] = tagParts(tag);
  const escaped = suffix.replace(/[^\w;/?:@&=+$,.~*'()[\]-]/gu, (character) => encodeURIComponent(character).replace('!', '%21'));
  return handle === '' ? `!<${escaped}>` : handle + escaped;
}
