import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { envsubst } from '@sluice/controllers';
import type { Invocation } from '../command-line/index.js';
import { noArguments } from '../no-arguments.js';

/** `envsubst`: what is piped in, line by line, with the environment's values in the place of `${VARIABLE}`. */
export async function run(invocation: Invocation): Promise<void> {
  noArguments(invocation, 'envsubst');
  const { flags, terminal } = invocation;
  const variable = (name: string): string | undefined =>
    Object.hasOwn(terminal.environment, name) ? terminal.environment[name] : undefined;
  const strict = flags.bool('strict');
  const lines = createInterface({ input: Readable.from(terminal.input()), crlfDelay: Infinity });
  for await (const line of lines) terminal.out(`${envsubst(line, variable, { strict })}\n`);
}
