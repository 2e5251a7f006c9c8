import type { ReleaseSnapshot } from '@sluice/api';
import type { EventInput, Severity } from '@sluice/runtime';
import { chartOf, fullName } from './snapshot.js';

/** What is said of actions: in conditions, and in events. */
export const messages = {
  installed: (made: ReleaseSnapshot): string => `Helm install succeeded for release ${fullName(made)} with chart ${chartOf(made)}`,
  upgraded: (made: ReleaseSnapshot): string => `Helm upgrade succeeded for release ${fullName(made)} with chart ${chartOf(made)}`,
  releaseFailed: (action: 'install' | 'upgrade', release: string, chart: string, why: string): string =>
    `Helm ${action} failed for release ${release} with chart ${chart}: ${why}`,
  testsAwaited: (made: ReleaseSnapshot): string => `Helm release ${fullName(made)} with chart ${chartOf(made)} is awaiting tests`,
  testsFailed: (made: ReleaseSnapshot, why: string): string =>
    `Helm test failed for release ${fullName(made)} with chart ${chartOf(made)}: ${why}`,
  testsSucceeded: (made: ReleaseSnapshot, tests: number): string =>
    `Helm test succeeded for release ${fullName(made)} with chart ${chartOf(made)}: ${testCount(tests)}`,
  rolledBack: (target: ReleaseSnapshot): string =>
    `Helm rollback to previous release ${fullName(target)} with chart ${chartOf(target)} succeeded`,
  rollbackFailed: (target: ReleaseSnapshot, why: string): string =>
    `Helm rollback to previous release ${fullName(target)} with chart ${chartOf(target)} failed: ${why}`,
  remediatedByUninstall: (gone: ReleaseSnapshot): string =>
    `Helm uninstall remediation for release ${fullName(gone)} with chart ${chartOf(gone)} succeeded`,
  remediationByUninstallFailed: (there: ReleaseSnapshot, why: string): string =>
    `Helm uninstall remediation for release ${fullName(there)} with chart ${chartOf(there)} failed: ${why}`,
  uninstalled: (gone: ReleaseSnapshot): string => `Helm uninstall succeeded for release ${fullName(gone)} with chart ${chartOf(gone)}`,
  uninstallFailed: (there: ReleaseSnapshot, why: string): string =>
    `Helm uninstall failed for release ${fullName(there)} with chart ${chartOf(there)}: ${why}`,
  unlocked: (there: ReleaseSnapshot, phase: string): string =>
    `Unlocked Helm release ${fullName(there)} with chart ${chartOf(there)} in ${phase} state`,
  unlockFailed: (there: ReleaseSnapshot, phase: string, why: string): string =>
    `Unlock of Helm release ${fullName(there)} with chart ${chartOf(there)} in ${phase} state failed: ${why}`,
  drifted: (there: ReleaseSnapshot | undefined, summary: string): string =>
    `Cluster state of release ${there === undefined ? '' : fullName(there)} has drifted from the desired state:\n${summary}`,
} as const;

function testCount(tests: number): string {
  return tests === 0 ? 'no test hooks' : `${tests} test ${tests === 1 ? 'hook' : 'hooks'} completed successfully`;
}

/** What an event is about, besides its message. */
export interface EventAbout {
  /** The version of the chart. */
  readonly revision?: string | undefined;
  /** The digest of the values. */
  readonly token?: string | undefined;
  readonly appVersion?: string | undefined;
  readonly ociDigest?: string | undefined;
}

const GROUP = 'helm.toolkit.fluxcd.io';

export function releaseEvent(severity: Severity, reason: string, message: string, about: EventAbout = {}): EventInput {
  const metadata = Object.entries({
    revision: about.revision,
    token: about.token,
    'app-version': about.appVersion,
    'oci-digest': about.ociDigest,
  }).flatMap(([key, value]) => (value === undefined || value === '' ? [] : [[`${GROUP}/${key}`, value] as const]));
  return { severity, reason, message, ...(metadata.length === 0 ? {} : { metadata: Object.fromEntries(metadata) }) };
}

/** An event about a release that was made. */
export function aboutSnapshot({ chartVersion, configDigest, appVersion, ociDigest }: ReleaseSnapshot): EventAbout {
  return { revision: chartVersion, token: configDigest, appVersion, ociDigest };
}
