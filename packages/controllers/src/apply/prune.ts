import { errorMessage } from '@sluice/core';
import { isKindUnknown, isNotFound, type Cluster } from '@sluice/kube';
import type { Change } from './change-set.js';
import { anyInMetadata, selectors } from './metadata-match.js';
import { byApplyOrder } from './order.js';
import { inventoryId, objectKeyOf, subjectOf, type VersionedReference } from './reference.js';

export interface PruneOptions {
  readonly cluster: Cluster;
  /** Labels that an object in the cluster must have to be ours to delete. */
  readonly owner: Readonly<Record<string, string>>;
  /** Ids of objects that are not deleted, as somebody else will take them over. Those that are still ours come back as `unknown`. */
  readonly awaited?: ReadonlySet<string>;
  readonly signal: AbortSignal;
}

export interface Pruned {
  /** One an object, in the order of deletion. `unknown` is one that may still be there. */
  readonly changes: readonly Change[];
  readonly errors: readonly string[];
}

/** Deletes objects in the reverse order of applying. Failures don't stop it; who calls it keeps what is not gone on record. */
export async function pruneObjects(references: readonly VersionedReference[], options: PruneOptions): Promise<Pruned> {
  const changes: Change[] = [];
  const errors: string[] = [];
  for (const reference of references.toSorted((a, b) => byApplyOrder(b, a))) {
    try {
      changes.push({ reference, action: await pruneObject(reference, options) });
    } catch (error) {
      options.signal.throwIfAborted();
      changes.push({ reference, action: 'unknown' });
      errors.push(`${subjectOf(reference)} delete failed: ${errorMessage(error)}`);
    }
  }
  return { changes, errors };
}

async function pruneObject(
  reference: VersionedReference,
  { cluster, owner, awaited, signal }: PruneOptions,
): Promise<'deleted' | 'skipped' | 'unknown'> {
  const key = objectKeyOf(reference);
  let live;
  try {
    live = await cluster.get(key, { as: 'metadata', signal });
  } catch (error) {
    if (isKindUnknown(error) || isNotFound(error)) return 'deleted';
    throw error;
  }
  if (live === undefined) return 'deleted';
  const labels = live.metadata.labels ?? {};
  if (Object.entries(owner).some(([label, value]) => labels[label] !== value) || anyInMetadata(live, selectors.kept)) return 'skipped';
  if (awaited?.has(inventoryId(reference)) === true) return 'unknown';
  await cluster.delete(key, {
    propagationPolicy: 'Background',
    signal,
    ...(live.metadata.uid === undefined ? {} : { preconditions: { uid: live.metadata.uid } }),
  });
  return 'deleted';
}
