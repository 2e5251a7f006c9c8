import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { CommandSpec, FlagSpec } from '../command-line/index.js';
import { shared } from '../testing/replay.js';
import { rootCommand } from './root.js';

interface RecordedFlag {
  readonly name: string;
  readonly shorthand?: string;
  readonly type: string;
  readonly default: string;
  readonly usage: string;
  readonly persistent?: boolean;
  readonly hidden?: boolean;
  readonly deprecated?: string;
}

interface RecordedCommand {
  readonly path: string;
  readonly aliases: readonly string[];
  readonly hidden?: boolean;
  readonly runnable: boolean;
  readonly flags: readonly RecordedFlag[];
}

const file = join(shared, 'cli/commands.json');

/** Flux's names of types that are ours under another name. */
const TYPES: Readonly<Record<string, string>> = { stringSlice: 'strings', int64: 'int' };
const ZEROS = new Set(['', 'false', '0', '0s', '[]']);

describe("flux's commands", { skip: existsSync(file) ? false : '../shared/conformance is not there' }, () => {
  if (!existsSync(file)) return;
  const { commands } = JSON.parse(readFileSync(file, 'utf8')) as { commands: RecordedCommand[] };
  const root = rootCommand('flux', { HOME: '/home/recorded' });
  for (const recorded of commands) {
    test(recorded.path, () => {
      const command = find(root, recorded.path.split(' ').slice(1));
      assert.ok(command !== undefined, 'there is no such command');
      assert.deepEqual(command.aliases ?? [], recorded.aliases);
      assert.equal(command.hidden ?? false, recorded.hidden ?? false);
      if (recorded.path !== 'flux') assert.equal(command.load !== undefined, recorded.runnable);
      for (const flag of recorded.flags.filter(({ name }) => name !== 'help')) {
        const own: FlagSpec | undefined = (flag.persistent === true ? command.persistentFlags : command.flags)?.find(
          ({ name }) => name === flag.name,
        );
        assert.ok(own !== undefined, `there is no --${flag.name}`);
        assert.deepEqual(described(own), asRecorded(flag));
      }
    });
  }
});

function find(command: CommandSpec, words: readonly string[]): CommandSpec | undefined {
  const [word, ...rest] = words;
  if (word === undefined) return command;
  const next = command.commands?.find(({ name }) => name === word);
  return next === undefined ? undefined : find(next, rest);
}

function described(flag: FlagSpec): Record<string, unknown> {
  const type = flag.typeName ?? flag.oneOf?.join('|') ?? flag.type;
  const { name, shorthand = '', usage, deprecated = '' } = flag;
  return { name, shorthand, usage, type, default: flag.default ?? '', hidden: flag.hidden ?? deprecated !== '', deprecated };
}

function asRecorded(flag: RecordedFlag): Record<string, unknown> {
  const { name, shorthand = '', usage, hidden = false, deprecated = '' } = flag;
  const text = flag.type === 'stringSlice' ? flag.default.slice(1, -1) : flag.default.replace(/^.*(?=\/\.kube\/cache$)/, '/home/recorded');
  return { name, shorthand, usage, type: TYPES[flag.type] ?? flag.type, default: ZEROS.has(text) ? '' : text, hidden, deprecated };
}
