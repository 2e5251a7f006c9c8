import type { KubeObject } from '@sluice/core';
import type { Artifact, GitRepository, HelmChart } from '@sluice/api';
import { keyOf, objectKey, type Cause, type ObjectCache } from '@sluice/runtime';
import { createIndex } from '../object-index.js';
import type { ChartSources } from '../helm-chart/source.js';

type Enqueue = (key: string, cause: Cause) => void;

/** Puts GitRepositories in line when one that they include has another artifact. The result ends it. */
export function triggerIncluders(repositories: ObjectCache<GitRepository>, enqueue: Enqueue): () => void {
  const includers = createIndex(repositories, ({ spec, metadata }) =>
    (spec.include ?? []).map(({ repository: { name } }) => objectKey(metadata.namespace ?? '', name)),
  );
  const stop = onArtifact(repositories, (included) => {
    for (const key of includers.keys(keyOf(included))) enqueue(key, causeOf(included));
  });
  return () => {
    stop();
    includers.stop();
  };
}

export interface ChartTriggers {
  /** Puts the charts of a HelmRepository in line. */
  ofRepository(key: string): void;
  stop(): void;
}

/** Puts HelmCharts in line when their source has another artifact, or another address in a registry. */
export function triggerCharts(charts: ObjectCache<HelmChart>, sources: ChartSources, enqueue: Enqueue): ChartTriggers {
  const bySource = createIndex(charts, ({ spec: { sourceRef }, metadata }) => [
    `${sourceRef.kind}/${objectKey(metadata.namespace ?? '', sourceRef.name)}`,
  ]);
  const changed = (source: KubeObject): void => {
    for (const key of bySource.keys(`${source.kind}/${keyOf(source)}`)) enqueue(key, causeOf(source));
  };
  const stops = [
    onArtifact(sources.GitRepository, changed),
    onArtifact(sources.Bucket, changed),
    onArtifact(sources.HelmRepository, changed),
    // In a registry there is no artifact that would change.
    sources.HelmRepository.subscribe({
      added: (repository) => {
        if (repository.spec.type === 'oci') changed(repository);
      },
      modified: (repository, before) => {
        if (repository.spec.type === 'oci' && repository.metadata.generation !== before.metadata.generation) changed(repository);
      },
    }),
  ];
  return {
    ofRepository: (key) => {
      for (const chart of bySource.keys(`HelmRepository/${key}`)) enqueue(chart, { reason: 'reference' });
    },
    stop: () => {
      for (const stop of stops) stop();
      bySource.stop();
    },
  };
}

/** Calls back with every object whose artifact is new or another one. */
function onArtifact<T extends KubeObject & { readonly status?: { readonly artifact?: Artifact } }>(
  cache: ObjectCache<T>,
  changed: (object: T) => void,
): () => void {
  return cache.subscribe({
    added: (object) => {
      if (object.status?.artifact !== undefined) changed(object);
    },
    modified: (object, before) => {
      const [now, then] = [object.status?.artifact, before.status?.artifact];
      if (now !== undefined && (now.revision !== then?.revision || now.digest !== then.digest)) changed(object);
    },
  });
}

function causeOf({ kind, metadata: { namespace = '', name = '' } }: KubeObject): Cause {
  return { reason: 'source', object: { kind, namespace, name } };
}
