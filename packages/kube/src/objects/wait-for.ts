import type { KubeObject } from '@sluice/core';
import { onAbort } from '../client/on-abort.js';
import type { Timers } from '../client/timers.js';
import type { Cluster, ObjectKey } from '../cluster.js';
import { createInformer } from '../informer/informer.js';

export interface WaitOptions {
  /** Ends the waiting; what is thrown is its reason. */
  readonly signal: AbortSignal;
  readonly timers?: Timers;
}

/**
 * Waits until an object is as it should be, by watching it. `isDone` is asked for each state, undefined while the object is not
 * there; what it throws ends the waiting. Lost connections and restarts of the server are lived through.
 */
export async function waitFor<T extends KubeObject = KubeObject>(
  cluster: Cluster,
  { apiVersion, kind, namespace, name }: ObjectKey,
  isDone: (object: T | undefined) => boolean,
  { signal, timers }: WaitOptions,
): Promise<T | undefined> {
  signal.throwIfAborted();
  const informer = createInformer<T>(
    cluster,
    { apiVersion, kind, ...(namespace === undefined ? {} : { namespace }) },
    { fieldSelector: `metadata.name=${name}`, ...(timers === undefined ? {} : { timers }) },
  );
  let forget: (() => void) | undefined;
  try {
    return await new Promise<T | undefined>((resolve, reject) => {
      forget = onAbort(signal, () => reject(signal.reason));
      const look = (object: T | undefined) => {
        try {
          if (isDone(object)) resolve(object);
        } catch (error) {
          reject(error);
        }
      };
      informer.subscribe({ added: look, modified: look, deleted: () => look(undefined) });
      informer.whenSynced().then(() => (informer.size === 0 ? look(undefined) : undefined), reject);
    });
  } finally {
    forget?.();
    informer.stop();
  }
}
