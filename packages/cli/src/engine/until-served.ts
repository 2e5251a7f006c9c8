import { setTimeout as sleep } from 'node:timers/promises';
import type { ControllerName } from '@sluice/controllers';
import { errorMessage } from '@sluice/core';
import type { Cluster } from '@sluice/kube';
import type { Logger } from '@sluice/runtime';

/** One kind of each controller: they are installed together. */
const KINDS: Readonly<Record<ControllerName, { readonly apiVersion: string; readonly kind: string }>> = {
  'source-controller': { apiVersion: 'source.toolkit.fluxcd.io/v1', kind: 'ExternalArtifact' },
  'kustomize-controller': { apiVersion: 'kustomize.toolkit.fluxcd.io/v1', kind: 'Kustomization' },
  'helm-controller': { apiVersion: 'helm.toolkit.fluxcd.io/v2', kind: 'HelmRelease' },
  'notification-controller': { apiVersion: 'notification.toolkit.fluxcd.io/v1', kind: 'Receiver' },
};

const PAUSE_MS = 500;

/**
 * Waits until the kinds of the controllers are installed: a bootstrap may be about to do it. A watch on a kind that is not there is tried
 * again after longer and longer pauses, this at once. Ends with the signal.
 */
export async function untilServed(
  cluster: Cluster,
  controllers: readonly ControllerName[],
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  let isTold = false;
  for (const name of controllers) {
    while (!signal.aborted && !(await isServed(cluster, name, log))) {
      if (!isTold) log.info('waiting for the custom resource definitions to be installed', { kind: KINDS[name].kind });
      isTold = true;
      await sleep(PAUSE_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}

async function isServed(cluster: Cluster, name: ControllerName, log: Logger): Promise<boolean> {
  try {
    return (await cluster.resourceOf(KINDS[name])) !== undefined;
  } catch (error) {
    log.error('the API could not be asked for its kinds', errorMessage(error));
    return false;
  }
}
