import { errorMessage, formatDuration } from '@sluice/core';
import type { HelmRelease } from '@sluice/api';
import type { PackChart, Release } from '@sluice/helm';
import { createHealthReader, type HealthReader } from '@sluice/kube';
import { jittered, keyOf, type Cause, type Outcome, type ReconcileContext } from '@sluice/runtime';
import { ReleaseRecords } from './actions/records.js';
import { invalidExpression } from './dependencies.js';
import { PassFailure, passFailed } from './failure.js';
import type { Patience } from './patience.js';
import { activeRemediation } from './remediation.js';
import { intervalOf, releaseName, storageNamespace, type HelmReleaseStatus } from './spec.js';
import type { HelmTarget } from './target.js';

export type HelmReleaseContext = ReconcileContext<HelmReleaseStatus>;

/** An action failed, and all that is to be done about it is to try again. */
export class RetryLater extends Error {
  readonly delayMs: number;

  constructor(delayMs: number) {
    super('retry after interval');
    this.delayMs = delayMs;
  }
}

/** A step went well that had failed in an earlier pass: what Ready said of it is over. */
export function passed({ status }: HelmReleaseContext, ...reasons: string[]): void {
  const ready = status.condition('Ready');
  if (ready !== undefined && reasons.includes(ready.reason)) status.set('Ready', 'Unknown', 'Progressing', 'reconciliation in progress');
}

/** There is nothing to do until something changes, or the interval is over. */
export function succeeded(object: HelmRelease, { random }: HelmReleaseContext): Outcome {
  return { next: { type: 'after', delayMs: jittered(intervalOf(object), random) }, observed: true };
}

export function retryLater({ status, random }: HelmReleaseContext, delayMs: number): Outcome {
  status.reconciling('ProgressingWithRetry', `retrying after ${formatDuration(delayMs)}`);
  return { next: { type: 'after', delayMs: jittered(delayMs, random) }, observed: true };
}

/** There is more to do, which another pass does soon. */
export function goOn({ status }: HelmReleaseContext): Outcome {
  status.reconciling('ProgressingWithRetry', status.condition('Ready')?.message ?? '');
  return { next: { type: 'retry' }, observed: false };
}

/** Ready stays as it is: it says what went wrong. */
export function stalled({ status, log }: HelmReleaseContext, reason: string, message: string): Outcome {
  status.remove('Reconciling');
  status.set('Stalled', 'True', reason, message);
  log.info(message);
  return { next: { type: 'idle' }, observed: true };
}

/** Nothing is tried any more for a while, unless something changes. */
export function retriesExceeded(object: HelmRelease, context: HelmReleaseContext, patience: Patience): Outcome {
  const { fields } = context.status;
  const attempts = activeRemediation(object.spec, fields)?.failureCount ?? 0;
  const outcome = stalled(context, 'RetriesExceeded', `Failed to ${fields.lastAttemptedReleaseAction ?? ''} after ${attempts} attempt(s)`);
  return { ...outcome, next: { type: 'after', delayMs: patience.exhausted(keyOf(object), intervalOf(object), context.clock.now()) } };
}

/** Something newer is there: what an action waits for is of no more use. The action has not failed. */
export class Overtaken extends Error {
  readonly by: string;

  constructor({ object }: Cause) {
    const by = object === undefined ? 'a change of the HelmRelease' : `${object.kind}/${object.namespace}/${object.name}`;
    super(`health checks canceled due to new reconciliation triggered by ${by}`);
    this.by = by;
  }
}

/**
 * Whether what happened makes waiting for the health of what is there pointless. A source tells of more than of new
 * artifacts, as that it is ready again after a start: `isNewArtifact` tells these apart.
 */
export function supersedes({ reason }: Cause, isNewArtifact: () => boolean): boolean {
  if (reason === 'source') return isNewArtifact();
  return reason === 'spec' || reason === 'request' || reason === 'deleted' || reason === 'reference';
}

export function cancelled({ by }: Overtaken, context: HelmReleaseContext): Outcome {
  context.status.set('Ready', 'False', 'HealthCheckCanceled', `New reconciliation triggered by ${by}`);
  const message = `Health checks canceled due to new reconciliation triggered by ${by}`;
  context.event({ severity: 'info', reason: 'HealthCheckCanceled', message });
  return { next: { type: 'after', delayMs: 0 }, observed: false };
}

/** A pass ended before, or in the middle of, what it was to do. */
export function failed(error: unknown, context: HelmReleaseContext): Outcome {
  const { status, log } = context;
  if (!(error instanceof PassFailure)) {
    log.error('Reconciler error', error);
    return { next: { type: 'retry' }, observed: false, failure: error };
  }
  const { ready, isTerminal = false, event: told, next } = error.failure;
  if (ready !== undefined) status.set('Ready', 'False', ready.reason, ready.message);
  if (isTerminal && ready !== undefined) {
    status.remove('Reconciling');
    status.set('Stalled', 'True', ready.reason, ready.message);
  }
  if (told !== undefined) context.event(told);
  log.info(error.message);
  return { next, observed: isTerminal, ...(told?.severity === 'error' ? { failure: error } : {}) };
}

/** It can't be told how the release stands. */
export function stateError(error: unknown): PassFailure {
  return passFailed('StateError', `Could not determine release state: ${errorMessage(error)}`, error);
}

/** The records of the release that there is, or of the one that will be made. */
export async function readRecords(
  object: HelmRelease,
  { clock, signal, status }: HelmReleaseContext,
  { cluster }: HelmTarget,
  packChart: PackChart,
  onWrite: (release: Release) => void,
): Promise<ReleaseRecords> {
  const { history = [], storageNamespace: known } = status.fields;
  // When another release is meant now, the one that was made is still under its own name.
  const name =
    history.length === 0 ? releaseName(object) : (history.toSorted((a, b) => b.version - a.version)[0]?.name ?? releaseName(object));
  const namespace = known === undefined || known === '' ? storageNamespace(object) : known;
  try {
    return await ReleaseRecords.read({ cluster, namespace, name, now: () => clock.now(), signal, packChart, onWrite });
  } catch (error) {
    signal.throwIfAborted();
    throw stateError(new Error(`failed to retrieve last release from storage: ${errorMessage(error)}`, { cause: error }));
  }
}

/** What is remembered of a release goes. */
export function forget(fields: HelmReleaseStatus): void {
  delete fields.history;
  delete fields.storageNamespace;
}

/** Judges health by the expressions of the HelmRelease, too. One that does not compile is a fault of the spec. */
export function healthReader({ spec }: HelmRelease): HealthReader {
  try {
    return createHealthReader(spec.healthCheckExprs?.map(({ kind = '', ...check }) => Object.assign(check, { kind })));
  } catch (error) {
    throw invalidExpression(errorMessage(error));
  }
}
