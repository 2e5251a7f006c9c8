import { errorMessage, formatDuration } from '@sluice/core';
import type { Kustomization } from '@sluice/api';
import { compileExpression, type Expression } from '@sluice/cel';
import { hasCondition, objectKey, type ObjectCache } from '@sluice/runtime';
import type { KustomizationSettings } from './settings.js';
import { sourceKeyOf, type Source } from './source.js';
import { stalled, StageError } from './stage-error.js';

/** The keys of the Kustomizations that must be ready first. */
export function dependencyKeys({ spec, metadata }: Kustomization): string[] {
  return (spec.dependsOn ?? []).map(({ name, namespace = metadata.namespace ?? '' }) => objectKey(namespace, name));
}

/** Throws unless all that this Kustomization depends on is ready. */
export function checkDependencies(
  kustomization: Kustomization,
  source: Source,
  all: ObjectCache<Kustomization>,
  settings: KustomizationSettings,
): void {
  const cycle = findCycle(kustomization, all);
  if (cycle !== undefined) {
    throw stalled(
      'DependencyCycle',
      `these Kustomizations wait for each other: ${cycle.join(' -> ')}; remove one of their dependsOn entries`,
    );
  }
  for (const { name, namespace = kustomization.metadata.namespace ?? '', readyExpr } of kustomization.spec.dependsOn ?? []) {
    const key = objectKey(namespace, name);
    const dependency = all.get(namespace, name);
    if (dependency === undefined) {
      throw notReady(
        `dependency '${key}' not found: kustomizations.kustomize.toolkit.fluxcd.io ${JSON.stringify(name)} not found`,
        settings,
      );
    }
    if (readyExpr !== undefined && readyExpr !== '') {
      if (!evaluate(readyExpr, kustomization, dependency, settings)) {
        throw notReady(`dependency '${key}' is not ready according to readyExpr eval`, settings);
      }
      if (!settings.additiveDependencyCheck) continue;
    }
    const { status, metadata } = dependency;
    if (metadata.generation !== status?.observedGeneration || !hasCondition(status?.conditions, 'Ready')) {
      throw notReady(`dependency '${key}' is not ready`, settings);
    }
    if (sameSource(kustomization, dependency) && status?.lastAppliedRevision !== source.revision) {
      throw notReady(`dependency '${key}' revision is not up to date`, settings);
    }
  }
}

function evaluate(text: string, self: Kustomization, dep: Kustomization, settings: KustomizationSettings): boolean {
  let expression: Expression<boolean>;
  try {
    expression = compileExpression(text, { variables: ['self', 'dep'], result: 'bool' });
  } catch (error) {
    const fault = `failed to evaluate dependency ${dep.metadata.name}: ${errorMessage(error)}`;
    throw stalled('InvalidCELExpression', `Reconciliation failed terminally due to configuration error: terminal error: ${fault}`);
  }
  try {
    return expression.evaluate({ self, dep });
  } catch (error) {
    throw notReady(errorMessage(error), settings);
  }
}

function notReady(message: string, { requeueDependencyMs }: KustomizationSettings): StageError {
  return new StageError({
    reason: 'DependencyNotReady',
    message,
    next: { type: 'after', delayMs: requeueDependencyMs },
    event: { severity: 'info', message: `Dependencies do not meet ready condition, retrying in ${formatDuration(requeueDependencyMs)}` },
  });
}

export function sameSource(a: Kustomization, b: Kustomization): boolean {
  const [first, second] = [sourceKeyOf(a), sourceKeyOf(b)];
  return first.kind === second.kind && first.namespace === second.namespace && first.name === second.name;
}

/** The way back to this Kustomization over what it depends on; it would wait for ever. A readyExpr may say otherwise. */
function findCycle(start: Kustomization, all: ObjectCache<Kustomization>): string[] | undefined {
  const startKey = objectKey(start.metadata.namespace ?? '', start.metadata.name ?? '');
  const seen = new Set<string>();
  const visit = (kustomization: Kustomization, path: readonly string[]): string[] | undefined => {
    for (const { name, namespace = kustomization.metadata.namespace ?? '', readyExpr } of kustomization.spec.dependsOn ?? []) {
      if (readyExpr !== undefined) continue;
      const key = objectKey(namespace, name);
      if (key === startKey) return [...path, key];
      if (seen.has(key)) continue;
      seen.add(key);
      const dependency = all.get(namespace, name);
      const found = dependency === undefined ? undefined : visit(dependency, [...path, key]);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return visit(start, [startKey]);
}
