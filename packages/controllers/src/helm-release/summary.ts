import type { HelmRelease } from '@sluice/api';
import { findCondition, type StatusDraft } from '@sluice/runtime';
import { commonMetadataDigest, postRenderersDigest } from './digests.js';
import type { HelmReleaseStatus } from './spec.js';

/**
 * Makes Ready of the conditions that tell of actions: the newest of them, and of equally new ones remediation before tests
 * before the release. A release that had to be remediated is not ready. What was rendered with is noted as observed.
 */
export function summarize({ spec }: HelmRelease, status: StatusDraft<HelmReleaseStatus>): void {
  const { enable = false, ignoreFailures = false } = spec.test ?? {};
  if (!enable) status.remove('TestSuccess');
  const types = enable && !ignoreFailures ? ['Remediated', 'TestSuccess', 'Released'] : ['Remediated', 'Released'];
  const told = types.flatMap((type) => findCondition(status.conditions, type) ?? []);
  const [first, ...others] = told;
  if (first !== undefined) {
    const newest = others.reduce((best, other) => ((other.observedGeneration ?? 0) > (best.observedGeneration ?? 0) ? other : best), first);
    const isReady = newest.type === 'Remediated' ? 'False' : newest.status;
    if (isReady === 'True') status.remove('Stalled');
    status.set('Ready', isReady, newest.reason, newest.message);
  }
  note(status.fields, 'observedPostRenderersDigest', postRenderersDigest(spec));
  note(status.fields, 'observedCommonMetadataDigest', commonMetadataDigest(spec));
}

function note(fields: HelmReleaseStatus, field: 'observedPostRenderersDigest' | 'observedCommonMetadataDigest', digest: string): void {
  if (digest === '') delete fields[field];
  else fields[field] = digest;
}
