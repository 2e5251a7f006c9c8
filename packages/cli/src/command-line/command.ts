import type { FlagSpec, FlagValues } from './flags.js';
import type { Terminal } from '../terminal.js';

/**
 * A command as data: what `--help` shows and how its line is read. The code behind it is imported when it runs, so that
 * `--help` and `--version` load nothing.
 */
export interface CommandSpec {
  readonly name: string;
  /** What follows the name in the usage line: `[name]`. */
  readonly args?: string;
  readonly aliases?: readonly string[];
  readonly short: string;
  readonly long?: string;
  readonly example?: string;
  readonly hidden?: boolean;
  readonly flags?: readonly FlagSpec[];
  /** Flags that the commands below have, too. */
  readonly persistentFlags?: readonly FlagSpec[];
  readonly commands?: readonly CommandSpec[];
  readonly load?: () => Promise<{ readonly run: RunCommand }>;
  /** The kind whose objects' names may be completed as arguments. */
  readonly completes?: string;
  /** What a failure ends with. Default: 1. */
  readonly failureCode?: number;
}

/** What a command is run with. */
export interface Invocation {
  readonly args: readonly string[];
  readonly flags: FlagValues;
  readonly terminal: Terminal;
  /** The name the program was called by: `sluice` or `flux`. */
  readonly program: string;
  /** All commands. */
  readonly root: CommandSpec;
  /** Set when the person pressed Ctrl-C. */
  readonly signal: AbortSignal;
}

/** Runs a command. The promise's end is the command's: what it throws is printed, and decides the exit code. */
export type RunCommand = (invocation: Invocation) => Promise<void>;

/** A command with the way to it: from the root to the command itself. */
export type CommandPath = readonly [root: CommandSpec, ...CommandSpec[]];

/** The last command of a path. */
export function commandOf(path: CommandPath): CommandSpec {
  return path.at(-1) ?? path[0];
}

/** All the flags that a command takes: its own, and those that it inherits. */
export function flagsOf(path: CommandPath): { own: FlagSpec[]; inherited: FlagSpec[] } {
  const command = commandOf(path);
  const own = [...(command.flags ?? []), ...(command.persistentFlags ?? [])];
  own.push({ name: 'help', shorthand: 'h', type: 'bool', usage: `help for ${command.name}` });
  const inherited = path.slice(0, -1).flatMap((ancestor) => ancestor.persistentFlags ?? []);
  const names = new Set(own.map((flag) => flag.name));
  return { own, inherited: inherited.filter((flag) => !names.has(flag.name)) };
}
