import { errorMessage } from '@sluice/core';
import type { CloudAccess } from '@sluice/sources';
import type { CloudIdentities } from './cloud.js';
import { SourceFailure } from './failure.js';

/** Runs what gets credentials; what goes wrong with them is a failure to authenticate, said with what was being done. */
export async function authenticating<T>(what: string, signal: AbortSignal, run: () => T | Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof SourceFailure) throw error;
    throw authenticationFailed(what === '' ? errorMessage(error) : `${what}: ${errorMessage(error)}`, error);
  }
}

export function authenticationFailed(message: string, cause?: unknown): SourceFailure {
  return new SourceFailure('FetchFailed', 'AuthenticationFailed', message, { cause });
}

/** What to do where a ServiceAccount is named that may have no identity of its own. */
export const ENABLE_ACCOUNTS =
  'to use spec.serviceAccountName for provider authentication please enable the ObjectLevelWorkloadIdentity feature gate in the controller';

/** Whom to be in a cloud: a ServiceAccount, where one is named, or else this process. */
export async function cloudAccess(
  account: string | undefined,
  { asAccount }: Pick<CloudIdentities, 'asAccount'>,
  what: string,
  signal: AbortSignal,
): Promise<CloudAccess> {
  if (account === undefined || account === '') return {};
  if (asAccount === undefined) throw new SourceFailure('FetchFailed', 'FeatureGateDisabled', ENABLE_ACCOUNTS, { terminal: true });
  return await authenticating(what, signal, () => asAccount(account));
}
