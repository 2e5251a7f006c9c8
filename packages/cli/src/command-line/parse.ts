import { commandOf, flagsOf, type CommandPath, type CommandSpec } from './command.js';
import { FlagValues, type FlagSpec } from './flags.js';

export interface ParsedLine {
  readonly path: CommandPath;
  readonly args: readonly string[];
  readonly flags: FlagValues;
}

/**
 * Reads a command line as cobra and pflag do: flags anywhere, `--name value`, `--name=value`, `-n value`, `-nvalue`,
 * grouped one-letter flags, `--` ends them. Throws errors with their texts.
 */
export function parseLine(root: CommandSpec, argv: readonly string[]): ParsedLine {
  const { path, rest } = findCommand(root, argv);
  const { own, inherited } = flagsOf(path);
  const specs = [...own, ...inherited];
  const flags = new FlagValues(specs);
  const args = readFlags(rest, specs, flags);
  const command = commandOf(path);
  const [unknown] = args;
  if (path.length === 1 && unknown !== undefined && command.load === undefined) {
    throw new Error(`unknown command ${JSON.stringify(unknown)} for ${JSON.stringify(command.name)}${suggestions(command, unknown)}`);
  }
  return { path, args, flags };
}

/** Follows the words that name commands, over the flags between them. */
function findCommand(root: CommandSpec, argv: readonly string[]): { path: CommandPath; rest: readonly string[] } {
  const path: [CommandSpec, ...CommandSpec[]] = [root];
  const rest = [...argv];
  for (;;) {
    const at = nextWord(rest, path);
    const word = at === undefined ? undefined : rest[at];
    const next = commandOf(path).commands?.find((command) => command.name === word || command.aliases?.includes(word ?? ''));
    if (at === undefined || next === undefined) return { path, rest };
    rest.splice(at, 1);
    path.push(next);
  }
}

/** The index of the first argument that is neither a flag nor a flag's value. */
function nextWord(argv: readonly string[], path: CommandPath): number | undefined {
  const { own, inherited } = flagsOf(path);
  const specs = [...own, ...inherited];
  for (let index = 0; index < argv.length; index++) {
    const arg = argv[index] ?? '';
    if (arg === '--') return undefined;
    if (!arg.startsWith('-') || arg === '-') return index;
    if (arg.includes('=')) continue;
    const spec = arg.startsWith('--')
      ? specs.find((flag) => flag.name === arg.slice(2))
      : arg.length === 2
        ? specs.find((flag) => flag.shorthand === arg[1])
        : undefined;
    if (spec !== undefined && bareValue(spec) === undefined) index++;
  }
  return undefined;
}

function readFlags(argv: readonly string[], specs: readonly FlagSpec[], flags: FlagValues): string[] {
  const args: string[] = [];
  const queue = [...argv];
  for (let arg = queue.shift(); arg !== undefined; arg = queue.shift()) {
    if (arg === '--') return [...args, ...queue];
    if (arg.startsWith('--')) readLong(arg, queue, specs, flags);
    else if (arg.startsWith('-') && arg !== '-') readShorts(arg, queue, specs, flags);
    else args.push(arg);
  }
  return args;
}

function readLong(arg: string, queue: string[], specs: readonly FlagSpec[], flags: FlagValues): void {
  const equals = arg.indexOf('=');
  const name = equals < 0 ? arg.slice(2) : arg.slice(2, equals);
  if (name === '' || name.startsWith('-')) throw new Error(`bad flag syntax: ${arg}`);
  const spec = specs.find((flag) => flag.name === name);
  if (spec === undefined) throw new Error(`unknown flag: --${name}`);
  if (equals >= 0) return flags.set(spec, arg.slice(equals + 1));
  const bare = bareValue(spec);
  if (bare !== undefined) return flags.set(spec, bare);
  const value = queue.shift();
  if (value === undefined) throw new Error(`flag needs an argument: --${name}`);
  flags.set(spec, value);
}

function readShorts(arg: string, queue: string[], specs: readonly FlagSpec[], flags: FlagValues): void {
  for (let letters = arg.slice(1); letters !== '';) {
    const letter = letters.charAt(0);
    const spec = specs.find((flag) => flag.shorthand === letter);
    if (spec === undefined) throw new Error(`unknown shorthand flag: ${quoteRune(letter)} in -${letters}`);
    if (letters.startsWith('=', 1)) return flags.set(spec, letters.slice(2));
    const bare = bareValue(spec);
    if (bare === undefined) {
      const value = letters.length > 1 ? letters.slice(1) : queue.shift();
      if (value === undefined) throw new Error(`flag needs an argument: ${quoteRune(letter)} in -${letters}`);
      return flags.set(spec, value);
    }
    flags.set(spec, bare);
    letters = letters.slice(1);
  }
}

/** What a flag is when no value follows it; undefined when one must. */
function bareValue({ type, bare }: FlagSpec): string | undefined {
  return type === 'bool' ? 'true' : bare;
}

function quoteRune(letter: string): string {
  return `'${letter}'`;
}

function suggestions(command: CommandSpec, typed: string): string {
  const near = (command.commands ?? [])
    .filter(
      (child) => child.hidden !== true && (distance(typed.toLowerCase(), child.name) <= 2 || child.name.startsWith(typed.toLowerCase())),
    )
    .map((child) => `\t${child.name}\n`);
  return near.length === 0 ? '' : `\n\nDid you mean this?\n${near.join('')}`;
}

/** The Levenshtein distance of two words. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replace, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
