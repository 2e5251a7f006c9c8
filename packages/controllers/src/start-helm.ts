import type { HelmRelease } from '@sluice/api';
import type { SharedInformers } from '@sluice/kube';
import type { Clock, Controller } from '@sluice/runtime';
import { fetchArtifact } from '@sluice/sources';
import { createLiveObjects } from './apply/live-objects.js';
import type { ControllerGroup, Ground } from './group.js';
import { MANAGER } from './helm-release/actions/context.js';
import { isHelmRelease, otherDependencies } from './helm-release/dependencies.js';
import { HelmReleaseReconciler } from './helm-release/reconciler.js';
import { referencesOf } from './helm-release/references.js';
import type { HelmReleaseSettings } from './helm-release/settings.js';
import { isWaiting, triggerHelmReleases } from './helm-release/triggers.js';
import { followReferences, watchReferences } from './reference-watch.js';
import type { CloudIdentityPool } from './source/cloud.js';

/** All objects of HelmReleases have this label. */
const OWNED = 'helm.toolkit.fluxcd.io/name';

/** What a chart's artifact may be, as with Helm. */
const LIMITS = { maxArchiveBytes: 10 * 1024 ** 2, maxUnpackedBytes: 100 * 1024 ** 2 };

/** What Flux runs as helm-controller. */
export function startHelm(ground: Ground, clock: Clock, identities: CloudIdentityPool, settings: HelmReleaseSettings): ControllerGroup {
  const { cluster, store, informers } = ground;
  const releases = ground.follow<HelmRelease>('HelmRelease', 'helm', 'v2');
  const sources = {
    HelmChart: ground.follow('HelmChart', 'source', 'v1'),
    OCIRepository: ground.follow('OCIRepository', 'source', 'v1'),
    ExternalArtifact: ground.follow('ExternalArtifact', 'source', 'v1'),
  };
  const live = createLiveObjects(labelled(informers, OWNED));
  const open = (artifact: Parameters<typeof fetchArtifact>[1], signal: AbortSignal) =>
    fetchArtifact(store, artifact, { ...LIMITS, signal });
  const reconciler = new HelmReleaseReconciler({
    cluster,
    live,
    informers,
    dependency: (wanted) => (isHelmRelease(wanted) ? releases.get(wanted.namespace, wanted.name) : dependencies.get(wanted)),
    sources,
    open,
    clock,
    identities,
    settings,
  });
  const controller = ground.start({ name: MANAGER, kind: 'HelmRelease', objects: releases, reconciler });
  const enqueue: Controller['enqueue'] = (key, cause) => controller.enqueue(key, cause);
  const onDependency: Controller['enqueue'] = (key, { object }) => {
    if (isWaiting(key, releases)) enqueue(key, { reason: 'dependency', ...(object === undefined ? {} : { object }) });
  };
  const dependencies = followReferences(releases, otherDependencies, informers, onDependency, { lookedUp: true });
  const stops = [
    () => dependencies.stop(),
    triggerHelmReleases(releases, sources, enqueue),
    watchReferences(releases, referencesOf, informers, enqueue),
    releases.subscribe({ deleted: ({ metadata }) => reconciler.forget(`${metadata.namespace}/${metadata.name}`) }),
  ];
  reconciler.drift.onDrift((key) => enqueue(key, { reason: 'drift' }));
  return {
    watched: [releases],
    async stop(graceMs) {
      for (const stop of stops) stop();
      await controller.stop(graceMs);
      await reconciler.stop();
      live.stop();
    },
  };
}

/** The same informers, with a label that objects must have. */
function labelled(informers: SharedInformers, labelSelector: string): SharedInformers {
  return { ...informers, acquire: (kind, options) => informers.acquire(kind, { ...options, labelSelector }) };
}
