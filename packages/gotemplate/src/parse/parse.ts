import { appended, exact } from './arrays.js';
import type { Token } from './lex.js';
import { goQuote, unquote } from './literals.js';
import type { BranchNode, ListNode, Node, Phrase } from './nodes.js';
import { PipelineParser, type KnownPaths } from './pipeline.js';
import { Tokens } from './tokens.js';

/** One template of a text: its name and its tree. */
export interface Tree {
  readonly name: string;
  /** The name of the text it comes from, for errors. */
  readonly parseName: string;
  readonly text: string;
  readonly root: ListNode;
}

export interface ParseOptions {
  readonly hasFunction: (name: string) => boolean;
  readonly leftDelim?: string;
  readonly rightDelim?: string;
  /** The actions of texts with the same functions and delimiters: what stood in one of them is not read again. */
  readonly actions?: KnownActions;
}

/** Actions by their words, and what they name. Most of a chart's stand in it many times. */
export interface KnownActions {
  readonly heads: Map<string, KnownAction>;
  readonly paths: KnownPaths;
}

export function knownActions(): KnownActions {
  return { heads: new Map(), paths: new Map() };
}

interface KnownAction {
  readonly head: Head;
  /** Where its words began when they were read. */
  readonly position: number;
}

/** An action up to its right delimiter. What follows it may belong to it as well. */
type Head =
  | { readonly type: 'break' | 'continue' | End['type']; readonly position: number; readonly phrase?: undefined }
  | { readonly type: 'define'; readonly position: number; readonly name: string; readonly phrase?: undefined }
  | { readonly type: 'action' | BranchNode['type']; readonly position: number; readonly phrase: Phrase }
  | { readonly type: 'template' | 'block'; readonly position: number; readonly name: string; readonly phrase: Phrase | undefined };

/** The action that ends a list. The `if` or `with` of an `{{else if …}}` is still to be read. */
type End = { readonly type: 'end' | 'else' | 'else-chain' };

const END: End = { type: 'end' };
const ELSE: End = { type: 'else' };
const ELSE_CHAIN: End = { type: 'else-chain' };

/** Of a text that is longer it is not worth while to remember it: it hardly comes twice. */
const MAX_KNOWN_LENGTH = 400;

/**
 * Parses a text into its own template and those that it defines (`templates`: all of them, its own last unless a definition of its
 * name stands for it). Throws a {@link TemplateError} with text/template's message.
 */
export function parseTemplate(
  name: string,
  text: string,
  options: ParseOptions,
): { main: Tree; defined: readonly Tree[]; templates: readonly Tree[] } {
  const tokens = new Tokens(name, text, {
    leftDelim: options.leftDelim ?? '{{',
    rightDelim: options.rightDelim ?? '}}',
    isKeyword: (word) => (word !== 'break' && word !== 'continue') || !options.hasFunction(word),
  });
  const parser = new Parser(tokens, options.hasFunction, options.actions ?? knownActions());
  const root = parser.parseText();
  const defined = [...parser.defined.values()];
  parser.add(name, root);
  return { main: { name, parseName: name, text, root }, defined, templates: [...parser.defined.values()] };
}

/** Whether a tree puts out nothing but space. */
export function isEmptyTree(root: ListNode): boolean {
  return root.nodes.every((node) => node.type === 'text' && node.text.trim() === '');
}

class Parser {
  readonly defined = new Map<string, Tree>();
  private readonly tokens: Tokens;
  private readonly pipelines: PipelineParser;
  private readonly known: KnownActions['heads'];
  private rangeDepth = 0;

  constructor(tokens: Tokens, hasFunction: (name: string) => boolean, known: KnownActions) {
    this.tokens = tokens;
    this.pipelines = new PipelineParser(tokens, hasFunction, known.paths);
    this.known = known.heads;
  }

  /** The whole text: definitions on top, and everything else. */
  parseText(): ListNode {
    const { nodes, end } = this.nodes(true);
    if (end !== undefined) this.tokens.fail(`unexpected {{${wordOf(end)}}}`);
    return { type: 'list', position: 0, nodes };
  }

