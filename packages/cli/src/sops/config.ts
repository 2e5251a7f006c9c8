import { readFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { readSopsConfig, type SopsConfig } from '@sluice/sops';

/** `.sops.yaml` with the path of a file below its directory, as its rules see it. */
export interface FoundConfig {
  readonly config: SopsConfig;
  readonly path: string;
}

/** The configuration for a file: the named one, or the nearest above the file; undefined where there is none. */
export async function findConfig(file: string, named: string): Promise<FoundConfig | undefined> {
  const target = resolve(file);
  if (named !== '') return read(named, target);
  for (let directory = dirname(target); ; directory = dirname(directory)) {
    const found = await read(join(directory, '.sops.yaml'), target).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT' || (error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined;
      throw error;
    });
    if (found !== undefined || directory === dirname(directory)) return found;
  }
}

async function read(file: string, target: string): Promise<FoundConfig> {
  const text = await readFile(file, 'utf8');
  const below = relative(dirname(resolve(file)), target);
  return { config: readSopsConfig(text, file), path: below.startsWith('..') ? target : below };
}
