import { appended, exact } from './arrays.js';
import type { Token } from './lex.js';
import { goQuote, unquote, unquoteChar } from './literals.js';
import type { CommandNode, NumberNode, Operand, Phrase, PipeNode, VariableNode } from './nodes.js';
import { parseNumber } from './number.js';
import type { Tokens } from './tokens.js';

const NO_NAMES: readonly string[] = [];
const NO_DECLARATIONS: readonly VariableNode[] = [];

const MAX_PAREN_DEPTH = 10_000;

/** The names of fields by how they stand in a text: most stand there many times. */
export type KnownPaths = Map<string, readonly string[]>;

/** Reads pipelines, with the commands and operands in them. */
export class PipelineParser {
  /** The variables that are declared. */
  variables: string[] = ['$'];
  private readonly tokens: Tokens;
  private readonly hasFunction: (name: string) => boolean;
  private readonly paths: KnownPaths;
  /** The variables that the action names. */
  private names: string[] | undefined;
  private parenDepth = 0;

  constructor(tokens: Tokens, hasFunction: (name: string) => boolean, paths: KnownPaths) {
    this.tokens = tokens;
    this.hasFunction = hasFunction;
    this.paths = paths;
  }

  /** The pipeline of an action. */
  phrase(context: string): Phrase {
    const outside = this.variables.length;
    this.names = undefined;
    const pipe = this.pipeline(context, 'right-delim');
    const names = this.names ?? NO_NAMES;
    const declares = this.variables.length === outside ? NO_NAMES : this.variables.slice(outside);
    return { pipe, names, declares };
  }

  private pipeline(context: string, end: 'right-delim' | 'right-paren'): PipeNode {
    const first = this.tokens.peek();
    const { declarations, isAssign } = this.declarations(context);
    let commands: CommandNode[] | undefined;
    for (;;) {
      const token = this.tokens.peek();
      if (token.type === end) {
        this.tokens.next();
        if (commands === undefined) return this.tokens.fail(`missing value for ${context}`);
        this.checkPipeline(commands);
        return { type: 'pipe', position: first.position, isAssign, declarations, commands: exact(commands) };
      }
      if (!startsOperand(token)) this.tokens.unexpected(token, context);
      commands = appended(commands, this.command());
    }
  }

  /** `$x :=`, `$x =`, `$k, $v :=`, or for a range without values `$k, $v`. */
  private declarations(context: string): { declarations: readonly VariableNode[]; isAssign: boolean } {
    let declarations: readonly VariableNode[] = NO_DECLARATIONS;
    for (;;) {
      const variable = this.tokens.peek();
      if (variable.type !== 'variable') return { declarations, isAssign: false };
      this.tokens.next();
      const next = this.tokens.peek();
      if (next.type === 'assign' || next.type === 'declare') {
        this.tokens.next();
        declarations = declarations.concat(variableNode(variable));
        this.variables.push(variable.value);
        this.noteName(variable.value);
        return { declarations, isAssign: next.type === 'assign' };
      }
      if (next.type === 'char' && next.value === ',') {
        this.tokens.next();
        declarations = declarations.concat(variableNode(variable));
        this.variables.push(variable.value);
        this.noteName(variable.value);
        if (context === 'range' && declarations.length < 2) {
          const following = this.tokens.peek();
          if (following.type === 'variable' || following.type === 'right-delim' || following.type === 'right-paren') continue;
          this.tokens.fail('range can only initialize variables');
        }
        this.tokens.fail(`too many declarations in ${context}`);
      }
      this.tokens.giveBack(variable);
      return { declarations, isAssign: false };
    }
  }

  private noteName(name: string): void {
    if (name !== '$' && this.names?.includes(name) !== true) this.names = appended(this.names, name);
  }

  private checkPipeline(commands: readonly CommandNode[]): void {
    // Only the first command of a pipeline can be a plain value: the others take the value of the one before.
    for (let index = 1; index < commands.length; index++) {
      const type = commands[index]?.operands[0]?.type;
      if (type === 'bool' || type === 'dot' || type === 'nil' || type === 'number' || type === 'string') {
        this.tokens.fail(`non executable command in pipeline stage ${index + 1}`);
      }
    }
  }