  /** A definition that puts out nothing does not replace another of its name. */
  add(name: string, root: ListNode): void {
    const before = this.defined.get(name);
    if (before === undefined || isEmptyTree(before.root)) {
      this.defined.set(name, { name, parseName: this.tokens.name, text: this.tokens.text, root });
      return;
    }
    if (!isEmptyTree(root)) this.tokens.fail(`template: multiple definition of template ${goQuote(name)}`);
  }

  /** Nodes up to the `{{end}}` or `{{else}}` that ends them. */
  private list(): { list: ListNode; end: End } {
    const { position } = this.tokens;
    const { nodes, end } = this.nodes(false);
    return end === undefined ? this.tokens.fail('unexpected EOF') : { list: { type: 'list', position, nodes }, end };
  }

  /** Texts and actions, up to one that ends what they are in, or the end of the text. */
  private nodes(isOnTop: boolean): { readonly nodes: readonly Node[]; readonly end: End | undefined } {
    const tokens = this.tokens;
    let nodes: Node[] | undefined;
    let end: End | undefined;
    while (end === undefined && !tokens.isAtEnd) {
      const { position } = tokens;
      const text = tokens.takeText();
      if (text !== '') nodes = appended(nodes, { type: 'text', position, text });
      if (!tokens.insideAction) continue;
      tokens.tellsStart = true;
      const node = this.action(isOnTop);
      tokens.tellsStart = false;
      if (node === undefined) continue;
      if (isEnd(node)) end = node;
      else nodes = appended(nodes, node);
    }
    if (end === undefined) {
      const last = tokens.next();
      if (last.type !== 'eof') tokens.unexpected(last, 'input');
    }
    return { nodes: nodes === undefined ? [] : exact(nodes), end };
  }

  private action(isOnTop: boolean): Node | End | undefined {
    const tokens = this.tokens;
    const { position } = tokens;
    const outside = this.pipelines.variables.length;
    const words = tokens.words(MAX_KNOWN_LENGTH);
    const known = words === undefined ? undefined : this.known.get(words);
    if (words !== undefined && known !== undefined && this.declaresAgain(known.head.phrase)) {
      tokens.lastPosition = tokens.skipAction(words);
      return this.afterHead(known.head, position - known.position, outside);
    }
    const head = this.head(isOnTop);
    if (words !== undefined && tokens.lastPosition === position + words.length && isComplete(head))
      this.known.set(words, { head, position });
    return this.afterHead(head, 0, outside);
  }

  /** Declares what an action declares, if what it names is there. */
  private declaresAgain(phrase: Phrase | undefined): boolean {
    if (phrase === undefined || phrase.names.length === 0) return true;
    const { names, declares } = phrase;
    const { variables } = this.pipelines;
    for (const name of names) if (!declares.includes(name) && !variables.includes(name)) return false;
    for (const name of declares) variables.push(name);
    return true;
  }

  /** An action up to its right delimiter, or up to the `if` or `with` of `{{else if …}}`: that is read by the branch it belongs to. */
  private head(isOnTop: boolean): Head {
    const token = this.tokens.next();
    const { position } = token;
    if (token.type === 'keyword') {
      switch (token.value) {
        case 'define':
          if (!isOnTop) break;
          this.tokens.tellsStart = false;
          return this.define(position);
        case 'block':
          return this.block();
        case 'break':
        case 'continue': {
          const next = this.tokens.next();
          if (next.type !== 'right-delim') this.tokens.unexpected(next, `{{${token.value}}}`);
          return { type: token.value, position };
        }
        case 'else': {
          const next = this.tokens.peek();
          if (next.type === 'keyword' && (next.value === 'if' || next.value === 'with')) return { type: 'else-chain', position };
          this.tokens.expect('right-delim', 'else');
          return { type: 'else', position };
        }
        case 'end':
          this.tokens.expect('right-delim', 'end');
          return { type: 'end', position };
        case 'if':
        case 'range':
        case 'with': {
          const phrase = this.pipelines.phrase(token.value);
          return { type: token.value, position: phrase.pipe.position, phrase };
        }
        case 'template':
          return this.template();
      }
    }
    this.tokens.giveBack(token);
    return { type: 'action', position, phrase: this.pipelines.phrase('command') };
  }

