import { errorMessage } from '@sluice/core';
import { remoteBaseOf } from '@sluice/kustomize';
import type { BuildBases } from '@sluice/sources';
import { failed, StageError } from './stage-error.js';

/** Runs a build with the remote bases that it asks for; `isRenewed` when what they lead to is looked at again first. */
export async function buildWithBases<T>(
  bases: BuildBases,
  build: () => T | Promise<T>,
  signal: AbortSignal,
  { isRenewed }: { readonly isRenewed: boolean },
): Promise<T> {
  try {
    if (isRenewed) await bases.renew(signal);
    return await bases.run(build, remoteBaseOf, signal);
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof StageError ? error : failed('BuildFailed', `kustomize build failed: ${errorMessage(error)}`, error);
  }
}
