import { formatDuration, objectId } from '@sluice/core';
import type { Kustomization } from '@sluice/api';
import { sleep, type Outcome, type ReconcileContext } from '@sluice/runtime';
import { changeLog } from '../apply/change-set.js';
import { pruneObjects } from '../apply/prune.js';
import { objectKeyOf, subjectOf, type VersionedReference } from '../apply/reference.js';
import { referencesIn } from './inventory.js';
import { COMMIT_STATUS, kustomizationEvent } from './messages.js';
import { intervalOf, ownerLabels, timeoutOf, type KustomizationStatus } from './spec.js';
import type { Target, Targets } from './target.js';

/** Deletes what a Kustomization applied, as its deletion policy says. What it throws keeps the finalizer. */
export async function finalizeKustomization(
  kustomization: Kustomization,
  context: ReconcileContext<KustomizationStatus>,
  targets: Targets,
): Promise<Pick<Outcome, 'events'>> {
  const startedAt = context.clock.now();
  const { lastAppliedRevision: revision, lastAppliedOriginRevision: originRevision } = context.status.fields;
  const tell = (severity: 'info' | 'error', message: string): void =>
    context.event(kustomizationEvent(context.status, { severity, message, revision, originRevision }));

  const references = referencesIn(context.status.fields.inventory);
  if (references.length > 0 && deletesObjects(kustomization)) {
    if (await targets.canImpersonate(kustomization, context.signal)) {
      const target = await targets.of(kustomization, context.signal);
      await context.stage('prune', () => deleteAll(kustomization, references, target, context, tell));
    } else {
      // Nobody to delete as; waiting for the account would hold the namespace for ever.
      const message = `unable to prune objects: \n${references.map(subjectOf).join('\n')}`;
      context.log.error(message, new Error('skipping pruning, failed to find account to impersonate'));
      tell('error', message);
    }
  }
  if (kustomization.spec.suspend === true || !context.status.has('Ready')) return {};
  const message = `Reconciliation finished in ${formatDuration(context.clock.now() - startedAt)}, next run in ${formatDuration(intervalOf(kustomization))}`;
  context.log.info(message, { revision });
  return { events: [kustomizationEvent(context.status, { severity: 'info', message, revision, originRevision, metadata: COMMIT_STATUS })] };
}

/** A suspended Kustomization leaves everything where it is. */
function deletesObjects({ spec }: Kustomization): boolean {
  if (spec.suspend === true) return false;
  switch (spec.deletionPolicy ?? 'MirrorPrune') {
    case 'MirrorPrune':
      return spec.prune;
    case 'Delete':
    case 'WaitForTermination':
      return true;
    default:
      return false;
  }
}

async function deleteAll(
  kustomization: Kustomization,
  references: readonly VersionedReference[],
  { cluster }: Target,
  context: ReconcileContext<KustomizationStatus>,
  tell: (severity: 'info' | 'error', message: string) => void,
): Promise<void> {
  const { changes, errors } = await pruneObjects(references, { cluster, owner: ownerLabels(kustomization), signal: context.signal });
  if (errors.length > 0) {
    tell('error', 'pruning for deleted resource failed');
    throw new Error(`${objectId(kustomization)}: delete failed, errors: ${errors.map((error) => `${error};`).join('')}`);
  }
  if (changes.length === 0) return;
  tell('info', changeLog(changes));
  if (kustomization.spec.deletionPolicy !== 'WaitForTermination') return;
  const deadline = context.clock.now() + timeoutOf(kustomization);
  for (const { reference, action } of changes) {
    if (action !== 'deleted') continue;
    while ((await cluster.get(objectKeyOf(reference), { as: 'metadata', signal: context.signal })) !== undefined) {
      if (context.clock.now() > deadline) {
        context.log.error('failed to wait for resources termination', new Error(`${subjectOf(reference)} is still there`));
        tell('error', 'failed to wait for resources termination');
        return;
      }
      await sleep(context.clock, 500, context.signal);
    }
  }
}
