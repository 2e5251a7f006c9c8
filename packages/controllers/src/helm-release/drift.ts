import type { KubeObject } from '@sluice/core';
import { subjectOf, type VersionedReference } from '../apply/reference.js';

/** How an object in the cluster differs from what the release says of it. */
export interface ObjectDrift {
  readonly reference: VersionedReference;
  /** As it should be, ready to be written. */
  readonly desired: KubeObject;
  readonly difference:
    | { readonly type: 'removed' }
    | { readonly type: 'changed'; readonly additions: number; readonly changes: number; readonly removals: number };
}

export type Drift = readonly ObjectDrift[];

/** One line an object: `ConfigMap/apps/a changed (0 additions, 1 changes, 0 removals)`. */
export function summarizeDrift(drift: Drift): string {
  return drift.map(({ reference, difference }) => `${subjectOf(reference)} ${summary(difference)}`).join('\n');
}

function summary(difference: ObjectDrift['difference']): string {
  if (difference.type === 'removed') return 'removed';
  const { additions, changes, removals } = difference;
  return `changed (${additions} additions, ${changes} changes, ${removals} removals)`;
}
