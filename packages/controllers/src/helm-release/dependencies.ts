import { errorMessage, groupOf, type KubeObject } from '@sluice/core';
import { groups, type HelmRelease } from '@sluice/api';
import { compileExpression, type Expression } from '@sluice/cel';
import { computeHealth } from '@sluice/kube';
import { hasCondition, objectKey } from '@sluice/runtime';
import { findDependencyCycle } from '../dependency-cycle.js';
import { dependenciesOf, waitedFor, type Dependency, type FindDependency } from '../kustomization/dependencies.js';
import { PassFailure } from './failure.js';
import type { HelmReleaseSettings } from './settings.js';

const HELM_RELEASE = { apiVersion: `${groups.helm}/v2`, kind: 'HelmRelease' };

export function isHelmRelease({ apiVersion, kind }: Pick<Dependency, 'apiVersion' | 'kind'>): boolean {
  return kind === HELM_RELEASE.kind && groupOf(apiVersion) === groups.helm;
}

/** The keys of the HelmReleases that must be ready first. */
export function dependencyKeys(object: HelmRelease): string[] {
  return dependenciesOf(object)
    .filter(isHelmRelease)
    .map(({ namespace, name }) => objectKey(namespace, name));
}

/** What it waits for besides HelmReleases. */
export function otherDependencies(object: HelmRelease): Dependency[] {
  return dependenciesOf(object).filter((dependency) => dependency.apiVersion !== '' && !isHelmRelease(dependency));
}

/** Throws unless all that this HelmRelease depends on is ready. */
export function checkDependencies(object: HelmRelease, find: FindDependency, settings: HelmReleaseSettings): void {
  const { namespace = '', name = '' } = object.metadata;
  const self: Dependency = { ...HELM_RELEASE, namespace, name, readyExpr: undefined };
  const cycle = findDependencyCycle(self, (node) => waitedFor(node === self ? object : find(node)), subjectOf);
  if (cycle !== undefined) {
    const what = cycle.some((subject) => subject.split('/').length > 2) ? 'these' : 'these HelmReleases';
    throw terminal('DependencyCycle', `${what} wait for each other: ${cycle.join(' -> ')}; remove one of their dependsOn entries`);
  }
  for (const dependency of dependenciesOf(object)) checkDependency(object, dependency, find, settings);
}

function checkDependency(object: HelmRelease, wanted: Dependency, find: FindDependency, settings: HelmReleaseSettings): void {
  const { apiVersion, kind, namespace, name, readyExpr } = wanted;
  const subject = subjectOf(wanted);
  if (apiVersion === '') throw terminal('InvalidDependency', `dependency '${subject}': name its apiVersion in spec.dependsOn, too`);
  if (settings.noCrossNamespaceRefs && namespace !== object.metadata.namespace && !isHelmRelease(wanted)) {
    throw terminal('AccessDenied', `can't access '${subject}', cross-namespace references have been blocked`);
  }
  const dependency = find(wanted);
  if (dependency === undefined) {
    const what = isHelmRelease(wanted) ? `helmreleases.${groups.helm}` : kind;
    throw notReady(`unable to get '${subject}' dependency: ${what} ${JSON.stringify(name)} not found`, settings);
  }
  if (readyExpr !== undefined && readyExpr !== '') {
    if (!evaluate(readyExpr, object, dependency, settings)) {
      throw notReady(`dependency '${subject}' is not ready according to readyExpr eval`, settings);
    }
    if (!settings.additiveDependencyCheck) return;
  }
  if (!isReady(dependency)) throw notReady(`dependency '${subject}' is not ready`, settings);
}

function isReady(dependency: KubeObject): boolean {
  if (!isHelmRelease(dependency)) return computeHealth(dependency).status === 'Current';
  const { status, metadata } = dependency as HelmRelease;
  return metadata.generation === status?.observedGeneration && hasCondition(status?.conditions, 'Ready');
}

/** `apps/backend` for HelmReleases, as Flux has it; `Kustomization/apps/redis` for others. */
function subjectOf({ apiVersion, kind, namespace, name }: Dependency): string {
  const key = objectKey(namespace, name);
  return isHelmRelease({ apiVersion, kind }) ? key : `${kind}/${key}`;
}

function evaluate(text: string, self: HelmRelease, dep: KubeObject, settings: HelmReleaseSettings): boolean {
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
