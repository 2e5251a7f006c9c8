import { main } from './main.js';
import { terminalOver, watchedTerminal } from './terminal.js';

/** The process of a command: its name, arguments and streams, and Ctrl-C. */
export async function runProcess(program: string): Promise<void> {
  const interrupted = new AbortController();
  const interrupt = (): void => {
    // A second Ctrl-C does not wait.
    if (interrupted.signal.aborted) process.exit(130);
    interrupted.abort(new Error('interrupted'));
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  // A reader that has seen enough (`| head`) is no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  const terminal = process.stderr.isTTY
    ? watchedTerminal(writeOut, writeError, process.env)
    : terminalOver(writeOut, writeError, process.env);
  process.exitCode = await main(program, process.argv.slice(2), terminal, interrupted.signal);
  terminal.rest?.();
}

function writeOut(text: string): void {
  process.stdout.write(text);
}

function writeError(text: string): void {
  process.stderr.write(text);
}
