import { SluiceError } from '@sluice/core';
import type { GitEntry, GitLink } from './tree.js';

export interface Listed {
  readonly files: readonly GitEntry[];
  readonly links: readonly GitLink[];
}

/** The part of a listing that lies in some directories. A directory that is not there is an error, as in Flux. */
export function sparse(listed: Listed, directories: readonly string[] | undefined): Listed {
  if (directories === undefined || directories.length === 0) return listed;
  const roots = directories.map((directory) => directory.replace(/^(?:\.\/)+/, '').replace(/\/+$/, ''));
  if (roots.some((root) => root === '' || root === '.')) return listed;
  for (const [index, root] of roots.entries()) {
    if (!listed.files.some(({ path }) => isBelow(path, root)) && !listed.links.some(({ path }) => isBelow(path, root))) {
      throw new SluiceError(
        'FileNotFound',
        `sparse checkout dir '${directories[index] ?? ''}' does not exist in repository: no such file or directory`,
      );
    }
  }
  const isWanted = ({ path }: { readonly path: string }): boolean => roots.some((root) => isBelow(path, root));
  return { files: listed.files.filter(isWanted), links: listed.links.filter(isWanted) };
}

function isBelow(path: string, root: string): boolean {
  return path === root || path.startsWith(`${root}/`);
}
