import { errorMessage } from '@sluice/core';
import { commandOf, helpText, parseLine } from './command-line/index.js';
import type { Terminal } from './terminal.js';
import { rootCommand } from './tree/root.js';
import { FLUX_VERSION, SLUICE_VERSION } from './versions.js';

/** Runs a command line and returns the exit code of the process. */
export async function main(program: string, argv: readonly string[], terminal: Terminal, signal: AbortSignal): Promise<number> {
  try {
    const { path, args, flags } = parseLine(rootCommand(program, terminal.environment), argv);
    const { load } = commandOf(path);
    if (path.length === 1 && flags.bool('version')) {
      terminal.out(program === 'flux' ? `flux version ${FLUX_VERSION}\n` : `sluice version ${SLUICE_VERSION} (flux ${FLUX_VERSION})\n`);
      return 0;
    }
    if (flags.bool('help') || load === undefined) {
      terminal.out(helpText(path));
      return 0;
    }
    checkNamespace(flags.string('namespace'));
    const { run } = await load();
    await run({ args, flags, terminal, program, signal });
    return 0;
  } catch (error) {
    terminal.failure(errorMessage(error));
    return 1;
  }
}

function checkNamespace(namespace: string): void {
  if (!/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(namespace))
    throw new Error(`namespace must be a valid DNS label: ${JSON.stringify(namespace)}`);
}
