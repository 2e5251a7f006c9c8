import { goQuote } from '../parse/literals.js';
import type { ActionNode, BranchNode, ListNode, Node, TemplateNode } from '../parse/nodes.js';
import type { Tree } from '../parse/parse.js';
import { isTrue } from '../values/truth.js';
import { textOfValue } from '../fmt/printf.js';
import { fail } from './execution.js';
import { compileCall, compileOperand } from './commands.js';
import { BREAK, Compiler, CONTINUE, NEXT, type Run } from './compiler.js';
import type { FunctionTable } from './function.js';
import { compilePhrase, compilePipeline } from './pipelines.js';
import { GoStruct, type GoValue } from '../values/values.js';
import { compileRange } from './range.js';

/** A template that can run. It is compiled on its first run: a chart's helpers are many, and few are used. */
export interface CompiledTemplate {
  readonly name: string;
  readonly parseName: string;
  readonly text: string;
  readonly root: ListNode;
  readonly run: Run;
}

const CONSTRUCTS = { list: compileLater, pipeline: compilePipeline, operand: compileOperand, call: compileCall };

export function compileTemplate(
  { name, parseName, text, root }: Tree,
  functions: FunctionTable,
  builtins: FunctionTable,
): CompiledTemplate {
  let compiled: Run | undefined;
  const run: Run = (frame) => (compiled ??= compileList(root, new Compiler(functions, builtins, CONSTRUCTS)))(frame);
  return { name, parseName, text, root, run };
}

/** A list that is compiled when it runs first: many a branch never does. */
function compileLater(list: ListNode, compiler: Compiler): Run {
  const place = compiler.scope.mark();
  let compiled: Run | undefined;
  return (frame) => (compiled ??= compileList(list, compiler.at(place)))(frame);
}

/** The nodes of a list one after the other. Variables that they declare stay until the construct around the list ends. */
function compileList(list: ListNode, compiler: Compiler): Run {
  const runs = list.nodes.map((node) => compileNode(node, compiler));
  const [only] = runs;
  if (runs.length === 0 || only === undefined) return () => NEXT;
  if (runs.length === 1) return only;
  return (frame) => {
    for (const run of runs) {
      const flow = run(frame);
      if (flow !== NEXT) return flow;
    }
    return NEXT;
  };
}

function compileNode(node: Node, compiler: Compiler): Run {
  switch (node.type) {
    case 'text': {
      const { text } = node;
      return (frame) => {
        frame.execution.write(text);
        return NEXT;
      };
    }
    case 'action':
      return compileAction(node, compiler);
    case 'if':
    case 'with':
      return compileBranch(node, compiler);
    case 'range':
      return compileRange(node, compiler);
    case 'template':
      return compileTemplateCall(node, compiler);
    case 'list':
      return compileList(node, compiler);
    case 'break':
      return () => BREAK;
    case 'continue':
      return () => CONTINUE;
  }
}

function compileAction(node: ActionNode, compiler: Compiler): Run {
  const evaluate = compilePhrase(node.phrase, compiler);
  const { moved } = node;
  const { pipe } = node.phrase;
  const isPlace = pipe.commands.at(-1)?.operands[0]?.type !== 'identifier';
  if (pipe.declarations.length > 0) {
    return (frame) => {
      frame.node = node;
      frame.moved = moved;
      frame.execution.step();
      evaluate(frame);
      return NEXT;
    };
  }
  return (frame) => {
    frame.node = node;
    frame.moved = moved;
    const { execution } = frame;
    execution.step();
    const value = evaluate(frame);
    if (typeof value === 'object') execution.checkSize(value);
    execution.write(typeof value === 'string' ? value : value === undefined ? '<no value>' : printed(value, isPlace));
    return NEXT;
  };
}

/** Of what is at some place, Go knows the pointer, with its methods; what a function returns is at none. */
function printed(value: Exclude<GoValue, undefined>, isPlace: boolean): string {
  return isPlace && value instanceof GoStruct && value.pointerText !== undefined ? value.pointerText : textOfValue(value);
}

function compileBranch(node: BranchNode, compiler: Compiler): Run {
  const { scope } = compiler;
  const { moved } = node;
  const outside = scope.mark();
  const evaluate = compilePhrase(node.phrase, compiler);
  // Each is compiled in a scope of its own: the syntax lets the else branch name variables of the other one, but there are none.
  const body = compileLater(node.list, compiler);
  const otherwise = node.elseList === undefined ? undefined : compileLater(node.elseList, compiler);
  scope.pop(outside);
  const setsDot = node.type === 'with';
  return (frame) => {
    frame.node = node;
    frame.moved = moved;
    frame.execution.step();
    const value = evaluate(frame);
    if (!isTrue(value)) return otherwise === undefined ? NEXT : otherwise(frame);
    if (!setsDot) return body(frame);
    const { dot, dotIsInterface } = frame;
    frame.dot = value;
    frame.dotIsInterface = false;
    const flow = body(frame);
    frame.dot = dot;
    frame.dotIsInterface = dotIsInterface;
    return flow;
  };
}

function compileTemplateCall(node: TemplateNode, compiler: Compiler): Run {
  const evaluate = node.phrase === undefined ? undefined : compilePhrase(node.phrase, compiler);
  const { moved } = node;
  return (frame) => {
    frame.node = node;
    frame.moved = moved;
    const { execution } = frame;
    execution.step();
    const template = execution.scope.lookup(node.name);
    if (template === undefined) return fail(frame, `template ${goQuote(node.name)} not defined`);
    execution.run(template, evaluate?.(frame));
    return NEXT;
  };
}
