import type { FlagSpec, FlagValues } from '../command-line/index.js';

const LEVELS = ['enforce', 'warn', 'ignore'] as const;

/** What the engine does with an encrypted file that somebody has changed without its keys. */
export const sopsMacFlag: FlagSpec = {
  name: 'sops-mac',
  type: 'string',
  usage: 'what an encrypted file leads to whose content is not what was encrypted: enforce (a failure), warn (an event) or ignore',
  default: 'warn',
  oneOf: LEVELS,
};

export function sopsMac(flags: FlagValues): (typeof LEVELS)[number] {
  const given = flags.string(sopsMacFlag.name);
  return LEVELS.find((level) => level === given) ?? 'warn';
}
