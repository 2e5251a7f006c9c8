import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, existsSync, linkSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Artifact } from '@sluice/api';
import { SluiceError, type FileTree } from '@sluice/core';
import { pack, type Packed } from './pack.js';
import { packedTree, readPackedEntries } from './packed-tree.js';
import { select } from './selection.js';
import type { SourceEntry, SourceTree } from './source-tree.js';
import { unpack, type UnpackLimits } from './unpack.js';

export interface ArtifactStoreOptions {
  /** Where artifacts live; it survives restarts. One process at a time. */
  readonly dir: string;
  /** What the addresses of artifacts begin with: `http://source-controller.flux-system.svc.cluster.local.`. */
  readonly baseUrl: string;
  /** The most bytes of files in an artifact. Default: 1 GiB. */
  readonly maxBytes?: number;
  /** How long an artifact outlives its successor. Default: 60 s. */
  readonly retentionMs?: number;
  /** How many artifacts of an object are kept, the current one included. Default: 2. */
  readonly retentionRecords?: number;
  /** The wall clock. */
  readonly now?: () => Date;
}

/** The object that an artifact belongs to. */
export interface ArtifactOwner {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

export interface PutOptions {
  /** Which state of the origin it is, such as `main@sha1:…`. */
  readonly revision: string;
  /** The file's name without its ending; unique for the revision: the commit, the digest. */
  readonly fileName: string;
  /** `spec.ignore`. */
  readonly ignore?: string | undefined;
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * Artifacts on disk, by content: two objects with the same files share one archive. What is under an artifact's path
 * is always complete: archives are written elsewhere, forced to disk, and linked into place in one step.
 *
 * ```ts
 * const store = openArtifactStore({ dir: '/var/lib/sluice/artifacts', baseUrl: 'http://127.0.0.1:9090' });
 * const artifact = await store.put({ kind: 'GitRepository', namespace: 'flux-system', name: 'fleet' }, checkout.tree, {
 *   revision: checkout.revision,
 *   fileName: checkout.commit.hash,
 * });
 * const tree = await store.tree(artifact.digest);
 * ```
 */
export interface ArtifactStore {
  readonly dir: string;
  /** Makes an artifact of the files of a tree, and returns it as it stands in `status.artifact`. */
  put(owner: ArtifactOwner, tree: SourceTree, options: PutOptions): Promise<Artifact>;
  /** The files of an artifact, read-only, shared by all that use them. They stay readable while the artifact is kept. */
  tree(digest: string): Promise<FileTree>;
  /** Takes in an archive that was fetched from elsewhere, for {@link tree}. The archive is not trusted. */
  adopt(digest: string, archive: AsyncIterable<Uint8Array>, limits: AdoptLimits): Promise<void>;
  /** Whether an artifact is there and is what its digest says. Its bytes are checked once in the life of the process. */
  verify(artifact: Pick<Artifact, 'path' | 'digest'>): Promise<boolean>;
  /** The address of an artifact, as of now: the host may have changed since it was made. */
  urlOf(path: string): string;
  /** Removes the artifacts of an object that are neither current nor young enough to be kept. Returns their paths. */
  collectGarbage(owner: ArtifactOwner, current: Pick<Artifact, 'path'> | undefined): string[];
  /** Removes one artifact. */
  remove(path: string): void;
  /** Removes all artifacts of an object. */
  removeAll(owner: ArtifactOwner): void;
  /** Where an artifact's archive lies, for serving it; undefined when there is none. */
  fileOf(path: string): string | undefined;
}

export interface AdoptLimits extends UnpackLimits {
  /** The most bytes of the archive itself. */
  readonly maxArchiveBytes: number;
}

const latestName = 'latest.tar.gz';

/** How many archives from elsewhere are kept. */
const maxAdopted = 200;

/** Opens a store, and clears away what an earlier process left unfinished. */
export function openArtifactStore(options: ArtifactStoreOptions): ArtifactStore {
  const { dir } = options;
  const now = options.now ?? (() => new Date());
  const maxBytes = options.maxBytes ?? 1024 ** 3;
  const retentionMs = options.retentionMs ?? 60_000;
  const retentionRecords = options.retentionRecords ?? 2;
  const blobs = join(dir, 'blobs');
  const published = join(dir, 'artifacts');
  const scratch = join(dir, 'tmp');
  rmSync(scratch, { recursive: true, force: true });
  for (const directory of [blobs, published, scratch]) mkdirSync(directory, { recursive: true, mode: 0o700 });

  const verified = new Map<string, Promise<boolean>>();
  const trees = new Map<string, Promise<FileTree>>();
  /** What was packed from which files: the same files are not packed twice. */
  const packedOf = new Map<string, Packed>();
  /** Archives that were fetched from elsewhere, in the order of their coming. */
  const adopted = new Set<string>();

  const compressedOf = (digest: string): string => join(blobs, `${parseDigest(digest).hex}.tar.gz`);
  const plainOf = (digest: string): string => join(blobs, `${parseDigest(digest).hex}.tar`);
  const scratchFile = (): string => join(scratch, randomBytes(12).toString('hex'));
  dropUnreferenced(blobs);

  const dropBlob = (digest: string): void => {
    for (const path of [compressedOf(digest), plainOf(digest)]) rmSync(path, { force: true });
    verified.delete(digest);
    trees.delete(digest);
  };

  /** Removes a published file, and its archive when that was its last name. */
  const unpublish = (file: string): void => {
    const inode = statSync(file, { throwIfNoEntry: false })?.ino;
    rmSync(file, { force: true });
    if (inode === undefined) return;
    for (const name of readdirSync(blobs)) {
      if (!name.endsWith('.tar.gz')) continue;
      const stats = statSync(join(blobs, name), { throwIfNoEntry: false });
      if (stats?.ino === inode && stats.nlink === 1) dropBlob(`sha256:${name.slice(0, -'.tar.gz'.length)}`);
    }
  };

  /** Gives a blob a name, replacing what had it, in one step. */
  const publish = (digest: string, path: string): void => {
    const link = scratchFile();
    linkSync(compressedOf(digest), link);
    renameSync(link, join(published, path));
    // Renaming over another name of the same file does nothing, by POSIX: the link is still there then.
    rmSync(link, { force: true });
  };

  const isIntact = (digest: string): Promise<boolean> => {
    let check = verified.get(digest);
    if (check === undefined) {
      check = hexDigestOf(compressedOf(digest), parseDigest(digest).algorithm).then((actual) => actual === parseDigest(digest).hex);
      verified.set(digest, check);
    }
    return check;
  };

  const packOnce = async (tree: SourceTree, ignore: string | undefined): Promise<Packed> => {
    const selection = await select(tree, ignore);
    const key = contentKey(selection.order);
    const known = key === undefined ? undefined : packedOf.get(key);
    if (known !== undefined && existsSync(compressedOf(known.digest)) && existsSync(plainOf(known.digest))) return known;
    const paths = { plain: scratchFile(), compressed: scratchFile() };
    try {
      const { digest, size, entries } = await pack(tree, selection, paths, maxBytes);
      if (existsSync(compressedOf(digest)) && (await isIntact(digest))) {
        if (!existsSync(plainOf(digest))) renameSync(paths.plain, plainOf(digest));
      } else {
        renameSync(paths.plain, plainOf(digest));
        renameSync(paths.compressed, compressedOf(digest));
        verified.set(digest, Promise.resolve(true));
        trees.set(digest, Promise.resolve(packedTree(plainOf(digest), entries)));
      }
      const packed = { digest, size };
      if (key !== undefined) remember(packedOf, key, packed);
      return packed;
    } finally {
      for (const path of Object.values(paths)) rmSync(path, { force: true });
    }
  };

  const openTree = async (digest: string): Promise<FileTree> => {
    if (!existsSync(compressedOf(digest))) throw new SluiceError('ArtifactMissing', `no artifact with digest ${digest} is in the store`);
    if (!(await isIntact(digest))) {
      dropBlob(digest);
      throw new SluiceError('ArtifactCorrupt', `the artifact with digest ${digest} was damaged on disk and has been removed`);
    }
    if (existsSync(plainOf(digest))) {
      try {
        return packedTree(plainOf(digest), await readPackedEntries(plainOf(digest)));
      } catch {
        // Cut off by a crash; what it was made from is intact.
        rmSync(plainOf(digest), { force: true });
      }
    }
    const plain = scratchFile();
    await unpack(compressedOf(digest), plain, { maxUnpackedBytes: Infinity, maxFiles: Infinity });
    renameSync(plain, plainOf(digest));
    return packedTree(plainOf(digest), await readPackedEntries(plainOf(digest)));
  };

  const fileOf = (path: string): string | undefined => {
    const segments = path.split('/');
    if (segments.length !== 4 || segments.some((name) => name === '' || name.startsWith('.') || name.includes('\0'))) return undefined;
    const file = join(published, ...segments);
    return statSync(file, { throwIfNoEntry: false })?.isFile() === true ? file : undefined;
  };

  const urlOf = (path: string): string => `${options.baseUrl.replace(/\/+$/, '')}/${path}`;

  return {
    dir,
    urlOf,
    async put(owner, tree, { revision, fileName, ignore, metadata }) {
      const { digest, size } = await packOnce(tree, ignore);
      const directory = ownerPath(owner);
      mkdirSync(join(published, directory), { recursive: true, mode: 0o700 });
      const path = `${directory}/${segment(fileName)}.tar.gz`;
      publish(digest, path);
      publish(digest, `${directory}/${latestName}`);
      return {
        digest,
        lastUpdateTime: now()
          .toISOString()
          .replace(/\.\d+Z$/, 'Z'),
        path,
        revision,
        size,
        url: urlOf(path),
        ...(metadata !== undefined && { metadata }),
      };
    },
    tree(digest) {
      let tree = trees.get(digest);
      if (tree === undefined) {
        tree = openTree(digest);
        trees.set(digest, tree);
        // A failure is not remembered: the artifact may come back.
        tree.catch(() => trees.delete(digest));
      }
      return tree;
    },
    async adopt(digest, archive, limits) {
      if (existsSync(plainOf(digest)) && existsSync(compressedOf(digest))) return;
      const compressed = scratchFile();
      const plain = scratchFile();
      try {
        await receive(archive, compressed, digest, limits.maxArchiveBytes);
        await unpack(compressed, plain, limits);
        renameSync(plain, plainOf(digest));
        renameSync(compressed, compressedOf(digest));
        verified.set(digest, Promise.resolve(true));
        adopted.add(digest);
        const [oldest] = adopted.size > maxAdopted ? adopted : [];
        if (oldest !== undefined) {
          adopted.delete(oldest);
          if ((statSync(compressedOf(oldest), { throwIfNoEntry: false })?.nlink ?? 0) < 2) dropBlob(oldest);
        }
      } finally {
        for (const path of [compressed, plain]) rmSync(path, { force: true });
      }
    },
    async verify({ path, digest }) {
      const file = fileOf(path);
      if (file === undefined || !existsSync(compressedOf(digest))) return false;
      if (statSync(file).ino !== statSync(compressedOf(digest)).ino) return false;
      return await isIntact(digest);
    },
    collectGarbage(owner, current) {
      const directory = ownerPath(owner);
      const oldest = now().getTime() - retentionMs;
      const others = filesIn(join(published, directory))
        .map((name) => ({ path: `${directory}/${name}`, time: statSync(join(published, directory, name)).mtimeMs }))
        .filter(({ path }) => path !== current?.path && !path.endsWith(`/${latestName}`))
        .sort((a, b) => b.time - a.time);
      const paths = others.filter(({ time }, index) => time < oldest || index >= retentionRecords - 1).map(({ path }) => path);
      for (const path of paths) unpublish(join(published, path));
      return paths;
    },
    remove(path) {
      const file = fileOf(path);
      if (file !== undefined) unpublish(file);
    },
    removeAll(owner) {
      const directory = join(published, ownerPath(owner));
      for (const name of filesIn(directory)) unpublish(join(directory, name));
      rmSync(directory, { recursive: true, force: true });
    },
    fileOf,
  };
}

/** `gitrepository/flux-system/fleet`: the path of an object's artifacts, as Flux has it. */
function ownerPath({ kind, namespace, name }: ArtifactOwner): string {
  return [kind.toLowerCase(), namespace, name].map(segment).join('/');
}

/** One name of a path; whatever it comes from, it stays one name. */
function segment(name: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9._+-]*$/.test(name)) {
    throw new SluiceError('PathEscapes', `${JSON.stringify(name)} can't be part of an artifact's path`);
  }
  return name;
}

