import type { KubeObject } from '@sluice/core';
import { createEventRecorder, createSharedInformers, type Cluster, type EventRecorder, type Fetch } from '@sluice/kube';
import {
  createControllerMetrics,
  createEventBus,
  createProbes,
  createRegistry,
  registerProcessMetrics,
  systemClock,
  type Clock,
  type EventBus,
  type FinishedPass,
  type Logger,
  type MetricsRegistry,
} from '@sluice/runtime';
import type { ArtifactStore, GitClient } from '@sluice/sources';
import { createGround, type ControllerGroup } from './group.js';
import { helmDefaults, type HelmReleaseSettings } from './helm-release/settings.js';
import { defaultSettings, type KustomizationSettings } from './kustomization/settings.js';
import { startHelm } from './start-helm.js';
import { startKustomize } from './start-kustomize.js';
import { createResourceMetrics } from './observe/resource-metrics.js';
import { createTracer, type TracingSettings } from './observe/tracing.js';
import { postEvents } from './notification/event-poster.js';
import { notificationDefaults, startNotification, type NotificationSettings } from './start-notification.js';
import { findAccount } from './remote/account-tokens.js';
import { createCloudIdentities } from './source/cloud.js';
import { startSources } from './start-sources.js';

/** What Flux runs as Deployments of these names. */
export const controllerNames = ['source-controller', 'kustomize-controller', 'helm-controller', 'notification-controller'] as const;
export type ControllerName = (typeof controllerNames)[number];

export interface ControllersOptions {
  readonly cluster: Cluster;
  readonly git: GitClient;
  readonly store: ArtifactStore;
  readonly log: Logger;
  /** Where events go besides the cluster. One is made when absent. */
  readonly events?: EventBus;
  /** Where it counts. One is made when absent; who counts the requests to the API as well gives one. */
  readonly metrics?: MetricsRegistry;
  /** Where a trace of every pass goes; see {@link tracingFromEnvironment}. */
  readonly tracing?: TracingSettings;
  /** Of Kustomizations; what HelmReleases have as well is theirs, too. */
  readonly settings?: Partial<KustomizationSettings>;
  readonly helm?: Partial<HelmReleaseSettings>;
  readonly notifications?: Partial<NotificationSettings>;
  /** Whether GitRepositories may have `file://` addresses. */
  readonly allowFile?: boolean;
  /** The most bytes that the artifact of an OCIRepository may have when it is unpacked. Default: 100 MiB. */
  readonly maxUnpackedBytes?: number;
  /** Whether objects that name a ServiceAccount are that one in a cloud, and not this process. Default: such objects are refused. */
  readonly objectIdentities?: boolean;
  /** Which objects are worked on, by their labels; others are for another instance: `sharding.fluxcd.io/key=shard1`. */
  readonly watchLabelSelector?: string;
  /** The only namespace whose objects are worked on. All when absent. */
  readonly watchNamespace?: string;
  /** Which controllers run in this process. All when absent. */
  readonly controllers?: readonly ControllerName[];
  /** The notification-controller that is told of events, where it runs elsewhere: `http://notification-controller.flux-system.svc/`. */
  readonly eventsAddress?: string;
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
  /** Takes events that other controllers post. */
  readonly eventHandler: Fetch;
  /** Takes webhooks, at the paths of Receivers. */
  readonly webhookHandler: Fetch;
  /** Resolves when the controllers know what is in the cluster. */
  whenReady(): Promise<void>;
  /** Lets what is under way end within `graceMs` (default 30 s), then stops it; the next start goes on. */
  stop(graceMs?: number): Promise<void>;
}

