import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { SluiceError } from '@sluice/core';
import { ignoreMatcher, parsePatterns } from '../ignore/ignore.js';
import { write } from './digest.js';
import { pack, type Packed } from './pack.js';
import { packedSource, readPackedEntries } from './packed-tree.js';
import { select } from './selection.js';
import type { SourceEntry, SourceTree } from './source-tree.js';
import { unpack, type UnpackLimits } from './unpack.js';

export interface BuildArtifactOptions {
  /** Patterns of what is left out, as in .gitignore. They are the only ones: those of `.sourceignore` files are for sources. */
  readonly ignore?: string;
  /** The most bytes of files. Default: 1 GiB. */
  readonly maxBytes?: number;
}

/** Writes the files of a tree to an archive (tar.gz): the same files give the same bytes. It is there when it is whole. */
export async function buildArtifact(
  tree: SourceTree,
  output: string,
  { ignore = '', maxBytes = 1024 ** 3 }: BuildArtifactOptions = {},
): Promise<Packed> {
  const isIgnored = ignoreMatcher(parsePatterns(ignore));
  const kept = tree.entries.filter(({ path, type }) => !isIgnored(path.split('/'), type === 'directory'));
  const selection = await select({ entries: kept, contents: (files) => tree.contents(files) }, { unfiltered: true });
  const scratch = scratchBeside(output);
  try {
    const { digest, size } = await pack(tree, selection, { plain: `${scratch}.tar`, compressed: scratch }, maxBytes);
    await rename(scratch, output);
    return { digest, size };
  } finally {
    await removeBoth(scratch);
  }
}

/** Writes the files of an archive of anybody's making below a directory. Links are left out; nothing gets out of the directory. */
export async function extractArtifact(
  archive: AsyncIterable<Uint8Array>,
  directory: string,
  limits: UnpackLimits & { readonly maxArchiveBytes: number },
): Promise<void> {
  await mkdir(directory, { recursive: true });
  const root = await realpath(directory);
  const tree = await openArchive(archive, join(directory, '.artifact'), limits);
  try {
    for (const entry of tree.source.entries) {
      const path = join(directory, entry.path);
      const parent = entry.type === 'directory' ? path : dirname(path);
      // A link that was there before could lead anywhere.
      if (!isInside(await realpath(existing(parent)), root)) {
        throw new SluiceError('PathEscapes', `${entry.path} would be written through a symbolic link that leads out of ${directory}`);
      }
      await mkdir(parent, { recursive: true });
      if (entry.type === 'directory') continue;
      const chunks: Uint8Array[] = [];
      for await (const chunk of tree.source.contents([entry])) chunks.push(chunk);
      // What is there is replaced, not written through: it may be a link.
      await rm(path, { force: true });
      await writeFile(path, Buffer.concat(chunks), { mode: entry.executable ? 0o755 : 0o644, flag: 'wx' });
    }
  } finally {
    await tree.close();
  }
}

/** What is not the same in two trees, by path. */
export interface TreeDifference {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
}

/** Compares the files of an archive of anybody's making with those of a tree that {@link BuildArtifactOptions.ignore} leaves. */
export async function diffArtifact(
  archive: AsyncIterable<Uint8Array>,
  tree: SourceTree,
  scratchDir: string,
  { ignore = '', ...limits }: UnpackLimits & { readonly maxArchiveBytes: number; readonly ignore?: string },
): Promise<TreeDifference> {
  const isIgnored = ignoreMatcher(parsePatterns(ignore));
  await mkdir(scratchDir, { recursive: true });
  const opened = await openArchive(archive, join(scratchDir, 'artifact'), limits);
  try {
    const before = await fingerprints(opened.source, () => true);
    const after = await fingerprints(tree, ({ path }) => !isIgnored(path.split('/'), false));
    return {
      added: [...after.keys()].filter((path) => !before.has(path)),
      removed: [...before.keys()].filter((path) => !after.has(path)),
      changed: [...after].filter(([path, print]) => before.has(path) && before.get(path) !== print).map(([path]) => path),
    };
  } finally {
    await opened.close();
  }
}

async function openArchive(
  archive: AsyncIterable<Uint8Array>,
  place: string,
  limits: UnpackLimits & { readonly maxArchiveBytes: number },
): Promise<{ readonly source: SourceTree; close(): Promise<void> }> {
  const compressed = scratchBeside(place);
  const plain = `${compressed}.tar`;
  const close = (): Promise<void> => removeBoth(compressed);
  try {
    await write(archive, compressed, limits.maxArchiveBytes);
    await unpack(compressed, plain, limits);
    const entries = await readPackedEntries(plain);
    return { source: packedSource(plain, entries), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function fingerprints(tree: SourceTree, isWanted: (entry: SourceEntry) => boolean): Promise<Map<string, string>> {
  const prints = new Map<string, string>();
  const files = tree.entries.filter((entry) => entry.type === 'file' && isWanted(entry)).sort((a, b) => (a.path < b.path ? -1 : 1));
  for (const entry of files) {
    const hash = createHash('sha256').update(entry.executable ? 'x' : '-');
    for await (const chunk of tree.contents([entry])) hash.update(chunk);
    prints.set(entry.path, hash.digest('hex'));
  }
  return prints;
}

/** The part of a path that is there. */
function existing(path: string): string {
  return existsSync(path) ? path : existing(dirname(path));
}

function isInside(path: string, root: string): boolean {
  return path === root || path.startsWith(root + sep);
}

function scratchBeside(path: string): string {
  return `${path}.${randomBytes(6).toString('hex')}`;
}

async function removeBoth(compressed: string): Promise<void> {
  for (const path of [compressed, `${compressed}.tar`]) await rm(path, { force: true });
}
