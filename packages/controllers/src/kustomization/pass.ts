import { errorMessage, formatDuration } from '@sluice/core';
import type { Kustomization } from '@sluice/api';
import { createHealthReader, type Cluster, type HealthReader } from '@sluice/kube';
import {
  apiTime,
  findCondition,
  hasCondition,
  jittered,
  keyOf,
  type Cause,
  type Outcome,
  type ReconcileContext,
  type StatusDraft,
} from '@sluice/runtime';
import { changeLog, changesBySubject, effective, type Change } from '../apply/change-set.js';
import { referenceOf, subjectOf, type VersionedReference } from '../apply/reference.js';
import { recordHistory } from './history.js';
import { COMMIT_STATUS, kustomizationEvent, stepMessage, type KustomizationEvent, type Step } from './messages.js';
import type { Plan } from './plan.js';
import type { KustomizationSettings } from './settings.js';
import type { Source } from './source.js';
import { intervalOf, retryIntervalOf, timeoutText, type KustomizationStatus } from './spec.js';
import { stalled, StageError, type StageFailure } from './stage-error.js';

type Context = ReconcileContext<KustomizationStatus>;

/** Ends a health wait because what was applied was changed by others. */
export const DISTURBED = new Error('what was applied was changed by others');

/** The condition of a Kustomization that has objects in its manifests which another one applies too. */
const CONTESTED = 'Contested';

/** One pass over a Kustomization: what it has found out, and how it tells of it. */
export class Pass {
  readonly kustomization: Kustomization;
  readonly context: Context;
  readonly settings: KustomizationSettings;
  readonly key: string;
  readonly #startedAt: number;
  #source: Source | undefined;
  #plan: Plan | undefined;
  #changed = false;
  #awaitsHandOver = false;

  constructor(kustomization: Kustomization, context: Context, settings: KustomizationSettings) {
    this.kustomization = kustomization;
    this.context = context;
    this.settings = settings;
    this.key = keyOf(kustomization);
    this.#startedAt = context.clock.now();
  }

  get status(): StatusDraft<KustomizationStatus> {
    return this.context.status;
  }

  /** Before anything is done: an expression that does not parse is a fault of the spec. */
  compileHealth(): HealthReader {
    try {
      return createHealthReader(this.kustomization.spec.healthCheckExprs?.map(({ kind = '', ...check }) => Object.assign(check, { kind })));
    } catch (error) {
      throw stalled('InvalidCELExpression', `Reconciliation failed terminally due to configuration error: ${errorMessage(error)}`);
    }
  }

  found(source: Source): Source {
    this.#source = source;
    return source;
  }

  planned(plan: Plan): void {
    this.#plan = plan;
  }

