import type { KubeObject } from '@sluice/core';

/** Keys and the values that they must have. */
export type MetadataSelector = Readonly<Record<string, string>>;

/**
 * Whether any key has its value among the labels or annotations. Keys are compared exactly, values without regard to
 * case; an empty value matches nothing.
 */
export function anyInMetadata(
  { metadata: { labels = {}, annotations = {} } }: Pick<KubeObject, 'metadata'>,
  selector: MetadataSelector,
): boolean {
  return Object.entries(selector).some(
    ([key, value]) =>
      value !== '' && [labels, annotations].some((map) => Object.hasOwn(map, key) && map[key]!.toLowerCase() === value.toLowerCase()),
  );
}

const GROUP = 'kustomize.toolkit.fluxcd.io';

/** What people write on an object to say how it is to be treated. */
export const selectors = {
  /** Never applied. */
  excluded: { [`${GROUP}/reconcile`]: 'disabled', [`${GROUP}/ssa`]: 'Ignore' },
  /** Created when missing, and left alone from then on. */
  ifNotPresent: { [`${GROUP}/ssa`]: 'IfNotPresent' },
  /** Applied without taking over what other tools own. */
  merged: { [`${GROUP}/ssa`]: 'Merge' },
  /** Made anew where a change is refused because a field is immutable. */
  forced: { [`${GROUP}/force`]: 'enabled' },
  /** Never deleted. */
  kept: { [`${GROUP}/prune`]: 'disabled', [`${GROUP}/reconcile`]: 'disabled', [`${GROUP}/ssa`]: 'Ignore' },
} as const;
