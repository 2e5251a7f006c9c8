import type { Kustomization } from '@sluice/api';
import type { Cluster } from '@sluice/kube';
import { inventoryId, subjectOf, type VersionedReference } from '../apply/reference.js';
import { pruneObjects } from '../apply/prune.js';
import { inventoryOf, referencesIn } from './inventory.js';
import type { Pass } from './pass.js';
import { ownerLabels } from './spec.js';
import { failed, stalled } from './stage-error.js';

/**
 * Deletes what is gone from the manifests, but for what another Kustomization will have: `awaited`. What is not settled
 * stays on record, so that the next pass looks again.
 */
export async function prune(
  pass: Pass,
  stale: readonly VersionedReference[],
  awaited: ReadonlySet<string>,
  cluster: Cluster,
): Promise<void> {
  const { kustomization, context, status } = pass;
  if (!kustomization.spec.prune || stale.length === 0) return;
  const kept = (references: readonly VersionedReference[]): void => {
    const now = referencesIn(status.fields.inventory);
    status.fields.inventory = inventoryOf([...now, ...references]);
  };
  const ours = stale.filter((reference) => !awaited.has(inventoryId(reference)));
  const refusal = refusalToPrune(pass, ours);
  if (refusal !== undefined) {
    kept(stale);
    throw failed('PruneFailed', refusal);
  }
  const ground = ours.find((reference) => isGroundOf(reference, kustomization));
  if (ground !== undefined) {
    kept(stale);
    throw stalled(
      'PruneFailed',
      `${subjectOf(ground)} is gone from the manifests, but this Kustomization itself stands on it: refused; put it back, or delete it by hand if that is meant`,
    );
  }
  const { changes, errors } = await pruneObjects(stale, { cluster, owner: ownerLabels(kustomization), awaited, signal: context.signal });
  pass.changes(changes.filter(({ action }) => action !== 'unknown'));
  const settled = new Set(changes.filter(({ action }) => action !== 'unknown').map(({ reference }) => inventoryId(reference)));
  const unsettled = stale.filter((reference) => !settled.has(inventoryId(reference)));
  if (unsettled.length > 0) kept(unsettled);
  if (errors.length === 0) {
    if (unsettled.length > 0) pass.awaitHandOver();
    return;
  }
  throw failed('PruneFailed', `delete failed, errors: ${errors.map((error) => `${error};`).join('')}`);
}

/** What nobody means: deleting everything because a build came out empty, or more than the operator allows. */
function refusalToPrune({ kustomization, status, settings }: Pass, stale: readonly VersionedReference[]): string | undefined {
  if (stale.length === 0) return undefined;
  const left = referencesIn(status.fields.inventory).length;
  if (left === 0) {
    return `the build has no objects, and all ${stale.length} that were applied would be deleted: refused; delete the Kustomization if that is meant`;
  }
  const before = referencesIn(kustomization.status?.inventory).length;
  if (stale.length > before * settings.pruneLimit) {
    const limit = `${Number((settings.pruneLimit * 100).toPrecision(3))} %`;
    return `${stale.length} of the ${before} objects that were applied are gone from the manifests, and would be deleted; no more than ${limit} may be at a time: refused; take them away in smaller steps, or raise the limit`;
  }
  return undefined;
}

/** Whether a Kustomization would be deleted with it: its namespace, or its kind. */
function isGroundOf({ kind, group, name }: VersionedReference, { metadata }: Kustomization): boolean {
  if (kind === 'Namespace' && group === '') return name === metadata.namespace;
  return kind === 'CustomResourceDefinition' && name === 'kustomizations.kustomize.toolkit.fluxcd.io';
}
