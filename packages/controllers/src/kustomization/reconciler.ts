import { errorMessage, formatDuration, type FileTree, type KubeObject } from '@sluice/core';
import type { Artifact, Kustomization } from '@sluice/api';
import { createHealthReader, type Cluster, type HealthReader } from '@sluice/kube';
import {
  apiTime,
  hasCondition,
  jittered,
  keyOf,
  type Cause,
  type ObjectCache,
  type Outcome,
  type ReconcileContext,
  type Reconciler,
  type StatusDraft,
} from '@sluice/runtime';
import { applySet, ApplyError, type Applied } from '../apply/applier.js';
import { changeLog, changesBySubject, effective, type Change } from '../apply/change-set.js';
import { LEFTOVER_ANNOTATIONS, LEFTOVER_LABELS, type Leftovers } from '../apply/cleanup.js';
import type { Desired } from '../apply/desired.js';
import { takenOverManagers } from '../apply/field-managers.js';
import { compileIgnoreRules } from '../apply/ignore-rules.js';
import type { LiveObjects } from '../apply/live-objects.js';
import { inventoryId, referenceOf, type VersionedReference } from '../apply/reference.js';
import { Builds, type Built } from './build.js';
import { refuseDecryption } from './decrypt.js';
import { checkDependencies } from './dependencies.js';
import { DriftWatch } from './drift-watch.js';
import { finalizeKustomization } from './finalize.js';
import { objectsThatMove } from './hand-over.js';
import { HealthError, waitForHealth } from './health.js';
import { recordHistory } from './history.js';
import { inventoryAfterFailure, inventoryOf, staleReferences } from './inventory.js';
import { Ledgers } from './ledgers.js';
import { COMMIT_STATUS, kustomizationEvent, stepMessage, type KustomizationEvent, type Step } from './messages.js';
import { Plans, refuseEncrypted, type Plan } from './plan.js';
import { prune } from './prune.js';
import { MANAGER, type KustomizationSettings } from './settings.js';
import { buildPath, fetchSource, resolveSource, type OpenArtifact, type Source, type SourceCaches } from './source.js';
import { intervalOf, retryIntervalOf, timeoutOf, timeoutText, type KustomizationStatus } from './spec.js';
import { failed, stalled, StageError, type StageFailure } from './stage-error.js';
import { isSubstituted, substituteFailed } from './substitute.js';
import { Targets, type Target } from './target.js';
import { loadVariables, VariablesError, type VariableValues } from './variables.js';

export interface KustomizationWorld {
  readonly cluster: Cluster;
  readonly live: LiveObjects;
  readonly kustomizations: ObjectCache<Kustomization>;
  readonly sources: SourceCaches;
  readonly open: OpenArtifact;
  readonly settings: KustomizationSettings;
}

type Context = ReconcileContext<KustomizationStatus>;

/** How many builds are compared with a new artifact before other work has its turn. */
const SLICE = 50;

/** Definitions and classes must be ready within this for what stands on them. */
const STAGE_TIMEOUT_MS = 60_000;

/**
 * Keeps what a Kustomization describes equal in a cluster:
 * source → dependencies → build → substitute → plan → apply → prune → health.
 */
export class KustomizationReconciler implements Reconciler<Kustomization, KustomizationStatus> {
  readonly ledgers = new Ledgers();
  readonly drift: DriftWatch;
  readonly #world: KustomizationWorld;
  readonly #targets: Targets;
  readonly #builds = new Builds();
  readonly #plans = new Plans();
  readonly #kstatus = createHealthReader();
  readonly #stopping = new AbortController();

  constructor(world: KustomizationWorld) {
    this.#world = world;
    this.#targets = new Targets(world.cluster, world.live, world.settings);
    this.drift = new DriftWatch(world.live, this.ledgers, leftoversOf(world.settings).managers);
  }

