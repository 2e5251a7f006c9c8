import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, existsSync, statSync } from 'node:fs';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { SluiceError } from '@sluice/core';
import type { Mirror, MirrorLimits } from '../mirror.js';
import { readBlobs, type GitEntry, type TreeLimits } from '../tree.js';
import { lfsMatcher, maxPointerBytes, parsePointer, type LfsPointer } from './pointer.js';
import { openLfsServer, type LfsOrigin } from './server.js';

/** What was not asked for in so long is fetched again when it is. */
const maxIdleMs = 7 * 24 * 3600_000;

export type LfsLimits = MirrorLimits & TreeLimits;

/**
 * The same files, with those that the repository keeps by LFS as what they stand for. Nothing is fetched before their
 * content is asked for: what is left out of an artifact costs nothing.
 */
export async function withLfs(
  mirror: Mirror,
  all: readonly GitEntry[],
  wanted: readonly GitEntry[],
  origin: Omit<LfsOrigin, 'configured'>,
  limits: LfsLimits,
): Promise<readonly GitEntry[]> {
  const attributes = all.filter(({ path, size }) => /(?:^|\/)\.gitattributes$/.test(path) && size <= 1024 * 1024);
  if (attributes.length === 0) return wanted;
  const texts = await contents(mirror, attributes, limits);
  const isLfs = lfsMatcher(
    attributes.map(({ path }, index) => ({ directory: path.split('/').slice(0, -1), text: texts[index]?.toString('utf8') ?? '' })),
  );
  if (isLfs === undefined) return wanted;
  const candidates = wanted.filter(({ path, size, type }) => type === 'file' && size <= maxPointerBytes && isLfs(path));
  const pointers = new Map<GitEntry, LfsPointer>();
  for (const [index, content] of (await contents(mirror, candidates, limits)).entries()) {
    const pointer = parsePointer(content);
    const entry = candidates[index];
    if (pointer !== undefined && entry !== undefined) pointers.set(entry, pointer);
  }
  if (pointers.size === 0) return wanted;
  const configured = await configuredUrl(mirror, all, limits);
  const large = new LargeFiles(join(mirror.directory, 'lfs', 'objects'), { ...origin, configured }, limits);
  return wanted.map((entry) => {
    const pointer = pointers.get(entry);
    return pointer === undefined ? entry : { ...entry, size: pointer.size, contentId: `lfs-${pointer.oid}`, large, pointer };
  });
}

/** The contents of some small blobs. */
async function contents(mirror: Mirror, entries: readonly GitEntry[], limits: LfsLimits): Promise<Buffer[]> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of readBlobs(mirror.directory, entries, limits)) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  let at = 0;
  return entries.map(({ size }) => bytes.subarray(at, (at += size)));
}

async function configuredUrl(mirror: Mirror, all: readonly GitEntry[], limits: LfsLimits): Promise<string | undefined> {
  const file = all.find(({ path }) => path === '.lfsconfig');
  if (file === undefined) return undefined;
  const settings = await mirror.readConfigBlob(file.contentId, limits);
  return settings.findLast(([key]) => key === 'lfs.url')?.[1];
}

/** The large files of a mirror, on disk by their digests. They are kept apart for each origin: who may read one may not read another's. */
export class LargeFiles {
  readonly #directory: string;
  readonly #origin: LfsOrigin;
  readonly #limits: LfsLimits;

  constructor(directory: string, origin: LfsOrigin, limits: LfsLimits) {
    this.#directory = directory;
    this.#origin = origin;
    this.#limits = limits;
  }

  /** Brings here what is missing of some files. */
  async bring(files: readonly { readonly path: string; readonly pointer: LfsPointer }[]): Promise<void> {
    const { maxFileBytes, maxBytes } = this.#limits;
    const missing = new Map<string, LfsPointer>();
    let total = 0;
    for (const { path, pointer } of files) {
      if (pointer.size > maxFileBytes) {
        throw new SluiceError('GitTooLarge', `${path} has ${pointer.size} bytes, the limit for a file is ${maxFileBytes}`, {
          place: { file: path },
        });
      }
      if (!missing.has(pointer.oid) && statSync(this.#pathOf(pointer), { throwIfNoEntry: false })?.size !== pointer.size) {
        missing.set(pointer.oid, pointer);
        total += pointer.size;
      }
    }
    if (missing.size === 0) return;
    if (total > maxBytes) throw new SluiceError('GitTooLarge', `the files of LFS have ${total} bytes, the limit is ${maxBytes}`);
    await this.#dropIdle(new Set(files.map(({ pointer }) => pointer.oid)));
    if (this.#origin.url.protocol === 'file') return await this.#copy([...missing.values()]);
    const server = await openLfsServer(this.#origin, this.#limits);
    try {
      await server.download([...missing.values()], (pointer, bytes) => this.#save(pointer, bytes));
    } finally {
      await server.close();
    }
  }

  read(pointer: LfsPointer): AsyncIterable<Uint8Array> {
    return createReadStream(this.#pathOf(pointer)) as AsyncIterable<Uint8Array>;
  }

  /** A repository on this machine has them beside its objects. */
  async #copy(pointers: readonly LfsPointer[]): Promise<void> {
    const repository = this.#origin.url.address.slice('file://'.length);
    for (const pointer of pointers) {
      const found = ['.git/lfs', 'lfs']
        .map((place) => join(repository, place, 'objects', placeOf(pointer.oid)))
        .find((path) => existsSync(path));
      if (found === undefined)
        throw new SluiceError('GitReferenceMissing', `the repository has no LFS object ${pointer.oid}: was it pushed with git lfs push?`);
      await this.#save(pointer, createReadStream(found) as AsyncIterable<Uint8Array>);
    }
  }

  /** Under its name is what its name says, or nothing. */
  async #save({ oid, size }: LfsPointer, bytes: AsyncIterable<Uint8Array>): Promise<void> {
    const path = this.#pathOf({ oid });
    const scratch = `${path}.${randomBytes(6).toString('hex')}`;
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const hash = createHash('sha256');
    const file = await open(scratch, 'wx', 0o600);
    try {
      let received = 0;
      for await (const chunk of bytes) {
        received += chunk.length;
        if (received > size) throw new SluiceError('GitFailed', `the LFS object ${oid} has more than the ${size} bytes it should have`);
        hash.update(chunk);
        await file.write(chunk);
      }
      if (received !== size || hash.digest('hex') !== oid)
        throw new SluiceError('GitFailed', `the LFS object ${oid} came damaged, or cut off`);
      await rename(scratch, path);
    } finally {
      await file.close();
      await rm(scratch, { force: true });
    }
  }

  async #dropIdle(used: ReadonlySet<string>): Promise<void> {
    if (!existsSync(this.#directory)) return;
    const oldest = Date.now() - maxIdleMs;
    for (const name of await readdir(this.#directory, { recursive: true })) {
      const path = join(this.#directory, name);
      const stats = statSync(path, { throwIfNoEntry: false });
      const isIdle = stats?.isFile() === true && Math.max(stats.mtimeMs, stats.atimeMs) < oldest;
      if (isIdle && !used.has(name.slice(-64))) await rm(path, { force: true });
    }
  }

  #pathOf({ oid }: Pick<LfsPointer, 'oid'>): string {
    return join(this.#directory, placeOf(oid));
  }
}

/** As git-lfs lays them out. */
function placeOf(oid: string): string {
  return join(oid.slice(0, 2), oid.slice(2, 4), oid);
}
