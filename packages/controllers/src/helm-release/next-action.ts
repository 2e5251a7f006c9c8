import type { HelmRelease, ReleaseSnapshot } from '@sluice/api';
import type { EventInput, StatusDraft } from '@sluice/runtime';
import { summarizeDrift } from './drift.js';
import { latest, previous, truncate, truncateToNewest } from './history.js';
import { messages, releaseEvent } from './messages.js';
import { activeRemediation, activeRetry, installRemediation, upgradeRemediation, type Remediation } from './remediation.js';
import { takeForceRequest } from './requests.js';
import type { ReleaseState } from './state.js';
import type { ActionName, HelmReleaseStatus } from './spec.js';
import { summarize } from './summary.js';

/** What kind of action it is: each kind is run at most once in a pass, and after a remediation the pass ends. */
export type ActionType = 'release' | 'remediate' | 'test' | 'unlock' | 'drift correction';

export function actionType(action: ActionName): ActionType {
  if (action === 'install' || action === 'upgrade') return 'release';
  if (action === 'rollback' || action === 'uninstall') return 'remediate';
  return action === 'correct cluster drift' ? 'drift correction' : action;
}

/** Nothing helps any more but a change of the spec, the values or the chart. */
export class RetriesExceeded extends Error {}

/** There is nothing to roll back to. */
export class MissingRollbackTarget extends Error {}

export interface NextActionWorld {
  /** Where a release acts by retrying, unless its spec says otherwise. */
  readonly retryByDefault: boolean;
  /** What has become of the record of a revision that was made for the object. */
  readonly recordOf: (snapshot: ReleaseSnapshot) => 'there' | 'gone' | 'changed';
  readonly tell: (event: EventInput) => void;
}

/**
 * What is to be done next about a release in a state; undefined when nothing is. Moves what follows from the decision
 * alone: the history to go back in, conditions, the force request. Throws when what should be done can't be.
 */
export function nextAction(
  object: HelmRelease,
  status: StatusDraft<HelmReleaseStatus>,
  state: ReleaseState,
  world: NextActionWorld,
): ActionName | undefined {
  const { fields } = status;
  const isForced = takeForceRequest(object, fields);
  switch (state.type) {
    case 'InSync':
      return inSync(object, status, isForced, world);
    case 'Locked':
      return 'unlock';
    case 'Absent':
      if (installRemediation(object.spec, fields).retriesExhausted && !isForced) throw exceeded('install release');
      return 'install';
    case 'Unmanaged':
      // What is remembered is of another release.
      delete fields.history;
      return 'upgrade';
    case 'OutOfSync':
      if (upgradeRemediation(object.spec, fields).retriesExhausted && !isForced) throw exceeded('upgrade release');
      return 'upgrade';
    case 'Drifted': {
      const message = messages.drifted(latest(fields.history), summarizeDrift(state.drift));
      world.tell(releaseEvent('error', 'DriftDetected', message));
      status.set('Drifted', 'True', 'DriftDetected', message);
      return object.spec.driftDetection?.mode === 'enabled' ? 'correct cluster drift' : undefined;
    }
    case 'Untested':
      replaceRemediated(status);
      return 'test';
    case 'Failed':
      return afterFailure(object, status, isForced, world);
  }
}

function exceeded(what: string): RetriesExceeded {
  return new RetriesExceeded(`exceeded maximum retries: cannot ${what}`);
}

function inSync(
  object: HelmRelease,
  status: StatusDraft<HelmReleaseStatus>,
  isForced: boolean,
  world: NextActionWorld,
): ActionName | undefined {
  const { spec } = object;
  const { fields } = status;
  const retry = activeRetry(spec, fields, world.retryByDefault);
  const ignoreTests = activeRemediation(spec, fields)?.ignoreTestFailures ?? spec.test?.ignoreFailures ?? false;
  fields.history = retry === undefined ? truncate(fields.history, ignoreTests) : truncateToNewest(fields.history);
  if (isForced) return 'upgrade';
  replaceRemediated(status);
  if (!status.has('Ready') || !status.has('Released')) {
    const reason = status.condition('Released')?.reason;
    const current = latest(fields.history);
    if (current !== undefined && (reason === 'InstallFailed' || reason === 'UpgradeFailed')) {
      if (reason === 'InstallFailed') status.set('Released', 'True', 'InstallSucceeded', messages.installed(current));
      else status.set('Released', 'True', 'UpgradeSucceeded', messages.upgraded(current));
      summarize(object, status);
    }
  }
  const mode = spec.driftDetection?.mode ?? 'disabled';
  if (mode !== 'disabled') status.set('Drifted', 'False', 'NoDriftDetected', 'No drift detected against the cluster state');
  return undefined;
}

/** A rollback can have led to just what is wanted: then it is a release like others. */
function replaceRemediated(status: StatusDraft<HelmReleaseStatus>): void {
  const current = latest(status.fields.history);
  if (!status.has('Remediated') || current === undefined) return;
  status.remove('Remediated');
  status.set('Released', 'True', 'UpgradeSucceeded', messages.upgraded(current));
}

function afterFailure(object: HelmRelease, status: StatusDraft<HelmReleaseStatus>, isForced: boolean, world: NextActionWorld): ActionName {
  const { fields } = status;
  if (activeRetry(object.spec, fields, world.retryByDefault) !== undefined) {
    fields.history = truncateToNewest(fields.history);
    return 'upgrade';
  }
  const remediation = activeRemediation(object.spec, fields);
  // Without a failure that counts, what it failed of has changed meanwhile.
  if (remediation === undefined || remediation.failureCount <= 0 || isForced) return 'upgrade';
  if (remediation.retriesExhausted && !remediation.lastFailure) throw exceeded('remediate failed release');
  fields.history = truncate(fields.history, remediation.ignoreTestFailures);
  return remediation.strategy === 'uninstall' ? 'uninstall' : rollbackIfPossible(remediation, fields, world);
}

function rollbackIfPossible({ ignoreTestFailures }: Remediation, { history }: HelmReleaseStatus, world: NextActionWorld): ActionName {
  const target = previous(history, ignoreTestFailures);
  if (target === undefined) throw new MissingRollbackTarget('missing target release for rollback: cannot remediate failed release');
  // What somebody has changed is nothing to go back to; another upgrade is the better try.
  return world.recordOf(target) === 'there' ? 'rollback' : 'upgrade';
}