  async reconcile(kustomization: Kustomization, context: Context): Promise<Outcome> {
    const pass = new Pass(kustomization, context, this.#world);
    const watched = this.drift.pause(pass.key);
    try {
      await this.#run(pass);
      return pass.succeeded();
    } catch (error) {
      context.signal.throwIfAborted();
      return pass.failed(error instanceof StageError ? error : failed('ReconciliationFailed', errorMessage(error), error));
    } finally {
      watched.resume();
    }
  }

  async #run(pass: Pass): Promise<void> {
    const { kustomization, context, world, status } = pass;
    const { settings } = world;
    const reader = pass.compileHealth();
    const source = pass.found(resolveSource(kustomization, world.sources, settings));
    checkDependencies(kustomization, source, world.kustomizations, settings);

    pass.step('Fetching manifests');
    const tree = await fetchSource(source, world.open, settings, context.signal);
    const path = buildPath(kustomization, tree);

    status.fields.lastAttemptedRevision = source.revision;
    pass.step('Building manifests');
    const target = await this.#targets.of(kustomization, context.signal);
    refuseDecryption(kustomization);
    const built = this.#builds.build(pass.key, kustomization, tree, path);
    const variables = await this.#variables(pass, built);
    const plan = this.#plans.plan(pass.key, kustomization, built, variables, settings);
    pass.planned(plan);

    pass.step('Detecting drift');
    for (const desired of plan.desired) refuseEncrypted(desired);
    const applied = await this.#apply(pass, plan, target);
    const inventory = inventoryOf(applied.changes.map(({ reference }) => reference));
    const stale = staleReferences(status.fields.inventory, inventory);
    status.fields.inventory = inventory;
    const ledger = this.ledgers.of(pass.key, target.key);
    for (const reference of stale) ledger.delete(inventoryId(reference));
    await prune(pass, stale, await this.#objectsThatMove(pass, stale, tree), target.cluster);

    await this.#checkHealth(pass, plan, applied, target, reader);
    status.fields.lastAppliedRevision = source.revision;
    if (source.originRevision === undefined) delete status.fields.lastAppliedOriginRevision;
    else status.fields.lastAppliedOriginRevision = source.originRevision;
  }

  async #objectsThatMove({ kustomization, context, world }: Pass, stale: readonly VersionedReference[], tree: FileTree) {
    if (!kustomization.spec.prune || stale.length === 0) return new Set<string>();
    const { cluster, settings } = world;
    return await objectsThatMove(kustomization, stale, world.kustomizations.list(), async (other) => {
      try {
        const built = this.#builds.build(keyOf(other), other, tree, buildPath(other, tree));
        return this.#plans.plan(keyOf(other), other, built, await loadVariables(other, cluster, context.signal), settings);
      } catch {
        // Its own pass tells what is wrong with it; here it is enough that it takes nothing over.
        context.signal.throwIfAborted();
        return undefined;
      }
    });
  }

