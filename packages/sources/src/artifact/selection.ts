import { SluiceError } from '@sluice/core';
import { ignoreFileName, parsePatterns, sourceMatcher } from '../ignore/ignore.js';
import type { IgnorePattern } from '../ignore/pattern.js';
import type { SourceEntry, SourceTree } from './source-tree.js';

interface Directory<E> {
  readonly directories: Map<string, Directory<E>>;
  readonly files: Map<string, E>;
}

/** What goes into an artifact, in the order of the archive: a directory before what is in it, names in byte order. */
export interface Selection<E extends SourceEntry> {
  readonly directories: readonly string[];
  readonly files: readonly E[];
  /** Directories and files together, in order; a directory is its path. */
  readonly order: readonly (string | E)[];
}

/**
 * Selects the entries of a tree by the `.sourceignore` files in it, the patterns of `spec.ignore` and the default exclusions.
 * A directory that is left out does not take along what a later pattern includes again.
 */
export async function select<E extends SourceEntry>(
  tree: SourceTree<E>,
  { ignore, unfiltered = false }: { readonly ignore?: string | undefined; readonly unfiltered?: boolean | undefined },
): Promise<Selection<E>> {
  const root: Directory<E> = { directories: new Map(), files: new Map() };
  for (const entry of tree.entries) insert(root, entry);
  const patterns = unfiltered ? [] : await collectPatterns(tree, root);
  if (ignore !== undefined) patterns.push(...parsePatterns(ignore));
  const isIgnored = unfiltered ? () => false : sourceMatcher(patterns);
  const directories: string[] = ['.'];
  const files: E[] = [];
  const order: (string | E)[] = ['.'];
  const walk = (directory: Directory<E>, segments: readonly string[]): void => {
    const names = [...directory.directories.keys(), ...directory.files.keys()].sort(byBytes);
    for (const name of names) {
      const path = [...segments, name];
      const below = directory.directories.get(name);
      if (below === undefined) {
        const file = directory.files.get(name);
        if (file === undefined || isIgnored(path, false)) continue;
        files.push(file);
        order.push(file);
        continue;
      }
      if (!isIgnored(path, true)) {
        directories.push(path.join('/'));
        order.push(path.join('/'));
      }
      walk(below, path);
    }
  };
  walk(root, []);
  return { directories, files, order };
}

function insert<E extends SourceEntry>(root: Directory<E>, entry: E): void {
  let directory = root;
  const segments = entry.path.split('/');
  const name = segments.pop() ?? '';
  const clash = (): SluiceError =>
    new SluiceError('GitTreeUnsafe', `the tree is unsafe: ${JSON.stringify(entry.path)} is there twice`, { place: { file: entry.path } });
  for (const segment of entry.type === 'directory' ? [...segments, name] : segments) {
    if (directory.files.has(segment)) throw clash();
    let below = directory.directories.get(segment);
    if (below === undefined) {
      below = { directories: new Map(), files: new Map() };
      directory.directories.set(segment, below);
    }
    directory = below;
  }
  if (entry.type === 'directory') return;
  if (directory.directories.has(name) || directory.files.has(name)) throw clash();
  directory.files.set(name, entry);
}

/** The patterns of all ignore files: those of a directory before those of the directories in it. */
async function collectPatterns<E extends SourceEntry>(tree: SourceTree<E>, root: Directory<E>): Promise<IgnorePattern[]> {
  const found: { file: E; domain: readonly string[] }[] = [];
  const walk = (directory: Directory<E>, domain: readonly string[]): void => {
    const file = directory.files.get(ignoreFileName);
    if (file !== undefined) found.push({ file, domain });
    for (const name of [...directory.directories.keys()].sort(byBytes)) {
      const below = directory.directories.get(name);
      if (below !== undefined && name !== '.git') walk(below, [...domain, name]);
    }
  };
  walk(root, []);
  if (found.length === 0) return [];
  const chunks: Uint8Array[] = [];
  for await (const chunk of tree.contents(found.map(({ file }) => file))) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  let at = 0;
  return found.flatMap(({ file, domain }) => parsePatterns(bytes.toString('utf8', at, (at += file.size)), domain));
}

/** The order of Go's strings: by bytes of UTF-8, which is by code points and not, as in JavaScript, by UTF-16 units. */
function byBytes(a: string, b: string): number {
  for (let index = 0; ; index++) {
    const left = a.codePointAt(index);
    const right = b.codePointAt(index);
    if (left === undefined || right === undefined) return left === right ? 0 : left === undefined ? -1 : 1;
    if (left !== right) return left - right;
    if (left > 0xffff) index++;
  }
}