  /** Shows what comes next. */
  step(step: Step): void {
    const message = stepMessage(step, this.#source?.revision ?? '', timeoutText(this.kustomization));
    if (step === 'Fetching manifests') this.status.set('Ready', 'Unknown', 'Progressing', 'Reconciliation in progress');
    if (step === 'Running health checks') this.status.set('Healthy', 'Unknown', 'Progressing', message);
    this.status.reconciling('Progressing', message);
    this.context.progress();
  }

  /** `drift` is what somebody had done to the objects. */
  applied(changes: readonly Change[], drift: readonly string[]): void {
    this.context.log.debug('server-side apply completed', { output: changesBySubject(changes), revision: this.#source?.revision });
    if (drift.length > 0 && effective(changes).length > 0) {
      this.context.event({ ...this.#event({ severity: 'info', message: drift.join('\n') }), reason: 'DriftCorrected' });
    }
    this.changes(effective(changes));
  }

  /** Tells of files that may not be what was encrypted. */
  warn(warnings: readonly string[]): void {
    if (warnings.length === 0) return;
    const event = this.#event({ severity: 'info', message: `${warnings.join('\n')}\nCheck who changed it, and encrypt it again.` });
    this.context.event({ ...event, reason: 'DecryptionUnverified' });
  }

  /** Objects that another Kustomization has by now, which has them in its manifests too. */
  left(objects: readonly { readonly reference: VersionedReference; readonly to: string }[]): void {
    if (objects.length === 0) {
      this.status.remove(CONTESTED);
      return;
    }
    const lines = objects.map(({ reference, to }) => `${subjectOf(reference)} is also applied by the Kustomization ${to}, and left to it`);
    const message = `${lines.join('\n')}\nremove what is named here from one of the two`;
    if (this.status.condition(CONTESTED)?.message === message) return;
    this.status.set(CONTESTED, 'True', 'AppliedByAnother', message);
    this.context.event({ ...this.#event({ severity: 'error', message }), reason: 'AppliedByAnother' });
  }

  /** Objects are left to another Kustomization that has not taken them yet: this one looks again soon. */
  awaitHandOver(): void {
    this.#awaitsHandOver = true;
  }

  /** Tells of objects that were changed. */
  changes(changes: readonly Change[]): void {
    if (changes.length === 0) return;
    this.#changed = true;
    this.tell({ severity: 'info', message: changeLog(changes) });
  }

  tell(event: KustomizationEvent): void {
    this.context.event(this.#event(event));
  }

  /** The objects whose health decides. */
  async healthReferences(changes: readonly Change[], cluster: Cluster): Promise<VersionedReference[]> {
    const { spec, metadata } = this.kustomization;
    const references =
      spec.wait === true
        ? changes.filter(({ action }) => action !== 'skipped').map(({ reference }) => reference)
        : await Promise.all((spec.healthChecks ?? []).map((check) => this.#checkReference(check, cluster)));
    return references.filter(
      ({ kind, namespace, name }) => !(kind === 'Kustomization' && name === metadata.name && namespace === metadata.namespace),
    );
  }

  async #checkReference(
    { apiVersion = 'v1', kind, name, namespace }: NonNullable<Kustomization['spec']['healthChecks']>[number],
    cluster: Cluster,
  ): Promise<VersionedReference> {
    if (namespace !== undefined && namespace !== '') return referenceOf({ apiVersion, kind, metadata: { name, namespace } });
    const resource = await cluster.resourceOf({ apiVersion, kind }).catch(() => undefined);
    const own = this.kustomization.metadata.namespace ?? '';
    return referenceOf({ apiVersion, kind, metadata: resource?.namespaced === true ? { name, namespace: own } : { name } });
  }

  /** A signal that ends a health wait when it is of no more use: something newer waits, others have changed what was applied, or the engine stops. */
  cancelHealthWait(isDisturbed: () => boolean): { signal: AbortSignal; end: () => void } {
    const controller = new AbortController();
    const onStop = (): void => controller.abort(this.context.signal.reason);
    this.context.signal.addEventListener('abort', onStop, { once: true });
    const unsubscribe = this.context.onOvertaken((cause) => {
      if (cause.reason === 'drift' && isDisturbed()) controller.abort(DISTURBED);
      else if (this.settings.cancelHealthChecks && supersedes(cause)) controller.abort(this.#cancelled(cause));
    });
    return {
      signal: controller.signal,
      end: () => {
        unsubscribe();
        this.context.signal.removeEventListener('abort', onStop);
      },
    };
  }

  #cancelled({ object }: Cause): StageError {
    const { namespace = '', name = '' } = this.kustomization.metadata;
    const by = object === undefined ? `Kustomization/${namespace}/${name}` : `${object.kind}/${object.namespace}/${object.name}`;
    return new StageError({
      reason: 'HealthCheckCanceled',
      message: `New reconciliation triggered by ${by}`,
      next: { type: 'after', delayMs: 0 },
      event: { severity: 'info', message: `Health checks canceled due to new reconciliation triggered by ${by}` },
    });
  }

  healthy(message: string, wasHealthy: boolean): void {
    const isNewRevision = this.status.fields.lastAppliedRevision !== this.#source?.revision;
    if (!wasHealthy || (isNewRevision && this.#changed)) this.tell({ severity: 'info', message });
    this.status.set('Healthy', 'True', 'Succeeded', message);
    this.context.progress();
  }

  succeeded(): Outcome {
    const { kustomization, context, status } = this;
    const revision = this.#source?.revision ?? '';
    const eventful =
      this.#changed ||
      !this.#wasReady(revision) ||
      context.causes.some(({ reason }) => reason === 'created' || reason === 'spec' || reason === 'request');
    status.set('Ready', 'True', 'ReconciliationSucceeded', `Applied revision: ${revision}`);
    const { requeueDependencyMs } = this.settings;
    const intervalMs = this.#awaitsHandOver ? Math.min(requeueDependencyMs, intervalOf(kustomization)) : intervalOf(kustomization);
    const message = `Reconciliation finished in ${formatDuration(context.clock.now() - this.#startedAt)}, next run in ${formatDuration(intervalMs)}`;
    context.log.info(message, { revision });
    const next = { type: 'after', delayMs: jittered(intervalMs, context.random) } as const;
    // A look that found all as it was is not told, nor counted: a thousand of them an interval would be a storm of writes.
    if (!eventful) return { next };
    this.#record('ReconciliationSucceeded');
    // A new revision in which nothing of this Kustomization has changed is news for commit statuses only.
    const quiet = !this.#changed && this.#wasReady();
    return { next, events: [{ ...this.#event({ severity: 'info', message, metadata: COMMIT_STATUS }), quiet }] };
  }

  /** Whether it was ready before this pass; at that revision, when one is given. */
  #wasReady(revision?: string): boolean {
    const { status } = this.kustomization;
    const isReady = hasCondition(status?.conditions, 'Ready');
    return isReady && (revision === undefined || status?.lastAppliedRevision === revision);
  }

  failed(error: StageError): Outcome {
    const { kustomization, context, status } = this;
    const { failure } = error;
    const { reason, message } = failure;
    if (failure.next === 'stalled') status.stalled(reason, message);
    else status.set('Ready', 'False', reason, message);
    if (failure.event === undefined && this.#plan !== undefined) this.#record(reason);
    const event = failure.event === undefined ? ({ severity: 'error', message } as const) : failure.event;
    if (event !== null && !this.#stillWaits(reason)) this.tell(event);
    const next = this.#after(failure);
    const took = formatDuration(context.clock.now() - this.#startedAt);
    const again = next.type === 'after' ? `next try in ${formatDuration(next.delayMs)}` : 'no next try before it is changed';
    const fields = { revision: this.#source?.revision };
    if (event?.severity === 'error') context.log.error(`Reconciliation failed after ${took}, ${again}`, message, fields);
    else context.log.info(message, fields);
    return {
      next: kustomization.metadata.deletionTimestamp === undefined ? next : { type: 'retry' },
      ...(event?.severity === 'error' ? { failure: error } : {}),
    };
  }

  /** A step of a dependency that is not its last one is no news to whoever has said already that it waits. */
  #stillWaits(reason: string): boolean {
    const before = findCondition(this.kustomization.status?.conditions, 'Ready');
    const { causes } = this.context;
    return before?.reason === reason && causes.length > 0 && causes.every((cause) => cause.reason === 'dependency');
  }

  #after({ next }: StageFailure): Exclude<StageFailure['next'], string> {
    if (next === 'stalled') return { type: 'idle' };
    return next === 'retry' ? { type: 'after', delayMs: retryIntervalOf(this.kustomization) } : next;
  }

  #record(outcome: string): void {
    const { context, status } = this;
    const { revision = '', originRevision } = this.#source ?? {};
    status.fields.history = recordHistory(status.fields.history, {
      digest: this.#plan?.digest ?? '',
      status: outcome,
      time: apiTime(context.clock.now()),
      durationMs: context.clock.now() - this.#startedAt,
      metadata: { revision, ...(originRevision === undefined ? {} : { originRevision }) },
    });
  }

  #event(event: KustomizationEvent): ReturnType<typeof kustomizationEvent> {
    const { revision, originRevision } = this.#source ?? {};
    return kustomizationEvent(this.status, { revision, originRevision, ...event });
  }
}

/** Whether what happened makes waiting for the health of what is there pointless. */
function supersedes({ reason }: Cause): boolean {
  return reason === 'source' || reason === 'spec' || reason === 'request' || reason === 'deleted' || reason === 'reference';
}
