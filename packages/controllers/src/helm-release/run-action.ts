import { errorMessage, formatDuration } from '@sluice/core';
import type { HelmRelease, ReleaseSnapshot } from '@sluice/api';
import type { Release } from '@sluice/helm';
import type { ReconcileContext } from '@sluice/runtime';
import type { Ledger } from '../apply/ledger.js';
import { referenceOf } from '../apply/reference.js';
import { inventoryOf } from '../kustomization/inventory.js';
import type { ActionContext, ReleaseContext } from './actions/context.js';
import { chartDefinitions } from './actions/crds.js';
import { install, withStatus } from './actions/install.js';
import { manifestObjects } from './actions/objects.js';
import { rollback } from './actions/rollback.js';
import { testFilter, testRelease } from './actions/test.js';
import { AlreadyUninstalledError, NoReleaseError, uninstall } from './actions/uninstall.js';
import { upgrade } from './actions/upgrade.js';
import { valuesDigest } from './digests.js';
import type { Drift } from './drift.js';
import { correctDrift } from './drift-detection.js';
import { latest, previous, sortHistory } from './history.js';
import { aboutSnapshot, messages, releaseEvent, type EventAbout } from './messages.js';
import { Overtaken } from './outcomes.js';
import { activeRemediation, clearFailures, retryOf, upgradeRemediation } from './remediation.js';
import { fullName, hasBeenTested, snapshotOf, targets, testHooksOf } from './snapshot.js';
import { releaseName, releaseNamespace, type ActionName, type HelmReleaseStatus } from './spec.js';
import { summarize } from './summary.js';

export interface UninstallRun {
  readonly object: HelmRelease;
  readonly context: ReconcileContext<HelmReleaseStatus>;
  readonly action: ActionContext;
  readonly ledger: Ledger;
  /** What was noted while the action ran. */
  readonly notes: () => readonly string[];
  /** Told of each record that is written; the result ends it. */
  readonly observe: (observer: (release: Release) => void) => () => void;
}

export interface ActionRun extends UninstallRun {
  readonly action: ReleaseContext;
  readonly retryByDefault: boolean;
  /** What is to be corrected. */
  readonly drift: Drift;
}

/**
 * Runs an action, and tells of it in the status and by an event. An action that failed after it changed the release's
 * records ends well here: what comes next follows from the state. One that changed nothing throws.
 */
export async function runAction(name: ActionName, run: ActionRun): Promise<void> {
  try {
    await run.context.stage(name, () => ACTIONS[name](run));
  } finally {
    // What these two have done shows in what the next look at the release says.
    if (name !== 'uninstall' && name !== 'correct cluster drift') summarize(run.object, run.context.status);
  }
}

const ACTIONS: Readonly<Record<ActionName, (run: ActionRun) => Promise<void>>> = {
  install: (run) => release('install', run),
  upgrade: (run) => release('upgrade', run),
  test: runTests,
  rollback: runRollback,
  uninstall: (run) => runUninstall(run, 'remediation'),
  unlock,
  'correct cluster drift': correct,
};

async function release(action: 'install' | 'upgrade', run: ActionRun): Promise<void> {
  const { context, action: made } = run;
  const { status, clock } = context;
  const { fields } = status;
  fields.lastAttemptedReleaseAction = action;
  // What was installed before is nothing to go back to.
  if (action === 'install') delete fields.history;
  status.remove('TestSuccess', 'Remediated');
  const observed = new Map<number, Release>();
  const unobserve = run.observe((record) => observed.set(record.version, record));
  const startedAt = clock.now();
  let failure: unknown;
  try {
    await (action === 'install' ? install(made) : upgrade(made));
  } catch (error) {
    failure = error;
  } finally {
    unobserve();
  }
  fields.lastAttemptedReleaseActionDuration = formatDuration(clock.now() - startedAt);
  recordReleases(fields, observed, action);
  await recordInventory(run);
  context.signal.throwIfAborted();
  if (failure === undefined) return released(action, run);
  if (failure instanceof Overtaken) {
    status.set('Released', 'False', ...failedBy(action, run, failure));
    throw failure;
  }
  releaseFailed(action, run, failure);
  if (observed.size === 0) throw failure;
  // Without a new revision nothing needs to be remediated: such failures don't count.
  if (action === 'install') fields.installFailures = (fields.installFailures ?? 0) + 1;
  else fields.upgradeFailures = (fields.upgradeFailures ?? 0) + 1;
}

