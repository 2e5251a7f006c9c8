import { createHash, randomBytes } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { SluiceError, type FileTree } from '@sluice/core';
import { hasDigest, parseDigest, receive, write } from './digest.js';
import { pack, type Packed, type PackedEntry } from './pack.js';
import { packedSource, packedTree, readPackedEntries } from './packed-tree.js';
import { select } from './selection.js';
import type { SourceEntry, SourceTree } from './source-tree.js';
import { unpack, type UnpackLimits } from './unpack.js';

export interface AdoptLimits extends UnpackLimits {
  /** The most bytes of the archive itself. */
  readonly maxArchiveBytes: number;
}

/** What is in an archive, ready to be used. */
interface Opened {
  readonly tree: FileTree;
  readonly source: SourceTree;
}

/** How many archives from elsewhere are kept. */
const maxAdopted = 200;

/** How many sets of files are remembered by what they were packed to. */
const maxRemembered = 1000;

/**
 * Archives by content: `<hex>.tar.gz` for whoever fetches it, `<hex>.tar` beside it for reading in place. A file under
 * one of these names is complete: it is written elsewhere, forced to disk, and renamed. An archive is kept as long as
 * it has another name (a hard link), which publishing gives it.
 */
export class Blobs {
  readonly #directory: string;
  readonly #scratch: string;
  readonly #opened = new Map<string, Promise<Opened>>();
  /** Whose bytes were compared with their digest since the start. */
  readonly #intact = new Map<string, Promise<boolean>>();
  /** What was packed from which files: the same files are not packed twice. */
  readonly #packed = new Map<string, Packed>();
  /** Archives that were fetched from elsewhere, in the order of their coming. */
  readonly #adopted = new Set<string>();

