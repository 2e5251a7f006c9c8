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
  readonly line: number;
}

export interface ListNode extends Positioned {
  readonly type: 'list';
  readonly nodes: readonly Node[];
}

export interface TextNode extends Positioned {
  readonly type: 'text';
  readonly text: string;
}

export interface ActionNode extends Positioned {
  readonly type: 'action';
  readonly pipe: PipeNode;
}

export interface BranchNode extends Positioned {
  readonly type: 'if' | 'range' | 'with';
  readonly pipe: PipeNode;
  readonly list: ListNode;
  readonly elseList: ListNode | undefined;
}

export interface BreakNode extends Positioned {
  readonly type: 'break';
}

export interface ContinueNode extends Positioned {
  readonly type: 'continue';
}

export interface TemplateNode extends Positioned {
  readonly type: 'template';
  readonly name: string;
  readonly pipe: PipeNode | undefined;
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
      return `{{${printNode(node.pipe)}}}`;
    case 'if':
    case 'range':
    case 'with': {
      const otherwise = node.elseList === undefined ? '' : `{{else}}${printNode(node.elseList)}`;
      return `{{${node.type} ${printNode(node.pipe)}}}${printNode(node.list)}${otherwise}{{end}}`;
    }
    case 'break':
    case 'continue':
      return `{{${node.type}}}`;
    case 'template':
      return `{{template ${goQuote(node.name)}${node.pipe === undefined ? '' : ` ${printNode(node.pipe)}`}}}`;
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
