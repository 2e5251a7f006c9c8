import { isJsonObject, SluiceError } from '@sluice/core';
import { markdownPost } from '../describe.js';
import { metadataOf } from '../metadata.js';
import type { NotificationEvent } from '../event.js';
import type { ProviderSettings } from '../settings.js';

/** One comment per Provider and object: it is found by its marker, and updated. */
export function commentOf({ providerUid }: ProviderSettings, prefix: string, event: NotificationEvent) {
  const { kind, namespace, name } = event.involvedObject;
  const marker = `<!-- ${prefix}:${providerUid}/${kind}/${namespace}/${name} -->`;
  return { marker, body: `${marker}\n\n${markdownPost(event)}` };
}

export function requireUid({ providerUid }: ProviderSettings): void {
  if (providerUid === '') throw new SluiceError('ProviderInvalid', 'provider UID cannot be empty');
}

/** The number of the pull or merge request that an event is about. */
export function changeRequestOf(event: NotificationEvent): string {
  const value = metadataOf(event, 'change_request');
  if (value === undefined) throw new SluiceError('EventInvalid', 'missing "change_request" metadata key');
  if (!/^\d+$/u.test(value)) {
    throw new SluiceError('EventInvalid', `invalid "change_request" metadata value ${JSON.stringify(value)}: it is not a number`);
  }
  return String(Number(value));
}

/** The id of the comment with the marker among those of one author; `author` takes a comment apart. */
export function findComment(
  comments: unknown,
  marker: string,
  isAuthor: (comment: Record<string, unknown>) => boolean,
): string | undefined {
  if (!Array.isArray(comments)) return undefined;
  const found: unknown = comments.find(
    (comment) => isJsonObject(comment) && isAuthor(comment) && typeof comment['body'] === 'string' && comment['body'].includes(marker),
  );
  return isJsonObject(found) ? String(found['id']) : undefined;
}

/** A text in an object in an object. */
export function textAt(value: unknown, ...path: readonly string[]): string {
  let current: unknown = value;
  for (const key of path) current = isJsonObject(current) ? current[key] : undefined;
  return typeof current === 'string' ? current : '';
}
