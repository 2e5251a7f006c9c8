import type { BranchNode } from '../parse/nodes.js';
import { textOfValue } from '../fmt/printf.js';
import { elementType, GO_TYPE, GoInt, goInt, isMap, keyValue, sortedKeys, type GoValue } from '../values/values.js';
import { BREAK, NEXT, type Compiler, type Flow, type Run } from './compiler.js';
import { fail, type Frame } from './execution.js';
import { assignment, compilePhrase, declaration, type Store } from './pipelines.js';

/** One round of a loop: its index or key, and its element. */
type Round = (index: GoValue, element: GoValue) => Flow;

export function compileRange(node: BranchNode, compiler: Compiler): Run {
  const { scope } = compiler;
  const { moved } = node;
  const outside = scope.mark();
  const evaluate = compilePhrase(node.phrase, compiler);
  const stores = storesOf(node, compiler);
  const body = compiler.constructs.list(node.list, compiler);
  const otherwise = node.elseList === undefined ? undefined : compiler.constructs.list(node.elseList, compiler);
  scope.pop(outside);

  return (frame) => {
    frame.node = node;
    frame.moved = moved;
    const collection = evaluate(frame);
    const { dot, dotIsInterface, execution } = frame;
    const isInterface = holdsInterfaces(collection);
    let rounds = 0;
    iterate(frame, collection, stores.index !== undefined, (index, element) => {
      rounds++;
      execution.step();
      stores.element?.(frame, element, isInterface);
      stores.index?.(frame, index, false);
      frame.dot = element;
      frame.dotIsInterface = isInterface;
      return body(frame);
    });
    frame.dot = dot;
    frame.dotIsInterface = dotIsInterface;
    return rounds === 0 && otherwise !== undefined ? otherwise(frame) : NEXT;
  };
}

/** Where each round puts its index and its element: one variable takes the element, two take both. */
function storesOf({ phrase: { pipe } }: BranchNode, compiler: Compiler): { index?: Store; element?: Store } {
  const [first, second] = pipe.declarations.map(({ path: [name] }) =>
    pipe.isAssign ? assignment(name, compiler) : declaration(compiler.scope.find(name) ?? compiler.scope.declare(name)),
  );
  if (first === undefined) return {};
  return second === undefined ? { element: first } : { index: first, element: second };
}

function holdsInterfaces(collection: GoValue): boolean {
  if (!Array.isArray(collection) && !isMap(collection)) return false;
  const type = collection[GO_TYPE];
  return type === undefined || elementType(type) === 'interface {}';
}

function iterate(frame: Frame, collection: GoValue, wantsIndex: boolean, round: Round): void {
  if (collection === undefined || collection === null) return;
  if (Array.isArray(collection)) {
    // Go took the slice, with its length, before the first round.
    const { length } = collection;
    for (let index = 0; index < length; index++) if (round(goInt(index), collection[index]) === BREAK) return;
    return;
  }
  if (collection instanceof Uint8Array) {
    for (const [index, byte] of collection.entries()) if (round(goInt(index), goInt(byte, 'uint8')) === BREAK) return;
    return;
  }
  if (collection instanceof GoInt) {
    if (wantsIndex) fail(frame, `can't use ${textOfValue(collection)} to iterate over more than one variable`);
    for (let value = 0n; value < collection.value; value++) {
      if (round(undefined, goInt(value, collection.kind)) === BREAK) return;
    }
    return;
  }
  if (isMap(collection)) {
    const entries = sortedKeys(collection).map((key) => [key, collection[key]] as const);
    for (const [key, element] of entries) if (round(keyValue(collection, key), element) === BREAK) return;
    return;
  }
  fail(frame, `range can't iterate over ${textOfValue(collection)}`);
}
