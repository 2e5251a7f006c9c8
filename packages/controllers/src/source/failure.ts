/** The conditions that say why a source has no new artifact. */
export type FailureCondition = 'FetchFailed' | 'StorageOperationFailed' | 'IncludeUnavailable' | 'BuildFailed' | 'SourceVerified';

export interface FailureOptions {
  /** Not tried again until somebody changes the object. */
  readonly terminal?: boolean;
  /** A matter of waiting for another object: told in the trace, and not as an error. */
  readonly waiting?: boolean;
  /** What the event says, and Stalled, where it is not what the condition says. */
  readonly told?: { readonly reason: string; readonly message: string };
  readonly cause?: unknown;
}

/** Why a pass over a source failed: the condition that says so, and whether trying again can help. */
export class SourceFailure extends Error {
  readonly condition: FailureCondition;
  readonly reason: string;
  readonly terminal: boolean;
  readonly waiting: boolean;
  readonly told: { readonly reason: string; readonly message: string };

  constructor(condition: FailureCondition, reason: string, message: string, options: FailureOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.condition = condition;
    this.reason = reason;
    this.terminal = options.terminal === true;
    this.waiting = options.waiting === true;
    this.told = options.told ?? { reason, message };
  }
}
