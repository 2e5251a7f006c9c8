import { formatDuration, type KubeObject } from '@sluice/core';
import { groups, type Artifact, type HelmRelease } from '@sluice/api';
import { conditionsOf, findCondition, hasCondition, jittered, type ObjectCache } from '@sluice/runtime';
import { isNewer } from '../apply/ledger.js';
import { PassFailure, passFailed } from './failure.js';
import type { HelmReleaseSettings } from './settings.js';
import { chartObjectName, type HelmReleaseStatus } from './spec.js';

/** The kinds that a chart can come from. */
export const CHART_KINDS = ['HelmChart', 'OCIRepository', 'ExternalArtifact'] as const;
export type ChartKind = (typeof CHART_KINDS)[number];
export type ChartSources = Readonly<Record<ChartKind, ObjectCache>>;

export interface ChartKey {
  readonly kind: ChartKind;
  readonly namespace: string;
  readonly name: string;
}

/** The object that has the chart: the one that is named, or the one that was made for it. */
export function chartKeyOf(object: HelmRelease): ChartKey {
  const { spec, metadata } = object;
  const own = metadata.namespace ?? '';
  if (spec.chartRef !== undefined) return { kind: spec.chartRef.kind, namespace: spec.chartRef.namespace ?? own, name: spec.chartRef.name };
  return { kind: 'HelmChart', namespace: spec.chart?.spec.sourceRef.namespace ?? own, name: chartObjectName(object) };
}

/** Finds the object with the chart, if the HelmRelease may use it. What was `written` of it just now may not be seen yet, and counts. */
export function resolveSource(
  object: HelmRelease,
  sources: ChartSources,
  settings: HelmReleaseSettings,
  written: KubeObject | undefined,
): KubeObject {
  const { kind, namespace, name } = chartKeyOf(object);
  checkAccess(object, { kind, namespace, name }, settings);
  if (kind === 'ExternalArtifact' && !settings.allowExternalArtifact) {
    throw accessDenied(`can't access '${kind}/${namespace}/${name}', ExternalArtifact feature gate is disabled`);
  }
  const found = sources[kind].get(namespace, name);
  const isSeen = found !== undefined && !isNewer(written?.metadata.resourceVersion, found.metadata.resourceVersion);
  const newest = isSeen ? found : (written ?? found);
  if (newest !== undefined) return newest;
  throw passFailed('ArtifactFailed', `could not get Source object: ${kind}.${groups.source} ${JSON.stringify(name)} not found`);
}

/** Throws when the object is in another namespace, and these are closed. */
export function checkAccess(
  { metadata }: HelmRelease,
  { kind, namespace, name }: ChartKey,
  { noCrossNamespaceRefs }: HelmReleaseSettings,
): void {
  if (!noCrossNamespaceRefs || namespace === metadata.namespace) return;
  throw accessDenied(`cross-namespace references are not allowed: cannot access ${kind} ${namespace}/${name}`);
}

function accessDenied(message: string): PassFailure {
  const reason = 'AccessDenied';
  return new PassFailure(message, {
    ready: { reason, message },
    isTerminal: true,
    event: { severity: 'error', reason, message },
    next: { type: 'idle' },
  });
}

/** The artifact of the source. Throws until it is there, and of the source as it is now. */
export function readyArtifact(source: KubeObject, settings: HelmReleaseSettings, random: () => number): Artifact {
  const { artifact, observedGeneration } = (source['status'] ?? {}) as { artifact?: Artifact; observedGeneration?: number };
  const why = unreadiness(source, observedGeneration, artifact !== undefined);
  if (why === undefined && artifact !== undefined) return artifact;
  const { kind, metadata } = source;
  const message = `${kind} '${metadata.namespace}/${metadata.name}' is not ready: ${why}`;
  const delayMs = jittered(settings.requeueDependencyMs, random);
  throw new PassFailure(message, { ready: { reason: 'SourceNotReady', message }, next: { type: 'after', delayMs } });
}

function unreadiness(source: KubeObject, observedGeneration: number | undefined, hasArtifact: boolean): string | undefined {
  const conditions = conditionsOf(source);
  if (source.kind !== 'ExternalArtifact') {
    if (source.metadata.generation !== observedGeneration) {
      const ready = findCondition(conditions, 'Ready');
      return ready?.status === 'False' ? ready.message : 'latest generation of object has not been reconciled';
    }
    if (hasCondition(conditions, 'Stalled')) return findCondition(conditions, 'Stalled')?.message ?? '';
  }
  return hasArtifact ? undefined : 'does not have an artifact';
}

/** The artifact is not served any more: a newer one will come. */
export function artifactGone({ requeueDependencyMs }: HelmReleaseSettings): PassFailure {
  const message = `Source not ready: artifact not found. Retrying in ${formatDuration(requeueDependencyMs)}`;
  return new PassFailure(message, { ready: { reason: 'ArtifactFailed', message }, next: { type: 'after', delayMs: requeueDependencyMs } });
}

export function noteChartObject(status: HelmReleaseStatus, key: ChartKey | undefined): void {
  if (key === undefined) delete status.helmChart;
  else status.helmChart = `${key.namespace}/${key.name}`;
}
