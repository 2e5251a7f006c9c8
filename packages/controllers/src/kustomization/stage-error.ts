import type { Next } from '@sluice/runtime';

/** Why a pass ended before its end, and how it goes on. */
export interface StageFailure {
  /** The reason of the Ready condition. */
  readonly reason: string;
  readonly message: string;
  /** `stalled`: not again until somebody changes something. `retry`: after the retry interval. */
  readonly next: 'stalled' | 'retry' | Next;
  /** Absent: the message, as an error. Null: nobody is told. */
  readonly event?: { readonly severity: 'info' | 'error'; readonly message: string } | null;
}

/** Thrown by a stage that can't do its part. */
export class StageError extends Error {
  readonly failure: StageFailure;

  constructor(failure: StageFailure, options?: ErrorOptions) {
    super(failure.message, options);
    this.failure = failure;
  }
}

/** What the spec asks for can't be had as it is; only a change of it helps. */
export function stalled(reason: string, message: string): StageError {
  return new StageError({ reason, message, next: 'stalled' });
}

export function failed(reason: string, message: string, cause?: unknown): StageError {
  return new StageError({ reason, message, next: 'retry' }, { cause });
}
