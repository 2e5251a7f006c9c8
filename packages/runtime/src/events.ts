import type { KubeObject } from '@sluice/core';
import { apiTime, type Clock } from './clock.js';

/** `trace` events are recorded in the cluster only; `info` and `error` ones are also for notifications. */
export type Severity = 'trace' | 'info' | 'error';

/** Something that happened to an object, as a controller tells it. */
export interface EventInput {
  readonly severity: Severity;
  readonly reason: string;
  readonly message: string;
  /** Keys with the group of the kind: `source.toolkit.fluxcd.io/revision`. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** For notifications only: not worth a write to the cluster. */
  readonly quiet?: boolean;
}

/** An event in the shape that Flux's controllers post to the notification controller. */
export interface ResourceEvent extends EventInput {
  readonly involvedObject: {
    readonly apiVersion: string;
    readonly kind: string;
    readonly namespace: string;
    readonly name: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
  };
  readonly metadata: Readonly<Record<string, string>>;
  readonly timestamp: string;
  readonly reportingController: string;
  /** The pass that tells it: the `reconcileID` of the logs. */
  readonly reconcileId?: string;
}

/** Annotations of an object with this prefix are added to the metadata of all its events. */
const EVENT_ANNOTATIONS = 'event.toolkit.fluxcd.io/';

/** Carries events in the process: to the cluster, and to whoever notifies people. */
export interface EventBus {
  publish(object: KubeObject, event: EventInput, reportingController: string, reconcileId?: string): void;
  /** The result ends the subscription. A subscriber that throws harms nobody. */
  subscribe(subscriber: (event: ResourceEvent, object: KubeObject) => void): () => void;
}

export function createEventBus(clock: Clock): EventBus {
  const subscribers = new Set<(event: ResourceEvent, object: KubeObject) => void>();
  return {
    publish(object, input, reportingController, reconcileId) {
      const about = { reportingController, timestamp: apiTime(clock.now()), ...(reconcileId === undefined ? {} : { reconcileId }) };
      const event = resourceEvent(object, input, about);
      for (const subscriber of subscribers) {
        try {
          subscriber(event, object);
        } catch {
          // A subscriber reports its own failures; publishing is never stopped by one.
        }
      }
    },
    subscribe(subscriber) {
      subscribers.add(subscriber);
      return () => subscribers.delete(subscriber);
    },
  };
}

type Circumstances = Pick<ResourceEvent, 'timestamp' | 'reportingController' | 'reconcileId'>;

function resourceEvent(object: KubeObject, input: EventInput, circumstances: Circumstances): ResourceEvent {
  const { namespace = '', name = '', uid, resourceVersion, annotations = {} } = object.metadata;
  const inherited = Object.entries(annotations).filter(([key]) => key.startsWith(EVENT_ANNOTATIONS));
  return {
    involvedObject: {
      apiVersion: object.apiVersion,
      kind: object.kind,
      namespace,
      name,
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    },
    severity: input.severity,
    reason: input.reason,
    message: input.message,
    ...(input.quiet === true ? { quiet: true } : {}),
    metadata: { ...input.metadata, ...Object.fromEntries(inherited) },
    ...circumstances,
  };
}
