import { TemplateError } from '../template-error.js';
import { goQuote, unquote, unquoteChar } from './literals.js';
import { Lexer, type Token } from './lex.js';
import type {
  ActionNode,
  BranchNode,
  CommandNode,
  ListNode,
  Node,
  NumberNode,
  Operand,
  PipeNode,
  TemplateNode,
  VariableNode,
} from './nodes.js';
import { parseNumber } from './number.js';

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
}

/**
 * Parses a text into its own template and those that it defines (`templates`: all of them, its own last unless a definition of its
 * name stands for it). Throws a {@link TemplateError} with text/template's message.
 */
export function parseTemplate(
  name: string,
  text: string,
  options: ParseOptions,
): { main: Tree; defined: readonly Tree[]; templates: readonly Tree[] } {
  const lexer = new Lexer(text, {
    leftDelim: options.leftDelim ?? '{{',
    rightDelim: options.rightDelim ?? '}}',
    isKeyword: (word) => (word !== 'break' && word !== 'continue') || !options.hasFunction(word),
  });
  const parser = new Parser(name, text, lexer, options.hasFunction);
  const root = parser.parseText();
  const defined = [...parser.defined.values()];
  parser.add(name, root);
  return { main: { name, parseName: name, text, root }, defined, templates: [...parser.defined.values()] };
}

/** Whether a tree puts out nothing but space. */
export function isEmptyTree(root: ListNode): boolean {
  return root.nodes.every((node) => node.type === 'text' && node.text.trim() === '');
}

const MAX_PAREN_DEPTH = 10_000;

class Parser {
  readonly defined = new Map<string, Tree>();
  readonly #name: string;
  readonly #text: string;
  readonly #lexer: Lexer;
  readonly #hasFunction: (name: string) => boolean;
  /** The next tokens, where they were looked at or given back: never more than two. */
  #first: Token | undefined;
  #second: Token | undefined;
  #lastLexed: Token = { type: 'eof', value: '', spaced: false, position: 0, line: 1 };
  #actionLine = 0;
  #variables: string[] = ['$'];
  #rangeDepth = 0;
  #parenDepth = 0;

  constructor(name: string, text: string, lexer: Lexer, hasFunction: (name: string) => boolean) {
    this.#name = name;
    this.#text = text;
    this.#lexer = lexer;
    this.#hasFunction = hasFunction;
  }

  /** The whole text: definitions on top, and everything else. */
  parseText(): ListNode {
    const nodes: Node[] = [];
    for (;;) {
      const token = this.#next();
      if (token.type === 'eof') return { type: 'list', position: 0, line: 1, nodes };
      if (token.type === 'left-delim') {
        const word = this.#next();
        if (word.type === 'keyword' && word.value === 'define') {
          this.#define();
          continue;
        }
        this.#return(word);
      }
      this.#return(token);
      const node = this.#textOrAction();
      if ('ends' in node) this.#fail(`unexpected {{${node.ends}}}`);
      nodes.push(node);
    }
  }

  #define(): void {
    const name = this.#templateName(this.#next(), 'define clause');
    this.#expect('right-delim', 'define clause');
    const outer = { variables: this.#variables, rangeDepth: this.#rangeDepth };
    this.#variables = ['$'];
    this.#rangeDepth = 0;
    const { list, ends } = this.#list();
    if (ends !== 'end') this.#fail(`unexpected {{${ends}}} in define clause`);
    this.add(name, list);
    this.#variables = outer.variables;
    this.#rangeDepth = outer.rangeDepth;
  }

  /** A definition that puts out nothing does not replace another of its name. */
  add(name: string, root: ListNode): void {
    const before = this.defined.get(name);
    if (before === undefined || isEmptyTree(before.root)) {
      this.defined.set(name, { name, parseName: this.#name, text: this.#text, root });
      return;
    }
    if (!isEmptyTree(root)) this.#fail(`template: multiple definition of template ${goQuote(name)}`);
  }

  /** Nodes up to the `{{end}}` or `{{else}}` that ends them. */
  #list(): { list: ListNode; ends: 'end' | 'else' } {
    const first = this.#peek();
    const nodes: Node[] = [];
    while (this.#peek().type !== 'eof') {
      const node = this.#textOrAction();
      if ('ends' in node) return { list: { type: 'list', position: first.position, line: first.line, nodes }, ends: node.ends };
      nodes.push(node);
    }
    return this.#fail('unexpected EOF');
  }

  #textOrAction(): Node | { readonly ends: 'end' | 'else' } {
    const token = this.#next();
    if (token.type === 'text') return { type: 'text', position: token.position, line: token.line, text: token.value };
    if (token.type !== 'left-delim') return this.#unexpected(token, 'input');
    this.#actionLine = token.line;
    const node = this.#action();
    this.#actionLine = 0;
    return node;
  }

