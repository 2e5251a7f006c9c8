import { closeSync, openSync, readSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { SluiceError, baseName, dirName, normalizePath, tarPadding, type FileTree, type TreeEntry } from '@sluice/core';
import type { PackedEntry } from './pack.js';
import type { SourceTree } from './source-tree.js';
import { readTar } from './tar.js';

interface Place {
  readonly offset: number;
  readonly size: number;
}

/** Reads which entries a plain archive of ours has. */
export async function readPackedEntries(archive: string): Promise<PackedEntry[]> {
  const entries: PackedEntry[] = [];
  let offset = 0;
  for await (const entry of headersOf(archive, (at) => (offset = at))) entries.push({ ...entry, offset });
  return entries;
}

/** The files in a plain archive of ours, as the source of another artifact. */
export function packedSource(archive: string, entries: readonly PackedEntry[]): SourceTree<PackedEntry> {
  return {
    entries: entries.filter(({ path }) => path !== '.'),
    async *contents(files) {
      const file = await open(archive, 'r');
      try {
        for (const { offset, size } of files) {
          if (size > 0) yield* file.createReadStream({ start: offset, end: offset + size - 1, autoClose: false }) as AsyncIterable<Buffer>;
        }
      } finally {
        await file.close();
      }
    },
  };
}

/**
 * The tree in a plain archive of ours, read in place: one file on disk instead of thousands, and no name in it ever
 * meets a file system, so that links, case and reserved names do no harm (docs/decisions/0051).
 */
export function packedTree(archive: string, entries: readonly PackedEntry[], options: { readonly maxFileBytes?: number } = {}): FileTree {
  const maxFileBytes = options.maxFileBytes ?? 100 * 1024 * 1024;
  const files = new Map<string, Place>();
  const directories = new Map<string, TreeEntry[]>([['.', []]]);
  const addDirectory = (path: string): TreeEntry[] => {
    let listing = directories.get(path);
    if (listing === undefined) {
      listing = [];
      directories.set(path, listing);
      addDirectory(dirName(path)).push({ name: baseName(path), type: 'directory' });
    }
    return listing;
  };
  for (const { path, type, offset, size } of entries) {
    if (type === 'directory') addDirectory(path);
    else {
      files.set(path, { offset, size });
      addDirectory(dirName(path)).push({ name: baseName(path), type: 'file' });
    }
  }
  for (const listing of directories.values()) listing.sort((a, b) => (a.name < b.name ? -1 : 1));

  const stat = (path: string): 'file' | 'directory' | undefined => {
    const normal = normalizePath(path);
    return files.has(normal) ? 'file' : directories.has(normal) ? 'directory' : undefined;
  };
  return {
    stat,
    read(path) {
      const place = files.get(normalizePath(path));
      if (place === undefined) {
        if (stat(path) === 'directory') throw new SluiceError('FileInvalid', `${path} is not a regular file`, { place: { file: path } });
        throw notFound(path);
      }
      if (place.size > maxFileBytes) {
        throw new SluiceError('FileInvalid', `${path} has ${place.size} bytes, the limit is ${maxFileBytes}`, { place: { file: path } });
      }
      return readAt(archive, place);
    },
    list(path) {
      const listing = directories.get(normalizePath(path));
      if (listing === undefined) throw notFound(path);
      return listing;
    },
  };
}

function notFound(path: string): SluiceError {
  return new SluiceError('FileNotFound', `${path}: no such file or directory`, { place: { file: path } });
}

function readAt(archive: string, { offset, size }: Place): Uint8Array {
  let file: number;
  try {
    file = openSync(archive, 'r');
  } catch (error) {
    throw new SluiceError('ArtifactMissing', 'the artifact is no longer in the store: a newer one has taken its place', { cause: error });
  }
  try {
    const bytes = Buffer.allocUnsafe(size);
    let at = 0;
    while (at < size) {
      const count = readSync(file, bytes, at, size - at, offset + at);
      if (count === 0) throw new SluiceError('ArtifactCorrupt', 'the artifact is shorter than it was');
      at += count;
    }
    return bytes;
  } finally {
    closeSync(file);
  }
}

/** The headers of an archive, without its contents; `place` is told where the content of each begins. */
async function* headersOf(archive: string, place: (offset: number) => void): AsyncGenerator<Omit<PackedEntry, 'offset'>> {
  const file = await open(archive, 'r');
  try {
    const window = Buffer.allocUnsafe(256 * 1024);
    let windowStart = 0;
    let windowLength = 0;
    let at = 0;
    const blockAt = async (position: number, length: number): Promise<Buffer> => {
      if (length > window.length) {
        const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(length), 0, length, position);
        return buffer.subarray(0, bytesRead);
      }
      if (position < windowStart || position + length > windowStart + windowLength) {
        const { bytesRead } = await file.read(window, 0, window.length, position);
        windowStart = position;
        windowLength = bytesRead;
      }
      return window.subarray(position - windowStart, Math.min(position - windowStart + length, windowLength));
    };
    for (;;) {
      // An entry with a long name is two headers and the name between them.
      let head = Buffer.from(await blockAt(at, 512));
      if (head[156] === 120) {
        const nameBytes = Number.parseInt(head.toString('latin1', 124, 135), 8);
        head = Buffer.from(await blockAt(at, 1024 + nameBytes + tarPadding(nameBytes)));
      }
      const entry = await firstEntry(head);
      if (entry === undefined) return;
      at += head.length;
      place(at);
      yield entry;
      at += entry.size + tarPadding(entry.size);
    }
  } finally {
    await file.close();
  }
}

async function firstEntry(head: Buffer): Promise<Omit<PackedEntry, 'offset'> | undefined> {
  for await (const event of readTar([head])) {
    if (!('entry' in event)) continue;
    const { path, type, size, executable } = event.entry;
    if (type === 'file' || type === 'directory') return { path: normalizePath(path), type, size, executable };
    throw new SluiceError('ArtifactCorrupt', 'the artifact holds what the store never writes');
  }
  return undefined;
}
