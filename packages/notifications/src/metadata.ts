import { hash } from 'node:crypto';
import { setOwn } from '@sluice/core';
import { EVENT_GROUP, groupOfEvent, type NotificationEvent } from './event.js';

/** The part of an Alert that adds to events. */
export interface AlertMetadata {
  readonly eventMetadata?: Readonly<Record<string, string>> | undefined;
  readonly summary?: string | undefined;
}

/** A key of metadata that more than one side sets; the last one wins. */
export interface MetadataConflict {
  readonly key: string;
  readonly sources: readonly string[];
}

/** Leaves out what is not for people: what belongs to neither the object's group nor everyone's, checksums and digests. */
export function withoutForeignMetadata(event: NotificationEvent): NotificationEvent {
  const own = `${groupOfEvent(event)}/`;
  const isHidden = (name: string): boolean => name === `${own}checksum` || name === `${own}digest`;
  return filterMetadata(event, (key) => (key.startsWith(EVERYONES) || key.startsWith(own)) && !isHidden(key.toLowerCase()));
}

/** Leaves out the token that tells repeated events apart: it has done its work in {@link rateLimitKey}. */
export function withoutToken(event: NotificationEvent): NotificationEvent {
  const token = `${groupOfEvent(event)}/token`;
  return filterMetadata(event, (key) => key !== token);
}

const EVERYONES = `${EVENT_GROUP}/`;

/** The event itself, where nothing is left out: there are thousands of events a second. */
function filterMetadata(event: NotificationEvent, keep: (key: string) => boolean): NotificationEvent {
  if (Object.keys(event.metadata).every(keep)) return event;
  return { ...event, metadata: Object.fromEntries(Object.entries(event.metadata).filter(([key]) => keep(key))) };
}

/** Events with the same key say the same: within a window of time, the first is enough. */
export function rateLimitKey(event: NotificationEvent): string {
  const { name, namespace, kind } = event.involvedObject;
  const parts = ['event', `name=${name}`, `namespace=${namespace}`, `kind=${kind}`, `message=${event.message}`];
  for (const key of ['originRevision', 'revision', 'token']) {
    const value = metadataOf(event, `${groupOfEvent(event)}/${key}`);
    if (value !== undefined) parts.push(`${key}=${value}`);
  }
  return hash('sha256', parts.join('/'));
}

export function metadataOf(event: NotificationEvent, key: string): string | undefined {
  return Object.hasOwn(event.metadata, key) ? event.metadata[key] : undefined;
}

/**
 * The event with the metadata that goes out: keys without their groups, what the Alert adds, and on a conflict in this
 * order, the last one winning: annotations of the object, the Alert's metadata, its summary, the controller's own.
 */
export function withAlertMetadata(
  event: NotificationEvent,
  alert: AlertMetadata,
): { readonly event: NotificationEvent; readonly conflicts: readonly MetadataConflict[] } {
  const metadata: Record<string, string> = {};
  const sources = new Map<string, string[]>();
  const add = (key: string, value: string, source: string): void => {
    setOwn(metadata, key, value);
    sources.set(key, [...(sources.get(key) ?? []), source]);
  };
  const addGroup = (group: string, source: string): void => {
    for (const [key, value] of Object.entries(event.metadata)) {
      if (key.startsWith(`${group}/`)) add(key.slice(group.length + 1), value, source);
    }
  };
  addGroup(EVENT_GROUP, 'involved object annotations');
  for (const [key, value] of Object.entries(alert.eventMetadata ?? {})) add(key, value, 'Alert object .spec.eventMetadata');
  if (alert.summary !== undefined && alert.summary !== '') add('summary', alert.summary, 'Alert object .spec.summary');
  addGroup(groupOfEvent(event), 'involved object controller metadata');
  const conflicts = [...sources]
    .filter(([, setters]) => setters.length > 1)
    .map(([key, setters]) => ({ key, sources: setters }))
    .toSorted((a, b) => (a.key < b.key ? -1 : 1));
  return { event: sources.size === 0 ? event : { ...event, metadata }, conflicts };
}
