import { createReadStream, lstatSync, readdirSync, realpathSync, statSync, type Stats } from 'node:fs';
import { basename, join, resolve, sep } from 'node:path';
import { SluiceError } from '@sluice/core';
import type { SourceEntry, SourceTree } from './source-tree.js';

export interface DirectoryOptions {
  /** Takes what symbolic links lead to in their place, within the directory. Default: they are left out. */
  readonly resolveLinks?: boolean;
}

/** A directory on this machine, or one file, to make an artifact of. */
export function directorySource(path: string, { resolveLinks = false }: DirectoryOptions = {}): SourceTree {
  const root = resolve(path);
  const stats = statSync(root, { throwIfNoEntry: false });
  if (stats === undefined) throw new SluiceError('FileNotFound', `source path does not exist: ${path}`);
  const files = new Map<string, string>();
  const entries: SourceEntry[] = [];
  const add = (name: string, file: string, found: Stats): void => {
    entries.push({ path: name, type: 'file', executable: (found.mode & 0o100) !== 0, size: found.size });
    files.set(name, file);
  };
  if (!stats.isDirectory()) add(basename(root), root, stats);
  else {
    const home = realpathSync(root);
    const walk = (directory: string, prefix: string, above: readonly string[]): void => {
      for (const name of readdirSync(directory)) {
        const place = join(directory, name);
        const found = lstatSync(place).isSymbolicLink() ? linked(place, home, above, resolveLinks) : lstatSync(place);
        if (found?.isFile() === true) add(prefix + name, place, found);
        else if (found?.isDirectory() === true) {
          entries.push({ path: prefix + name, type: 'directory', executable: false, size: 0 });
          walk(place, `${prefix}${name}/`, [...above, realpathSync(place)]);
        }
      }
    };
    walk(root, '', [home]);
  }
  return {
    entries,
    async *contents(wanted) {
      for (const entry of wanted) {
        const file = files.get(entry.path);
        // No more than was counted: a file that grows meanwhile must not run into the next one.
        if (file !== undefined && entry.size > 0) yield* createReadStream(file, { end: entry.size - 1 }) as AsyncIterable<Uint8Array>;
      }
    },
  };
}

function linked(place: string, home: string, above: readonly string[], resolveLinks: boolean): Stats | undefined {
  if (!resolveLinks) return undefined;
  let target: string;
  try {
    target = realpathSync(place);
  } catch (error) {
    throw new SluiceError('FileNotFound', `the symbolic link ${place} leads nowhere`, { cause: error });
  }
  if (target !== home && !target.startsWith(home + sep))
    throw new SluiceError('PathEscapes', `the symbolic link ${place} leads out of the directory`);
  if (above.includes(target)) throw new SluiceError('FileInvalid', `the symbolic link ${place} leads to a directory that holds it`);
  return statSync(target);
}
