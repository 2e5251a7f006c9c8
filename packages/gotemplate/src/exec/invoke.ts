import { errorMessage } from '@sluice/core';
import type { CommandNode, Node, Operand } from '../parse/nodes.js';
import { TemplateError } from '../template-error.js';
import { typeName, type GoValue } from '../values/values.js';
import type { ParamType } from '../values/types.js';
import { fail, type Frame } from './execution.js';
import type { GoFunction } from './function.js';

/** Calls a function with arguments that were checked; what it throws becomes an error of the template at `node`. */
export function invoke(
  frame: Frame,
  called: GoFunction,
  args: readonly unknown[],
  name: string,
  node: Node | Operand | CommandNode,
): GoValue {
  const { execution } = frame;
  execution.step();
  try {
    const result = called.call(args, execution);
    if (typeof result === 'string') execution.checkTextLength(result.length);
    else if (Array.isArray(result)) execution.checkListLength(result.length);
    return result;
  } catch (error) {
    if (endsExecution(error)) throw error;
    frame.node = node;
    return fail(frame, `error calling ${name}: ${errorMessage(error)}`, error);
  }
}

/** Whether an error is about the execution as a whole: over a limit, out of stack, out of memory. */
export function endsExecution(error: unknown): boolean {
  return error instanceof TemplateError ? error.reason === 'TemplateOverLimit' : isExhaustion(error);
}

const EXHAUSTED = ['Maximum call stack size exceeded', 'Invalid string length', 'Invalid array length'];

/** V8's own refusals: too deep a recursion, too long a string. */
export function isExhaustion(error: unknown): boolean {
  // No expression looks at the message: with the last of a stack, V8 refuses to compile one, which is the error of another kind.
  return (error instanceof RangeError || error instanceof SyntaxError) && EXHAUSTED.some((message) => error.message.endsWith(message));
}

/** A value as an argument for a parameter; fails when it is of another type. */
export function validate(frame: Frame, value: GoValue, type: ParamType): unknown {
  if (value === undefined) return type.nil === undefined ? fail(frame, `invalid value; expected ${type.text}`) : type.nil();
  if (type.constants === 'any' || type.constants === 'value') return value;
  if (value !== null && type.accepts(value)) return type.unpack(value);
  return fail(frame, `wrong type for value; expected ${type.text}; got ${value === null ? 'interface {}' : typeName(value)}`);
}
