import {
  printNode,
  type ChainNode,
  type CommandNode,
  type FieldNode,
  type IdentifierNode,
  type Operand,
  type VariableNode,
} from '../parse/nodes.js';
import { goQuote } from '../parse/literals.js';
import { isTrue } from '../values/truth.js';
import type { ParamType } from '../values/types.js';
import { typeName, type GoValue } from '../values/values.js';
import type { Command, Compiler, Evaluate } from './compiler.js';
import { fail, type Frame } from './execution.js';
import { evaluatePath, stepsOf, type MethodCall } from './fields.js';
import type { GoFunction } from './function.js';
import { invoke, validate } from './invoke.js';
import { compileArgument, idealConstant, type Argument } from './operands.js';
import type { Mark } from './scope.js';

/** A command: a function or method with its arguments, or a value. `hasFinal`: another one comes before it in its pipeline. */
export function compileCommand(command: CommandNode, hasFinal: boolean, compiler: Compiler): Command {
  const [first, ...args] = command.operands;
  if (first === undefined) throw new Error('a command has at least one operand');
  switch (first.type) {
    case 'field':
    case 'chain':
    case 'variable':
      return compileOperand(first, args, hasFinal, compiler);
    case 'identifier':
      return compileCall(first, command, args, hasFinal, compiler);
    case 'pipe': {
      if (args.length > 0 || hasFinal) return (frame) => notAFunction(frame, first);
      return compiler.constructs.pipeline(first, compiler);
    }
  }
  const value = plainValue(first);
  return (frame) => {
    frame.node = first;
    if (args.length > 0 || hasFinal) return notAFunction(frame, first);
    return value(frame);
  };
}

function plainValue(operand: Operand): Evaluate {
  switch (operand.type) {
    case 'dot':
      return (frame) => frame.dot;
    case 'number': {
      const value = idealConstant(operand);
      return typeof value === 'function' ? value : () => value;
    }
    case 'bool':
    case 'string': {
      const { value } = operand;
      return () => value;
    }
    case 'nil':
      return (frame) => fail(frame, 'nil is not a command');
    default:
      return (frame) => fail(frame, `can't evaluate command ${goQuote(printNode(operand))}`);
  }
}

function notAFunction(frame: Frame, operand: Operand): never {
  return fail(frame, `can't give argument to non-function ${printNode(operand)}`);
}

/** A value with fields after it, the last of which may be a method with arguments. */
export function compileOperand(
  operand: ChainNode | FieldNode | VariableNode,
  args: readonly Operand[],
  hasFinal: boolean,
  compiler: Compiler,
): Command {
  const hasArguments = args.length > 0 || hasFinal;
  switch (operand.type) {
    case 'field': {
      const path = stepsOf(operand.path);
      const call = new LateMethodCall(operand, args, hasFinal, compiler);
      return (frame, final) => {
        frame.node = operand;
        return evaluatePath(frame, frame.dot, frame.dotIsInterface, path, hasArguments, final, call);
      };
    }
    case 'variable':
      return compileVariable(operand, args, hasFinal, compiler);
    case 'chain': {
      const call = new LateMethodCall(operand, args, hasFinal, compiler);
      const inner = compileChained(operand.operand, compiler);
      const path = stepsOf(operand.path);
      return (frame, final) => {
        frame.node = operand;
        const receiver = inner.evaluate(frame);
        return evaluatePath(frame, receiver, inner.isInterface, path, hasArguments, final, call);
      };
    }
  }
}

function compileVariable(operand: VariableNode, args: readonly Operand[], hasFinal: boolean, compiler: Compiler): Command {
  const [name, ...names] = operand.path;
  const hasArguments = args.length > 0 || hasFinal;
  const slot = compiler.scope.find(name);
  if (slot === undefined) {
    return (frame) => {
      frame.node = operand;
      return fail(frame, `undefined variable: ${name}`);
    };
  }
  if (names.length === 0) {
    return (frame) => {
      frame.node = operand;
      if (hasArguments) fail(frame, `can't give argument to non-function ${name}`);
      return frame.variables[slot];
    };
  }
  const call = new LateMethodCall(operand, args, hasFinal, compiler);
  const path = stepsOf(names);
  return (frame, final) => {
    frame.node = operand;
    const isInterface = frame.variableIsInterface[slot] === true;
    return evaluatePath(frame, frame.variables[slot], isInterface, path, hasArguments, final, call);
  };
}

/** What fields are taken of: a pipeline in parentheses, or a function without arguments. */
function compileChained(operand: Operand, compiler: Compiler): { evaluate: Evaluate; isInterface: boolean } {
  if (operand.type === 'identifier') {
    const evaluate = compileCall(operand, operand, [], false, compiler);
    return {
      evaluate: (frame) => evaluate(frame, undefined),
      isInterface: functionNamed(operand.name, compiler)?.returnsInterface === true,
    };
  }
  if (operand.type === 'pipe') {
    const evaluate = compiler.constructs.pipeline(operand, compiler);
    return { evaluate, isInterface: false };
  }
  return { evaluate: plainValue(operand), isInterface: false };
}