  private command(): CommandNode {
    const { position } = this.tokens.peek();
    let operands: Operand[] | undefined;
    for (;;) {
      const operand = this.operand();
      if (operand !== undefined) operands = appended(operands, operand);
      const token = this.tokens.peek();
      if (token.type === 'right-delim' || token.type === 'right-paren') break;
      if (token.type !== 'pipe') {
        if (operand !== undefined && token.spaced) continue;
        this.tokens.unexpected(token, 'operand');
      }
      this.tokens.next();
      break;
    }
    if (operands === undefined) return this.tokens.fail('empty command');
    return { type: 'command', position, operands: exact(operands) };
  }

  /** A term, with the fields after it. Its place is that of the first of them, as errors have it. */
  private operand(): Operand | undefined {
    const term = this.term();
    if (term === undefined) return undefined;
    const first = this.tokens.peek();
    if (first.type !== 'field' || first.spaced) return term;
    const { position } = first;
    switch (term.type) {
      case 'field':
        return { type: 'field', position: term.path.length > 1 ? term.position : position, path: this.fields([...term.path]) };
      case 'variable':
        return { type: 'variable', position, path: this.fields(term.path) };
      case 'bool':
      case 'dot':
      case 'nil':
      case 'number':
      case 'string':
        this.fields([]);
        return this.tokens.failAt(position, `unexpected . after term ${goQuote(termText(term))}`);
      default:
        return { type: 'chain', position, operand: term, path: this.fields([]) };
    }
  }

  /** A path with the fields that follow it. */
  private fields<const P extends readonly string[]>(path: P): P {
    const names = path as readonly string[] as string[];
    for (let token = this.tokens.peek(); token.type === 'field' && !token.spaced; token = this.tokens.peek())
      for (const name of this.pathOf(this.tokens.next().value)) names.push(name);
    return path;
  }

  /** The names of `.a.b.c`: the same for the same text. */
  private pathOf(fields: string): readonly string[] {
    const known = this.paths.get(fields);
    if (known !== undefined) return known;
    const path = fields.slice(1).split('.');
    this.paths.set(fields, path);
    return path;
  }

  private term(): Operand | undefined {
    const token = this.tokens.next();
    const { position, value } = token;
    switch (token.type) {
      case 'identifier':
        if (!this.hasFunction(value)) this.tokens.fail(`function ${goQuote(value)} not defined`);
        return { type: 'identifier', position, name: value };
      case 'keyword':
        if (value === '.') return { type: 'dot', position };
        if (value === 'nil') return { type: 'nil', position };
        break;
      case 'variable': {
        if (!this.variables.includes(value)) this.tokens.fail(`undefined variable ${goQuote(value)}`);
        this.noteName(value);
        return variableNode(token);
      }
      case 'field':
        return { type: 'field', position: position + Math.max(0, value.indexOf('.', 1)), path: this.pathOf(value) };
      case 'bool':
        return { type: 'bool', position, value: value === 'true' };
      case 'char-constant':
      case 'complex':
      case 'number':
        return this.number(token);
      case 'left-paren': {
        if (this.parenDepth >= MAX_PAREN_DEPTH) this.tokens.fail('template: too many nested parentheses');
        this.parenDepth++;
        const pipe = this.pipeline('parenthesized pipeline', 'right-paren');
        this.parenDepth--;
        return pipe;
      }
      case 'string':
      case 'raw-string':
        return { type: 'string', position, quoted: value, value: unquote(value) ?? this.tokens.fail('invalid syntax') };
    }
    this.tokens.giveBack(token);
    return undefined;
  }

  private number(token: Token): NumberNode {
    const { position, value } = token;
    if (token.type === 'char-constant') {
      const rune = unquoteChar(value);
      if (rune === undefined) return this.tokens.fail(`malformed character constant: ${value}`);
      return { type: 'number', position, text: value, int: BigInt(rune), uint: BigInt(rune), float: rune };
    }
    const parsed = parseNumber(value);
    if (typeof parsed === 'string') return this.tokens.fail(parsed);
    return { type: 'number', position, text: value, ...parsed };
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

function variableNode({ position, value }: Token): VariableNode {
  return { type: 'variable', position, path: [value] };
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
