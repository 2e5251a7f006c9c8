import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { FlagValues } from '../command-line/index.js';
import type { Terminal } from '../terminal.js';

/** Hands on the path that a command is given; for `-` that of a file with what is piped in, which is gone afterwards. */
export async function withInput<T>(path: string, terminal: Pick<Terminal, 'input'>, use: (path: string) => Promise<T>): Promise<T> {
  return path === '-'
    ? withScratch(async (directory) => {
        const file = join(directory, 'manifests.yaml');
        const piped = await buffer(terminal.input());
        await writeFile(file, piped.toString('latin1').replace(/[\r\n]+$/, ''), 'latin1');
        return use(file);
      })
    : use(path);
}

/** Hands on a directory that is gone afterwards. */
export async function withScratch<T>(use: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'sluice-artifact-'));
  try {
    return await use(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** The patterns of what is left out of an artifact. */
export function ignorePatterns(flags: FlagValues): string {
  return [...flags.list('ignore-paths'), ...flags.list('add-ignore-paths')].join('\n');
}
