/** What functions need of the world outside. A test holds it still; a chart gets none of the last two. */
export interface SprigHost {
  readonly now: () => Date;
  readonly randomBytes: (count: number) => Buffer;
  /** An environment variable. */
  readonly environment: (name: string) => string | undefined;
  /** The addresses of a host by its name. */
  readonly addresses: (name: string) => readonly string[];
}
