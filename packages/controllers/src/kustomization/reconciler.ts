import { setMaxListeners } from 'node:events';
import { errorMessage, formatDuration, type FileTree, type KubeObject } from '@sluice/core';
import type { Artifact, Kustomization } from '@sluice/api';
import { createHealthReader, type Cluster, type HealthReader } from '@sluice/kube';
import { keyOf, type ObjectCache, type Outcome, type ReconcileContext, type Reconciler, type StatusDraft } from '@sluice/runtime';
import { openRemoteBases, type BuildBases } from '@sluice/sources';
import { applySet, ApplyError, type Applied } from '../apply/applier.js';
import { changeLog, effective } from '../apply/change-set.js';
import type { Desired } from '../apply/desired.js';
import { compileIgnoreRules } from '../apply/ignore-rules.js';
import type { LiveObjects } from '../apply/live-objects.js';
import { inventoryId, referenceOf, type VersionedReference } from '../apply/reference.js';
import type { CloudIdentityPool } from '../source/cloud.js';
import { Builds, type Built } from './build.js';
import { Decryption, type DecryptedBuild } from './decrypt.js';
import { contestOf } from './contest.js';
import { checkDependencies, type FindDependency } from './dependencies.js';
import { DriftWatch } from './drift-watch.js';
import { finalizeKustomization } from './finalize.js';
import { objectsThatMove } from './hand-over.js';
import { explainHealth } from './health-report.js';
import { HealthError, waitForHealth, type HealthWait } from './health.js';
import { inventoryAfterFailure, inventoryOf, staleReferences } from './inventory.js';
import { Ledgers } from './ledgers.js';
import { leftoversOf } from './leftovers.js';
import { MissingNeeds } from './missing-needs.js';
import { DISTURBED, Pass } from './pass.js';
import { Plans, refuseEncrypted, type Plan } from './plan.js';
import { prune } from './prune.js';
import { buildWithBases } from './remote-build.js';
import { MANAGER, type KustomizationSettings } from './settings.js';
import { buildPath, fetchSource, resolveSource, type OpenArtifact, type SourceCaches } from './source.js';
import { timeoutOf, type KustomizationStatus } from './spec.js';
import { failed, StageError } from './stage-error.js';
import { isSubstituted, substituteFailed } from './substitute.js';
import { Targets, type Target } from './target.js';
import { loadVariables, VariablesError, type VariableValues } from './variables.js';

export interface KustomizationWorld {
  readonly cluster: Cluster;
  readonly live: LiveObjects;
  readonly kustomizations: ObjectCache<Kustomization>;
  readonly sources: SourceCaches;
  readonly dependency: FindDependency;
  readonly open: OpenArtifact;
  readonly identities: CloudIdentityPool;
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
  readonly missing = new MissingNeeds();
  readonly #world: KustomizationWorld;
  readonly #targets: Targets;
  readonly #unwatch: () => void;
  readonly #builds = new Builds();
  readonly #plans = new Plans();
  readonly #decryption: Decryption;
  readonly #remoteBases = openRemoteBases();
  readonly #kstatus = createHealthReader();
  readonly #stopping = new AbortController();

