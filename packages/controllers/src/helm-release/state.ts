import type { HelmRelease } from '@sluice/api';
import type { ChartMetadata, Release, Values } from '@sluice/helm';
import { commonMetadataDigest, postRenderersDigest, verifyValues } from './digests.js';
import type { Drift } from './drift.js';
import { latest } from './history.js';
import { activeRemediation } from './remediation.js';
import { hasBeenTested, hasFailedTest, isObserved } from './snapshot.js';
import type { HelmReleaseStatus } from './spec.js';

/** How a release stands, compared with what is wanted. */
export type ReleaseState =
  /** There is none. */
  | { readonly type: 'Absent'; readonly reason: string }
  /** There is one that was not made, or was changed, by somebody else. */
  | { readonly type: 'Unmanaged'; readonly reason: string }
  /** Of another chart, other values, or other post-rendering. */
  | { readonly type: 'OutOfSync'; readonly reason: string }
  /** An action on it has not ended: whoever was at it is gone. */
  | { readonly type: 'Locked'; readonly reason: string }
  | { readonly type: 'Untested' }
  | { readonly type: 'Failed'; readonly reason?: string }
  | { readonly type: 'Drifted'; readonly drift: Drift }
  | { readonly type: 'InSync' };

export interface StateInput {
  readonly object: HelmRelease;
  /** As it is by now. */
  readonly status: HelmReleaseStatus;
  /** The newest revision in Helm's storage. */
  readonly release: Release | undefined;
  readonly chart: Pick<ChartMetadata, 'name' | 'version'>;
  readonly values: Readonly<Values>;
}

/**
 * How the release stands by its record alone; whether the objects in the cluster are still as they were applied is to be
 * seen for one that is `InSync`. Throws for a record that nothing can be said of.
 */
export function releaseState({ object, status, release, chart, values }: StateInput): Exclude<ReleaseState, { readonly type: 'Drifted' }> {
  if (release === undefined) return { type: 'Absent', reason: 'no release in storage for object' };
  const { spec, metadata } = object;
  const { status: phase } = release.info;
  if (phase.startsWith('pending-')) return { type: 'Locked', reason: `release with status '${phase}'` };
  const current = latest(status.history);
  if (current === undefined) {
    if (phase === 'uninstalled') return { type: 'Absent', reason: 'found uninstalled release in storage' };
    return { type: 'Unmanaged', reason: 'found existing release in storage' };
  }
  if (!isObserved(current, release)) return { type: 'Unmanaged', reason: 'release not observed to be made for object' };
  if (phase === 'failed') return { type: 'Failed' };
  if (phase === 'uninstalled') return { type: 'Absent', reason: 'found uninstalled release in storage' };
  if (phase !== 'deployed') throw new Error(`unable to determine state for release with status '${phase}'`);

  const made = release.chart.metadata;
  if (made['name'] !== chart.name || made['version'] !== chart.version) return { type: 'OutOfSync', reason: 'release chart changed' };
  if (!verifyValues(current.configDigest, values)) return { type: 'OutOfSync', reason: 'release config values changed' };
  // Within a generation these can't change, and after a release they are noted.
  if (status.observedGeneration !== metadata.generation) {
    if (postRenderersDigest(spec) !== (status.observedPostRenderersDigest ?? '')) {
      return { type: 'OutOfSync', reason: 'postrenderers digest has changed' };
    }
    if (commonMetadataDigest(spec) !== (status.observedCommonMetadataDigest ?? '')) {
      return { type: 'OutOfSync', reason: 'common metadata digest has changed' };
    }
  }
  if (spec.test?.enable === true) {
    if (!hasBeenTested(current)) return { type: 'Untested' };
    const remediation = activeRemediation(spec, status);
    if (remediation?.ignoreTestFailures === false && hasFailedTest(current)) {
      return { type: 'Failed', reason: 'release has test in failed phase' };
    }
  }
  return { type: 'InSync' };
}