/** Takes a digest apart. Ours are sha256; other controllers may be set to the longer ones. */
function parseDigest(digest: string): { readonly algorithm: string; readonly hex: string } {
  const [, algorithm = '', hex = ''] = /^(sha256|sha384|sha512):([0-9a-f]{64,128})$/.exec(digest) ?? [];
  if (algorithm === '' || hex.length * 4 !== Number(algorithm.slice('sha'.length))) {
    throw new SluiceError('ArtifactCorrupt', `${JSON.stringify(digest)} is not a digest of the form sha256:…`);
  }
  return { algorithm, hex };
}

/** Archives that no artifact refers to: an earlier process ended between making and publishing them. */
function dropUnreferenced(blobs: string): void {
  for (const name of readdirSync(blobs)) {
    const compressed = join(blobs, name.replace(/\.tar$/, '.tar.gz'));
    if ((statSync(compressed, { throwIfNoEntry: false })?.nlink ?? 0) < 2) rmSync(join(blobs, name), { force: true });
  }
}

function filesIn(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory) : [];
}

async function hexDigestOf(file: string, algorithm: string): Promise<string> {
  const hash = createHash(algorithm);
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) hash.update(chunk);
  return hash.digest('hex');
}

/** Writes what comes to a file, up to a limit, and checks its digest. */
async function receive(bytes: AsyncIterable<Uint8Array>, path: string, digest: string, maxBytes: number): Promise<void> {
  const { algorithm, hex } = parseDigest(digest);
  const hash = createHash(algorithm);
  const file = await open(path, 'wx', 0o600);
  let size = 0;
  try {
    for await (const chunk of bytes) {
      size += chunk.length;
      if (size > maxBytes) throw new SluiceError('ArchiveTooLarge', `the archive has more than ${maxBytes} bytes`);
      hash.update(chunk);
      await file.write(chunk);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  const actual = hash.digest('hex');
  if (actual !== hex) {
    throw new SluiceError(
      'ArtifactCorrupt',
      `the archive has the digest ${algorithm}:${actual} and should have ${digest}: it changed on the way, or at its origin`,
    );
  }
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

/** Keeps the newest of a cache's entries. */
function remember<V>(cache: Map<string, V>, key: string, value: V): void {
  cache.delete(key);
  cache.set(key, value);
  const oldest = cache.size > 1000 ? cache.keys().next().value : undefined;
  if (oldest !== undefined) cache.delete(oldest);
}