  constructor(world: KustomizationWorld) {
    this.#world = world;
    // It ends the looks at all new artifacts at once.
    setMaxListeners(0, this.#stopping.signal);
    this.#decryption = new Decryption(world.cluster, world.settings, world.identities);
    this.drift = new DriftWatch(this.ledgers, leftoversOf(world.settings).managers);
    this.#unwatch = this.drift.watch(world.live);
    this.#targets = new Targets(world.cluster, world.live, world.settings, world.identities, (live) => this.drift.watch(live));
  }

  async reconcile(kustomization: Kustomization, context: Context): Promise<Outcome> {
    const pass = new Pass(kustomization, context, this.#world.settings);
    try {
      await this.#run(pass);
      return pass.succeeded();
    } catch (error) {
      context.signal.throwIfAborted();
      return pass.failed(error instanceof StageError ? error : failed('ReconciliationFailed', errorMessage(error), error));
    }
  }

  async #run(pass: Pass): Promise<void> {
    const { kustomization, context, status } = pass;
    const world = this.#world;
    const { settings } = world;
    const reader = pass.compileHealth();
    const source = pass.found(resolveSource(kustomization, world.sources, settings));
    checkDependencies(kustomization, source, world.dependency, settings);

    pass.step('Fetching manifests');
    const tree = await context.stage('fetch', () => fetchSource(source, world.open, settings, context.signal));
    const path = buildPath(kustomization, tree);

    status.fields.lastAttemptedRevision = source.revision;
    pass.step('Building manifests');
    const target = await this.#targets.of(kustomization, context.signal);
    const { built, warnings } = await context.stage('build', () => this.#build(pass, tree, path));
    pass.warn(warnings);
    const plan = await context.stage('plan', async () => {
      const variables = await this.#variables(pass, built);
      return this.#plans.plan(pass.key, kustomization, built, variables, settings, tree);
    });
    pass.planned(plan);

    pass.step('Detecting drift');
    for (const desired of plan.desired) refuseEncrypted(desired);
    const deadline = context.clock.now() + timeoutOf(kustomization);
    for (let isHealthy = false; !isHealthy;) {
      const applied = await this.#write(pass, plan, target, tree);
      // Something may be changed by others while its health is waited for: then it is put right, and waited for again.
      isHealthy = await this.#checkHealth(pass, plan, applied, target, reader, deadline);
    }
    status.fields.lastAppliedRevision = source.revision;
    if (source.originRevision === undefined) delete status.fields.lastAppliedOriginRevision;
    else status.fields.lastAppliedOriginRevision = source.originRevision;
  }

  /** Builds what is described. Remote bases are looked at again unless it is only drift that is put right. */
  async #build({ kustomization, context, settings, key }: Pass, tree: FileTree, path: string): Promise<DecryptedBuild> {
    const { signal, causes } = context;
    const build = (bases?: BuildBases): Promise<DecryptedBuild> =>
      this.#decryption.build(kustomization, tree, (view) => this.#builds.build(key, kustomization, view, path, bases), signal);
    if (settings.noRemoteBases) return await build();
    const bases = this.#remoteBases.of(key);
    return await buildWithBases(bases, () => build(bases), signal, { isRenewed: !causes.every(({ reason }) => reason === 'drift') });
  }

  /** Brings the cluster in line with the plan. Changes of the cluster that come meanwhile are most likely our own, and are looked at afterwards. */
  async #write(pass: Pass, plan: Plan, target: Target, tree: FileTree): Promise<Applied> {
    const { status, context } = pass;
    const watched = this.drift.pause(pass.key, target.live);
    try {
      const applied = await context.stage('apply', () => this.#apply(pass, plan, target));
      const inventory = inventoryOf(applied.changes.map(({ reference }) => reference));
      const stale = staleReferences(status.fields.inventory, inventory);
      status.fields.inventory = inventory;
      const ledger = this.ledgers.of(pass.key, target.key);
      for (const reference of stale) ledger.delete(inventoryId(reference));
      const awaited = await this.#objectsThatMove(pass, stale, tree);
      if (stale.length > 0) await context.stage('prune', () => prune(pass, stale, awaited, target.cluster));
      this.drift.letGo(awaited);
      return applied;
    } finally {
      watched.resume();
    }
  }

  async #objectsThatMove({ kustomization, context }: Pass, stale: readonly VersionedReference[], tree: FileTree) {
    if (!kustomization.spec.prune || stale.length === 0) return new Set<string>();
    const { cluster, settings, kustomizations } = this.#world;
    return await objectsThatMove(kustomization, stale, kustomizations.list(), async (other) => {
      try {
        const bases = settings.noRemoteBases ? undefined : this.#remoteBases.of(keyOf(other));
        const built = this.#builds.build(keyOf(other), other, tree, buildPath(other, tree), bases);
        return this.#plans.plan(keyOf(other), other, built, await loadVariables(other, cluster, context.signal), settings, tree);
      } catch {
        // Its own pass tells what is wrong with it; here it is enough that it takes nothing over.
        context.signal.throwIfAborted();
        return undefined;
      }
    });
  }

  async #variables({ kustomization, context }: Pass, { manifests }: Built): Promise<VariableValues> {
    try {
      return await loadVariables(kustomization, this.#world.cluster, context.signal);
    } catch (error) {
      const first = manifests.find(({ object }) => isSubstituted(object));
      if (!(error instanceof VariablesError)) throw error;
      if (first === undefined) return new Map();
      throw substituteFailed(first, error);
    }
  }

