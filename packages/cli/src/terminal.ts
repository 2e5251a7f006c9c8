/** Where a command writes: tables and exports to standard output, progress to standard error. */
export interface Terminal {
  /** Standard output, as it is. */
  out(text: string): void;
  /** ► something begins. */
  action(message: string): void;
  /** ✔ something is done. */
  success(message: string): void;
  /** ◎ something is waited for. */
  waiting(message: string): void;
  /** ✗ something failed. */
  failure(message: string): void;
  /** ⚠ something to know. */
  warning(message: string): void;
  /** ✚ something is made. */
  generate(message: string): void;
  /** Standard error, as it is. */
  note(text: string): void;
  /** Standard input. */
  input(): AsyncIterable<Uint8Array>;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** A terminal over two sinks and an environment; `input` is by default this process's. */
export function terminalOver(
  out: (text: string) => void,
  error: (text: string) => void,
  environment: Readonly<Record<string, string | undefined>>,
  input: () => AsyncIterable<Uint8Array> = () => process.stdin,
): Terminal {
  const line = (mark: string) => (message: string) => error(`${mark} ${message}\n`);
  return {
    out,
    note: error,
    action: line('►'),
    success: line('✔'),
    waiting: line('◎'),
    failure: line('✗'),
    warning: line('⚠️'),
    generate: line('✚'),
    input,
    environment,
  };
}
