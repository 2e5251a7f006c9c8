/** Why a pass over a source failed: the condition that says so, and whether trying again can help. */
export class SourceFailure extends Error {
  readonly condition: 'FetchFailed' | 'StorageOperationFailed' | 'IncludeUnavailable' | 'SourceVerified';
  readonly reason: string;
  /** Not tried again until somebody changes the object. */
  readonly terminal: boolean;

  constructor(
    condition: SourceFailure['condition'],
    reason: string,
    message: string,
    options: { terminal?: boolean; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.condition = condition;
    this.reason = reason;
    this.terminal = options.terminal === true;
  }
}