  /** Clears away what an earlier process left unfinished. */
  constructor(directory: string, scratch: string) {
    this.#directory = directory;
    this.#scratch = scratch;
    rmSync(scratch, { recursive: true, force: true });
    for (const each of [directory, scratch]) mkdirSync(each, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(directory)) {
      if (!this.#isReferenced(join(directory, name.replace(/\.tar$/, '.tar.gz')))) rmSync(join(directory, name), { force: true });
    }
  }

  /**
   * Packs the files of a tree, unless they are packed already. `publish` gives the archive its first name, in the very step
   * in which it is known to be there: otherwise another object's clean-up could take it away in between.
   */
  async add(
    tree: SourceTree,
    options: { ignore: string | undefined; unfiltered?: boolean | undefined; maxBytes: number },
    publish: (digest: string) => void,
  ): Promise<Packed> {
    const { maxBytes } = options;
    const selection = await select(tree, options);
    const key = contentKey(selection.order);
    const known = key === undefined ? undefined : this.#packed.get(key);
    if (known !== undefined && this.has(known.digest) && existsSync(this.#plain(known.digest))) {
      publish(known.digest);
      return known;
    }
    const plain = this.#newFile();
    const compressed = this.#newFile();
    try {
      const { digest, size, entries } = await pack(tree, selection, { plain, compressed }, maxBytes);
      const isThere = this.has(digest) && (await this.isIntact(digest)) && this.has(digest);
      if (!isThere) this.#settle(digest, plain, compressed, entries);
      publish(digest);
      const packed = { digest, size };
      if (key !== undefined) this.#remember(key, packed);
      return packed;
    } finally {
      for (const path of [plain, compressed]) rmSync(path, { force: true });
    }
  }

  /** Takes in a file as it is: an index, a chart, a layer that is not unpacked. It is published as {@link add} does. */
  async addFile(
    bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    maxBytes: number,
    publish: (digest: string) => void,
  ): Promise<Packed> {
    const path = this.#newFile();
    try {
      const { digest, size } = await write(bytes, path, maxBytes);
      const isThere = this.has(digest) && (await this.isIntact(digest)) && this.has(digest);
      if (!isThere) {
        renameSync(path, this.#compressed(digest));
        this.#intact.set(digest, Promise.resolve(true));
      }
      publish(digest);
      return { digest, size };
    } finally {
      rmSync(path, { force: true });
    }
  }

  /** Takes in an archive that was made elsewhere and is not trusted. */
  async adopt(digest: string, archive: AsyncIterable<Uint8Array>, limits: AdoptLimits): Promise<void> {
    if (this.has(digest) && (await this.isIntact(digest))) return;
    const plain = this.#newFile();
    const compressed = this.#newFile();
    try {
      await receive(archive, compressed, digest, limits.maxArchiveBytes);
      await unpack(compressed, plain, limits);
      this.#settle(digest, plain, compressed, await readPackedEntries(plain));
      this.#adopted.add(digest);
      const [oldest] = this.#adopted.size > maxAdopted ? this.#adopted : [];
      if (oldest !== undefined) {
        this.#adopted.delete(oldest);
        this.dropUnreferenced(oldest);
      }
    } finally {
      for (const path of [plain, compressed]) rmSync(path, { force: true });
    }
  }

  has(digest: string): boolean {
    return existsSync(this.#compressed(digest));
  }

  /** Whether an archive is what its digest says. Its bytes are read once in the life of the process. */
  isIntact(digest: string): Promise<boolean> {
    let check = this.#intact.get(digest);
    if (check === undefined) {
      check = hasDigest(this.#compressed(digest), digest);
      this.#intact.set(digest, check);
    }
    return check;
  }

  /** What is in an archive; shared by all that ask. */
  open(digest: string): Promise<Opened> {
    let opened = this.#opened.get(digest);
    if (opened === undefined) {
      opened = this.#open(digest);
      this.#opened.set(digest, opened);
      // A failure is not remembered: the archive may come back.
      opened.catch(() => this.#opened.delete(digest));
    }
    return opened;
  }

  /** Gives an archive one more name, replacing what had it, in one step. */
  link(digest: string, path: string): void {
    const link = this.#newFile();
    linkSync(this.#compressed(digest), link);
    renameSync(link, path);
    // Renaming over another name of the same file does nothing, by POSIX: the link is still there then.
    rmSync(link, { force: true });
  }

  /** Whether a file is a name of an archive. */
  isLink(digest: string, path: string): boolean {
    const name = statSync(path, { throwIfNoEntry: false });
    return name !== undefined && name.ino === statSync(this.#compressed(digest), { throwIfNoEntry: false })?.ino;
  }

  /** Takes a name away, and the archive with it when that was its last. */
  unlink(path: string): void {
    const inode = statSync(path, { throwIfNoEntry: false })?.ino;
    rmSync(path, { force: true });
    if (inode === undefined) return;
    for (const name of readdirSync(this.#directory)) {
      if (!name.endsWith('.tar.gz')) continue;
      const archive = join(this.#directory, name);
      if (statSync(archive).ino === inode && !this.#isReferenced(archive)) this.#drop(name.slice(0, -'.tar.gz'.length));
    }
  }

  /** Drops an archive that has no other name. */
  dropUnreferenced(digest: string): void {
    if (!this.#isReferenced(this.#compressed(digest))) this.#drop(parseDigest(digest).hex);
  }

  async #open(digest: string): Promise<Opened> {
    if (!this.has(digest)) throw new SluiceError('ArtifactMissing', `no artifact with digest ${digest} is in the store`);
    if (!(await this.isIntact(digest))) {
      this.#drop(parseDigest(digest).hex);
      throw new SluiceError('ArtifactCorrupt', `the artifact with digest ${digest} was damaged on disk and has been removed`);
    }
    const plain = this.#plain(digest);
    try {
      return openPacked(plain, await readPackedEntries(plain));
    } catch {
      // It is not there, or was cut off by a crash; what it was made from is intact.
      rmSync(plain, { force: true });
    }
    const renewed = this.#newFile();
    await unpack(this.#compressed(digest), renewed, { maxUnpackedBytes: Infinity, maxFiles: Infinity });
    renameSync(renewed, plain);
    return openPacked(plain, await readPackedEntries(plain));
  }

  #settle(digest: string, plain: string, compressed: string, entries: readonly PackedEntry[]): void {
    renameSync(plain, this.#plain(digest));
    renameSync(compressed, this.#compressed(digest));
    this.#intact.set(digest, Promise.resolve(true));
    this.#opened.set(digest, Promise.resolve(openPacked(this.#plain(digest), entries)));
  }

  #drop(hex: string): void {
    for (const ending of ['tar.gz', 'tar']) rmSync(join(this.#directory, `${hex}.${ending}`), { force: true });
    for (const map of [this.#intact, this.#opened]) {
      for (const digest of map.keys()) if (digest.endsWith(`:${hex}`)) map.delete(digest);
    }
  }

  #remember(key: string, packed: Packed): void {
    this.#packed.delete(key);
    this.#packed.set(key, packed);
    const oldest = this.#packed.size > maxRemembered ? this.#packed.keys().next().value : undefined;
    if (oldest !== undefined) this.#packed.delete(oldest);
  }

  #isReferenced(archive: string): boolean {
    return (statSync(archive, { throwIfNoEntry: false })?.nlink ?? 0) > 1;
  }

  #compressed(digest: string): string {
    return join(this.#directory, `${parseDigest(digest).hex}.tar.gz`);
  }

  #plain(digest: string): string {
    return join(this.#directory, `${parseDigest(digest).hex}.tar`);
  }

  #newFile(): string {
    return join(this.#scratch, randomBytes(12).toString('hex'));
  }
}

function openPacked(plain: string, entries: readonly PackedEntry[]): Opened {
  return { tree: packedTree(plain, entries), source: packedSource(plain, entries) };
}

/** A name for the very files of an artifact, when each of them tells its content by an id (a Git blob's hash). */
function contentKey(order: readonly (string | SourceEntry)[]): string | undefined {
  const hash = createHash('sha256');
  for (const entry of order) {
    if (typeof entry === 'string') hash.update(`d ${entry}\0`);
    else if (entry.contentId === undefined) return undefined;
    else hash.update(`${entry.executable ? 'x' : 'f'} ${entry.contentId} ${entry.path}\0`);
  }
  return hash.digest('hex');
}
