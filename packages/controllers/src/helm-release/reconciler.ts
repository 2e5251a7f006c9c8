import { errorMessage, formatDuration, type KubeObject } from '@sluice/core';
import type { Artifact, HelmRelease } from '@sluice/api';
import { crdsOfChart, createChartPacking, createRenderer, type Chart, type Release, type Renderer, type Values } from '@sluice/helm';
import type { Cluster, HealthReader, SharedInformers } from '@sluice/kube';
import { keyOf, type Clock, type Outcome, type Reconciler } from '@sluice/runtime';
import type { LiveObjects } from '../apply/live-objects.js';
import type { Ledger } from '../apply/ledger.js';
import type { FindDependency } from '../kustomization/dependencies.js';
import { artifactOf } from '../kustomization/source.js';
import type { CloudIdentityPool } from '../source/cloud.js';
import type { ActionContext, ReleaseContext } from './actions/context.js';
import type { ReleaseRecords } from './actions/records.js';
import { CapabilityCache } from './capabilities.js';
import { applyChartObject, deleteChartObject } from './chart-template.js';
import { Charts, type LoadedChart, type OpenChart } from './charts.js';
import { changedTarget, reasonToForgetFailures } from './changes.js';
import { createDecryption } from './decrypt-values.js';
import { checkDependencies } from './dependencies.js';
import { valuesDigest } from './digests.js';
import type { Drift } from './drift.js';
import { detectDrift } from './drift-detection.js';
import { HelmDriftWatch } from './drift-watch.js';
import { PassFailure, passFailed } from './failure.js';
import { latest } from './history.js';
import { actionType, MissingRollbackTarget, nextAction, RetriesExceeded, type ActionType } from './next-action.js';
import { activeRemediation, activeRetry, clearFailures } from './remediation.js';
import { Patience } from './patience.js';
import { renderRelease } from './rendering.js';
import { runAction, runUninstall, type ActionRun } from './run-action.js';
import type { HelmReleaseSettings } from './settings.js';
import { isObserved } from './snapshot.js';
import { artifactGone, chartKeyOf, readyArtifact, resolveSource, type ChartSources } from './source.js';
import { storageNamespace, timeoutOf, type ActionName, type HelmReleaseStatus } from './spec.js';
import { releaseState, type ReleaseState } from './state.js';
import {
  cancelled,
  failed,
  forget,
  goOn,
  healthReader,
  Overtaken,
  passed,
  readRecords,
  retriesExceeded,
  RetryLater,
  retryLater,
  stalled,
  stateError,
  succeeded,
  supersedes,
  type HelmReleaseContext,
} from './outcomes.js';
import { summarize } from './summary.js';
import { HelmTargets, type HelmTarget } from './target.js';
import { composeValues } from './values.js';

export interface HelmReleaseWorld {
  readonly cluster: Cluster;
  readonly live: LiveObjects;
  readonly informers: SharedInformers;
  readonly dependency: FindDependency;
  readonly sources: ChartSources;
  readonly open: OpenChart;
  readonly clock: Clock;
  readonly identities: CloudIdentityPool;
  readonly settings: HelmReleaseSettings;
}

/**
 * Keeps releases of charts as HelmReleases describe them: dependencies → chart → values → state of the release → the action
 * that brings it closer, until there is none left.
 */
export class HelmReleaseReconciler implements Reconciler<HelmRelease, HelmReleaseStatus> {
  readonly drift: HelmDriftWatch;
  readonly #world: HelmReleaseWorld;
  readonly #targets: HelmTargets;
  readonly #charts: Charts;
  readonly #capabilities: CapabilityCache;
  readonly #renderer: Renderer;
  readonly #packChart = createChartPacking();
  readonly #patience = new Patience();

  constructor(world: HelmReleaseWorld) {
    this.#world = world;
    this.#targets = new HelmTargets(world.cluster, world.live, world.settings, world.identities);
    this.#charts = new Charts(world.open);
    this.#capabilities = new CapabilityCache(world.informers, world.clock);
    this.#renderer = createRenderer({ workers: world.settings.renderers });
    this.drift = new HelmDriftWatch(world.live);
  }

  async reconcile(object: HelmRelease, context: HelmReleaseContext): Promise<Outcome> {
    const watched = this.drift.pause(keyOf(object));
    try {
      return await this.#run(object, context);
    } catch (error) {
      context.signal.throwIfAborted();
      return failed(error, context);
    } finally {
      watched.resume();
    }
  }

