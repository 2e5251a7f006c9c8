import { formatDuration } from '@sluice/core';
import type { HistoryEntry } from '@sluice/api';

/** How many entries are kept. */
const LONGEST = 5;

export interface HistoryRecord {
  readonly digest: string;
  readonly status: string;
  readonly time: string;
  readonly durationMs: number;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The history with one more pass: counted in the entry with the same digest and outcome, which moves to the front; else in a new one. */
export function recordHistory(history: readonly HistoryEntry[] = [], record: HistoryRecord): HistoryEntry[] {
  const same = history.find(({ digest, lastReconciledStatus }) => digest === record.digest && lastReconciledStatus === record.status);
  const entry: HistoryEntry = {
    digest: record.digest,
    firstReconciled: same?.firstReconciled ?? record.time,
    lastReconciled: record.time,
    lastReconciledDuration: formatDuration(record.durationMs),
    lastReconciledStatus: record.status,
    metadata: record.metadata,
    totalReconciliations: (same?.totalReconciliations ?? 0) + 1,
  };
  return [entry, ...history.filter((other) => other !== same)].slice(0, LONGEST);
}