/** The newest revision joins the history; others that were changed are changed there. */
function recordReleases(fields: HelmReleaseStatus, observed: ReadonlyMap<number, Release>, action: 'install' | 'upgrade'): void {
  const [newest, ...others] = [...observed.values()].sort((a, b) => b.version - a.version);
  if (newest === undefined) return;
  const updated = (fields.history ?? []).map((snapshot) => {
    const changed = others.find((record) => targets(snapshot, record));
    return changed === undefined ? snapshot : resnapshot(changed, snapshot, snapshot.action);
  });
  fields.history = [snapshotOf(newest, { action, ociDigest: fields.lastAttemptedRevisionDigest }), ...updated];
}

function resnapshot(record: Release, { ociDigest, testHooks }: ReleaseSnapshot, action: string | undefined): ReleaseSnapshot {
  return snapshotOf(record, { ociDigest, testHooks, action });
}

/** What the release consists of now: its objects, and the definitions of its chart. */
async function recordInventory({ context, action }: ActionRun): Promise<void> {
  const { records, cluster, chart, values, signal } = action;
  const last = records.last();
  if (last === undefined) return;
  try {
    const objects = await manifestObjects(last.manifest, last.namespace, cluster, signal);
    context.status.fields.inventory = inventoryOf([...objects, ...chartDefinitions(chart, values).definitions].map(referenceOf));
  } catch (error) {
    if (signal.aborted) return;
    const { namespace, name } = action.object.metadata;
    context.event({
      severity: 'error',
      reason: 'InventoryBuildFailed',
      message: `failed to build inventory for ${namespace}/${name}: ${errorMessage(error)}`,
    });
  }
}

function released(action: 'install' | 'upgrade', { object, context, retryByDefault }: ActionRun): void {
  const { status } = context;
  const made = latest(status.fields.history);
  if (made === undefined) throw new Error('the release was made, but its record is not there');
  const [reason, message] =
    action === 'install'
      ? (['InstallSucceeded', messages.installed(made)] as const)
      : (['UpgradeSucceeded', messages.upgraded(made)] as const);
  status.set('Released', 'True', reason, message);
  if (object.spec.test?.enable === true && !hasBeenTested(made))
    status.set('TestSuccess', 'Unknown', 'AwaitingTests', messages.testsAwaited(made));
  // Where retrying is all that is done about failures, they are of no interest any more.
  if (retryOf(object.spec, action, retryByDefault) !== undefined) clearFailures(status.fields);
  context.event(releaseEvent('info', reason, message, aboutSnapshot(made)));
}

function releaseFailed(action: 'install' | 'upgrade', run: ActionRun, error: unknown): void {
  const [reason, message] = failedBy(action, run, error);
  fail(run, 'Released', reason, message, attempt(run));
}

function failedBy(action: 'install' | 'upgrade', { object, action: { chart } }: ActionRun, error: unknown): [string, string] {
  const release = `${releaseNamespace(object)}/${releaseName(object)}`;
  const { name, version } = chart.metadata;
  const message = messages.releaseFailed(action, release, `${name}@${version}`, errorMessage(error).trim());
  return [action === 'install' ? 'InstallFailed' : 'UpgradeFailed', message];
}

/** What is told of an attempt that made nothing. */
function attempt({ action, context }: ActionRun): EventAbout {
  const { version, appVersion } = action.chart.metadata;
  return {
    revision: version,
    token: valuesDigest(action.values),
    appVersion,
    ociDigest: context.status.fields.lastAttemptedRevisionDigest,
  };
}

