/** The command line as cobra reads and explains it: commands as data, flags, help. */
export { ChangesFound } from './changes-found.js';
export { commandOf, flagsOf, type CommandPath, type CommandSpec, type Invocation, type RunCommand } from './command.js';
export { FlagValues, type FlagSpec } from './flags.js';
export { helpText } from './help.js';
export { parseLine } from './parse.js';