  /** What an action is, with what belongs to it up to its end. It stands further on than where its head was read, by `moved`. */
  private afterHead(head: Head, moved: number, outside: number): Node | End | undefined {
    const { position } = head;
    switch (head.type) {
      case 'action':
        return { type: 'action', position, phrase: head.phrase, moved };
      case 'if':
      case 'range':
      case 'with':
        return this.branch(head.type, head.phrase, moved, outside);
      case 'template':
        return { type: 'template', position, name: head.name, phrase: head.phrase, moved };
      case 'end':
        return END;
      case 'else':
        return ELSE;
      case 'else-chain':
        return ELSE_CHAIN;
      case 'break':
      case 'continue':
        if (this.rangeDepth === 0) this.tokens.fail(`{{${head.type}}} outside {{range}}`);
        return { type: head.type, position: position + moved };
      case 'block':
        this.definition(head.name, 'block clause', this.tokens.lastPosition);
        return { type: 'template', position, name: head.name, phrase: head.phrase, moved };
      case 'define':
        this.definition(head.name, 'define clause');
        return undefined;
    }
  }

  private branch(type: BranchNode['type'], phrase: Phrase, moved: number, outside: number): BranchNode {
    if (type === 'range') this.rangeDepth++;
    const { list, end } = this.list();
    if (type === 'range') this.rangeDepth--;
    const elseList = end.type === 'end' ? undefined : this.elseList(type, end.type === 'else-chain');
    this.pipelines.variables.length = outside;
    return { type, position: phrase.pipe.position, phrase, moved, list, elseList };
  }

  private elseList(type: BranchNode['type'], isChain: boolean): ListNode {
    // `{{else if …}}` is `{{else}}{{if …}}` with one `{{end}}` for both; `with` chains likewise.
    if (isChain) {
      const word = this.tokens.next();
      if (type === 'range' || word.value !== type) return this.tokens.unexpected(word, 'input');
      const outside = this.pipelines.variables.length;
      return { type: 'list', position: word.position, nodes: [this.branch(type, this.pipelines.phrase(type), 0, outside)] };
    }
    const { list, end } = this.list();
    if (end.type !== 'end') this.tokens.fail(`expected end; found {{${wordOf(end)}}}`);
    return list;
  }

  /** The body of a `define` or `block`: a template of its own. */
  private definition(name: string, context: string, faultAt?: number): void {
    const outer = { variables: this.pipelines.variables, rangeDepth: this.rangeDepth };
    this.pipelines.variables = ['$'];
    this.rangeDepth = 0;
    const { list, end } = this.list();
    if (end.type !== 'end') this.tokens.failAt(faultAt ?? this.tokens.lastPosition, `unexpected {{${wordOf(end)}}} in ${context}`);
    this.add(name, list);
    this.pipelines.variables = outer.variables;
    this.rangeDepth = outer.rangeDepth;
  }

  private define(position: number): Head {
    const name = this.templateName(this.tokens.next(), 'define clause');
    this.tokens.expect('right-delim', 'define clause');
    return { type: 'define', position, name };
  }

  private block(): Head {
    const token = this.tokens.next();
    const name = this.templateName(token, 'block clause');
    return { type: 'block', position: token.position, name, phrase: this.pipelines.phrase('block clause') };
  }

  private template(): Head {
    const token = this.tokens.next();
    const name = this.templateName(token, 'template clause');
    if (this.tokens.peek().type !== 'right-delim')
      return { type: 'template', position: token.position, name, phrase: this.pipelines.phrase('template clause') };
    this.tokens.next();
    return { type: 'template', position: token.position, name, phrase: undefined };
  }

  private templateName(token: Token, context: string): string {
    if (token.type !== 'string' && token.type !== 'raw-string') return this.tokens.unexpected(token, context);
    return unquote(token.value) ?? this.tokens.fail('invalid syntax');
  }
}

/** Whether a head is whole, and means the same wherever it stands. */
function isComplete({ type }: Head): boolean {
  return type !== 'else-chain' && type !== 'define' && type !== 'block';
}

function isEnd(node: Node | End): node is End {
  return node === END || node === ELSE || node === ELSE_CHAIN;
}

function wordOf({ type }: End): string {
  return type === 'end' ? 'end' : 'else';
}
