import { printable } from './printable.js';

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
  /** Nothing is waited for any more. */
  rest?(): void;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** A terminal over two sinks and an environment; `input` is by default this process's. */
export function terminalOver(
  out: (text: string) => void,
  error: (text: string) => void,
  environment: Readonly<Record<string, string | undefined>>,
  input: () => AsyncIterable<Uint8Array> = () => process.stdin,
): Terminal {
  const line = (mark: string) => (message: string) => error(`${mark} ${printable(message)}\n`);
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

const FRAMES = ['◐', '◓', '◑', '◒'];
const FRAME_MS = 120;
const COLOURS = { green: 32, yellow: 33, red: 31, cyan: 36 } as const;

/**
 * A terminal for a person who watches: marks in colour unless NO_COLOR is set, and what is waited for moves, with the seconds it
 * takes. Nothing but the marks differs from {@link terminalOver} once something else is said.
 */
export function watchedTerminal(
  out: (text: string) => void,
  error: (text: string) => void,
  environment: Readonly<Record<string, string | undefined>>,
): Terminal {
  const hasColour = (environment['NO_COLOR'] ?? '') === '' && environment['TERM'] !== 'dumb';
  const painted = (colour: keyof typeof COLOURS, text: string): string => (hasColour ? `\u001B[${COLOURS[colour]}m${text}\u001B[0m` : text);
  let frames: NodeJS.Timeout | undefined;
  let standing = '';
  const rest = (): void => {
    if (frames === undefined) return;
    clearInterval(frames);
    frames = undefined;
    error(`\r\u001B[K${standing}\n`);
  };
  const line = (mark: string) => (message: string) => {
    rest();
    error(`${mark} ${printable(message)}\n`);
  };
  return {
    out: (text) => {
      rest();
      out(text);
    },
    note: (text) => {
      rest();
      error(text);
    },
    action: line(painted('cyan', '►')),
    success: line(painted('green', '✔')),
    failure: line(painted('red', '✗')),
    warning: line(painted('yellow', '⚠️')),
    generate: line(painted('cyan', '✚')),
    waiting: (message) => {
      rest();
      const started = Date.now();
      let frame = 0;
      standing = `${painted('cyan', '◎')} ${printable(message)}`;
      const draw = (): void => {
        const seconds = Math.floor((Date.now() - started) / 1000);
        error(
          `\r\u001B[K${painted('cyan', FRAMES[frame++ % FRAMES.length] ?? '◎')} ${printable(message)}${seconds > 0 ? ` (${seconds} s)` : ''}`,
        );
      };
      draw();
      frames = setInterval(draw, FRAME_MS);
      frames.unref();
    },
    rest,
    input: () => process.stdin,
    environment,
  };
}
