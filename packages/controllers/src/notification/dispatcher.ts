import { setMaxListeners } from 'node:events';
import type { Alert, Provider } from '@sluice/api';
import { errorMessage } from '@sluice/core';
import type { Cluster, Informer } from '@sluice/kube';
import {
  dropReason,
  matchAlert,
  withoutForeignMetadata,
  withoutToken,
  type AlertFault,
  type NotificationEvent,
} from '@sluice/notifications';
import { keyOf, splitKey, type Clock, type Logger } from '@sluice/runtime';
import type { CloudIdentityPool } from '../source/cloud.js';
import { createConnections, type Connections } from './connections.js';
import { createLabelReader, type LabelReader, type ObjectLabels } from './labels.js';
import type { NotificationMetrics } from './metrics.js';
import { createProviderHealth } from './provider-health.js';
import { ProviderQueue, queueLimits, type QueueLimits } from './provider-queue.js';
import { createRepeats } from './repeats.js';
import { sendNotification, type SendWorld } from './send.js';

export interface DispatcherOptions {
  readonly cluster: Cluster;
  readonly alerts: Informer<Alert>;
  readonly providers: Informer<Provider>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly identities: CloudIdentityPool;
  readonly metrics: NotificationMetrics;
  /** Records a warning about an Alert in the cluster. */
  readonly warn: (alert: Alert, reason: string, message: string, annotations?: Readonly<Record<string, string>>) => void;
  /** An event that was told so long ago is not told again. */
  readonly repeatWindowMs: number;
  /** Alerts are for events of their own namespace only. */
  readonly noCrossNamespace: boolean;
  readonly allowLinkLocal: boolean;
  readonly limits?: QueueLimits;
}

/** How many events may wait for the labels of their objects; those beyond are not told, and counted. */
const MAX_LOOKUPS = 1_000;
/** Of how many kinds in how many namespaces the Alerts are remembered. */
const MAX_KINDS = 1_000;

