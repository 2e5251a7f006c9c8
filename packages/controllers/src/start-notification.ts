import { finalizer, type Alert, type Provider, type Receiver } from '@sluice/api';
import { errorMessage, type KubeObject } from '@sluice/core';
import { createEventRecorder, isNotFound, type Cluster, type Fetch, type Informer } from '@sluice/kube';
import { createTokenVerifier } from '@sluice/notifications';
import type { Clock, EventBus, Logger, MetricsRegistry } from '@sluice/runtime';
import type { ControllerGroup, Ground } from './group.js';
import { Dispatcher } from './notification/dispatcher.js';
import { eventHandler } from './notification/event-handler.js';
import { createHttpMetrics } from './notification/http-metrics.js';
import { createNotificationMetrics } from './notification/metrics.js';
import { notificationOf } from './notification/wire.js';
import { createIssuerReader } from './receiver/issuers.js';
import { ReceiverReconciler } from './receiver/reconciler.js';
import { createWebhookHandler } from './receiver/webhook-handler.js';
import type { CloudIdentityPool } from './source/cloud.js';
import type { Reference } from './reference-watch.js';
import { watchReferences } from './reference-watch.js';

const NAME = 'notification-controller';

export interface NotificationSettings {
  /** An event that was told so long ago is not told again. */
  readonly repeatWindowMs: number;
  /** Alerts and Receivers are for objects of their own namespace only. */
  readonly noCrossNamespace: boolean;
  /** Lets Providers be at link-local addresses, where clouds keep their machines' credentials. */
  readonly allowLinkLocal: boolean;
}

export const notificationDefaults: NotificationSettings = {
  repeatWindowMs: 5 * 60_000,
  noCrossNamespace: false,
  allowLinkLocal: false,
};

export interface NotificationParts {
  readonly events: EventBus;
  readonly clock: Clock;
  readonly log: Logger;
  readonly identities: CloudIdentityPool;
  readonly metrics: MetricsRegistry;
}

export interface NotificationGroup extends ControllerGroup {
  /** Takes events from other controllers: `POST /`. */
  readonly eventHandler: Fetch;
  /** Takes webhooks: `/hook/…`. */
  readonly webhookHandler: Fetch;
}

/** What Flux runs as notification-controller. */
export function startNotification(ground: Ground, parts: NotificationParts, settings: NotificationSettings): NotificationGroup {
  const { cluster, informers } = ground;
  const { events, clock, log, identities, metrics } = parts;
  const receivers = ground.follow<Receiver>('Receiver', 'notification', 'v1');
  const alerts = ground.follow<Alert>('Alert', 'notification', 'v1beta3');
  const providers = ground.follow<Provider>('Provider', 'notification', 'v1beta3');
  ground.show('Alert', alerts);
  ground.show('Provider', providers);
  const recorder = createEventRecorder(cluster, {
    component: NAME,
    onError: (error) => log.debug('an event could not be written', { error: errorMessage(error) }),
  });
  const stopping = new AbortController();
  const dispatcher = new Dispatcher({
    ...settings,
    cluster,
    alerts,
    providers,
    clock,
    log,
    identities,
    metrics: createNotificationMetrics(metrics),
    warn: (alert, reason, message, annotations = {}) => recorder.record(alert, { type: 'Warning', reason, message, annotations }),
  });
  const webhooks = createWebhookHandler({
    cluster,
    receivers,
    clock,
    log,
    verifier: createTokenVerifier(createIssuerReader(clock, stopping.signal), () => new Date(clock.now())),
    metrics: createHttpMetrics(metrics, 'gotk_receiver', '/hook/'),
    noCrossNamespace: settings.noCrossNamespace,
  });
  const controller = ground.start({ name: NAME, kind: 'Receiver', objects: receivers, reconciler: new ReceiverReconciler(cluster) });
  const stops = [
    // What this controller tells of itself is not for Alerts; nor is what only the cluster keeps.
    events.subscribe((event) => {
      if (event.reportingController !== NAME && event.severity !== 'trace') dispatcher.accept(notificationOf(event));
    }),
    watchReferences(receivers, secretOf, informers, (key, cause) => controller.enqueue(key, cause)),
    releaseFinalizers(alerts, cluster, log),
    releaseFinalizers(providers, cluster, log),
  ];
  return {
    watched: [receivers, alerts, providers],
    eventHandler: eventHandler(dispatcher, log, createHttpMetrics(metrics, 'gotk_event', '/')),
    webhookHandler: webhooks.handle,
    async stop(graceMs) {
      for (const stop of stops) stop();
      webhooks.stop();
      await controller.stop(graceMs);
      await dispatcher.stop(graceMs);
      stopping.abort(new Error('the controller stops'));
      await recorder.flush();
      recorder.stop();
    },
  };
}

function secretOf({ metadata, spec }: Receiver): readonly Reference[] {
  return spec.secretRef === undefined ? [] : [{ kind: 'Secret', namespace: metadata.namespace ?? '', name: spec.secretRef.name }];
}

/** Providers and Alerts have nothing to clean up; a finalizer that Flux gave them must not keep them for ever. */
function releaseFinalizers<T extends KubeObject>(objects: Informer<T>, cluster: Cluster, log: Logger): () => void {
  const release = ({ apiVersion, kind, metadata }: T): void => {
    const { name = '', namespace = '', finalizers = [], deletionTimestamp, resourceVersion } = metadata;
    if (deletionTimestamp === undefined || !finalizers.includes(finalizer)) return;
    const kept = { resourceVersion: resourceVersion ?? '', finalizers: finalizers.filter((each) => each !== finalizer) };
    cluster.patch({ apiVersion, kind, namespace, name }, 'merge', { metadata: kept }, { fieldManager: NAME }).catch((error: unknown) => {
      if (!isNotFound(error)) log.error('a finalizer could not be removed', error, { kind, name, namespace });
    });
  };
  return objects.subscribe({ added: release, modified: release });
}