  async #variables({ kustomization, context, world }: Pass, { manifests }: Built): Promise<VariableValues> {
    try {
      return await loadVariables(kustomization, world.cluster, context.signal);
    } catch (error) {
      const first = manifests.find(({ object }) => isSubstituted(object));
      if (!(error instanceof VariablesError)) throw error;
      if (first === undefined) return new Map();
      throw substituteFailed(first, error);
    }
  }

  async #apply(pass: Pass, plan: Plan, target: Target): Promise<Applied> {
    const { kustomization, context, world, status } = pass;
    const inventoryBefore = status.fields.inventory;
    try {
      const applied = await applySet(plan.desired, {
        cluster: target.cluster,
        ...(target.live === undefined ? {} : { live: target.live }),
        ledger: this.ledgers.of(pass.key, target.key),
        manager: MANAGER,
        force: kustomization.spec.force === true,
        leftovers: leftoversOf(world.settings),
        ignore: compileIgnoreRules(kustomization.spec.ignore ?? []),
        migrateApiVersion: world.settings.migrateApiVersion,
        concurrency: world.settings.requestConcurrency,
        signal: context.signal,
        whenReady: (objects) => this.#whenReady(objects, target, context),
      });
      pass.applied(applied.changes, this.drift.take(pass.key));
      return applied;
    } catch (error) {
      context.signal.throwIfAborted();
      const done = error instanceof ApplyError ? effective(error.changes) : [];
      const inventory = inventoryAfterFailure(inventoryBefore, done);
      if (inventory !== undefined) status.fields.inventory = inventory;
      const log = done.length === 0 ? '' : `${changeLog(done)}\n`;
      throw failed('ReconciliationFailed', `${errorMessage(error)}\n${log}`, error);
    }
  }

  async #whenReady(objects: readonly KubeObject[], target: Target, { clock, signal }: Context): Promise<void> {
    await waitForHealth(objects.map(referenceOf), {
      cluster: target.cluster,
      live: target.live,
      clock,
      signal,
      timeoutMs: STAGE_TIMEOUT_MS,
      reader: this.#kstatus,
      known: new Map(objects.map((object) => [inventoryId(referenceOf(object)), object])),
      mayBeGone: () => false,
    });
  }

  async #checkHealth(pass: Pass, plan: Plan, applied: Applied, target: Target, reader: HealthReader): Promise<void> {
    const { context, status } = pass;
    const references = await pass.healthReferences(applied.changes, target.cluster);
    if (references.length === 0) {
      status.remove('Healthy');
      return;
    }
    const ledgers = this.ledgers;
    const unsettled = references.filter((reference) => !ledgers.isHealthy(pass.key, reference, target.live?.get(reference)));
    const wasHealthy = status.has('Healthy');
    const startedAt = context.clock.now();
    if (unsettled.length > 0) {
      pass.step('Running health checks');
      const stop = pass.cancelHealthWait();
      const finished = new Set(plan.desired.filter(isJobWithTtl).map(({ id }) => id));
      try {
        await waitForHealth(unsettled, {
          cluster: target.cluster,
          live: target.live,
          clock: context.clock,
          signal: stop.signal,
          timeoutMs: timeoutOf(pass.kustomization),
          reader,
          onVerdict: (object, health) => ledgers.noteHealth(pass.key, object, health),
          known: applied.objects,
          mayBeGone: (id) => finished.has(id),
        });
      } catch (error) {
        context.signal.throwIfAborted();
        if (error instanceof StageError) throw error;
        const reason = error instanceof HealthError ? error.message : errorMessage(error);
        status.set('Healthy', 'False', 'HealthCheckFailed', reason);
        throw failed('HealthCheckFailed', `health check failed after ${formatDuration(context.clock.now() - startedAt)}: ${reason}`, error);
      } finally {
        stop.end();
      }
    } else if (wasHealthy) {
      return;
    }
    pass.healthy(`Health check passed in ${formatDuration(context.clock.now() - startedAt)}`, wasHealthy);
  }

  /** The keys, those first whose build the artifact changes: whoever waits for a change does not wait for the rest to be looked at. */
  async affectedFirst(keys: readonly string[], artifact: Artifact): Promise<readonly string[]> {
    try {
      const tree = await this.#world.open(artifact, this.#stopping.signal);
      const affected: string[] = [];
      const others: string[] = [];
      for (const [index, key] of keys.entries()) {
        if (index % SLICE === SLICE - 1) await new Promise((resolve) => setImmediate(resolve));
        (this.#builds.isCurrent(key, tree) ? others : affected).push(key);
      }
      return [...affected, ...others];
    } catch {
      // Each one's own pass tells what is wrong with the artifact.
      return keys;
    }
  }

  async finalize(kustomization: Kustomization, context: Context): Promise<Pick<Outcome, 'events'>> {
    this.forget(keyOf(kustomization));
    return await finalizeKustomization(kustomization, context, this.#targets);
  }

  suspended(_: Kustomization, status: StatusDraft<KustomizationStatus>): void {
    if (status.has('Ready')) status.observeGeneration();
  }

  forget(key: string): void {
    this.#builds.forget(key);
    this.#plans.forget(key);
    this.ledgers.forget(key);
  }

  stop(): void {
    this.#stopping.abort(new Error('the engine stops'));
    this.drift.stop();
    this.#targets.stop();
  }
}

export function leftoversOf({ overrideManagers }: KustomizationSettings): Leftovers {
  return { annotations: LEFTOVER_ANNOTATIONS, labels: LEFTOVER_LABELS, managers: takenOverManagers(MANAGER, overrideManagers) };
}

/** One pass over a Kustomization: what it has found out, and how it tells of it. */
export class Pass {
  readonly kustomization: Kustomization;
  readonly context: Context;
  readonly world: KustomizationWorld;
  readonly key: string;
  readonly #startedAt: number;
  #source: Source | undefined;
  #plan: Plan | undefined;
  #changed = false;
  #awaitsHandOver = false;

  constructor(kustomization: Kustomization, context: Context, world: KustomizationWorld) {
    this.kustomization = kustomization;
    this.context = context;
    this.world = world;
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

  /** A signal that ends a health wait when it is of no more use: something newer waits, or the engine stops. */
  cancelHealthWait(): { signal: AbortSignal; end: () => void } {
    const controller = new AbortController();
    const onStop = (): void => controller.abort(this.context.signal.reason);
    this.context.signal.addEventListener('abort', onStop, { once: true });
    const unsubscribe = this.context.onOvertaken((cause) => {
      if (this.world.settings.cancelHealthChecks && supersedes(cause)) controller.abort(this.#cancelled(cause));
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
    const { requeueDependencyMs } = this.world.settings;
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

  failed({ failure }: StageError): Outcome {
    const { kustomization, context, status } = this;
    const { reason, message } = failure;
    if (failure.next === 'stalled') status.stalled(reason, message);
    else status.set('Ready', 'False', reason, message);
    if (failure.event === undefined && this.#plan !== undefined) this.#record(reason);
    const event = failure.event === undefined ? ({ severity: 'error', message } as const) : failure.event;
    if (event !== null) this.tell(event);
    const next = this.#after(failure);
    const took = formatDuration(context.clock.now() - this.#startedAt);
    const again = next.type === 'after' ? `next try in ${formatDuration(next.delayMs)}` : 'no next try before it is changed';
    const fields = { revision: this.#source?.revision };
    if (event?.severity === 'error') context.log.error(`Reconciliation failed after ${took}, ${again}`, message, fields);
    else context.log.info(message, fields);
    return { next: kustomization.metadata.deletionTimestamp === undefined ? next : { type: 'retry' } };
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

/** Such a Job deletes itself when it has finished. */
function isJobWithTtl({ object, reference }: Desired): boolean {
  return (
    reference.kind === 'Job' &&
    reference.group === 'batch' &&
    typeof (object['spec'] as { ttlSecondsAfterFinished?: unknown } | undefined)?.ttlSecondsAfterFinished === 'number'
  );
}
