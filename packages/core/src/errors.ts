/**
 * Every reason that an error of the project can have, with what it means. A reason is stable and may be matched on;
 * messages are for people and may change.
 */
export const ErrorReasons = {
  // files and trees
  FileNotFound: 'A file or directory that something refers to is not there.',
  PathEscapes: 'A path, or a symbolic link on it, leaves the tree it belongs to.',
  FileInvalid: 'A file is not what is needed: a directory, a device, too large, not text.',
  // YAML and JSON
  YamlInvalid: 'A document does not parse.',
  YamlTooComplex: 'A document is over a limit: depth, aliases, size.',
} as const;

/** A reason from the catalogue. */
export type ErrorReason = keyof typeof ErrorReasons;

/** Where in the user's files an error comes from. Lines and columns count from 1. */
export interface ErrorPlace {
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
}

/** An error for a person: a reason from the catalogue, a message that says what to do, and the place it comes from. */
export class SluiceError extends Error {
  override readonly name = 'SluiceError';
  readonly reason: ErrorReason;
  readonly place: ErrorPlace;

  constructor(reason: ErrorReason, message: string, options: { place?: ErrorPlace; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.reason = reason;
    this.place = options.place ?? {};
  }
}

/** The message of anything thrown. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
