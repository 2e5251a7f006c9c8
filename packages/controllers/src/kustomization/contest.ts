import { deepEqual, type KubeObject } from '@sluice/core';
import type { Kustomization } from '@sluice/api';
import { keyOf, splitKey, type ObjectCache } from '@sluice/runtime';
import { inventoryId, referenceOf, type VersionedReference } from '../apply/reference.js';
import { referencesIn } from './inventory.js';
import type { Plan } from './plan.js';
import { ownerOf } from './spec.js';

/**
 * Which of the objects that a Kustomization has applied belong to another one by now, that has them in its manifests too.
 * The one that came last keeps them: it wrote them as something new, on purpose or by mistake. The earlier one leaves them
 * alone and says so; otherwise both would write the same object for ever.
 */
export function contestOf(
  kustomization: Kustomization,
  all: ObjectCache<Kustomization>,
  planOf: (key: string) => Plan | undefined,
): (object: KubeObject, live: Pick<KubeObject, 'metadata'>) => string | undefined {
  let mine: ReadonlySet<string> | undefined;
  return (object, live) => {
    const owner = ownerOf(live);
    if (owner === undefined || owner === keyOf(kustomization)) return undefined;
    const id = inventoryId(referenceOf(object));
    mine ??= new Set(referencesIn(kustomization.status?.inventory).map(inventoryId));
    if (!mine.has(id)) return undefined;
    const { namespace, name } = splitKey(owner);
    const other = all.get(namespace, name);
    if (other === undefined || other.metadata.deletionTimestamp !== undefined) return undefined;
    if (!deepEqual(other.spec.kubeConfig ?? null, kustomization.spec.kubeConfig ?? null)) return undefined;
    return has(other, id, planOf(owner)) ? owner : undefined;
  };
}

/** By its plan where that is known: what is only on record still waits to be handed over. */
function has({ status }: Kustomization, id: string, plan: Plan | undefined): boolean {
  if (plan !== undefined) return plan.desired.some((desired) => desired.id === id);
  return referencesIn(status?.inventory).some((reference: VersionedReference) => inventoryId(reference) === id);
}
