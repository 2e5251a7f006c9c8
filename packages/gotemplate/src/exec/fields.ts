import {
  elementType,
  GO_METHODS,
  GO_TYPE,
  GoDuration,
  GoStruct,
  GoTime,
  isMap,
  keyType,
  typeName,
  zeroValue,
  type GoMap,
  type GoValue,
  type Methods,
} from '../values/values.js';
import { goQuote } from '../parse/literals.js';
import { fail, type Frame } from './execution.js';
import type { GoFunction } from './function.js';
import { durationMethods, timeMethods } from '../time/methods.js';

/** Calls whichever method a value turns out to have: the last of a path with the arguments that stand after it, others with none. */
export interface MethodCall {
  readonly call: (frame: Frame, method: GoFunction, receiver: GoValue, name: string, isLast: boolean, final: GoValue) => GoValue;
}

/** A name of a path. */
export interface Step {
  readonly name: string;
  /** What a plain object has under this name is its own: no method, nothing inherited. So it is looked up once. */
  readonly isOwn: boolean;
}

/** The names of a path, for {@link evaluatePath}. */
export function stepsOf(path: readonly string[]): readonly Step[] {
  let steps = STEPS.get(path);
  if (steps === undefined) STEPS.set(path, (steps = path.map((name) => ({ name, isOwn: isOwn(name) }))));
  return steps;
}

/** By paths, of which the parser has but one for a text. */
const STEPS = new WeakMap<readonly string[], readonly Step[]>();

/** What methods' names begin with, or names that are inherited, and the keys of maps by booleans. */
function isOwn(name: string): boolean {
  const first = name.charCodeAt(0);
  return first >= 97 && first <= 122 && !(name in Object.prototype) && name !== 'true' && name !== 'false';
}

/** The value of `receiver.a.b.c`: fields, keys of maps, and methods, of which the last may have arguments. */
export function evaluatePath(
  frame: Frame,
  receiver: GoValue,
  isInterface: boolean,
  path: readonly Step[],
  hasArguments: boolean,
  final: GoValue,
  methods: MethodCall,
): GoValue {
  let value = receiver;
  let container: GoValue;
  for (let index = 0; index < path.length; index++) {
    const { name, isOwn } = path[index]!;
    // By far the most common: a key that a plain map has.
    if (!hasArguments && typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
      const map = value as GoMap;
      if (isOwn || (isKey(map, name) && Object.hasOwn(map, name))) {
        const found = map[name];
        if (found !== undefined) {
          container = value;
          value = found;
          continue;
        }
      }
    }
    const insideInterface = index === 0 ? isInterface : isMap(container) && elementType(typeName(container)) === 'interface {}';
    container = value;
    value = evaluateField(frame, container, insideInterface, name, index === path.length - 1, hasArguments, final, methods);
  }
  return value;
}

/** Whether a name of a map is that of a key, and of no method. Types with methods have keys that are strings. */
function isKey(map: GoMap, name: string): boolean {
  const methods = map[GO_METHODS];
  return methods === undefined ? keyType(map) === 'string' : !methods.has(name);
}

function evaluateField(
  frame: Frame,
  receiver: GoValue,
  isInterface: boolean,
  name: string,
  isLast: boolean,
  pathHasArguments: boolean,
  final: GoValue,
  methods: MethodCall,
): GoValue {
  const hasArguments = isLast && pathHasArguments;
  const { missingKey } = frame.execution.scope;
  if (receiver === undefined) {
    if (missingKey === 'error') fail(frame, `nil data; no entry for key ${goQuote(name)}`);
    return undefined;
  }
  if (receiver === null) return fail(frame, `nil pointer evaluating interface {}.${name}`);
  const method = methodsOf(receiver)?.get(name);
  if (method !== undefined) return methods.call(frame, method, receiver, name, isLast, final);
  if (receiver instanceof GoStruct && receiver.fields.has(name)) {
    if (hasArguments) fail(frame, `${name} has arguments but cannot be invoked as function`);
    return receiver.fields.get(name);
  }
  if (isMap(receiver) && keyType(receiver) === 'string') {
    if (hasArguments) fail(frame, `${name} is not a method but has arguments`);
    return mapField(frame, receiver, name);
  }
  return fail(frame, `can't evaluate field ${name} in type ${isInterface ? 'interface {}' : typeName(receiver)}`);
}

function mapField(frame: Frame, map: GoMap, name: string): GoValue {
  if (Object.hasOwn(map, name)) return map[name];
  switch (frame.execution.scope.missingKey) {
    case 'default':
      return undefined;
    case 'zero': {
      const type = map[GO_TYPE];
      return type === undefined ? null : zeroValue(elementType(type));
    }
    case 'error':
      return fail(frame, `map has no entry for key ${goQuote(name)}`);
  }
}

function methodsOf(value: GoValue): Methods | undefined {
  if (value instanceof GoStruct) return value.methods;
  if (value instanceof GoTime) return timeMethods;
  if (value instanceof GoDuration) return durationMethods;
  return typeof value === 'object' && value !== null ? (value as GoMap)[GO_METHODS] : undefined;
}
