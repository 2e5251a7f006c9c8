import { main } from './main.js';
import { isTerminal, writerTo } from './standard-streams.js';
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
  const terminalFor = isTerminal(2) ? watchedTerminal : terminalOver;
  const terminal = terminalFor(writerTo(1), writerTo(2), process.env);
  process.exitCode = await main(program, process.argv.slice(2), terminal, interrupted.signal);
  terminal.rest?.();
}
