import { errorMessage, formatDuration, groupOf, isJsonObject, type KubeObject } from '@sluice/core';
import { groups, type Kustomization } from '@sluice/api';
import { compileExpression, type Expression } from '@sluice/cel';
import { computeHealth } from '@sluice/kube';
import { hasCondition, objectKey } from '@sluice/runtime';
import { findDependencyCycle } from '../dependency-cycle.js';
import type { KustomizationSettings } from './settings.js';
import { sourceKeyOf, type Source } from './source.js';
import { stalled, StageError } from './stage-error.js';

/** Something that must be ready first. */
export interface Dependency {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly readyExpr: string | undefined;
}

/** Finds an object by what a dependency says of it; undefined where it is not there, or not known yet. */
export type FindDependency = (dependency: Dependency) => KubeObject | undefined;

const KUSTOMIZATION = { apiVersion: `${groups.kustomize}/v1`, kind: 'Kustomization' };

/** Where kinds that need no `apiVersion` are served. */
const API_VERSIONS: Readonly<Record<string, string>> = {
  Kustomization: KUSTOMIZATION.apiVersion,
  HelmRelease: `${groups.helm}/v2`,
  GitRepository: `${groups.source}/v1`,
  OCIRepository: `${groups.source}/v1`,
  HelmRepository: `${groups.source}/v1`,
  HelmChart: `${groups.source}/v1`,
  Bucket: `${groups.source}/v1`,
  ExternalArtifact: `${groups.source}/v1`,
};

/** What an object with a `dependsOn` waits for. What names no kind means the object's own. */
export function dependenciesOf(object: KubeObject): Dependency[] {
  const spec = object['spec'];
  const list = isJsonObject(spec) && Array.isArray(spec['dependsOn']) ? (spec['dependsOn'] as readonly Partial<Dependency>[]) : [];
  return list.map(({ kind = object.kind, apiVersion, name = '', namespace = object.metadata.namespace ?? '', readyExpr }) => ({
    apiVersion: apiVersion ?? (Object.hasOwn(API_VERSIONS, kind) ? API_VERSIONS[kind]! : ''),
    kind,
    namespace,
    name,
    readyExpr,
  }));
}

export function isKustomization({ apiVersion, kind }: Pick<Dependency, 'apiVersion' | 'kind'>): boolean {
  return kind === KUSTOMIZATION.kind && groupOf(apiVersion) === groups.kustomize;
}

/** The keys of the Kustomizations that must be ready first. */
export function dependencyKeys(kustomization: Kustomization): string[] {
  return dependenciesOf(kustomization)
    .filter(isKustomization)
    .map(({ namespace, name }) => objectKey(namespace, name));
}

/** What it waits for besides Kustomizations. */
export function otherDependencies(kustomization: Kustomization): Dependency[] {
  return dependenciesOf(kustomization).filter((dependency) => dependency.apiVersion !== '' && !isKustomization(dependency));
}

/** Throws unless all that this Kustomization depends on is ready. */
export function checkDependencies(
  kustomization: Kustomization,
  source: Source,
  find: FindDependency,
  settings: KustomizationSettings,
): void {
  const cycle = findCycle(kustomization, find);
  if (cycle !== undefined) {
    throw stalled('DependencyCycle', `these wait for each other: ${cycle.join(' -> ')}; remove one of their dependsOn entries`);
  }
  for (const dependency of dependenciesOf(kustomization)) checkDependency(kustomization, dependency, source, find, settings);
}

function checkDependency(
  kustomization: Kustomization,
  dependency: Dependency,
  source: Source,
  find: FindDependency,
  settings: KustomizationSettings,
): void {
  const { apiVersion, kind, name, namespace, readyExpr } = dependency;
  const subject = subjectOf(dependency);
  if (apiVersion === '') throw stalled('InvalidDependency', `dependency '${subject}': name its apiVersion in spec.dependsOn, too`);
  if (settings.noCrossNamespaceRefs && namespace !== kustomization.metadata.namespace && !isKustomization(dependency)) {
    throw stalled('AccessDenied', `can't access '${subject}', cross-namespace references have been blocked`);
  }
  const object = find(dependency);
  if (object === undefined) {
    const what = isKustomization(dependency) ? `kustomizations.${groups.kustomize}` : kind;
    throw notReady(`dependency '${subject}' not found: ${what} ${JSON.stringify(name)} not found`, settings);
  }
  if (readyExpr !== undefined && readyExpr !== '') {
    if (!evaluate(readyExpr, kustomization, object, settings)) {
      throw notReady(`dependency '${subject}' is not ready according to readyExpr eval`, settings);
    }
    if (!settings.additiveDependencyCheck) return;
  }
  if (!isKustomization(dependency)) {
    if (computeHealth(object).status !== 'Current') throw notReady(`dependency '${subject}' is not ready`, settings);
    return;
  }
  const { status, metadata } = object as Kustomization;
  if (metadata.generation !== status?.observedGeneration || !hasCondition(status?.conditions, 'Ready')) {
    throw notReady(`dependency '${subject}' is not ready`, settings);
  }
  if (sameSource(kustomization, object as Kustomization) && status?.lastAppliedRevision !== source.revision) {
    throw notReady(`dependency '${subject}' revision is not up to date`, settings);
  }
}

/** `apps/backend` for Kustomizations, as Flux has it; `HelmRelease/apps/redis` for others. */
function subjectOf({ apiVersion, kind, namespace, name }: Pick<Dependency, 'apiVersion' | 'kind' | 'namespace' | 'name'>): string {
  const key = objectKey(namespace, name);
  return isKustomization({ apiVersion, kind }) ? key : `${kind}/${key}`;
}

function evaluate(text: string, self: Kustomization, dep: KubeObject, settings: KustomizationSettings): boolean {
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

/** The way back to this Kustomization over what it depends on; it would wait for ever. */
function findCycle(start: Kustomization, find: FindDependency): string[] | undefined {
  const { namespace = '', name = '' } = start.metadata;
  const first: Dependency = { ...KUSTOMIZATION, namespace, name, readyExpr: undefined };
  return findDependencyCycle(first, (node) => waitedFor(node === first ? start : find(node)), subjectOf);
}

/** What an object can't do without; a readyExpr may say otherwise. */
export function waitedFor(object: KubeObject | undefined): Dependency[] {
  return object === undefined ? [] : dependenciesOf(object).filter(({ readyExpr }) => readyExpr === undefined);
}
