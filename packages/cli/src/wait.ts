import type { KubeObject } from '@sluice/core';
import { waitFor, type Cluster, type ObjectKey } from '@sluice/kube';

/**
 * Waits until an object satisfies a condition; what `done` throws ends the wait. When the signal's time is over it says so as
 * people's scripts know it.
 */
export async function waitForObject(
  cluster: Cluster,
  key: ObjectKey,
  done: (object: KubeObject) => boolean,
  signal: AbortSignal,
): Promise<KubeObject> {
  const isDone = (object: KubeObject | undefined): boolean => {
    if (object === undefined) throw new Error(`${key.kind} ${key.name} was deleted`);
    return done(object);
  };
  try {
    return (await waitFor(cluster, key, isDone, { signal })) as KubeObject;
  } catch (error) {
    throw signal.aborted ? new Error('context deadline exceeded', { cause: error }) : error;
  }
}
