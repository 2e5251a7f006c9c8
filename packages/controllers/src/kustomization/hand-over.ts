import { deepEqual } from '@sluice/core';
import type { Kustomization } from '@sluice/api';
import { keyOf } from '@sluice/runtime';
import { inventoryId, type VersionedReference } from '../apply/reference.js';
import { sameSource } from './dependencies.js';
import type { Plan } from './plan.js';

/**
 * The ids of those objects that another Kustomization of the same source will have by its own build of this revision.
 * They have moved, and are not deleted here to be made anew there. `planOf` gives the plan of another Kustomization,
 * undefined when it can't be made.
 */
export async function objectsThatMove(
  kustomization: Kustomization,
  stale: readonly VersionedReference[],
  others: Iterable<Kustomization>,
  planOf: (other: Kustomization) => Promise<Plan | undefined>,
): Promise<ReadonlySet<string>> {
  const moved = new Set<string>();
  const left = new Set(stale.map(inventoryId));
  for (const other of others) {
    if (left.size === 0) break;
    if (!couldTakeOver(kustomization, other)) continue;
    for (const { id } of (await planOf(other))?.desired ?? []) if (left.delete(id)) moved.add(id);
  }
  return moved;
}

/** A suspended one counts: what is deleted can't be brought back, what is left is looked at again. */
function couldTakeOver(kustomization: Kustomization, other: Kustomization): boolean {
  return (
    keyOf(other) !== keyOf(kustomization) &&
    other.metadata.deletionTimestamp === undefined &&
    sameSource(kustomization, other) &&
    deepEqual(other.spec.kubeConfig ?? null, kustomization.spec.kubeConfig ?? null)
  );
}
