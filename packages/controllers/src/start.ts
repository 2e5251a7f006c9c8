import type { KubeObject } from '@sluice/core';
import { finalizer, groups, type GitRepository, type Kustomization } from '@sluice/api';
import {
  createEventRecorder,
  createSharedInformers,
  type Cluster,
  type EventRecorder,
  type Fetch,
  type Informer,
  type KindKey,
} from '@sluice/kube';
import {
  createControllerMetrics,
  createEventBus,
  createProbes,
  createRegistry,
  registerProcessMetrics,
  startController,
  systemClock,
  type Clock,
  type EventBus,
  type Logger,
  type MetricsRegistry,
} from '@sluice/runtime';
import { fetchArtifact, type ArtifactStore, type GitClient } from '@sluice/sources';
import { createLiveObjects } from './apply/live-objects.js';
import { GitRepositoryReconciler, SOURCE_CONTROLLER } from './git-repository/reconciler.js';
import type { GitRepositoryStatus } from './git-repository/status.js';
import { KustomizationReconciler } from './kustomization/reconciler.js';
import { defaultSettings, MANAGER, type KustomizationSettings } from './kustomization/settings.js';
import { watchReferences } from './kustomization/reference-watch.js';
import type { OpenArtifact } from './kustomization/source.js';
import type { KustomizationStatus } from './kustomization/spec.js';
import { triggerKustomizations } from './kustomization/triggers.js';

export interface ControllersOptions {
  readonly cluster: Cluster;
  readonly git: GitClient;
  readonly store: ArtifactStore;
  readonly log: Logger;
  /** Where events go besides the cluster. One is made when absent. */
  readonly events?: EventBus;
  readonly settings?: Partial<KustomizationSettings>;
  /** Whether GitRepositories may have `file://` addresses. */
  readonly allowFile?: boolean;
  /** How many objects of a kind are worked on at a time. */
  readonly concurrency?: number;
  readonly clock?: Clock;
  /** In [0, 1). */
  readonly random?: () => number;
  /** See the controllers of `@sluice/runtime`. */
  readonly progressDelayMs?: number;
  readonly backoff?: { readonly firstMs: number; readonly longestMs: number };
}

export interface Controllers {
  readonly events: EventBus;
  readonly metrics: MetricsRegistry;
  /** Answers `/healthz`, `/readyz` and `/metrics`. */
  readonly probes: Fetch;
  /** Resolves when the controllers know what is in the cluster. */
  whenReady(): Promise<void>;
  /** Lets what is under way end within `graceMs` (default 30 s), then stops it; the next start goes on. */
  stop(graceMs?: number): Promise<void>;
}

const DEFAULT_CONCURRENCY = 16;
const DEFAULT_GRACE_MS = 30_000;

/**
 * Starts the controllers over a cluster in which their custom resources are installed.
 *
 * ```ts
 * const controllers = startControllers({ cluster, git, store, log });
 * await controllers.whenReady();
 * …
 * await controllers.stop();
 * ```
 */
