import { SluiceError } from '@sluice/core';
import type { SortOptions } from '../kustomization/kustomization.js';
import { compareText, defaultRank, gvkEquals, gvkSortKey, gvkText, rankKinds, type Gvk } from '../resource/gvk.js';
import type { ResourceList } from '../resource/resource-list.js';

/** Orders resources as `sortOptions` says. */
export function sortResources(resources: ResourceList, { order = '', legacySortOptions }: SortOptions): void {
  if (order !== 'fifo' && order !== 'legacy') {
    throw new SluiceError('KustomizationInvalid', "the field 'sortOptions.order' must be one of [fifo, legacy]");
  }
  if (order === 'fifo') {
    if (legacySortOptions === undefined) return;
    throw new SluiceError(
      'KustomizationInvalid',
      "the field 'sortOptions.legacySortOptions' is set but the selected sort order is 'fifo', not 'legacy'",
    );
  }
  const rank =
    legacySortOptions === undefined ? defaultRank : rankKinds(legacySortOptions.orderFirst ?? [], legacySortOptions.orderLast ?? []);
  const keyed = resources.items.map((resource) => {
    const { gvk, name, namespace } = resource;
    return {
      resource,
      gvk,
      rank: rank(gvk.kind),
      kindKey: gvkSortKey(gvk),
      idKey: `${gvkText(gvk)}|${namespace === '' ? '~X' : namespace}|${name === '' ? '~N' : name}`,
    };
  });
  keyed.sort((a, b) => {
    if (gvkEquals(a.gvk, b.gvk)) return compareText(a.idKey, b.idKey);
    if (a.rank !== b.rank) return a.rank - b.rank;
    const byKind = compareText(a.kindKey, b.kindKey);
    // Namespaces of the core API come before those of other groups.
    return isCoreNamespace(a.gvk, b.gvk) ? -byKind : byKind;
  });
  resources.reset(keyed.map(({ resource }) => resource));
}

function isCoreNamespace(a: Gvk, b: Gvk): boolean {
  return a.kind === 'Namespace' && b.kind === 'Namespace' && (a.group === '' || b.group === '');
}
