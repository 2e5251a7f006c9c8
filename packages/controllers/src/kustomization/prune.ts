import type { Cluster } from '@sluice/kube';
import { inventoryId, subjectOf, type VersionedReference } from '../apply/reference.js';
import { pruneObjects } from '../apply/prune.js';
import { inventoryOf, referencesIn } from './inventory.js';
import type { Pass } from './pass.js';
import { ownerLabels } from './spec.js';
import { failed } from './stage-error.js';

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
  const refusal = refusalToPrune(
    pass,
    stale.filter((reference) => !awaited.has(inventoryId(reference))),
  );
  if (refusal !== undefined) {
    kept(stale);
    throw failed('PruneFailed', refusal);
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

/** What nobody means: deleting everything because a build came out empty, more than the operator allows, or the ground that one stands on. */
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
  const ground = stale.find(
    ({ kind, group, name }) =>
      (kind === 'Namespace' && group === '' && name === kustomization.metadata.namespace) ||
      (kind === 'CustomResourceDefinition' && name === 'kustomizations.kustomize.toolkit.fluxcd.io'),
  );
  if (ground === undefined) return undefined;
  return `${subjectOf(ground)} is gone from the manifests, but this Kustomization itself stands on it: refused; delete it by hand if that is meant`;
}
