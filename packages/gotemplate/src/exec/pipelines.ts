import type { Phrase, PipeNode } from '../parse/nodes.js';
import type { GoValue } from '../values/values.js';
import { compileCommand } from './commands.js';
import type { Command, Compiler, Evaluate } from './compiler.js';
import { fail, type Frame } from './execution.js';

/** The pipeline of an action: compiled once for all places where its variables have the same slots. */
export function compilePhrase(phrase: Phrase, compiler: Compiler): Evaluate {
  const { scope } = compiler;
  const { depth } = scope;
  const slots = phrase.names.map((name) => scope.find(name));
  const known = phrase.compiled;
  if (
    known !== undefined &&
    (phrase.declares.length === 0 || known.depth === depth) &&
    slots.every((slot, at) => slot === known.slots[at])
  ) {
    for (const name of known.declares) scope.declare(name);
    return known.run as Evaluate;
  }
  const before = scope.mark();
  const run = compilePipeline(phrase.pipe, compiler);
  phrase.compiled = { run, depth, slots, declares: scope.since(before) };
  return run;
}

/** A pipeline's value; the variables that it declares are set. What it gives is never inside an interface any more. */
export function compilePipeline(pipe: PipeNode, compiler: Compiler): Evaluate {
  const commands = pipe.commands.map((command, index) => compileCommand(command, index > 0, compiler));
  const [first] = commands;
  const evaluate: Evaluate = commands.length === 1 && first !== undefined ? single(pipe, first) : several(pipe, commands);
  if (pipe.declarations.length === 0) return evaluate;
  const set = pipe.declarations.map(({ path: [name] }) =>
    pipe.isAssign ? assignment(name, compiler) : declaration(compiler.scope.declare(name)),
  );
  return (frame) => {
    const value = evaluate(frame);
    for (const store of set) store(frame, value, false);
    return value;
  };
}

function single(pipe: PipeNode, command: Command): Evaluate {
  return (frame) => {
    frame.node = pipe;
    const value = command(frame, undefined);
    // A nil interface has nothing in it.
    return value === null ? undefined : value;
  };
}

function several(pipe: PipeNode, commands: readonly Command[]): Evaluate {
  return (frame) => {
    frame.node = pipe;
    let value: GoValue;
    for (const command of commands) {
      value = command(frame, value);
      if (value === null) value = undefined;
    }
    return value;
  };
}

/** Sets a variable. */
export type Store = (frame: Frame, value: GoValue, isInterface: boolean) => void;

export function declaration(slot: number): Store {
  return (frame, value, isInterface) => {
    frame.variables[slot] = value;
    frame.variableIsInterface[slot] = isInterface;
  };
}

/** The variable of that name that is declared so far. The syntax allows names that are declared only elsewhere. */
export function assignment(name: string, compiler: Compiler): Store {
  const slot = compiler.scope.find(name);
  return slot === undefined ? (frame) => fail(frame, `undefined variable: ${name}`) : declaration(slot);
}
