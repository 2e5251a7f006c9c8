import { createHash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { createGzip } from 'node:zlib';
import { once } from 'node:events';
import { SluiceError, tarPadding } from '@sluice/core';
import type { Selection } from './selection.js';
import type { SourceEntry, SourceTree } from './source-tree.js';
import { tarEnd, tarHeader } from './tar.js';

export interface Packed {
  /** Of the compressed archive: `sha256:…`. */
  readonly digest: string;
  /** Of the compressed archive, in bytes. */
  readonly size: number;
}

/** Where a file or directory is in the plain archive. */
export interface PackedEntry {
  readonly path: string;
  readonly type: 'file' | 'directory';
  /** Where its content begins. */
  readonly offset: number;
  readonly size: number;
  readonly executable: boolean;
}

/** Bytes are handed on in pieces of this size. */
const pieceBytes = 256 * 1024;

/**
 * Writes the selected files of a tree as a tar archive, twice in one pass: plain, for reading in place, and compressed,
 * for whoever fetches it. Both files are on disk when it returns.
 */
export async function pack<E extends SourceEntry>(
  tree: Pick<SourceTree<E>, 'contents'>,
  selection: Selection<E>,
  paths: { readonly plain: string; readonly compressed: string },
  maxBytes: number,
): Promise<Packed & { readonly entries: readonly PackedEntry[] }> {
  const entries: PackedEntry[] = [];
  const plain = await open(paths.plain, 'wx', 0o600);
  try {
    const compressed = await open(paths.compressed, 'wx', 0o600);
    try {
      const result = await compressTo(compressed, archive(tree, selection, maxBytes, entries), plain);
      await Promise.all([plain.sync(), compressed.sync()]);
      return { ...result, entries };
    } finally {
      await compressed.close();
    }
  } finally {
    await plain.close();
  }
}

/** Compresses and hashes; everything that goes in is written to `plain` as well. */
async function compressTo(file: FileHandle, bytes: AsyncIterable<Buffer>, plain: FileHandle): Promise<Packed> {
  // Level 1: an artifact is fetched a few times at most, and level 6 takes three times as long for a tenth less.
  const gzip = createGzip({ level: 1 });
  const hash = createHash('sha256');
  let size = 0;
  const drained = (async () => {
    for await (const chunk of gzip as AsyncIterable<Buffer>) {
      hash.update(chunk);
      size += chunk.length;
      await file.write(chunk);
    }
  })();
  // Awaited below; until then its failure must not count as unhandled.
  drained.catch(() => undefined);
  try {
    for await (const piece of bytes) {
      await plain.write(piece);
      if (!gzip.write(piece)) await Promise.race([once(gzip, 'drain'), drained]);
    }
    gzip.end();
    await drained;
  } catch (error) {
    gzip.destroy();
    throw error;
  }
  return { digest: `sha256:${hash.digest('hex')}`, size };
}

/** The bytes of the archive, with a note of each entry in `entries`, in pieces of a good size for disk and compressor. */
async function* archive<E extends SourceEntry>(
  tree: Pick<SourceTree<E>, 'contents'>,
  selection: Selection<E>,
  maxBytes: number,
  entries: PackedEntry[],
): AsyncGenerator<Buffer> {
  let gathered: Uint8Array[] = [];
  let length = 0;
  let total = 0;
  const add = (bytes: Uint8Array): void => {
    gathered.push(bytes);
    length += bytes.length;
    total += bytes.length;
    if (total > maxBytes)
      throw new SluiceError('ArchiveTooLarge', `the files have more than ${maxBytes} bytes: leave some out with spec.ignore`);
  };
  const take = (): Buffer => {
    const piece = Buffer.concat(gathered, length);
    gathered = [];
    length = 0;
    return piece;
  };
  const contents = tree.contents(selection.files)[Symbol.asyncIterator]();
  /** What a chunk had beyond the end of its file. */
  let rest: Uint8Array = new Uint8Array();
  for (const entry of selection.order) {
    if (typeof entry === 'string') {
      add(tarHeader({ path: entry, type: 'directory', size: 0, executable: false }));
      entries.push({ path: entry, type: 'directory', offset: total, size: 0, executable: false });
      continue;
    }
    add(tarHeader({ path: entry.path, type: 'file', size: entry.size, executable: entry.executable }));
    entries.push({ path: entry.path, type: 'file', offset: total, size: entry.size, executable: entry.executable });
    let left = entry.size;
    while (left > 0) {
      if (rest.length === 0) {
        const next = await contents.next();
        if (next.done === true) throw new SluiceError('ArchiveInvalid', `${entry.path} ended before its size of ${entry.size} bytes`);
        rest = next.value;
      }
      const part = rest.subarray(0, left);
      rest = rest.subarray(part.length);
      left -= part.length;
      add(part);
      if (length >= pieceBytes) yield take();
    }
    add(Buffer.alloc(tarPadding(entry.size)));
  }
  // Runs the source to its end, where it says whether all went well.
  for (let next = await contents.next(); next.done !== true; next = await contents.next()) rest = rest.length > 0 ? rest : next.value;
  if (rest.length > 0) throw new SluiceError('ArchiveInvalid', 'the files have more bytes than their sizes say');
  add(tarEnd);
  yield take();
}