const DEFAULT_CONCURRENCY = 16;
const DEFAULT_GRACE_MS = 30_000;
const DEFAULT_MAX_UNPACKED_BYTES = 100 * 1024 ** 2;
const FLUSH_WITHIN_MS = 5_000;

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
  const { cluster, store, log } = options;
  const clock = options.clock ?? systemClock;
  const events = options.events ?? createEventBus(clock);
  const metrics = options.metrics ?? createRegistry();
  const stopProcessMetrics = registerProcessMetrics(metrics);
  const informers = createSharedInformers(cluster, {
    onError: (error) => log.debug('a watch failed and is opened again', { error: String(error) }),
  });
  const tracer = options.tracing === undefined ? undefined : createTracer(options.tracing, clock, log, metrics);
  const stopRecording = recordEvents(events, cluster, log);
  const common = {
    concurrency: options.concurrency ?? DEFAULT_CONCURRENCY,
    clock,
    random: options.random ?? Math.random,
    events,
    log,
    metrics: createControllerMetrics(metrics),
    ...(tracer === undefined ? {} : { onPass: (pass: FinishedPass) => tracer.record(pass) }),
    ...(options.progressDelayMs === undefined ? {} : { progressDelayMs: options.progressDelayMs }),
    ...(options.backoff === undefined ? {} : { backoff: options.backoff }),
  };
  const { watchLabelSelector, watchNamespace, eventsAddress } = options;
  const runs = (name: ControllerName): boolean => options.controllers?.includes(name) ?? true;
  const ground = createGround(cluster, store, informers, common, createResourceMetrics(metrics, events), {
    ...(watchLabelSelector === undefined ? {} : { watchLabelSelector }),
    ...(watchNamespace === undefined ? {} : { watchNamespace }),
  });
  const identities = createCloudIdentities(
    metrics,
    () => clock.now(),
    options.objectIdentities === true ? (account) => findAccount(cluster, account) : undefined,
  );
  const notification = runs('notification-controller')
    ? startNotification(ground, { events, clock, log, identities, metrics }, { ...notificationDefaults, ...options.notifications })
    : undefined;
  const poster = notification === undefined && eventsAddress !== undefined ? postEvents(events, new URL(eventsAddress), log) : undefined;
  const started: readonly ControllerGroup[] = [
    ...(runs('source-controller')
      ? [
          startSources(ground, {
            git: options.git,
            allowFile: options.allowFile === true,
            maxUnpackedBytes: options.maxUnpackedBytes ?? DEFAULT_MAX_UNPACKED_BYTES,
            identities,
            metrics,
          }),
        ]
      : []),
    ...(runs('kustomize-controller') ? [startKustomize(ground, identities, { ...defaultSettings, ...options.settings })] : []),
    ...(runs('helm-controller') ? [startHelm(ground, clock, identities, { ...helmDefaults, ...options.settings, ...options.helm })] : []),
  ];

  const watched = [...started, ...(notification === undefined ? [] : [notification])].flatMap((group) => group.watched);
  return {
    events,
    metrics,
    probes: createProbes({
      registry: metrics,
      notReady: () => (watched.every(({ synced }) => synced) ? undefined : 'the caches are not filled yet'),
    }),
    eventHandler: notification?.eventHandler ?? elsewhere,
    webhookHandler: notification?.webhookHandler ?? elsewhere,
    async whenReady() {
      await Promise.all(watched.map((informer) => informer.whenSynced()));
    },
    async stop(graceMs = DEFAULT_GRACE_MS) {
      await Promise.all(started.map((group) => group.stop(graceMs)));
      // Last, so that it hears what the others tell while they stop.
      await notification?.stop(graceMs);
      await poster?.stop(Math.min(graceMs, FLUSH_WITHIN_MS));
      informers.stop();
      await stopRecording(graceMs);
      await tracer?.stop(Math.min(graceMs, FLUSH_WITHIN_MS));
      stopProcessMetrics();
    },
  };
}

/** For what is a matter of a notification-controller, where none runs here. */
const elsewhere: Fetch = () => Promise.resolve({ status: 404, headers: {}, body: 'the notification-controller runs elsewhere\n' });

/** Joins an event with the log lines of its pass, whose `reconcileID` it is. Flux has nothing like it. */
const RECONCILE_ID = 'sluice.dev/reconcile-id';

/** Writes every event to the cluster as well, under the name of the controller that tells it. */
function recordEvents(events: EventBus, cluster: Cluster, log: Logger): (graceMs: number) => Promise<void> {
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
      annotations: event.reconcileId === undefined ? event.metadata : { ...event.metadata, [RECONCILE_ID]: event.reconcileId },
    });
  });
  return async (graceMs) => {
    unsubscribe();
    // What can't be written in time is lost: a server that is away would be waited for minutes.
    const flushed = Promise.all([...recorders.values()].map((recorder) => recorder.flush()));
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([flushed, new Promise((resolve) => (timer = setTimeout(resolve, Math.min(graceMs, FLUSH_WITHIN_MS))))]);
    clearTimeout(timer);
    for (const recorder of recorders.values()) recorder.stop();
  };
}
