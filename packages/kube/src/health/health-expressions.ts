import { compileExpression } from '@sluice/cel';
import { errorMessage, groupOf, isJsonObject, SluiceError, type KubeObject } from '@sluice/core';
import { unknown, type Health, type HealthStatus } from './health.js';

/** How to judge the objects of a kind: an entry of `healthCheckExprs`. */
export interface HealthCheckExpression {
  readonly apiVersion: string;
  /** Empty: all kinds of the group. */
  readonly kind: string;
  readonly current: string;
  readonly inProgress?: string;
  readonly failed?: string;
}

/** Judges an object by expressions. */
export type HealthEvaluator = (object: KubeObject) => Health;

/**
 * Compiles the expressions of one kind. They are asked in the order inProgress, failed, current; the first that is true decides, and
 * none means InProgress. Throws when one does not compile; one that fails on an object makes its health Unknown.
 */
export function compileHealthExpressions(expressions: Omit<HealthCheckExpression, 'apiVersion' | 'kind'>): HealthEvaluator {
  if (expressions.current === '') throw new SluiceError('HealthExpressionInvalid', 'expression Current not specified');
  // Compiled in the order in which Flux complains of them.
  const isCurrent = compile('Current', expressions.current);
  const isFailed = compile('Failed', expressions.failed ?? '');
  const isInProgress = compile('InProgress', expressions.inProgress ?? '');
  const order: readonly [HealthStatus, (object: KubeObject) => boolean][] = [
    ['InProgress', isInProgress],
    ['Failed', isFailed],
    ['Current', isCurrent],
  ];
  return (object) => {
    if (isNotObserved(object)) return { status: 'InProgress', message: '', conditions: [] };
    try {
      const status = order.find(([, isSo]) => isSo(object))?.[0] ?? 'InProgress';
      return { status, message: '', conditions: [] };
    } catch (error) {
      if (error instanceof SluiceError) return unknown(error.message);
      throw error;
    }
  };
}

function compile(name: string, text: string): (object: KubeObject) => boolean {
  if (text === '') return () => false;
  try {
    const expression = compileExpression(text, { variables: namesIn(text) });
    return (object) => {
      const value = expression.evaluate(object);
      if (typeof value === 'boolean') return value;
      throw new SluiceError('HealthExpressionInvalid', `failed to evaluate CEL expression as boolean: '${text}'`);
    };
  } catch (error) {
    throw new SluiceError('HealthExpressionInvalid', `failed to parse the expression ${name}: ${errorMessage(error)}`, { cause: error });
  }
}

/**
 * The names that an expression may mean fields of the object by. Custom resources may have any fields at their top, so every word in
 * the expression is allowed to be one; what an object does not have is an error only when it is asked for.
 */
function namesIn(text: string): string[] {
  return [...new Set(text.match(/[A-Za-z_]\w*/g))].filter((name) => !reserved.has(name));
}

const reserved = new Set(
  'true false null in bool int uint double string bytes list map type null_type optional_type duration timestamp optional'.split(' '),
);

/** Whether the object's controller has not seen its last change. Only integers are compared: some kinds have texts there. */
function isNotObserved(object: KubeObject): boolean {
  const { status, metadata } = object;
  const observed = isJsonObject(status) ? status['observedGeneration'] : undefined;
  return Number.isInteger(observed) && Number.isInteger(metadata?.generation) && observed !== metadata.generation;
}

/** The evaluators of several kinds, by group and kind. Throws when an expression does not compile, or a kind has two. */
export function compileHealthChecks(checks: readonly HealthCheckExpression[]): (object: KubeObject) => HealthEvaluator | undefined {
  const evaluators = new Map<string, HealthEvaluator>();
  for (const [index, check] of checks.entries()) {
    const key = kindKey(check.apiVersion, check.kind);
    if (evaluators.has(key)) {
      const name = [check.kind, groupOf(check.apiVersion)].filter((part) => part !== '').join('.');
      const message = `duplicate custom health check for GroupKind ${name} at healthchecks[${index}]`;
      throw new SluiceError('HealthExpressionInvalid', message);
    }
    try {
      evaluators.set(key, compileHealthExpressions(check));
    } catch (error) {
      const message = `failed to create custom status evaluator for healthchecks[${index}]: ${errorMessage(error)}`;
      throw new SluiceError('HealthExpressionInvalid', message, { cause: error });
    }
  }
  return ({ apiVersion, kind }) => evaluators.get(kindKey(apiVersion, kind)) ?? evaluators.get(kindKey(apiVersion, ''));
}

function kindKey(apiVersion: string, kind: string): string {
  return `${groupOf(apiVersion)}/${kind}`;
}
