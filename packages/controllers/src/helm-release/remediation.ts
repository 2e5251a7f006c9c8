import { parseDuration } from '@sluice/core';
import type { HelmRelease } from '@sluice/api';
import type { HelmReleaseStatus } from './spec.js';

type Spec = HelmRelease['spec'];

/** What to do about a release action that failed, before it is tried again. */
export interface Remediation {
  readonly strategy: 'rollback' | 'uninstall';
  readonly retries: number;
  readonly failureCount: number;
  readonly retriesExhausted: boolean;
  readonly ignoreTestFailures: boolean;
  /** Also when no retries are left. */
  readonly lastFailure: boolean;
  /** Uninstalling is how upgrades are remediated; the next try installs, whose failures are counted apart. */
  readonly uninstallAfterUpgrade: boolean;
}

const DEFAULT_RETRY_INTERVAL_MS = 300_000;

export function installRemediation({ install, test }: Spec, { installFailures = 0 }: HelmReleaseStatus): Remediation {
  const { retries = 0, ignoreTestFailures = test?.ignoreFailures ?? false, remediateLastFailure = false } = install?.remediation ?? {};
  return {
    strategy: 'uninstall',
    retries,
    failureCount: installFailures,
    retriesExhausted: isExhausted(retries, installFailures),
    ignoreTestFailures,
    lastFailure: remediateLastFailure,
    uninstallAfterUpgrade: false,
  };
}

export function upgradeRemediation({ upgrade, test }: Spec, { upgradeFailures = 0 }: HelmReleaseStatus): Remediation {
  const { retries = 0, strategy = 'rollback', ...rest } = upgrade?.remediation ?? {};
  const { ignoreTestFailures = test?.ignoreFailures ?? false, remediateLastFailure = retries > 0 } = rest;
  return {
    strategy,
    retries,
    failureCount: upgradeFailures,
    retriesExhausted: isExhausted(retries, upgradeFailures),
    ignoreTestFailures,
    lastFailure: remediateLastFailure,
    uninstallAfterUpgrade: strategy === 'uninstall',
  };
}

/** A negative number of retries has no end. */
function isExhausted(retries: number, failures: number): boolean {
  return retries >= 0 && failures > retries;
}

/** For what was tried last; undefined when nothing was. */
export function activeRemediation(spec: Spec, status: HelmReleaseStatus): Remediation | undefined {
  if (status.lastAttemptedReleaseAction === 'install') return installRemediation(spec, status);
  return status.lastAttemptedReleaseAction === 'upgrade' ? upgradeRemediation(spec, status) : undefined;
}

/** Just try again after a while, instead of remediating: how long a while, in milliseconds; undefined where that is not wanted. */
export function activeRetry(spec: Spec, status: HelmReleaseStatus, byDefault: boolean): number | undefined {
  const action = status.lastAttemptedReleaseAction;
  return action === undefined ? undefined : retryOf(spec, action, byDefault);
}

export function retryOf(spec: Spec, action: 'install' | 'upgrade', byDefault: boolean): number | undefined {
  const strategy = spec[action]?.strategy;
  if (strategy === undefined) return byDefault ? DEFAULT_RETRY_INTERVAL_MS : undefined;
  if (strategy.name !== 'RetryOnFailure') return undefined;
  return strategy.retryInterval === undefined ? DEFAULT_RETRY_INTERVAL_MS : parseDuration(strategy.retryInterval);
}

export function clearFailures(status: HelmReleaseStatus): void {
  delete status.failures;
  delete status.installFailures;
  delete status.upgradeFailures;
}
