import type { GitRepository } from '@sluice/api';
import type { CommonStatus, Condition, StatusDraft } from '@sluice/runtime';

type Recorded = NonNullable<GitRepository['status']>;

/** The status while a pass works on it. */
export type GitRepositoryStatus = CommonStatus & { -readonly [Field in Exclude<keyof Recorded, keyof CommonStatus>]?: Recorded[Field] };

/** The order in which conditions decide over Ready: the first that is in its bad state does. */
const DECIDING = [
  'StorageOperationFailed',
  'FetchFailed',
  'IncludeUnavailable',
  'ArtifactOutdated',
  'ArtifactInStorage',
  'SourceVerified',
  'Stalled',
  'Reconciling',
];

/** These are good when they are true. */
const POSITIVE = new Set(['ArtifactInStorage', 'SourceVerified']);

/** The conditions that say that something has failed. */
export const FAILURES = ['FetchFailed', 'IncludeUnavailable', 'StorageOperationFailed'];

/** Ready takes status, reason and message of the condition that decides; a failed verification always wins. */
export function summarize(status: StatusDraft<GitRepositoryStatus>): void {
  const decisive = decisiveCondition(status);
  if (decisive === undefined) return;
  const { condition, good } = decisive;
  status.set('Ready', good ? 'True' : 'False', condition.reason, condition.message);
}

function decisiveCondition(status: StatusDraft<GitRepositoryStatus>): { condition: Condition; good: boolean } | undefined {
  const unverified = status.condition('SourceVerified');
  if (unverified?.status === 'False') return { condition: unverified, good: false };
  for (const type of DECIDING) {
    const condition = status.condition(type);
    if (condition?.status === (POSITIVE.has(type) ? 'False' : 'True')) return { condition, good: false };
  }
  const condition = [...POSITIVE].map((type) => status.condition(type)).find((positive) => positive?.status === 'True');
  return condition === undefined ? undefined : { condition, good: true };
}

/** Shows that the object is being worked on. Ready keeps what it says unless something new was found. */
export function showProgress(status: StatusDraft<GitRepositoryStatus>, message: string, found: 'nothing new' | 'something new'): void {
  const ready = status.condition('Ready');
  if (found === 'something new' || ready === undefined || ready.status === 'Unknown')
    status.set('Ready', 'Unknown', 'Progressing', message);
  status.reconciling('Progressing', message);
}