function fail({ context, notes }: UninstallRun, condition: string, reason: string, message: string, about: EventAbout): void {
  const { status } = context;
  status.fields.failures = (status.fields.failures ?? 0) + 1;
  status.set(condition, 'False', reason, message);
  const log = notes();
  context.event(releaseEvent('error', reason, log.length === 0 ? message : `${message}\n\nLast Helm logs:\n\n${log.join('\n')}`, about));
}

async function runTests(run: ActionRun): Promise<void> {
  const { object, context, action } = run;
  const { status } = context;
  const { fields } = status;
  const current = latest(fields.history);
  const record = action.records.last();
  if (current === undefined || record === undefined) throw new Error('no latest release: required for test');
  const unobserve = run.observe((written) => {
    const newest = latest(fields.history);
    if (newest === undefined || !targets(newest, written)) return;
    const tested = snapshotOf(written, {
      action: newest.action,
      ociDigest: newest.ociDigest,
      testHooks: testHooksOf(written, testFilter(object)),
    });
    fields.history = [tested, ...sortHistory(fields.history).slice(1)];
  });
  try {
    await testRelease(record, action);
  } catch (error) {
    context.signal.throwIfAborted();
    const newest = latest(fields.history) ?? current;
    fail(run, 'TestSuccess', 'TestFailed', messages.testsFailed(newest, errorMessage(error).trim()), aboutSnapshot(newest));
    if (!hasBeenTested(newest)) throw error;
    const remediation = activeRemediation(object.spec, fields);
    if (remediation?.ignoreTestFailures !== false) return;
    if (fields.lastAttemptedReleaseAction === 'install') fields.installFailures = (fields.installFailures ?? 0) + 1;
    else fields.upgradeFailures = (fields.upgradeFailures ?? 0) + 1;
    return;
  } finally {
    unobserve();
  }
  const newest = latest(fields.history) ?? current;
  const message = messages.testsSucceeded(newest, Object.keys(newest.testHooks ?? {}).length);
  status.set('TestSuccess', 'True', 'TestSucceeded', message);
  context.event(releaseEvent('info', 'TestSucceeded', message, aboutSnapshot(newest)));
}

async function runRollback(run: ActionRun): Promise<void> {
  const { object, context, action } = run;
  const { status } = context;
  const { fields } = status;
  const before = latest(fields.history);
  const target = previous(fields.history, upgradeRemediation(object.spec, fields).ignoreTestFailures);
  if (before === undefined || target === undefined) throw new Error('missing target release for rollback: required to rollback');
  const about = { ...aboutSnapshot(target), token: valuesDigest(action.values) };
  const unobserve = run.observe((written) => {
    const known = (fields.history ?? []).some((snapshot) => targets(snapshot, written));
    const updated = (fields.history ?? []).map((snapshot) =>
      targets(snapshot, written) ? resnapshot(written, snapshot, 'rollback') : snapshot,
    );
    fields.history = known ? updated : [snapshotOf(written), ...updated];
  });
  try {
    await rollback(target.version, action);
  } catch (error) {
    context.signal.throwIfAborted();
    fail(run, 'Remediated', 'RollbackFailed', messages.rollbackFailed(target, errorMessage(error).trim()), about);
    if (latest(fields.history)?.digest === before.digest) throw error;
    return;
  } finally {
    unobserve();
    await recordInventory(run);
  }
  const message = messages.rolledBack(target);
  status.set('Remediated', 'True', 'RollbackSucceeded', message);
  context.event(releaseEvent('info', 'RollbackSucceeded', message, about));
}