/**
 * Takes events and tells Providers of them, each in its own queue: who publishes an event never waits, and a Provider that
 * is dead holds up nobody but itself.
 */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #repeats: ReturnType<typeof createRepeats>;
  readonly #health: ReturnType<typeof createProviderHealth>;
  /** The Alerts that are for a kind in a namespace, until an Alert changes: events are many, and about few kinds. */
  readonly #candidates = new Map<string, readonly Alert[]>();
  readonly #unsubscribe: () => void;
  readonly #queues = new Map<string, ProviderQueue>();
  /** By provider. */
  readonly #working = new Map<string, Promise<void>>();
  readonly #labels: LabelReader;
  readonly #lookups = new Set<Promise<void>>();
  readonly #stopping = new AbortController();
  readonly #world: Omit<SendWorld, 'connections'>;

  constructor(options: DispatcherOptions) {
    const { cluster, clock, log, identities, repeatWindowMs, allowLinkLocal } = options;
    this.#options = options;
    // As many Providers as there are wait for it.
    setMaxListeners(0, this.#stopping.signal);
    this.#repeats = createRepeats(repeatWindowMs, () => clock.now());
    this.#health = createProviderHealth(cluster, clock, log);
    const forget = (): void => this.#candidates.clear();
    this.#unsubscribe = options.alerts.subscribe({ added: forget, modified: forget, deleted: forget });
    this.#world = {
      cluster,
      clock,
      allowLinkLocal,
      identities,
      signal: this.#stopping.signal,
    };
    this.#labels = createLabelReader(cluster, clock, this.#stopping.signal);
  }

  /** Takes an event; whether it repeats one that was told a while ago. */
  accept(incoming: NotificationEvent): { readonly isRepeat: boolean } {
    const cleaned = withoutForeignMetadata(incoming);
    const { metrics } = this.#options;
    if (this.#stopping.signal.aborted) return { isRepeat: false };
    if (this.#repeats.isRepeat(cleaned)) {
      metrics.events.increment({ outcome: 'repeated' });
      return { isRepeat: true };
    }
    const event = withoutToken(cleaned);
    const candidates = this.#candidatesFor(event);
    if (candidates.some(({ spec }) => spec.eventSources.some(({ matchLabels }) => matchLabels !== undefined))) {
      this.#withLabels(candidates, event);
    } else {
      this.#dispatch(candidates, event, undefined);
    }
    return { isRepeat: false };
  }

  /** Lets what waits go out for a while, then ends it. */
  async stop(graceMs: number): Promise<void> {
    const cancel = this.#options.clock.after(graceMs, () => this.#stopping.abort(new Error('the controller stops')));
    this.#unsubscribe();
    // What is looked up may yet be something to tell.
    while (this.#lookups.size + this.#working.size > 0) await Promise.all([...this.#lookups, ...this.#working.values()]);
    cancel();
    this.#stopping.abort(new Error('the controller stops'));
  }

  #candidatesFor(event: NotificationEvent): readonly Alert[] {
    const { kind, namespace } = event.involvedObject;
    const key = `${namespace}/${kind}`;
    let candidates = this.#candidates.get(key);
    if (candidates === undefined) {
      candidates = this.#options.alerts.list().filter((alert) => mayMatch(alert, event));
      // Whoever posts events may make kinds up.
      if (this.#candidates.size >= MAX_KINDS) this.#candidates.clear();
      this.#candidates.set(key, candidates);
    }
    return candidates;
  }

  #withLabels(alerts: readonly Alert[], event: NotificationEvent): void {
    const known = this.#labels.known(event.involvedObject);
    if (known !== undefined) return this.#dispatch(alerts, event, known.labels);
    if (this.#lookups.size >= MAX_LOOKUPS) {
      this.#options.metrics.events.increment({ outcome: 'refused' });
      return;
    }
    const lookup = this.#dispatchByLabels(alerts, event).finally(() => this.#lookups.delete(lookup));
    this.#lookups.add(lookup);
  }

  async #dispatchByLabels(alerts: readonly Alert[], event: NotificationEvent): Promise<void> {
    this.#dispatch(alerts, event, await this.#labels.read(event.involvedObject));
  }

  #dispatch(alerts: readonly Alert[], event: NotificationEvent, labels: ObjectLabels | undefined): void {
    let isWanted = false;
    for (const alert of alerts) {
      const { matches, faults } = matchAlert(alert.spec, alert.metadata.namespace ?? '', event, () => labels);
      this.#report(alert, faults);
      if (!matches) continue;
      isWanted = true;
      this.#enqueue(alert, event);
    }
    this.#options.metrics.events.increment({ outcome: isWanted ? 'dispatched' : 'unmatched' });
  }

  #report(alert: Alert, faults: readonly AlertFault[]): void {
    for (const { reason, message } of faults) this.#options.warn(alert, reason, message);
  }

  #enqueue(alert: Alert, event: NotificationEvent): void {
    const { providers, metrics, noCrossNamespace, limits = queueLimits } = this.#options;
    const { namespace = '' } = alert.metadata;
    if (noCrossNamespace && event.involvedObject.namespace !== namespace) {
      const place = `alert '${namespace}/${alert.metadata.name}' can't process event from '${idOf(event)}'`;
      this.#failed(
        alert,
        event,
        `discarding event, access denied to cross-namespace sources: ${place}, cross-namespace references have been blocked`,
      );
      return;
    }
    const { name } = alert.spec.providerRef;
    const provider = providers.get(namespace, name);
    if (provider === undefined) {
      this.#failed(alert, event, `failed to read provider: Provider ${JSON.stringify(name)} not found in the namespace ${namespace}`);
      return;
    }
    if (dropReason(provider.spec, event) !== undefined) {
      metrics.notifications.increment({ namespace, name, outcome: 'skipped' });
      return;
    }
    const key = keyOf(provider);
    let queue = this.#queues.get(key);
    if (queue === undefined) this.#queues.set(key, (queue = new ProviderQueue(limits)));
    const taken = queue.add({ alert: keyOf(alert), event });
    if (taken !== 'queued') metrics.notifications.increment({ namespace, name, outcome: taken });
    if (taken === 'queued') metrics.waiting.set({ namespace, name }, queue.size);
    if (!this.#working.has(key)) {
      // Begun in a turn of its own: who published the event goes on first.
      this.#working.set(
        key,
        new Promise<void>((resolve) => setImmediate(resolve))
          .then(() => this.#workOff(key, queue))
          .finally(() => {
            this.#working.delete(key);
            if (queue.size === 0) this.#queues.delete(key);
          }),
      );
    }
  }

  async #workOff(key: string, queue: ProviderQueue): Promise<void> {
    // More may come while the connections are closed.
    while (queue.size > 0) {
      const connections = createConnections();
      try {
        await this.#work(key, queue, connections);
      } finally {
        await connections.close();
      }
    }
  }

  async #work(key: string, queue: ProviderQueue, connections: Connections): Promise<void> {
    const { alerts, providers, metrics } = this.#options;
    const { namespace, name } = splitKey(key);
    for (let waiting = queue.take(); waiting !== undefined; waiting = queue.take()) {
      metrics.waiting.set({ namespace, name }, queue.size);
      const provider = providers.get(namespace, name);
      const of = splitKey(waiting.alert);
      const alert = alerts.get(of.namespace, of.name);
      // Whoever is gone meanwhile is not told.
      if (provider === undefined || alert === undefined) continue;
      const outcome = await this.#tell(alert, provider, waiting.event, connections);
      metrics.notifications.increment({ namespace, name, outcome });
    }
  }

  async #tell(alert: Alert, provider: Provider, event: NotificationEvent, connections: Connections): Promise<'sent' | 'failed'> {
    try {
      const conflicts = await sendNotification({ ...this.#world, connections }, event, alert, provider);
      if (conflicts.length > 0) {
        const annotations = Object.fromEntries(conflicts.map(({ key, sources }) => [key, sources.join(', ')]));
        const message = 'metadata key conflicts detected (please refer to the Alert API docs and Flux RFC 0008 for more information)';
        this.#options.warn(alert, 'MetadataAppendFailed', message, annotations);
      }
      await this.#health.worked(provider);
      return 'sent';
    } catch (error) {
      this.#failed(alert, event, errorMessage(error));
      await this.#health.failed(provider, errorMessage(error));
      return 'failed';
    }
  }

  #failed(alert: Alert, event: NotificationEvent, why: string): void {
    const message = `failed to send notification for ${idOf(event)}: ${why}`;
    const { namespace, name } = alert.metadata;
    this.#options.log.error('failed to send notification', why, { alert: { namespace, name }, eventInvolvedObject: event.involvedObject });
    this.#options.warn(alert, 'NotificationDispatchFailed', message);
  }
}

/** A first look: most Alerts are for other kinds or namespaces. */
function mayMatch({ spec, metadata }: Alert, { involvedObject: { kind, namespace } }: NotificationEvent): boolean {
  return (
    spec.suspend !== true &&
    spec.eventSources.some((source) => source.kind === kind && (source.namespace ?? metadata.namespace) === namespace)
  );
}

const idOf = ({ involvedObject: { kind, namespace, name } }: NotificationEvent): string => `${kind}/${namespace}/${name}`;
