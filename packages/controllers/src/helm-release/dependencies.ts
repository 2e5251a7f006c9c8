import { errorMessage } from '@sluice/core';
import { groups, type HelmRelease } from '@sluice/api';
import { compileExpression, type Expression } from '@sluice/cel';
import { hasCondition, keyOf, objectKey, splitKey, type ObjectCache } from '@sluice/runtime';
import { findDependencyCycle } from '../dependency-cycle.js';
import { PassFailure } from './failure.js';
import type { HelmReleaseSettings } from './settings.js';

/** The keys of the HelmReleases that must be ready first. */
export function dependencyKeys({ spec, metadata }: HelmRelease): string[] {
  return (spec.dependsOn ?? []).map(({ name, namespace = metadata.namespace ?? '' }) => objectKey(namespace, name));
}

/** Throws unless all that this HelmRelease depends on is ready. */
export function checkDependencies(object: HelmRelease, all: ObjectCache<HelmRelease>, settings: HelmReleaseSettings): void {
  const cycle = findDependencyCycle(keyOf(object), (key) =>
    waitedFor(all.get(...partsOf(key)) ?? (key === keyOf(object) ? object : undefined)),
  );
  if (cycle !== undefined) {
    throw terminal(
      'DependencyCycle',
      `these HelmReleases wait for each other: ${cycle.join(' -> ')}; remove one of their dependsOn entries`,
    );
  }
  for (const { name, namespace = object.metadata.namespace ?? '', readyExpr } of object.spec.dependsOn ?? []) {
    const key = objectKey(namespace, name);
    const dependency = all.get(namespace, name);
    if (dependency === undefined) {
      throw notReady(`unable to get '${key}' dependency: helmreleases.${groups.helm} ${JSON.stringify(name)} not found`, settings);
    }
    if (readyExpr !== undefined && readyExpr !== '') {
      if (!evaluate(readyExpr, object, dependency, settings)) {
        throw notReady(`dependency '${key}' is not ready according to readyExpr eval`, settings);
      }
      if (!settings.additiveDependencyCheck) continue;
    }
    const { status, metadata } = dependency;
    if (metadata.generation !== status?.observedGeneration || !hasCondition(status?.conditions, 'Ready')) {
      throw notReady(`dependency '${key}' is not ready`, settings);
    }
  }
}

function partsOf(key: string): [namespace: string, name: string] {
  const { namespace, name } = splitKey(key);
  return [namespace, name];
}

/** Those that it can't do without; a readyExpr may say otherwise. */
function waitedFor(object: HelmRelease | undefined): string[] {
  if (object === undefined) return [];
  return dependencyKeys({
    ...object,
    spec: { ...object.spec, dependsOn: (object.spec.dependsOn ?? []).filter(({ readyExpr }) => readyExpr === undefined) },
  });
}

function evaluate(text: string, self: HelmRelease, dep: HelmRelease, settings: HelmReleaseSettings): boolean {
  let expression: Expression<boolean>;
  try {
    expression = compileExpression(text, { variables: ['self', 'dep'], result: 'bool' });
  } catch (error) {
    throw invalidExpression(`failed to evaluate dependency ${dep.metadata.name}: ${errorMessage(error)}`);
  }
  try {
    return expression.evaluate({ self, dep });
  } catch (error) {
    throw notReady(errorMessage(error), settings);
  }
}

/** An expression that does not compile is a fault of the spec. */
export function invalidExpression(fault: string): PassFailure {
  const reason = 'InvalidCELExpression';
  const message = `Reconciliation failed terminally due to configuration error: ${fault}`;
  return new PassFailure(message, {
    ready: { reason, message },
    isTerminal: true,
    event: { severity: 'error', reason, message: fault },
    next: { type: 'idle' },
  });
}

function terminal(reason: string, message: string): PassFailure {
  return new PassFailure(message, {
    ready: { reason, message },
    isTerminal: true,
    event: { severity: 'error', reason, message },
    next: { type: 'idle' },
  });
}

function notReady(message: string, { requeueDependencyMs }: HelmReleaseSettings): PassFailure {
  const reason = 'DependencyNotReady';
  return new PassFailure(message, {
    ready: { reason, message },
    event: { severity: 'info', reason, message },
    next: { type: 'after', delayMs: requeueDependencyMs },
  });
}