  #action(): Node | { readonly ends: 'end' | 'else' } {
    const token = this.#next();
    if (token.type === 'keyword') {
      switch (token.value) {
        case 'block':
          return this.#block();
        case 'break':
        case 'continue':
          return this.#loopControl(token, token.value);
        case 'else':
          return this.#else();
        case 'end':
          this.#expect('right-delim', 'end');
          return { ends: 'end' };
        case 'if':
        case 'range':
        case 'with':
          return this.#branch(token.value);
        case 'template':
          return this.#template();
      }
    }
    this.#return(token);
    const { position, line } = this.#peek();
    const node: ActionNode = { type: 'action', position, line, pipe: this.#pipeline('command', 'right-delim') };
    return node;
  }

  #loopControl(token: Token, type: 'break' | 'continue'): Node {
    const next = this.#next();
    if (next.type !== 'right-delim') this.#unexpected(next, `{{${type}}}`);
    if (this.#rangeDepth === 0) this.#fail(`{{${type}}} outside {{range}}`);
    return { type, position: token.position, line: token.line };
  }

  #branch(type: BranchNode['type']): BranchNode {
    const outside = this.#variables.length;
    const pipe = this.#pipeline(type, 'right-delim');
    if (type === 'range') this.#rangeDepth++;
    const { list, ends } = this.#list();
    if (type === 'range') this.#rangeDepth--;
    const elseList = ends === 'end' ? undefined : this.#elseList(type);
    this.#variables.length = outside;
    return { type, position: pipe.position, line: pipe.line, pipe, list, elseList };
  }

  #elseList(type: BranchNode['type']): ListNode {
    const word = this.#peek();
    // `{{else if …}}` is `{{else}}{{if …}}` with one `{{end}}` for both; `with` chains likewise.
    if ((type === 'if' || type === 'with') && word.type === 'keyword' && word.value === type) {
      this.#next();
      const { position, line } = word;
      return { type: 'list', position, line, nodes: [this.#branch(type)] };
    }
    const { list, ends } = this.#list();
    if (ends !== 'end') this.#fail(`expected end; found {{${ends}}}`);
    return list;
  }

  #else(): { readonly ends: 'else' } {
    const next = this.#peek();
    // The word is read by the branch that this belongs to.
    if (next.type === 'keyword' && (next.value === 'if' || next.value === 'with')) return { ends: 'else' };
    this.#expect('right-delim', 'else');
    return { ends: 'else' };
  }

  #block(): TemplateNode {
    const token = this.#next();
    const name = this.#templateName(token, 'block clause');
    const pipe = this.#pipeline('block clause', 'right-delim');
    const { line: lastLine } = this.#lastLexed;
    const outer = { variables: this.#variables, rangeDepth: this.#rangeDepth };
    this.#variables = ['$'];
    this.#rangeDepth = 0;
    const { list, ends } = this.#list();
    if (ends !== 'end') this.#failAt(lastLine, `unexpected {{${ends}}} in block clause`);
    this.add(name, list);
    this.#variables = outer.variables;
    this.#rangeDepth = outer.rangeDepth;
    return { type: 'template', position: token.position, line: token.line, name, pipe };
  }

  #template(): TemplateNode {
    const token = this.#next();
    const name = this.#templateName(token, 'template clause');
    let pipe: PipeNode | undefined;
    const next = this.#next();
    if (next.type !== 'right-delim') {
      this.#return(next);
      pipe = this.#pipeline('template clause', 'right-delim');
    }
    return { type: 'template', position: token.position, line: token.line, name, pipe };
  }

  #templateName(token: Token, context: string): string {
    if (token.type !== 'string' && token.type !== 'raw-string') return this.#unexpected(token, context);
    return unquote(token.value) ?? this.#fail('invalid syntax');
  }

  #pipeline(context: string, end: 'right-delim' | 'right-paren'): PipeNode {
    const first = this.#peek();
    const { declarations, isAssign } = this.#declarations(context);
    const commands: CommandNode[] = [];
    for (;;) {
      const token = this.#peek();
      if (token.type === end) {
        this.#next();
        this.#checkPipeline(commands, context);
        return { type: 'pipe', position: first.position, line: first.line, isAssign, declarations, commands };
      }
      if (!startsOperand(token)) this.#unexpected(token, context);
      commands.push(this.#command());
    }
  }

  /** `$x :=`, `$x =`, `$k, $v :=`, or for a range without values `$k, $v`. */
  #declarations(context: string): { declarations: VariableNode[]; isAssign: boolean } {
    const declarations: VariableNode[] = [];
    for (;;) {
      const variable = this.#peek();
      if (variable.type !== 'variable') return { declarations, isAssign: false };
      this.#next();
      const next = this.#peek();
      if (next.type === 'assign' || next.type === 'declare') {
        this.#next();
        declarations.push(variableNode(variable));
        this.#variables.push(variable.value);
        return { declarations, isAssign: next.type === 'assign' };
      }
      if (next.type === 'char' && next.value === ',') {
        this.#next();
        declarations.push(variableNode(variable));
        this.#variables.push(variable.value);
        if (context === 'range' && declarations.length < 2) {
          const following = this.#peek();
          if (following.type === 'variable' || following.type === 'right-delim' || following.type === 'right-paren') continue;
          this.#fail('range can only initialize variables');
        }
        this.#fail(`too many declarations in ${context}`);
      }
      this.#return(variable);
      return { declarations, isAssign: false };
    }
  }

  #checkPipeline(commands: readonly CommandNode[], context: string): void {
    if (commands.length === 0) this.#fail(`missing value for ${context}`);
    // Only the first command of a pipeline can be a plain value: the others take the value of the one before.
    for (let index = 1; index < commands.length; index++) {
      const type = commands[index]?.operands[0]?.type;
      if (type === 'bool' || type === 'dot' || type === 'nil' || type === 'number' || type === 'string') {
        this.#fail(`non executable command in pipeline stage ${index + 1}`);
      }
    }
  }

  #command(): CommandNode {
    const { position, line } = this.#peek();
    const operands: Operand[] = [];
    for (;;) {
      const operand = this.#operand();
      if (operand !== undefined) operands.push(operand);
      const token = this.#peek();
      if (token.type === 'right-delim' || token.type === 'right-paren') break;
      if (token.type !== 'pipe') {
        if (operand !== undefined && token.spaced) continue;
        this.#unexpected(token, 'operand');
      }
      this.#next();
      break;
    }
    if (operands.length === 0) this.#fail('empty command');
    return { type: 'command', position, line, operands };
  }

  /** A term, with the fields after it. Its place is that of the first of them, as errors have it. */
  #operand(): Operand | undefined {
    const term = this.#term();
    if (term === undefined) return undefined;
    const first = this.#peek();
    if (first.type !== 'field' || first.spaced) return term;
    const { position, line } = first;
    switch (term.type) {
      case 'field':
        return { type: 'field', position, line, path: this.#fields(term.path) };
      case 'variable':
        return { type: 'variable', position, line, path: this.#fields(term.path) };
      case 'bool':
      case 'dot':
      case 'nil':
      case 'number':
      case 'string':
        this.#fields([]);
        return this.#failAt(line, `unexpected . after term ${goQuote(termText(term))}`);
      default:
        return { type: 'chain', position, line, operand: term, path: this.#fields([]) };
    }
  }

  /** A path with the fields that follow it. */
  #fields<const P extends readonly string[]>(path: P): P {
    const names = path as readonly string[] as string[];
    for (let token = this.#peek(); token.type === 'field' && !token.spaced; token = this.#peek()) names.push(this.#next().value.slice(1));
    return path;
  }

  #term(): Operand | undefined {
    const token = this.#next();
    const { position, line, value } = token;
    switch (token.type) {
      case 'identifier':
        if (!this.#hasFunction(value)) this.#fail(`function ${goQuote(value)} not defined`);
        return { type: 'identifier', position, line, name: value };
      case 'keyword':
        if (value === '.') return { type: 'dot', position, line };
        if (value === 'nil') return { type: 'nil', position, line };
        break;
      case 'variable': {
        if (!this.#variables.includes(value)) this.#fail(`undefined variable ${goQuote(value)}`);
        return variableNode(token);
      }
      case 'field':
        return { type: 'field', position, line, path: [value.slice(1)] };
      case 'bool':
        return { type: 'bool', position, line, value: value === 'true' };
      case 'char-constant':
      case 'complex':
      case 'number':
        return this.#number(token);
      case 'left-paren': {
        if (this.#parenDepth >= MAX_PAREN_DEPTH) this.#fail('template: too many nested parentheses');
        this.#parenDepth++;
        const pipe = this.#pipeline('parenthesized pipeline', 'right-paren');
        this.#parenDepth--;
        return pipe;
      }
      case 'string':
      case 'raw-string':
        return { type: 'string', position, line, quoted: value, value: unquote(value) ?? this.#fail('invalid syntax') };
    }
    this.#return(token);
    return undefined;
  }

  #number(token: Token): NumberNode {
    const { position, line, value } = token;
    if (token.type === 'char-constant') {
      const rune = unquoteChar(value);
      if (rune === undefined) return this.#fail(`malformed character constant: ${value}`);
      return { type: 'number', position, line, text: value, int: BigInt(rune), uint: BigInt(rune), float: rune };
    }
    const parsed = parseNumber(value);
    if (typeof parsed === 'string') return this.#fail(parsed);
    return { type: 'number', position, line, text: value, ...parsed };
  }

  #next(): Token {
    const token = this.#first;
    if (token === undefined) return (this.#lastLexed = this.#lexer.next());
    this.#first = this.#second;
    this.#second = undefined;
    return token;
  }

  #return(token: Token): void {
    this.#second = this.#first;
    this.#first = token;
  }

  #peek(): Token {
    return (this.#first ??= this.#lastLexed = this.#lexer.next());
  }

  #expect(type: Token['type'], context: string): Token {
    const token = this.#next();
    return token.type === type ? token : this.#unexpected(token, context);
  }

  #unexpected(token: Token, context: string): never {
    if (token.type !== 'error') return this.#fail(`unexpected ${shownToken(token)} in ${context}`);
    if (this.#actionLine === 0 || this.#actionLine === token.line) return this.#fail(token.value);
    const started = `started at ${this.#name}:${this.#actionLine}`;
    return this.#fail(token.value.endsWith(' action') ? `${token.value} ${started}` : `${token.value} in action ${started}`);
  }

  #fail(message: string): never {
    return this.#failAt(this.#lastLexed.line, message);
  }

  #failAt(line: number, message: string): never {
    throw new TemplateError('TemplateInvalid', `template: ${this.#name}:${line}: ${message}`, { template: this.#name, line });
  }
}

function startsOperand({ type, value }: Token): boolean {
  switch (type) {
    case 'bool':
    case 'char-constant':
    case 'complex':
    case 'field':
    case 'identifier':
    case 'number':
    case 'raw-string':
    case 'string':
    case 'variable':
    case 'left-paren':
      return true;
    case 'keyword':
      return value === '.' || value === 'nil';
    default:
      return false;
  }
}

function variableNode({ position, line, value }: Token): VariableNode {
  return { type: 'variable', position, line, path: [value] };
}

function termText(term: Operand): string {
  switch (term.type) {
    case 'bool':
      return String(term.value);
    case 'number':
      return term.text;
    case 'string':
      return term.quoted;
    default:
      return term.type === 'nil' ? 'nil' : '.';
  }
}

function shownToken({ type, value }: Token): string {
  if (type === 'eof') return 'EOF';
  if (type === 'keyword') return `<${value}>`;
  return Array.from(value).length > 10 ? `${goQuote(Array.from(value).slice(0, 10).join(''))}...` : goQuote(value);
}
