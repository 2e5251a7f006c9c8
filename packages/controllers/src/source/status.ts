import type { Artifact } from '@sluice/api';
import type { CommonStatus, Condition, StatusDraft } from '@sluice/runtime';

/** What the statuses of all sources share. */
export interface SourceStatus extends CommonStatus {
  artifact?: Artifact;
  /** The address under which the latest artifact is always found. */
  url?: string;
}

/** A recorded status as it is while a pass works on it. */
export type Draft<Recorded> = CommonStatus & { -readonly [Field in Exclude<keyof Recorded, keyof CommonStatus>]?: Recorded[Field] };

/** These are good when they are true. */
const POSITIVE = new Set(['ArtifactInStorage', 'SourceVerified']);

/**
 * Ready takes status, reason and message of the condition that decides: the first of `order` that is in its bad state. A
 * failed verification always wins. When nothing is bad, the artifact's condition is taken.
 */
export function summarize(status: StatusDraft<SourceStatus>, order: readonly string[]): void {
  const decisive = decisiveCondition(status, order);
  if (decisive === undefined) return;
  const { condition, good } = decisive;
  status.set('Ready', good ? 'True' : 'False', condition.reason, condition.message);
}

function decisiveCondition(
  status: StatusDraft<SourceStatus>,
  order: readonly string[],
): { condition: Condition; good: boolean } | undefined {
  const unverified = status.condition('SourceVerified');
  if (unverified?.status === 'False') return { condition: unverified, good: false };
  for (const type of order) {
    const condition = status.condition(type);
    if (condition?.status === (POSITIVE.has(type) ? 'False' : 'True')) return { condition, good: false };
  }
  const condition = [...POSITIVE].map((type) => status.condition(type)).find((positive) => positive?.status === 'True');
  return condition === undefined ? undefined : { condition, good: true };
}

/** Shows that the object is being worked on. Ready keeps what it says unless something new was found. */
export function showProgress(status: StatusDraft<SourceStatus>, message: string, found: 'nothing new' | 'something new'): void {
  const ready = status.condition('Ready');
  if (found === 'something new' || ready === undefined || ready.status === 'Unknown')
    status.set('Ready', 'Unknown', 'Progressing', message);
  status.reconciling('Progressing', message);
}
