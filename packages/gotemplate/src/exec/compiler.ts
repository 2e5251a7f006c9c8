import type { ChainNode, CommandNode, FieldNode, IdentifierNode, ListNode, Operand, PipeNode, VariableNode } from '../parse/nodes.js';
import type { GoValue } from '../values/values.js';
import type { Frame } from './execution.js';
import type { FunctionTable } from './function.js';
import { Scope, type Mark } from './scope.js';

/** How a part of a template ended: at its end, or at a `break` or `continue` of the loop around it. */
export type Flow = 0 | 1 | 2;
export const NEXT = 0;
export const BREAK = 1;
export const CONTINUE = 2;

export type Run = (frame: Frame) => Flow;

/** Works out a value. */
export type Evaluate = (frame: Frame) => GoValue;

/** A command's value, given that of the command before it in the pipeline. */
export type Command = (frame: Frame, final: GoValue) => GoValue;

/** The constructs that contain each other: pipelines have commands, which have operands, which can be pipelines again. */
export interface Constructs {
  /** In a scope of its own: what it declares, is not seen behind it. */
  readonly list: (list: ListNode, compiler: Compiler) => Run;
  readonly pipeline: (pipe: PipeNode, compiler: Compiler) => Evaluate;
  readonly operand: (
    operand: ChainNode | FieldNode | VariableNode,
    args: readonly Operand[],
    hasFinal: boolean,
    compiler: Compiler,
  ) => Command;
  readonly call: (
    identifier: IdentifierNode,
    node: CommandNode | IdentifierNode,
    args: readonly Operand[],
    hasFinal: boolean,
    compiler: Compiler,
  ) => Command;
}

/** What the compilation of a template needs to know. */
export class Compiler {
  /** The program's functions, which stand in for text/template's own of the same names. */
  readonly functions: FunctionTable;
  readonly builtins: FunctionTable;
  readonly constructs: Constructs;
  readonly scope: Scope;

  constructor(functions: FunctionTable, builtins: FunctionTable, constructs: Constructs, scope: Scope = new Scope()) {
    this.functions = functions;
    this.builtins = builtins;
    this.constructs = constructs;
    this.scope = scope;
  }

  /** For what is compiled later, as if it were at a place that was marked. */
  at(mark: Mark): Compiler {
    return new Compiler(this.functions, this.builtins, this.constructs, new Scope(mark));
  }
}
