import { SluiceError, joinPath, normalizePath } from '@sluice/core';
import type { SourceEntry, SourceTree } from './source-tree.js';

/**
 * A tree with a part of another one in it: `spec.include` of a GitRepository. The place must be free, as in Flux.
 * Throws `PathEscapes` for a path out of its tree, `FileNotFound` when `fromPath` is not there.
 */
export function withInclude(
  base: SourceTree,
  included: SourceTree,
  paths: { readonly fromPath: string; readonly toPath: string },
): SourceTree {
  const from = normalizePath(paths.fromPath);
  const to = normalizePath(paths.toPath);
  const isTaken = to === '.' || base.entries.some(({ path }) => path === to || path.startsWith(`${to}/`) || to.startsWith(`${path}/`));
  if (isTaken) throw new SluiceError('FileInvalid', `the path ${paths.toPath} is taken already`, { place: { file: paths.toPath } });
  const originals = new Map<SourceEntry, SourceEntry>();
  for (const entry of included.entries) {
    const rest =
      from === '.'
        ? entry.path
        : entry.path === from
          ? ''
          : entry.path.startsWith(`${from}/`)
            ? entry.path.slice(from.length + 1)
            : undefined;
    if (rest !== undefined) originals.set({ ...entry, path: joinPath(to, rest) }, entry);
  }
  if (originals.size === 0) {
    throw new SluiceError('FileNotFound', `${paths.fromPath}: no such file or directory`, { place: { file: paths.fromPath } });
  }
  return {
    entries: [...base.entries, ...originals.keys()],
    async *contents(files) {
      // Neighbours from the same tree are read together: a Git tree starts a process for each reading.
      let start = 0;
      while (start < files.length) {
        const isIncluded = (at: number): boolean => originals.has(files[at] as SourceEntry);
        let end = start + 1;
        while (end < files.length && isIncluded(end) === isIncluded(start)) end++;
        const run = files.slice(start, end);
        if (isIncluded(start)) yield* included.contents(run.map((entry) => originals.get(entry) ?? entry));
        else yield* base.contents(run);
        start = end;
      }
    },
  };
}
