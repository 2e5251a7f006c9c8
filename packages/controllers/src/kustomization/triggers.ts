import type { KubeObject } from '@sluice/core';
import type { Artifact, Kustomization } from '@sluice/api';
import { hasCondition, keyOf, objectKey, type Cause, type ObjectCache } from '@sluice/runtime';
import { createIndex } from '../object-index.js';
import { Deferral } from './deferral.js';
import { dependencyKeys } from './dependencies.js';
import { artifactOf, SOURCE_KINDS, sourceKeyOf, type SourceCaches } from './source.js';

/**
 * Puts Kustomizations in line when something that they wait for, or are made from, has changed; those of a new artifact in
 * the order that `inOrder` gives them. The result ends it.
 */
export function triggerKustomizations(
  kustomizations: ObjectCache<Kustomization>,
  sources: SourceCaches,
  enqueue: (key: string, cause: Cause) => void,
  inOrder: (keys: readonly string[], artifact: Artifact) => Promise<readonly string[]>,
): () => void {
  const bySource = createIndex(kustomizations, (kustomization) => {
    const { kind, namespace, name } = sourceKeyOf(kustomization);
    return [`${kind}/${objectKey(namespace, name)}`];
  });
  const byDependency = createIndex(kustomizations, dependencyKeys);
  const deferral = new Deferral(kustomizations, enqueue);
  const stops = [bySource.stop, byDependency.stop, () => deferral.stop()];

  for (const kind of SOURCE_KINDS) {
    const enqueueAll = async (source: KubeObject, artifact: Artifact): Promise<void> => {
      const cause = { reason: 'source', object: objectOf(kind, source) } as const;
      const keys = await inOrder(bySource.keys(`${kind}/${keyOf(source)}`), artifact);
      deferral.enqueueAll(keys, artifact.revision, cause);
    };
    const changed = (source: KubeObject, artifact: Artifact): void => void enqueueAll(source, artifact);
    stops.push(
      sources[kind].subscribe({
        added: (source) => {
          const artifact = artifactOf(source);
          if (artifact !== undefined) changed(source, artifact);
        },
        modified: (source, before) => {
          const [now, then] = [artifactOf(source), artifactOf(before)];
          if (now !== undefined && (now.revision !== then?.revision || now.digest !== then.digest)) changed(source, now);
        },
      }),
    );
  }

  stops.push(
    kustomizations.subscribe({
      modified(dependency, before) {
        const dependents = byDependency.keys(keyOf(dependency));
        if (dependents.length === 0 || readiness(dependency) === readiness(before)) return;
        const cause = { reason: 'dependency', object: objectOf('Kustomization', dependency) } as const;
        for (const key of dependents) if (!deferral.changed(key) && isWaiting(key, kustomizations)) enqueue(key, cause);
      },
    }),
  );
  return () => {
    for (const stop of stops) stop();
  };
}

/** What of a Kustomization its dependents look at. A readyExpr may look at anything, its labels for example. */
function readiness({ status, metadata, spec }: Kustomization): string {
  return JSON.stringify([
    metadata.generation,
    metadata.labels,
    metadata.annotations,
    status?.observedGeneration,
    status?.lastAppliedRevision,
    hasCondition(status?.conditions, 'Ready'),
    spec.suspend,
  ]);
}

/** Whoever is ready at the revision there is has no need of news. */
export function isWaiting(key: string, kustomizations: ObjectCache<Kustomization>): boolean {
  const slash = key.indexOf('/');
  const status = kustomizations.get(key.slice(0, slash), key.slice(slash + 1))?.status;
  return !hasCondition(status?.conditions, 'Ready') || status?.lastAppliedRevision !== status?.lastAttemptedRevision;
}

function objectOf(kind: string, { metadata: { namespace = '', name = '' } }: KubeObject): NonNullable<Cause['object']> {
  return { kind, namespace, name };
}
