import type { EventInput, Next } from '@sluice/runtime';

/** Why a pass ended before there was anything to do about the release, and how it goes on. */
export interface Failure {
  /** What Ready says then; absent: what it said before. */
  readonly ready?: { readonly reason: string; readonly message: string };
  /** Nothing but a change by somebody helps. */
  readonly isTerminal?: boolean;
  readonly event?: Pick<EventInput, 'severity' | 'reason' | 'message'>;
  readonly next: Next;
}

export class PassFailure extends Error {
  readonly failure: Failure;

  constructor(message: string, failure: Failure, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.failure = failure;
  }
}

/** Told in Ready, and tried again with back-off. */
export function passFailed(reason: string, message: string, cause?: unknown): PassFailure {
  return new PassFailure(message, { ready: { reason, message }, next: { type: 'retry' } }, cause);
}