  async #apply(pass: Pass, plan: Plan, target: Target): Promise<Applied> {
    const { kustomization, context, status } = pass;
    const world = this.#world;
    const inventoryBefore = status.fields.inventory;
    try {
      const applied = await applySet(plan.desired, {
        cluster: target.cluster,
        live: target.live,
        leftTo: contestOf(kustomization, this.#world.kustomizations, (key) => this.#plans.peek(key)),
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
      this.missing.settle(pass.key);
      pass.applied(applied.changes, this.drift.take(pass.key));
      pass.left([...applied.left.values()]);
      this.drift.yields(pass.key, new Set(applied.left.keys()));
      return applied;
    } catch (error) {
      context.signal.throwIfAborted();
      const done = error instanceof ApplyError ? effective(error.changes) : [];
      if (error instanceof ApplyError && error.needs.length > 0) this.missing.await(pass.key, target.engine, error.needs);
      else this.missing.settle(pass.key);
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

  /** Waits until all is healthy; false when what was applied has been changed by others meanwhile. */
  async #checkHealth(pass: Pass, plan: Plan, applied: Applied, target: Target, reader: HealthReader, deadline: number): Promise<boolean> {
    const { context, status } = pass;
    const references = await pass.healthReferences(applied.changes, target.cluster);
    if (references.length === 0) {
      status.remove('Healthy');
      return true;
    }
    const ledgers = this.ledgers;
    const unsettled = references.filter((reference) => !ledgers.isHealthy(pass.key, reference, target.live.get(reference)));
    const wasHealthy = status.has('Healthy');
    const startedAt = context.clock.now();
    if (unsettled.length > 0) {
      pass.step('Running health checks');
      const stop = pass.cancelHealthWait(() => this.drift.isDisturbed(pass.key));
      const finished = new Set(plan.desired.filter(isJobWithTtl).map(({ id }) => id));
      try {
        const wait: HealthWait = {
          cluster: target.cluster,
          live: target.live,
          clock: context.clock,
          signal: stop.signal,
          timeoutMs: Math.max(0, deadline - startedAt),
          reader,
          onVerdict: (object, health) => ledgers.noteHealth(pass.key, object, health),
          known: applied.objects,
          mayBeGone: (id) => finished.has(id),
        };
        await context.stage('health', () => waitForHealth(unsettled, wait));
      } catch (error) {
        context.signal.throwIfAborted();
        if (error === DISTURBED) return false;
        if (error instanceof StageError) throw error;
        const reason = await this.#whyUnhealthy(error, target, context);
        status.set('Healthy', 'False', 'HealthCheckFailed', reason);
        throw failed('HealthCheckFailed', `health check failed after ${formatDuration(context.clock.now() - startedAt)}: ${reason}`, error);
      } finally {
        stop.end();
      }
    } else if (wasHealthy) {
      return true;
    }
    pass.healthy(`Health check passed in ${formatDuration(context.clock.now() - startedAt)}`, wasHealthy);
    return true;
  }

  async #whyUnhealthy(error: unknown, { cluster }: Target, { signal }: Context): Promise<string> {
    if (!(error instanceof HealthError)) return errorMessage(error);
    const why = await explainHealth(cluster, error.unhealthy, signal);
    return why === '' ? error.message : `${error.message}\n${why}`;
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
    const outcome = await finalizeKustomization(kustomization, context, this.#targets);
    this.#targets.release(keyOf(kustomization));
    return outcome;
  }

  suspended(_: Kustomization, status: StatusDraft<KustomizationStatus>): void {
    if (status.has('Ready')) status.observeGeneration();
  }

  forget(key: string): void {
    this.#builds.forget(key);
    this.#remoteBases.forget(key);
    this.#decryption.forget(key);
    this.#plans.forget(key);
    this.ledgers.forget(key);
    this.drift.forget(key);
    this.missing.settle(key);
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the engine stops'));
    this.#unwatch();
    this.drift.stop();
    this.missing.stop();
    this.#targets.stop();
    await this.#remoteBases.close();
  }
}

/** Such a Job deletes itself when it has finished. */
function isJobWithTtl({ object, reference }: Desired): boolean {
  return (
    reference.kind === 'Job' &&
    reference.group === 'batch' &&
    typeof (object['spec'] as { ttlSecondsAfterFinished?: unknown } | undefined)?.ttlSecondsAfterFinished === 'number'
  );
}
