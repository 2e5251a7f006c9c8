import type { Inventory } from '@sluice/api';
import type { Change } from '../apply/change-set.js';
import { inventoryId, parseInventoryId, type VersionedReference } from '../apply/reference.js';

/** The record of a set of objects, in their order. */
export function inventoryOf(references: readonly VersionedReference[]): Inventory {
  return { entries: references.map((reference) => ({ id: inventoryId(reference), v: reference.version })) };
}

/** The objects of a record; what can't be read in it is left out. */
export function referencesIn(inventory: Inventory | undefined): VersionedReference[] {
  return (inventory?.entries ?? []).flatMap(({ id, v }) => {
    const reference = parseInventoryId(id);
    return reference === undefined || reference.name === '' || reference.kind === '' ? [] : [{ ...reference, version: v }];
  });
}

/** What is in the old record and not in the new one. A new version of an object is the same object. */
export function staleReferences(before: Inventory | undefined, after: Inventory): VersionedReference[] {
  const kept = new Set(referencesIn(after).map(inventoryId));
  return referencesIn(before).filter((reference) => !kept.has(inventoryId(reference)));
}

/** What a failed apply leaves on record: all that was there before, and what it has added. */
export function inventoryAfterFailure(before: Inventory | undefined, changes: readonly Change[]): Inventory | undefined {
  const added = changes.filter(({ action }) => action === 'created' || action === 'configured').map(({ reference }) => reference);
  if (added.length === 0) return before;
  const references = new Map([...referencesIn(before), ...added].map((reference) => [inventoryId(reference), reference]));
  return inventoryOf([...references.values()]);
}
