import type { EvaluationContext } from '../context.js';
import { CelError } from '../error.js';
import { type CelType, dyn, type Kind } from '../types.js';
import { type CelValue, kindOf, typeName } from '../values.js';

/** One signature of a function. A method's first parameter is what it is called on. */
export interface Overload {
  readonly method: boolean;
  /** `dyn` takes anything. */
  readonly params: readonly Kind[];
  readonly result: CelType | ((args: readonly CelType[]) => CelType);
  // Libraries write their parameters' real types; the registry has checked them.
  readonly call: (args: readonly never[], context: EvaluationContext) => CelValue;
}

export type Library = ReadonlyMap<string, readonly Overload[]>;

/** Collects the functions of a library. */
export class LibraryBuilder {
  readonly #functions = new Map<string, Overload[]>();

  /** `fn('isURL', ['string'], bool, ([text]) => …)` */
  // The type parameter is what an implementation says of its arguments.
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters
  fn<A extends readonly CelValue[]>(
    name: string,
    params: readonly Kind[],
    result: Overload['result'],
    call: (args: A, context: EvaluationContext) => CelValue,
  ): this {
    return this.#add(name, { method: false, params, result, call: call as unknown as Overload['call'] });
  }

  /** `method('size', ['list'], int, ([list]) => …)`: the first parameter is the receiver. */
  // The type parameter is what an implementation says of its arguments.
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters
  method<A extends readonly CelValue[]>(
    name: string,
    params: readonly Kind[],
    result: Overload['result'],
    call: (args: A, context: EvaluationContext) => CelValue,
  ): this {
    return this.#add(name, { method: true, params, result, call: call as unknown as Overload['call'] });
  }

  build(): Library {
    return this.#functions;
  }

  #add(name: string, overload: Overload): this {
    const known = this.#functions.get(name);
    if (known === undefined) this.#functions.set(name, [overload]);
    else known.push(overload);
    return this;
  }
}

export function mergeLibraries(libraries: readonly Library[]): Library {
  const merged = new Map<string, Overload[]>();
  for (const library of libraries) {
    for (const [name, overloads] of library) merged.set(name, [...(merged.get(name) ?? []), ...overloads]);
  }
  return merged;
}

export function accepts(param: Kind, kind: Kind): boolean {
  return param === 'dyn' || param === kind || (param === 'map' && kind === 'object');
}

/** Calls the overload that the values are for. */
export function dispatch(name: string, overloads: readonly Overload[], args: readonly CelValue[], context: EvaluationContext): CelValue {
  context.spend();
  const kinds = args.map(kindOf);
  for (const overload of overloads) {
    if (overload.params.every((param, index) => accepts(param, kinds[index] ?? 'dyn')))
      return overload.call(args as readonly never[], context);
  }
  throw new CelError(`no such overload: ${name}(${kinds.map(typeName).join(', ')})`);
}

/** The type of a call's result as far as it is known before evaluation; undefined when no overload can take the arguments. */
export function resultType(overloads: readonly Overload[], args: readonly CelType[]): CelType | undefined {
  const possible = overloads.filter(({ params }) =>
    params.every((param, index) => args[index]?.kind === 'dyn' || accepts(param, args[index]?.kind ?? 'dyn')),
  );
  const [first] = possible;
  if (first === undefined) return undefined;
  const results = possible.map(({ result }) => (typeof result === 'function' ? result(args) : result));
  return results.every((result) => result.kind === results[0]?.kind) ? results[0] : dyn;
}
