import type { Cluster } from '@sluice/kube';
import { objectKeyOf, subjectOf, type VersionedReference } from './reference.js';

/** How long an object may take to go; a finalizer can hold it for good. */
const GONE_WITHIN_MS = 60_000;

/** Deletes an object, and waits until it is gone. */
export async function recreate(cluster: Cluster, reference: VersionedReference, signal: AbortSignal): Promise<void> {
  const key = objectKeyOf(reference);
  await cluster.delete(key, { propagationPolicy: 'Background', signal });
  const deadline = Date.now() + GONE_WITHIN_MS;
  for (let pause = 20; ; pause = Math.min(pause * 2, 2000)) {
    if ((await cluster.get(key, { as: 'metadata', signal })) === undefined) return;
    if (Date.now() > deadline) {
      throw new Error(`immutable field detected, ${subjectOf(reference)} was deleted to be made anew but is held by a finalizer`);
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}
