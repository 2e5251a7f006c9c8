import { errorMessage, SluiceError } from '@sluice/core';
import { Compiler, type Code } from './compile.js';
import { DEFAULT_COST_LIMIT, EvaluationContext } from './context.js';
import { CelCostError, CelError, CelSyntaxError } from './error.js';
import { libraries } from './functions/index.js';
import { parse } from './parser.js';
import { type CelType, dyn } from './types.js';
import { type CelValue, fromJson, toJson } from './values.js';

/** A compiled expression over typed data, for callers that need more than {@link compileExpression} gives. */
export interface CelProgram {
  /** What is known of the result before evaluation. */
  readonly type: CelType;
  /**
   * The result for values of the variables, in the order they were declared. Data is JSON, read through the variable's
   * type; values of CEL are taken as they are. Throws a {@link CelError} or a {@link CelCostError}.
   */
  run(values: readonly unknown[], costLimit?: number): { readonly value: CelValue; readonly cost: number };
}

/** Compiles an expression; throws a {@link CelSyntaxError}. */
export function compileProgram(text: string, variables: ReadonlyMap<string, CelType>): CelProgram {
  const compiler = new Compiler(text, libraries, variables);
  const code: Code = compiler.compile(parse(text));
  const types = [...variables.values()];
  const { slots } = compiler;
  return {
    type: code.type,
    run(values, costLimit = DEFAULT_COST_LIMIT) {
      const context = new EvaluationContext(slots, costLimit);
      for (const [index, value] of values.entries()) {
        if (value !== undefined) context.slots[index] = isCelValue(value) ? value : fromJson(value, types[index]);
      }
      try {
        return { value: code.run(context), cost: costLimit - context.left };
      } catch (error) {
        if (error instanceof RangeError) throw new CelError(`the expression needs too much: ${error.message}`);
        throw error;
      }
    },
  };
}

/** Objects with a class are values of CEL; JSON has none. */
function isCelValue(value: unknown): value is CelValue {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype !== Object.prototype && prototype !== null;
}

/** What an expression has to give. */
export type ResultKind = 'bool' | 'string' | 'strings' | 'any';

export interface ExpressionOptions<R extends ResultKind = ResultKind> {
  /** The names that the expression may use; their values are JSON. */
  readonly variables: readonly string[];
  /** `any` when absent. An expression that is known to give something else does not compile. */
  readonly result?: R;
  /** What one evaluation may cost; an evaluation that costs more fails. */
  readonly costLimit?: number;
}

export interface Expression<T> {
  readonly text: string;
  /** What it is known to give before it is evaluated; `dyn` when nothing is. */
  readonly kind: CelType['kind'];
  /** The result as JSON. Throws a SluiceError with the reason `CelFailed`. */
  evaluate(variables: Readonly<Record<string, unknown>>): T;
}

interface Results {
  bool: boolean;
  string: string;
  strings: string[];
  any: unknown;
}

/**
 * Compiles an expression over JSON, as in `readyExpr`, `healthCheckExprs` or the filters of a Receiver. Compile once,
 * evaluate often.
 *
 * ```ts
 * const ready = compileExpression("dep.status.phase == 'Ready'", { variables: ['dep', 'self'], result: 'bool' });
 * ready.evaluate({ dep, self }); // true, or a SluiceError with the reason CelFailed when dep has no status
 * ```
 *
 * @throws {SluiceError} `CelInvalid` when it does not compile or cannot give the wanted result
 */
export function compileExpression<R extends ResultKind = 'any'>(text: string, options: ExpressionOptions<R>): Expression<Results[R]> {
  const wanted: ResultKind = options.result ?? 'any';
  let program: CelProgram;
  try {
    program = compileProgram(text, new Map(options.variables.map((name) => [name, dyn])));
  } catch (error) {
    if (error instanceof CelSyntaxError)
      throw new SluiceError('CelInvalid', `failed to parse the CEL expression '${text}': ${error.message}`, { cause: error });
    throw error;
  }
  if (wanted === 'bool' && program.type.kind !== wanted) {
    throw new SluiceError('CelInvalid', `CEL expression output type mismatch: expected ${wanted}, got ${program.type.kind}`);
  }
  return {
    text,
    kind: program.type.kind,
    evaluate(variables) {
      const values = options.variables.map((name) => (Object.hasOwn(variables, name) ? variables[name] : undefined));
      try {
        return resultOf(toJson(program.run(values, options.costLimit).value), wanted, text) as Results[R];
      } catch (error) {
        if (error instanceof CelError || error instanceof CelCostError) {
          throw new SluiceError('CelFailed', `failed to evaluate the CEL expression '${text}': ${errorMessage(error)}`, { cause: error });
        }
        throw error;
      }
    },
  };
}

function resultOf(value: unknown, wanted: ResultKind, text: string): unknown {
  const isFit =
    wanted === 'any' ||
    (wanted === 'bool' && typeof value === 'boolean') ||
    (wanted === 'string' && typeof value === 'string') ||
    (wanted === 'strings' && Array.isArray(value) && value.every((item) => typeof item === 'string'));
  if (isFit) return value;
  throw new SluiceError(
    'CelFailed',
    `failed to evaluate CEL expression as ${wanted === 'strings' ? 'a list of strings' : wanted}: '${text}'`,
  );
}
