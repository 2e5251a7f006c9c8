import { isJsonObject, SluiceError } from '@sluice/core';

/** What controllers of Flux post to the notification controller, and what providers are told. */
export interface NotificationEvent {
  readonly involvedObject: InvolvedObject;
  readonly severity: string;
  /** RFC 3339. */
  readonly timestamp: string;
  readonly message: string;
  readonly reason: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly reportingController: string;
  readonly reportingInstance: string;
}

export interface InvolvedObject {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly apiVersion: string;
  readonly resourceVersion: string;
}

/** The group that metadata has which is for every kind of object. */
export const EVENT_GROUP = 'event.toolkit.fluxcd.io';

/** Progressing events are news for people; what keeps a status only wants to know how it ended. */
export const isProgress = (event: NotificationEvent): boolean => event.reason === 'Progressing';

export const isFailure = (event: NotificationEvent): boolean => event.severity === 'error';

/** The group of the object that an event is about. */
export function groupOfEvent(event: NotificationEvent): string {
  const { apiVersion } = event.involvedObject;
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? '' : apiVersion.slice(0, slash);
}

/**
 * An event from JSON that somebody sent. Fields that are absent are empty, as a Go server reads them; a field of the
 * wrong type is an error.
 *
 * @throws {SluiceError} `EventInvalid`
 */
export function readEvent(value: unknown): NotificationEvent {
  const event = fieldsOf(value, 'the event');
  const object = fieldsOf(event['involvedObject'] ?? {}, 'involvedObject');
  return {
    involvedObject: {
      kind: textOf(object, 'kind'),
      namespace: textOf(object, 'namespace'),
      name: textOf(object, 'name'),
      uid: textOf(object, 'uid'),
      apiVersion: textOf(object, 'apiVersion'),
      resourceVersion: textOf(object, 'resourceVersion'),
    },
    severity: textOf(event, 'severity'),
    timestamp: timeOf(event['timestamp']),
    message: textOf(event, 'message'),
    reason: textOf(event, 'reason'),
    metadata: textsOf(event['metadata'] ?? {}),
    reportingController: textOf(event, 'reportingController'),
    reportingInstance: textOf(event, 'reportingInstance'),
  };
}

/** The event as Go prints it: the order of its fields, and nothing that is empty where Go leaves that out. */
export function eventFields(event: NotificationEvent): object {
  const { involvedObject: object, metadata } = event;
  return {
    involvedObject: {
      ...present('kind', object.kind),
      ...present('namespace', object.namespace),
      ...present('name', object.name),
      ...present('uid', object.uid),
      ...present('apiVersion', object.apiVersion),
      ...present('resourceVersion', object.resourceVersion),
    },
    severity: event.severity,
    timestamp: event.timestamp === '' ? null : event.timestamp,
    message: event.message,
    reason: event.reason,
    ...(Object.keys(metadata).length === 0 ? {} : { metadata: Object.fromEntries(sortedMetadata(event)) }),
    reportingController: event.reportingController,
    ...present('reportingInstance', event.reportingInstance),
  };
}

/** Metadata in the order of its keys. Go's order is random; this one is the same each time. */
export function sortedMetadata(event: NotificationEvent): readonly (readonly [string, string])[] {
  return Object.entries(event.metadata).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

function present(key: string, value: string): Record<string, string> {
  return value === '' ? {} : { [key]: value };
}

function fieldsOf(value: unknown, what: string): Record<string, unknown> {
  if (!isJsonObject(value)) throw new SluiceError('EventInvalid', `${what} is not an object`);
  return value;
}

function textOf(fields: Record<string, unknown>, name: string): string {
  const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
  if (value === undefined || value === null) return '';
  if (typeof value !== 'string') throw new SluiceError('EventInvalid', `${name} is not a string`);
  return value;
}

function textsOf(value: unknown): Record<string, string> {
  const fields = fieldsOf(value, 'metadata');
  for (const [key, text] of Object.entries(fields)) {
    if (typeof text !== 'string') throw new SluiceError('EventInvalid', `metadata ${key} is not a string`);
  }
  return fields as Record<string, string>;
}

/** Times go on in UTC and in whole seconds, as the Kubernetes API writes them. */
function timeOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(time)) throw new SluiceError('EventInvalid', 'timestamp is not a time');
  // Most are so already.
  if (typeof value === 'string' && value.length === '2026-01-01T00:00:00Z'.length && value.endsWith('Z')) return value;
  return `${new Date(time).toISOString().slice(0, 19)}Z`;
}
