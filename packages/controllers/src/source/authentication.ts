import { errorMessage } from '@sluice/core';
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

/** A ServiceAccount's own identity in a cloud, which Flux has behind a feature gate that is off. */
export function workloadIdentityRefused(): SourceFailure {
  const message =
    'to use spec.serviceAccountName for provider authentication please enable the ObjectLevelWorkloadIdentity feature gate in the controller';
  return new SourceFailure('FetchFailed', 'FeatureGateDisabled', message, { terminal: true });
}