/** Uninstalls: to remediate, or because the release is not wanted any more. */
export async function runUninstall(run: UninstallRun, why: 'remediation' | 'removal'): Promise<void> {
  const { context } = run;
  const { status } = context;
  const { fields } = status;
  const before = latest(fields.history);
  if (before === undefined) throw new Error('no latest release: required to uninstall');
  const [condition, told] =
    why === 'removal'
      ? (['Released', { succeeded: messages.uninstalled, failed: messages.uninstallFailed }] as const)
      : (['Remediated', { succeeded: messages.remediatedByUninstall, failed: messages.remediationByUninstallFailed }] as const);
  const unobserve = run.observe((written) => {
    const action = why === 'removal' ? 'uninstall' : 'uninstall-remediation';
    fields.history = (fields.history ?? []).map((snapshot) =>
      targets(snapshot, written) ? resnapshot(written, snapshot, action) : snapshot,
    );
  });
  try {
    await uninstall(before.name, run.action);
  } catch (error) {
    context.signal.throwIfAborted();
    if (why === 'removal' && error instanceof NoReleaseError) {
      return status.set('Released', 'False', 'UninstallSucceeded', `Release ${fullName(before)} was not found, assuming it is uninstalled`);
    }
    if (why === 'removal' && error instanceof AlreadyUninstalledError) {
      return status.set('Released', 'False', 'UninstallSucceeded', `Release ${fullName(before)} was already uninstalled`);
    }
    const there = latest(fields.history) ?? before;
    fail(run, condition, 'UninstallFailed', told.failed(there, errorMessage(error).trim()), aboutSnapshot(there));
    if (why === 'removal' || there.digest === before.digest) throw error;
    return;
  } finally {
    unobserve();
  }
  const gone = latest(fields.history) ?? before;
  const message = told.succeeded(gone);
  run.ledger.clear();
  if (why === 'removal') delete fields.inventory;
  status.set(condition, why === 'removal' ? 'False' : 'True', 'UninstallSucceeded', message);
  context.event(releaseEvent('info', 'UninstallSucceeded', message, aboutSnapshot(gone)));
}

/** A release whose action has not ended is told to have failed: whoever was at it is gone, as only one of us is at it at a time. */
async function unlock(run: ActionRun): Promise<void> {
  const { context, action } = run;
  const { fields } = context.status;
  const record = action.records.last();
  if (record === undefined || !record.info.status.startsWith('pending-')) return;
  const phase = record.info.status;
  const known = (fields.history ?? []).find((snapshot) => targets(snapshot, record));
  const locked = snapshotOf(record, { ociDigest: known?.ociDigest });
  // Nobody had the time to note that it was begun. It follows what is known: that stays, to be gone back to.
  const newest = latest(fields.history);
  if (known === undefined && newest?.version === record.version - 1) fields.history = [locked, ...sortHistory(fields.history)];
  const unobserve = run.observe((written) => {
    fields.history = (fields.history ?? []).map((snapshot) =>
      targets(snapshot, written) ? snapshotOf(written, { ociDigest: snapshot.ociDigest, action: snapshot.action }) : snapshot,
    );
  });
  try {
    await action.records.update(withStatus(record, 'failed', `Release unlocked from stale '${phase}' state`));
  } catch (error) {
    context.signal.throwIfAborted();
    fail(run, 'Released', 'PendingRelease', messages.unlockFailed(locked, phase, errorMessage(error).trim()), aboutSnapshot(locked));
    throw error;
  } finally {
    unobserve();
  }
  const message = messages.unlocked(locked, phase);
  context.status.set('Released', 'False', 'PendingRelease', message);
  context.event(releaseEvent('info', 'PendingRelease', message, aboutSnapshot(locked)));
}

async function correct({ context, action, drift, ledger }: ActionRun): Promise<void> {
  const current = latest(context.status.fields.history);
  if (current === undefined) return;
  context.status.set('Ready', 'Unknown', 'Progressing', 'correcting cluster drift');
  const { done, errors } = await correctDrift(drift, ledger, action);
  const release = fullName(current);
  if (errors.length > 0) {
    const partly = done.length === 0 ? '' : 'partially ';
    const log = done.length === 0 ? '' : `\n\nSuccessful corrections:\n${done.join('\n')}`;
    const message = `Failed to ${partly}correct cluster state of release ${release}:\n${errors.join('\n')}${log}`;
    context.event(releaseEvent('error', 'DriftCorrectionFailed', message, aboutSnapshot(current)));
  } else if (done.length > 0) {
    const message = `Cluster state of release ${release} has been corrected:\n${done.join('\n')}`;
    context.event(releaseEvent('info', 'DriftCorrected', message, aboutSnapshot(current)));
  }
}