/** The parameters of a method, and so what constants mean, show only when a value turns out to have it: most never have one. */
class LateMethodCall implements MethodCall {
  readonly #node: Operand;
  readonly #operands: readonly Operand[];
  readonly #hasFinal: boolean;
  readonly #compiler: Compiler;
  readonly #scope: Mark;
  #compiled: Map<GoFunction, readonly Argument[]> | undefined;

  constructor(node: Operand, operands: readonly Operand[], hasFinal: boolean, compiler: Compiler) {
    this.#node = node;
    this.#operands = operands;
    this.#hasFinal = hasFinal;
    this.#compiler = compiler;
    this.#scope = compiler.scope.mark();
  }

  call(frame: Frame, method: GoFunction, receiver: GoValue, name: string, isLast: boolean, final: GoValue): GoValue {
    const operands = this.#operands;
    const wrong = wrongCount(method, name, isLast ? operands.length : 0, isLast && this.#hasFinal);
    if (wrong !== undefined) fail(frame, wrong);
    const values: unknown[] = [receiver];
    if (isLast) {
      for (const arg of this.#argumentsFor(method)) values.push(arg(frame));
      if (this.#hasFinal) values.push(validate(frame, final, typeOf(method, operands.length)));
    }
    return invoke(frame, method, values, name, this.#node);
  }

  #argumentsFor(method: GoFunction): readonly Argument[] {
    this.#compiled ??= new Map();
    let args = this.#compiled.get(method);
    if (args === undefined) {
      const here = this.#compiler.at(this.#scope);
      args = this.#operands.map((operand, index) => compileArgument(operand, typeOf(method, index), here));
      this.#compiled.set(method, args);
    }
    return args;
  }
}

/** A function with its arguments. Errors of the call itself are at `node`. */
export function compileCall(
  identifier: IdentifierNode,
  node: CommandNode | IdentifierNode,
  operands: readonly Operand[],
  hasFinal: boolean,
  compiler: Compiler,
): Command {
  const { name } = identifier;
  const called = functionNamed(name, compiler);
  const failing = (message: string) => (frame: Frame) => {
    frame.node = identifier;
    return fail(frame, message);
  };
  if (called === undefined) return failing(`${goQuote(name)} is not a defined function`);
  const wrong = wrongCount(called, name, operands.length, hasFinal);
  if (wrong !== undefined) return failing(wrong);
  const args = operands.map((operand, index) => compileArgument(operand, typeOf(called, index), compiler));
  const finalType = hasFinal ? typeOf(called, operands.length) : undefined;
  if (!compiler.functions.has(name)) {
    if (name === 'and' || name === 'or') return shortCircuit(identifier, name === 'or', args as Evaluate[], hasFinal);
    if (name === 'call') return callOfValue(identifier, node, operands, args as Evaluate[]);
  }
  return (frame, final) => {
    frame.node = identifier;
    const values: unknown[] = [];
    for (const arg of args) values.push(arg(frame));
    if (finalType !== undefined) values.push(validate(frame, final, finalType));
    return invoke(frame, called, values, name, node);
  };
}

function shortCircuit(identifier: IdentifierNode, endsOn: boolean, args: readonly Evaluate[], hasFinal: boolean): Command {
  return (frame, final) => {
    frame.node = identifier;
    let value: GoValue;
    for (const arg of args) {
      value = arg(frame);
      if (isTrue(value) === endsOn) return value;
    }
    return hasFinal ? final : value;
  };
}

/** `call` of something: no value of ours is a function, so it always fails, with the reason that Go gives. */
function callOfValue(
  identifier: IdentifierNode,
  node: CommandNode | IdentifierNode,
  operands: readonly Operand[],
  args: readonly Evaluate[],
): Command {
  const [callee] = operands;
  return (frame, final) => {
    frame.node = identifier;
    const values = args.map((arg) => arg(frame));
    const value = callee === undefined ? final : values[0];
    frame.node = node;
    if (value === undefined || value === null) return fail(frame, 'error calling call: call of nil');
    const shown = callee === undefined ? (typeof value === 'string' ? value : `<${typeName(value)} Value>`) : printNode(callee);
    return fail(frame, `error calling call: non-function ${shown} of type ${typeName(value)}`);
  };
}

function functionNamed(name: string, { functions, builtins }: Compiler): GoFunction | undefined {
  return functions.get(name) ?? builtins.get(name);
}

function typeOf({ params, variadic }: GoFunction, index: number): ParamType {
  const type = variadic && index >= params.length ? params.at(-1) : params[index];
  if (type === undefined) throw new Error('the number of arguments is checked before their types');
  return type;
}

function wrongCount({ params, variadic }: GoFunction, name: string, given: number, hasFinal: boolean): string | undefined {
  const count = given + (hasFinal ? 1 : 0);
  if (variadic) {
    const least = params.length - 1;
    return count < least ? `wrong number of args for ${name}: want at least ${least} got ${given}` : undefined;
  }
  return count === params.length ? undefined : `wrong number of args for ${name}: want ${params.length} got ${count}`;
}
