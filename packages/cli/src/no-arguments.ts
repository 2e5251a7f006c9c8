import type { Invocation } from './command-line/index.js';

/** Refuses what follows a command that takes no arguments, as cobra does. */
export function noArguments({ args, program }: Pick<Invocation, 'args' | 'program'>, command: string): void {
  const [unknown] = args;
  if (unknown !== undefined) throw new Error(`unknown command ${JSON.stringify(unknown)} for ${JSON.stringify(`${program} ${command}`)}`);
}
