import { paramType, type ParamName, type ParamType, type ParamTypes, type ResultName, type ResultTypes } from '../values/types.js';
import {
  goInt,
  typedMap,
  typedSlice,
  type GoDuration,
  type GoMap,
  type GoSlice,
  type GoStruct,
  type GoTime,
  type GoValue,
} from '../values/values.js';
import type { CallContext } from './context.js';

/** A function that templates can call, with the signature that Go gives it: arguments are checked against it. */
export interface GoFunction {
  readonly params: readonly ParamType[];
  /** The last parameter takes any number of arguments. */
  readonly variadic: boolean;
  /** The result is declared `interface{}`: what is in it shows only one step later, in error texts. */
  readonly returnsInterface: boolean;
  readonly call: (args: readonly unknown[], context: CallContext) => GoValue;
}

/** Functions by name. */
export type FunctionTable = ReadonlyMap<string, GoFunction>;

type Args<P extends readonly string[]> = P extends readonly [infer First, ...infer Rest extends readonly string[]]
  ? First extends `...${infer Each extends ParamName}`
    ? ParamTypes[Each][]
    : First extends ParamName
      ? [ParamTypes[First], ...Args<Rest>]
      : never
  : [];

type Param = ParamName | `...${ParamName}`;

/**
 * Declares a function: its parameters (the last may begin with `...`), its result, its implementation.
 * What the implementation throws is an error of the template that calls it.
 *
 * ```ts
 * goFunction(['int', 'string'], 'string', (count, text) => text.repeat(count));
 * goFunction(['any', '...any'], 'any', (first, ...rest) => rest[0] ?? first);
 * ```
 */
export function goFunction<const P extends readonly Param[], R extends ResultName>(
  params: P,
  result: R,
  run: (...args: Args<P>) => ResultTypes[R],
): GoFunction {
  return declare(params, result, (args) => run(...(args as Args<P>)));
}

/** As {@link goFunction}, for a function that needs the execution it is called in: to render other templates, to keep within limits. */
export function contextFunction<const P extends readonly Param[], R extends ResultName>(
  params: P,
  result: R,
  run: (context: CallContext, ...args: Args<P>) => ResultTypes[R],
): GoFunction {
  return declare(params, result, (args, context) => run(context, ...(args as Args<P>)));
}

/** Declares a method: the value that it is called on comes first, and is not checked. */
export function goMethod<const T extends keyof Receivers, const P extends readonly Param[], R extends ResultName>(
  receiver: T,
  params: P,
  result: R,
  run: (receiver: Receivers[T], ...args: Args<P>) => ResultTypes[R],
): GoFunction {
  return declare(params, result, ([on, ...args]) => run(on as Receivers[typeof receiver], ...(args as Args<P>)));
}

/** What methods are called on. */
export interface Receivers {
  struct: GoStruct;
  map: GoMap;
  slice: GoSlice;
  time: GoTime;
  duration: GoDuration;
}

function declare<R extends ResultName>(
  params: readonly Param[],
  result: R,
  run: (args: readonly unknown[], context: CallContext) => ResultTypes[R],
): GoFunction {
  const pack = PACK[result] as ((result: ResultTypes[R]) => GoValue) | undefined;
  return {
    params: params.map((param) => paramType(param.replace('...', '') as ParamName)),
    variadic: params.at(-1)?.startsWith('...') === true,
    returnsInterface: result === 'any',
    call: pack === undefined ? (run as GoFunction['call']) : (args, context) => pack(run(args, context)),
  };
}

/** How a result becomes a Go value, where it is not one already. */
const PACK: { readonly [R in ResultName]?: (result: never) => GoValue } = {
  int: (result: number | bigint) => goInt(result),
  int64: (result: number | bigint) => goInt(result, 'int64'),
  '[]string': (result: string[]) => typedSlice('[]string', result),
  '[]int': (result: GoValue[]) => typedSlice('[]int', result),
  'map[string]string': (result: GoMap) => typedMap('map[string]string', result),
};
