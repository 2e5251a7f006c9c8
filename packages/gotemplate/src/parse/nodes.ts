import { goQuote } from './literals.js';

/** The tree of a template. Positions are indexes in its text. */
export type Node = ActionNode | BreakNode | ContinueNode | BranchNode | ListNode | TemplateNode | TextNode;

/** What stands in a command: a value, or the function that is called. */
export type Operand =
  | BoolNode
  | ChainNode
  | DotNode
  | FieldNode
  | IdentifierNode
  | NilNode
  | NumberNode
  | PipeNode
  | StringNode
  | VariableNode;

interface Positioned {
  readonly position: number;
}

/**
 * A pipeline as it was read where its words stood first. Most of a chart's stand in it many times, and are read and compiled
 * once for all places.
 */
export interface Phrase {
  readonly pipe: PipeNode;
  /** The variables that it names, and those that it declares. */
  readonly names: readonly string[];
  readonly declares: readonly string[];
  /** For whoever compiles it. */
  compiled?: CompiledPhrase;
}

/** Something that was compiled of a phrase, and the places of its variables that it holds for. */
export interface CompiledPhrase {
  readonly run: unknown;
  readonly depth: number;
  readonly slots: readonly (number | undefined)[];
  readonly declares: readonly string[];
}

/** A node with a pipeline: it stands further on than its words stood first, which is where positions in it are. */
interface Moved extends Positioned {
  readonly moved: number;
}

export interface ListNode extends Positioned {
  readonly type: 'list';
  readonly nodes: readonly Node[];
}

export interface TextNode extends Positioned {
  readonly type: 'text';
  readonly text: string;
}

export interface ActionNode extends Moved {
  readonly type: 'action';
  readonly phrase: Phrase;
}

export interface BranchNode extends Moved {
  readonly type: 'if' | 'range' | 'with';
  readonly phrase: Phrase;
  readonly list: ListNode;
  readonly elseList: ListNode | undefined;
}

export interface BreakNode extends Positioned {
  readonly type: 'break';
}

export interface ContinueNode extends Positioned {
  readonly type: 'continue';
}

export interface TemplateNode extends Moved {
  readonly type: 'template';
  readonly name: string;
  readonly phrase: Phrase | undefined;
}

export interface PipeNode extends Positioned {
  readonly type: 'pipe';
  /** `=` instead of `:=`. */
  readonly isAssign: boolean;
  readonly declarations: readonly VariableNode[];
  readonly commands: readonly CommandNode[];
}

export interface CommandNode extends Positioned {
  readonly type: 'command';
  readonly operands: readonly Operand[];
}

export interface IdentifierNode extends Positioned {
  readonly type: 'identifier';
  readonly name: string;
}

/** `$name`, with the fields after it: `['$name', 'field']`. */
export interface VariableNode extends Positioned {
  readonly type: 'variable';
  readonly path: readonly [string, ...string[]];
}

export interface DotNode extends Positioned {
  readonly type: 'dot';
}

export interface NilNode extends Positioned {
  readonly type: 'nil';
}

/** `.a.b`: `['a', 'b']`. */
export interface FieldNode extends Positioned {
  readonly type: 'field';
  readonly path: readonly string[];
}

/** Fields of an operand: `(pipeline).a.b`. */
export interface ChainNode extends Positioned {
  readonly type: 'chain';
  readonly operand: Operand;
  readonly path: readonly string[];
}

export interface BoolNode extends Positioned {
  readonly type: 'bool';
  readonly value: boolean;
}

export interface StringNode extends Positioned {
  readonly type: 'string';
  readonly quoted: string;
  readonly value: string;
}

/** A constant, with the types that its text can stand for. */
export interface NumberNode extends Positioned {
  readonly type: 'number';
  readonly text: string;
  readonly int?: bigint;
  readonly uint?: bigint;
  readonly float?: number;
  readonly complex?: readonly [real: number, imaginary: number];
}

/** A node as text/template prints it back. */
export function printNode(node: Node | Operand | CommandNode): string {
  switch (node.type) {
    case 'list':
      return node.nodes.map(printNode).join('');
    case 'text':
      return node.text;
    case 'action':
      return `{{${printNode(node.phrase.pipe)}}}`;
    case 'if':
    case 'range':
    case 'with': {
      const otherwise = node.elseList === undefined ? '' : `{{else}}${printNode(node.elseList)}`;
      return `{{${node.type} ${printNode(node.phrase.pipe)}}}${printNode(node.list)}${otherwise}{{end}}`;
    }
    case 'break':
    case 'continue':
      return `{{${node.type}}}`;
    case 'template':
      return `{{template ${goQuote(node.name)}${node.phrase === undefined ? '' : ` ${printNode(node.phrase.pipe)}`}}}`;
    case 'pipe': {
      const declared = node.declarations.map(printNode).join(', ');
      const commands = node.commands.map(printNode).join(' | ');
      return declared === '' ? commands : `${declared} ${node.isAssign ? '=' : ':='} ${commands}`;
    }
    case 'command':
      return node.operands.map(printOperand).join(' ');
    case 'identifier':
      return node.name;
    case 'variable':
      return node.path.join('.');
    case 'dot':
      return '.';
    case 'nil':
      return 'nil';
    case 'field':
      return node.path.map((name) => `.${name}`).join('');
    case 'chain':
      return `${printOperand(node.operand)}${node.path.map((name) => `.${name}`).join('')}`;
    case 'bool':
      return String(node.value);
    case 'string':
      return node.quoted;
    case 'number':
      return node.text;
  }
}

function printOperand(operand: Operand): string {
  return operand.type === 'pipe' ? `(${printNode(operand)})` : printNode(operand);
}