export function startControllers(options: ControllersOptions): Controllers {
  const { cluster, git, store, log } = options;
  const clock = options.clock ?? systemClock;
  const random = options.random ?? Math.random;
  const allowFile = options.allowFile === true;
  const settings = { ...defaultSettings, ...options.settings };
  const events = options.events ?? createEventBus(clock);
  const metrics = createRegistry();
  const stopProcessMetrics = registerProcessMetrics(metrics);
  const informers = createSharedInformers(cluster, {
    onError: (error) => log.debug('a watch failed and is opened again', { error: String(error) }),
  });
  const sourceOf = (kind: string): Informer => follow(kind, groups.source, 'v1');
  const gitRepositories = informers.acquire<GitRepository>(kindOf('GitRepository', groups.source, 'v1')).informer;
  const kustomizations = informers.acquire<Kustomization>(kindOf('Kustomization', groups.kustomize, 'v1')).informer;

  function follow(kind: string, group: string, version: string): Informer {
    return informers.acquire(kindOf(kind, group, version)).informer;
  }

  const stopRecording = recordEvents(events, cluster, log);
  const common = {
    cluster,
    finalizer,
    concurrency: options.concurrency ?? DEFAULT_CONCURRENCY,
    clock,
    random,
    events,
    log,
    metrics: createControllerMetrics(metrics),
    ...(options.progressDelayMs === undefined ? {} : { progressDelayMs: options.progressDelayMs }),
    ...(options.backoff === undefined ? {} : { backoff: options.backoff }),
  };

  const sources = {
    GitRepository: gitRepositories as Informer,
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
    open: openFrom(store),
    settings,
  });
  const kustomizeController = startController<Kustomization, KustomizationStatus>({
    ...common,
    name: MANAGER,
    kind: 'Kustomization',
    objects: kustomizations,
    reconciler,
  });
  const stopTriggers = triggerKustomizations(kustomizations, sources, (key, cause) => kustomizeController.enqueue(key, cause));
  const stopReferences = watchReferences(kustomizations, informers, (key, cause) => kustomizeController.enqueue(key, cause));
  reconciler.drift.onDrift((key) => kustomizeController.enqueue(key, { reason: 'drift' }));
  const unforget = kustomizations.subscribe({
    deleted: (object) => reconciler.forget(`${object.metadata.namespace}/${object.metadata.name}`),
  });

  const sourceController = startController<GitRepository, GitRepositoryStatus>({
    ...common,
    name: SOURCE_CONTROLLER,
    kind: 'GitRepository',
    objects: gitRepositories,
    reconciler: new GitRepositoryReconciler({ cluster, git, store, allowFile }),
  });

  const watched = [gitRepositories, kustomizations];
  return {
    events,
    metrics,
    probes: createProbes({
      registry: metrics,
      notReady: () => (watched.every(({ synced }) => synced) ? undefined : 'the caches are not filled yet'),
    }),
    async whenReady() {
      await Promise.all(watched.map((informer) => informer.whenSynced()));
    },
    async stop(graceMs = DEFAULT_GRACE_MS) {
      stopTriggers();
      stopReferences();
      unforget();
      await Promise.all([kustomizeController.stop(graceMs), sourceController.stop(graceMs)]);
      reconciler.stop();
      live.stop();
      informers.stop();
      await stopRecording();
      stopProcessMetrics();
    },
  };
}

function kindOf(kind: string, group: string, version: string): KindKey {
  return { apiVersion: `${group}/${version}`, kind };
}

/** Artifacts of this process' own store are opened in place; those of other controllers are fetched into it. */
function openFrom(store: ArtifactStore): OpenArtifact {
  return (artifact, signal) => fetchArtifact(store, artifact, { signal });
}

/** Writes every event to the cluster as well, under the name of the controller that tells it. */
function recordEvents(events: EventBus, cluster: Cluster, log: Logger): () => Promise<void> {
  const recorders = new Map<string, EventRecorder>();
  const recorderOf = (component: string): EventRecorder => {
    let recorder = recorders.get(component);
    if (recorder === undefined) {
      recorder = createEventRecorder(cluster, {
        component,
        onError: (error) => log.debug('an event could not be written', { error: String(error) }),
      });
      recorders.set(component, recorder);
    }
    return recorder;
  };
  const unsubscribe = events.subscribe((event, object: KubeObject) => {
    if (event.quiet === true) return;
    recorderOf(event.reportingController).record(object, {
      type: event.severity === 'error' ? 'Warning' : 'Normal',
      reason: event.reason,
      message: event.message,
      annotations: event.metadata,
    });
  });
  return async () => {
    unsubscribe();
    await Promise.all([...recorders.values()].map((recorder) => recorder.flush()));
    for (const recorder of recorders.values()) recorder.stop();
  };
}
