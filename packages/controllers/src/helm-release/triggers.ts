import type { KubeObject } from '@sluice/core';
import type { HelmRelease } from '@sluice/api';
import { conditionsOf, hasCondition, keyOf, objectKey, type Cause, type ObjectCache } from '@sluice/runtime';
import { createIndex } from '../object-index.js';
import { artifactOf } from '../kustomization/source.js';
import { dependencyKeys } from './dependencies.js';
import { CHART_KINDS, chartKeyOf, type ChartSources } from './source.js';

/** Puts HelmReleases in line when their chart has changed, or something that they wait for is ready. The result ends it. */
export function triggerHelmReleases(
  releases: ObjectCache<HelmRelease>,
  sources: ChartSources,
  enqueue: (key: string, cause: Cause) => void,
): () => void {
  const byChart = createIndex(releases, (release) => {
    const { kind, namespace, name } = chartKeyOf(release);
    return [`${kind}/${objectKey(namespace, name)}`];
  });
  const byDependency = createIndex(releases, dependencyKeys);
  const stops = [byChart.stop, byDependency.stop];
  for (const kind of CHART_KINDS) {
    const changed = (source: KubeObject): void => {
      const object = { kind, namespace: source.metadata.namespace ?? '', name: source.metadata.name ?? '' };
      for (const key of byChart.keys(`${kind}/${keyOf(source)}`)) enqueue(key, { reason: 'source', object });
    };
    stops.push(
      sources[kind].subscribe({
        added: (source) => {
          if (artifactOf(source) !== undefined) changed(source);
        },
        modified: (source, before) => {
          if (usable(source) !== usable(before)) changed(source);
        },
      }),
    );
  }
  stops.push(
    releases.subscribe({
      modified(dependency, before) {
        if (readiness(dependency) === readiness(before)) return;
        const object = { kind: 'HelmRelease', namespace: dependency.metadata.namespace ?? '', name: dependency.metadata.name ?? '' };
        for (const key of byDependency.keys(keyOf(dependency)))
          if (isWaiting(key, releases)) enqueue(key, { reason: 'dependency', object });
      },
    }),
  );
  return () => {
    for (const stop of stops) stop();
  };
}

/** What of a source a release looks at. */
function usable(source: KubeObject): string {
  const { revision, digest } = artifactOf(source) ?? {};
  const { observedGeneration } = (source['status'] ?? {}) as { observedGeneration?: number };
  const conditions = conditionsOf(source);
  const isCurrent = observedGeneration === source.metadata.generation;
  return JSON.stringify([revision, digest, isCurrent, hasCondition(conditions, 'Ready'), hasCondition(conditions, 'Stalled')]);
}

/** What of a HelmRelease its dependents look at. A readyExpr may look at anything. */
function readiness({ status, metadata, spec }: HelmRelease): string {
  return JSON.stringify([
    metadata.generation,
    metadata.labels,
    metadata.annotations,
    status?.observedGeneration,
    hasCondition(status?.conditions, 'Ready'),
    spec.suspend,
  ]);
}

/** Whoever is ready has no need of news. */
export function isWaiting(key: string, releases: ObjectCache<HelmRelease>): boolean {
  const slash = key.indexOf('/');
  return !hasCondition(releases.get(key.slice(0, slash), key.slice(slash + 1))?.status?.conditions, 'Ready');
}