  async #run(object: HelmRelease, context: HelmReleaseContext): Promise<Outcome> {
    const { status, signal, random } = context;
    const { settings, sources, cluster, dependency } = this.#world;
    const health = healthReader(object);
    const written = await applyChartObject(object, context, { cluster, charts: sources.HelmChart, settings });
    status.reconciling('Progressing', 'Fulfilling prerequisites');
    context.progress();
    checkDependencies(object, dependency, settings);
    passed(context, 'DependencyNotReady');
    const source = resolveSource(object, sources, settings, written);
    passed(context, 'AccessDenied', 'ArtifactFailed');
    const artifact = readyArtifact(source, settings, random);
    passed(context, 'SourceNotReady');
    const values = await context.stage('values', () => this.#values(object, signal));
    passed(context, 'ValuesError');
    const loaded = await context.stage('fetch', () => this.#chart(source, artifact, signal));
    passed(context, 'ArtifactFailed', 'ChartMutateError');
    const target = await this.#targets.of(object, signal);
    passed(context, 'RESTClientError');
    const pass = { object, context, values, artifact, loaded, target, health };
    if (await this.#removeOldTarget(pass)) return { next: { type: 'after', delayMs: 0 }, observed: false };
    this.#begin(pass);
    return await this.#release(pass);
  }

  async #values(object: HelmRelease, signal: AbortSignal): Promise<Values> {
    const namespace = object.metadata.namespace ?? '';
    try {
      const { cluster, settings } = this.#world;
      return await composeValues(
        object,
        (kind, name) => cluster.get({ apiVersion: 'v1', kind, namespace, name }, { signal }),
        createDecryption(cluster, settings, signal),
      );
    } catch (error) {
      signal.throwIfAborted();
      const reason = 'ValuesError';
      const message = errorMessage(error);
      throw new PassFailure(
        message,
        { ready: { reason, message }, event: { severity: 'error', reason, message }, next: { type: 'retry' } },
        error,
      );
    }
  }

  async #chart(source: KubeObject, artifact: Parameters<Charts['of']>[1], signal: AbortSignal): Promise<LoadedChart> {
    const { settings } = this.#world;
    try {
      return await this.#charts.of(source, artifact, settings.trackChartDigests, signal);
    } catch (error) {
      signal.throwIfAborted();
      if ((error as { reason?: unknown }).reason === 'ArtifactMissing') throw artifactGone(settings);
      const message = errorMessage(error);
      if (message.startsWith('artifact revision ') || message.startsWith('invalid ')) throw passFailed('ChartMutateError', message, error);
      const reason = 'ArtifactFailed';
      throw new PassFailure(
        message,
        {
          ready: { reason, message: `Could not load chart: ${message}` },
          event: { severity: 'error', reason, message },
          next: { type: 'retry' },
        },
        error,
      );
    }
  }

