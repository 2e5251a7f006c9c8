import { isJsonObject, SluiceError } from '@sluice/core';
import { isFailure, type NotificationEvent } from '../event.js';
import type { ProviderSettings } from '../settings.js';

/** Whether a list of statuses, newest first, has this one already: then it is not written again. */
export function isKnownStatus(statuses: unknown, wanted: Readonly<Record<string, string>>, nameKey: string): boolean {
  if (!Array.isArray(statuses)) return false;
  const newest: unknown = statuses.find((status) => isJsonObject(status) && status[nameKey] === wanted[nameKey]);
  return isJsonObject(newest) && Object.entries(wanted).every(([key, value]) => newest[key] === value);
}

/** The word that a server has for how it went; events that are neither good nor bad are no status. */
export function stateOf(event: NotificationEvent, good: string, bad: string, server: string): string {
  if (isFailure(event)) return bad;
  if (event.severity === 'info') return good;
  throw new SluiceError('EventInvalid', `can't convert to ${server} state`);
}

export function requireCommitStatus({ commitStatus }: ProviderSettings): string {
  if (commitStatus === '') throw new SluiceError('ProviderInvalid', 'commit status cannot be empty');
  return commitStatus;
}

/** Servers of Git take a token, or a password as one. */
export const tokenOrPassword = ({ token, password }: ProviderSettings): string => (token === '' ? password : token);
