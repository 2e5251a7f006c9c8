import { SluiceError } from '@sluice/core';
import { metadataOf } from './metadata.js';
import { isFailure, sortedMetadata, type NotificationEvent } from './event.js';

/** `kustomization/apps.flux-system` */
export function objectTitle({ involvedObject: object }: NotificationEvent): string {
  return `${object.kind.toLowerCase()}/${object.name}.${object.namespace}`;
}

/** An item for each of the metadata. */
export function metadataFields<T>(event: NotificationEvent, field: (key: string, value: string) => T): T[] {
  return sortedMetadata(event).map(([key, value]) => field(key, value));
}

/** A line for each of the metadata. */
export function metadataLines(event: NotificationEvent, line: (key: string, value: string) => string): string {
  return metadataFields(event, line).join('');
}

/** `kustomization/apps` and `health check failed`. */
export function nameAndDescription(event: NotificationEvent): { readonly name: string; readonly description: string } {
  const { kind, name } = event.involvedObject;
  return { name: `${kind}/${name}`.toLowerCase(), description: splitCamelCase(event.reason).join(' ').toLowerCase() };
}

/** The text that comments and posts in Markdown have. The number of the change request is not told: it is where this goes. */
export function markdownPost(event: NotificationEvent): string {
  const { kind, namespace, name } = event.involvedObject;
  const lines = sortedMetadata(event).filter(([key]) => key !== 'change_request');
  return (
    `## Flux Status\n\n${isFailure(event) ? '⚠️' : 'ℹ️'} ${kind}/${namespace}/${name}\n\n${event.message}\n\nMetadata:\n` +
    lines.map(([key, value]) => `* \`${key}\`: ${value}\n`).join('')
  );
}

/**
 * The commit that an event is about, by the commit that annotations name, the revision that an artifact was made of, or
 * the revision itself.
 *
 * @throws {SluiceError} `EventInvalid`
 */
export function commitOf(event: NotificationEvent): string {
  const revision = ['commit', 'originRevision', 'revision'].map((key) => metadataOf(event, key)).find((value) => value !== undefined);
  if (revision === undefined) throw new SluiceError('EventInvalid', 'missing revision metadata');
  const hash = hashOf(revision);
  if (hash === undefined) throw new SluiceError('EventInvalid', `failed to extract commit hash from '${revision}' revision`);
  return hash;
}

/** `main@sha1:…`, `sha1:…`, and the older `main/…` and `HEAD/…`. */
function hashOf(revision: string): string | undefined {
  const tail = revision.includes(':')
    ? revision.slice(Math.max(revision.lastIndexOf('@'), revision.lastIndexOf(':')) + 1)
    : revision.slice(revision.lastIndexOf('/') + 1);
  return tail.length === 40 || tail.length === 64 ? tail : undefined;
}

/** Words of a name in CamelCase: `HTTPServerUp2` is `HTTP`, `Server`, `Up`, `2`. */
function splitCamelCase(text: string): string[] {
  return text.match(/\p{Lu}+(?=\p{Lu}\p{Ll})|\p{Lu}?\p{Ll}+|\p{Lu}+|\p{Nd}+|[^\p{Lu}\p{Ll}\p{Nd}]+/gu) ?? [];
}