  /** A release under another name, or in another place, is uninstalled before the new one is made: objects can't be of both. */
  async #removeOldTarget(pass: Pass): Promise<boolean> {
    const { object, context, loaded } = pass;
    const { fields } = context.status;
    const reason = changedTarget(object, fields, loaded.chart.metadata.name);
    if (reason === undefined) return false;
    if (reason === 'chart name' && object.spec.upgrade?.chartNameChangeStrategy === 'InPlaceUpdate') return false;
    context.log.info(`release target configuration changed (${reason}): running uninstall for current release`);
    await this.#uninstall(pass);
    forget(fields);
    clearFailures(fields);
    return true;
  }

  #begin({ object, context, values, loaded }: Pass): void {
    const { clock, status } = context;
    const { fields } = status;
    const { metadata } = loaded.chart;
    fields.storageNamespace = storageNamespace(object);
    const reason = reasonToForgetFailures(object, fields, metadata, values);
    if (reason !== undefined) this.#patience.forget(keyOf(object));
    if (reason !== undefined || this.#patience.isOver(keyOf(object), clock.now())) clearFailures(fields);
    if (object.metadata.generation !== undefined) fields.lastAttemptedGeneration = object.metadata.generation;
    fields.lastAttemptedRevision = metadata.version;
    if (loaded.ociDigest === '') delete fields.lastAttemptedRevisionDigest;
    else fields.lastAttemptedRevisionDigest = loaded.ociDigest;
    fields.lastAttemptedConfigDigest = valuesDigest(values);
    delete fields.lastAttemptedValuesChecksum;
    delete fields.lastReleaseRevision;
  }

  /** Runs one action after the other, each kind of them once, until the release is as it should be. */
  async #release(pass: Pass): Promise<Outcome> {
    const { object, context } = pass;
    const { status, log } = context;
    const { retryByDefault } = this.#world.settings;
    const work = await this.#open(pass, () => this.#isOutdated(pass));
    const done = new Set<ActionType>();
    try {
      for (;;) {
        context.signal.throwIfAborted();
        const state = await this.#state(pass, work);
        log.debug(`state of the release: ${state.type}`, 'reason' in state ? { reason: state.reason } : {});
        const action = nextAction(object, status, state, {
          retryByDefault,
          recordOf: (snapshot) => {
            const record = work.records.get(snapshot.version);
            return record === undefined ? 'gone' : isObserved(snapshot, record) ? 'there' : 'changed';
          },
          tell: (event) => context.event(event),
        });
        if (action === undefined) {
          status.remove('Reconciling');
          summarize(object, status);
          this.#patience.forget(keyOf(object));
          return succeeded(object, context);
        }
        const type = actionType(action);
        if (done.has(type)) return this.#notAgain(pass);
        // What the next action stands on must not be forgotten when it is cut short: the revision to go back to, above all.
        if (done.size > 0) await context.persist();
        await this.#act(action, pass, work, state.type === 'Drifted' ? state.drift : []);
        if (type === 'remediate') return this.#afterRemediation(pass);
        done.add(type);
        context.progress();
      }
    } catch (error) {
      context.signal.throwIfAborted();
      if (work.overtaken.aborted) return cancelled(work.overtaken.reason as Overtaken, context);
      if (error instanceof RetriesExceeded) return retriesExceeded(object, context, this.#patience);
      if (error instanceof MissingRollbackTarget) {
        return stalled(context, 'MissingRollbackTarget', `Failed to perform remediation: ${error.message}`);
      }
      if (error instanceof RetryLater) return retryLater(context, error.delayMs);
      throw error;
    } finally {
      work.end();
    }
  }

  #releaseContext({ object, context, target, loaded, values }: Pass, { action }: Work): ReleaseContext {
    const { settings } = this.#world;
    const { signal } = context;
    const world = {
      renderer: this.#renderer,
      capabilities: () => this.#capabilities.of(target, signal),
      cluster: target.cluster,
      helm3: settings.helm3,
      signal,
    };
    return {
      ...action,
      chart: loaded.chart,
      values,
      render: (used, release, chart) => renderRelease(object, chart ?? loaded.chart, used, release, world),
    };
  }

  /** Whether the chart has another artifact by now. */
  #isOutdated({ object, artifact }: Pass): boolean {
    const { kind, namespace, name } = chartKeyOf(object);
    const source = this.#world.sources[kind].get(namespace, name);
    const now = source === undefined ? undefined : artifactOf(source);
    return now !== undefined && (now.digest !== artifact.digest || now.revision !== artifact.revision);
  }

  async #open({ object, context, target, health }: Reach, isNewArtifact = (): boolean => false): Promise<Work> {
    const { settings } = this.#world;
    const notes: string[] = [];
    const observers = new Set<(release: Release) => void>();
    const records = await readRecords(object, context, target, this.#packChart, (release) => {
      for (const observer of observers) observer(release);
    });
    const overtaken = new AbortController();
    const unsubscribe = context.onOvertaken((cause) => {
      if (settings.cancelHealthChecks && supersedes(cause, isNewArtifact)) overtaken.abort(new Overtaken(cause));
    });
    return {
      records,
      notes: () => notes,
      overtaken: overtaken.signal,
      ledger: this.drift.ledgerOf(keyOf(object), target.clusterKey),
      action: {
        object,
        cluster: target.cluster,
        live: target.live,
        records,
        health,
        clock: context.clock,
        signal: context.signal,
        concurrency: settings.requestConcurrency,
        helm3: settings.helm3,
        note: (line) => notes.push(line),
        overtaken: overtaken.signal,
      },
      observe: (observer) => {
        observers.add(observer);
        return () => observers.delete(observer);
      },
      end: unsubscribe,
    };
  }

  async #state({ object, context, values, loaded }: Pass, { records, ledger, action }: Work): Promise<ReleaseState> {
    const { fields } = context.status;
    const release = records.last();
    try {
      const state = releaseState({ object, status: fields, release, chart: loaded.chart.metadata, values });
      const mode = object.spec.driftDetection?.mode ?? 'disabled';
      if (state.type !== 'InSync' || mode === 'disabled' || release === undefined) return state;
      const drift = await detectDrift(release, ledger, action);
      return drift.length === 0 ? state : { type: 'Drifted', drift };
    } catch (error) {
      context.signal.throwIfAborted();
      throw stateError(error);
    }
  }

  async #act(name: ActionName, pass: Pass, work: Work, drift: Drift): Promise<void> {
    const { object, context, target } = pass;
    const { status, log } = context;
    const { retryByDefault } = this.#world.settings;
    const message = `Running '${name}' action with timeout of ${formatDuration(timeoutOf(object, name))}`;
    status.reconciling('Progressing', message);
    if (actionType(name) === 'release') status.set('Ready', 'Unknown', 'Progressing', message);
    context.progress();
    log.info(message);
    try {
      await runAction(name, { ...work, object, context, drift, retryByDefault, action: this.#releaseContext(pass, work) });
    } catch (error) {
      context.signal.throwIfAborted();
      if (work.overtaken.aborted) throw error;
      const retry = activeRetry(object.spec, status.fields, retryByDefault);
      if (retry !== undefined) throw new RetryLater(retry);
      if (status.has('Ready')) status.set('Ready', 'False', 'ReconcileError', errorMessage(error));
      throw error;
    } finally {
      // What the chart has brought with it may be served now. Other changes of the engine's own cluster are watched.
      if (mayDefineKinds(pass.loaded.chart, pass.values, work.records.last()?.manifest ?? '')) this.#capabilities.forget(target);
    }
  }

  /** The action that comes next has run in this pass already: another pass goes on, when there is one to come. */
  #notAgain(pass: Pass): Outcome {
    const { object, context } = pass;
    const { status } = context;
    const retry = activeRetry(object.spec, status.fields, this.#world.settings.retryByDefault);
    if (retry !== undefined) return retryLater(context, retry);
    const remediation = activeRemediation(object.spec, status.fields);
    if (remediation === undefined || !remediation.retriesExhausted) return goOn(context);
    status.remove('Reconciling');
    return succeeded(object, context);
  }

  #afterRemediation(pass: Pass): Outcome {
    const { object, context } = pass;
    const { fields } = context.status;
    const retry = activeRetry(object.spec, fields, this.#world.settings.retryByDefault);
    if (retry !== undefined) return retryLater(context, retry);
    const remediation = activeRemediation(object.spec, fields);
    if (remediation === undefined || !remediation.retriesExhausted || remediation.uninstallAfterUpgrade) return goOn(context);
    return retriesExceeded(object, context, this.#patience);
  }

  async #uninstall(reach: Reach): Promise<void> {
    const { object, context } = reach;
    if (latest(context.status.fields.history) === undefined) return;
    const work = await this.#open(reach);
    try {
      await context.stage('uninstall', () => runUninstall({ ...work, object, context }, 'removal'));
    } finally {
      work.end();
      summarize(object, context.status);
    }
  }

  async finalize(object: HelmRelease, context: HelmReleaseContext): Promise<void> {
    const { fields } = context.status;
    const { settings, cluster, sources } = this.#world;
    if (object.spec.suspend !== true) {
      if (fields.storageNamespace !== undefined && fields.storageNamespace !== '') await this.#remove(object, context);
      await deleteChartObject(object, context, { cluster, charts: sources.HelmChart, settings });
    }
    this.forget(keyOf(object));
  }

  async #remove(object: HelmRelease, context: HelmReleaseContext): Promise<void> {
    const { signal, log, status } = context;
    if (!(await this.#targets.canAct(object, signal))) {
      // Nobody to uninstall as; waiting for the account would hold the namespace for ever.
      log.error('skipping Helm release uninstallation', new Error('failed to find account to impersonate'));
      return;
    }
    const target = await this.#targets.of(object, signal);
    try {
      await this.#uninstall({ object, context, target, health: healthReader(object) });
    } finally {
      if (!signal.aborted) context.progress();
    }
    forget(status.fields);
  }

  forget(key: string): void {
    this.drift.forget(key);
    this.#patience.forget(key);
    this.#targets.release(key);
  }

  async stop(): Promise<void> {
    this.drift.stop();
    this.#targets.stop();
    this.#capabilities.stop();
    await this.#renderer.close();
  }
}

/** Whether kinds or API services may have come with a release. */
function mayDefineKinds(chart: Chart, values: Values, manifest: string): boolean {
  return /^kind: (?:CustomResourceDefinition|APIService)$/m.test(manifest) || crdsOfChart(chart, values).length > 0;
}

/** What it takes to get at a release. */
interface Reach {
  readonly object: HelmRelease;
  readonly context: HelmReleaseContext;
  readonly target: HelmTarget;
  readonly health: HealthReader;
}

/** What it takes to make one. */
interface Pass extends Reach {
  readonly values: Values;
  readonly artifact: Artifact;
  readonly loaded: LoadedChart;
}

/** What is open while there are actions. */
interface Work {
  readonly records: ReleaseRecords;
  readonly action: ActionContext;
  readonly notes: () => readonly string[];
  readonly ledger: Ledger;
  readonly overtaken: AbortSignal;
  readonly observe: ActionRun['observe'];
  readonly end: () => void;
}
