import type { ReleaseSnapshot } from '@sluice/api';
import { hasFailedTest } from './snapshot.js';

/** Snapshots of releases; the newest first, once they are sorted. */
export type History = readonly ReleaseSnapshot[];

/** How many snapshots are kept when none of them is worth going back to. */
const LONGEST = 5;

export function sortHistory(history: History | undefined): History {
  return (history ?? []).toSorted((a, b) => b.version - a.version);
}

export function latest(history: History | undefined): ReleaseSnapshot | undefined {
  return sortHistory(history)[0];
}

/** The last release before the latest that was good; one with failed tests is not, unless these don't count. */
export function previous(history: History | undefined, ignoreTests: boolean): ReleaseSnapshot | undefined {
  return sortHistory(history)
    .slice(1)
    .find((snapshot) => isGood(snapshot, ignoreTests));
}

function isGood(snapshot: ReleaseSnapshot, ignoreTests: boolean): boolean {
  return (snapshot.status === 'deployed' || snapshot.status === 'superseded') && (ignoreTests || !hasFailedTest(snapshot));
}

/** Up to the last good release before the latest: that one may be gone back to. */
export function truncate(history: History | undefined, ignoreTests: boolean): History {
  const sorted = sortHistory(history);
  const index = sorted.findIndex((snapshot, at) => at > 0 && isGood(snapshot, ignoreTests));
  return sorted.slice(0, index < 0 ? LONGEST : index + 1);
}

/** The newest ones only. */
export function truncateToNewest(history: History | undefined): History {
  return sortHistory(history).slice(0, LONGEST);
}
