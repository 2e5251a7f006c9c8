import type { Kustomization } from '@sluice/api';
import type { Informer } from '@sluice/kube';
import type { Controller } from '@sluice/runtime';
import { fetchArtifact } from '@sluice/sources';
import { createLiveObjects } from './apply/live-objects.js';
import type { ControllerGroup, Ground } from './group.js';
import { isKustomization, otherDependencies } from './kustomization/dependencies.js';
import { KustomizationReconciler } from './kustomization/reconciler.js';
import { referencesOf } from './kustomization/references.js';
import { MANAGER, type KustomizationSettings } from './kustomization/settings.js';
import { isWaiting, triggerKustomizations } from './kustomization/triggers.js';
import { followReferences, watchReferences } from './reference-watch.js';
import type { CloudIdentityPool } from './source/cloud.js';

/** What Flux runs as kustomize-controller. */
export function startKustomize(ground: Ground, identities: CloudIdentityPool, settings: KustomizationSettings): ControllerGroup {
  const { cluster, store, informers } = ground;
  const kustomizations = ground.follow<Kustomization>('Kustomization', 'kustomize', 'v1');
  const sourceOf = (kind: string): Informer => ground.follow(kind, 'source', 'v1');
  const sources = {
    GitRepository: sourceOf('GitRepository'),
    OCIRepository: sourceOf('OCIRepository'),
    Bucket: sourceOf('Bucket'),
    ExternalArtifact: sourceOf('ExternalArtifact'),
  };
  const live = createLiveObjects(informers);
  const reconciler = new KustomizationReconciler({
    cluster,
    live,
    kustomizations,
    sources,
    dependency: (wanted) => (isKustomization(wanted) ? kustomizations.get(wanted.namespace, wanted.name) : dependencies.get(wanted)),
    // Artifacts of this process' own store are opened in place; those of other controllers are fetched into it.
    open: (artifact, signal) => fetchArtifact(store, artifact, { signal }),
    identities,
    settings,
  });
  const controller = ground.start({ name: MANAGER, kind: 'Kustomization', objects: kustomizations, reconciler });
  const enqueue: Controller['enqueue'] = (key, cause) => controller.enqueue(key, cause);
  const onDependency: Controller['enqueue'] = (key, { object }) => {
    if (isWaiting(key, kustomizations)) enqueue(key, { reason: 'dependency', ...(object === undefined ? {} : { object }) });
  };
  const dependencies = followReferences(kustomizations, otherDependencies, informers, onDependency, { lookedUp: true });
  const stops = [
    () => dependencies.stop(),
    triggerKustomizations(kustomizations, sources, enqueue, (keys, artifact) => reconciler.affectedFirst(keys, artifact)),
    watchReferences(kustomizations, referencesOf, informers, enqueue),
    kustomizations.subscribe({ deleted: ({ metadata }) => reconciler.forget(`${metadata.namespace}/${metadata.name}`) }),
  ];
  reconciler.drift.onDrift((key) => enqueue(key, { reason: 'drift' }));
  reconciler.missing.onArrival(enqueue);
  return {
    watched: [kustomizations],
    async stop(graceMs) {
      for (const stop of stops) stop();
      await controller.stop(graceMs);
      await reconciler.stop();
      live.stop();
    },
  };
}
