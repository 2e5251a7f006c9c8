import { printNode, type NumberNode, type Operand } from '../parse/nodes.js';
import type { ParamType } from '../values/types.js';
import { GoComplex, goInt, type GoValue } from '../values/values.js';
import type { Compiler } from './compiler.js';
import { fail, type Frame } from './execution.js';
import { validate } from './invoke.js';

/** Works out an argument, as the implementation gets it. */
export type Argument = (frame: Frame) => unknown;

/** An argument for a parameter. Constants take the parameter's type, everything else must have it. */
export function compileArgument(operand: Operand, type: ParamType, compiler: Compiler): Argument {
  const { constructs } = compiler;
  switch (operand.type) {
    case 'dot':
      return (frame) => {
        frame.node = operand;
        return validate(frame, frame.dot, type);
      };
    case 'nil': {
      const { nil } = type;
      return (frame) => {
        frame.node = operand;
        return nil === undefined ? fail(frame, `cannot assign nil to ${type.text}`) : nil();
      };
    }
    case 'field':
    case 'variable':
    case 'chain': {
      const evaluate = constructs.operand(operand, [], false, compiler);
      return (frame) => validate(frame, evaluate(frame, undefined), type);
    }
    case 'pipe': {
      const evaluate = constructs.pipeline(operand, compiler);
      return (frame) => {
        frame.node = operand;
        return validate(frame, evaluate(frame), type);
      };
    }
    case 'identifier': {
      const evaluate = constructs.call(operand, operand, [], false, compiler);
      return (frame) => validate(frame, evaluate(frame, undefined), type);
    }
    default:
      return compileConstant(operand, type);
  }
}

type Constant = Extract<Operand, { type: 'bool' | 'number' | 'string' }>;

function compileConstant(operand: Constant, type: ParamType): Argument {
  const value = constantFor(operand, type);
  if (typeof value === 'function') return value as Argument;
  return (frame) => {
    frame.node = operand;
    return value;
  };
}

/** The value of a constant as a parameter's type has it, or the failure that it is. */
function constantFor(operand: Constant, type: ParamType): unknown {
  const expected = (what: string) => (frame: Frame) => {
    frame.node = operand;
    return fail(frame, `expected ${what}; found ${printNode(operand)}`);
  };
  switch (type.constants) {
    case 'any':
    case 'value':
      return operand.type === 'number' ? idealConstant(operand) : operand.value;
    case 'bool':
      return operand.type === 'bool' ? operand.value : expected('bool');
    case 'string':
      return operand.type === 'string' ? operand.value : expected('string');
    case 'integer':
      return operand.type === 'number' && operand.int !== undefined ? type.unpack(goInt(operand.int, type.intKind)) : expected('integer');
    case 'unsigned':
      return operand.type === 'number' && operand.uint !== undefined
        ? type.unpack(goInt(operand.uint, type.intKind))
        : expected('unsigned integer');
    case 'float':
      return operand.type === 'number' && operand.float !== undefined ? operand.float : expected('float');
    case 'none':
      return (frame: Frame) => {
        frame.node = operand;
        return fail(frame, `can't handle ${printNode(operand)} for arg of type ${type.text}`);
      };
  }
}

/** A number where nothing says which type it should have: its text does. A function when it fits none. */
export function idealConstant(node: NumberNode): GoValue | ((frame: Frame) => never) {
  if (node.complex !== undefined) return new GoComplex(...node.complex);
  const isHexInteger = /^0[xX]/.test(node.text) && !/[pP]/.test(node.text);
  if (node.float !== undefined && !isHexInteger && !node.text.startsWith("'") && /[.eEpP]/.test(node.text)) return node.float;
  if (node.int !== undefined) return goInt(node.int);
  return (frame) => {
    frame.node = node;
    return fail(frame, `${node.text} overflows int`);
  };
}
