import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Artifact } from '@sluice/api';
import { SluiceError, type FileTree } from '@sluice/core';
import { Blobs, type AdoptLimits } from './blobs.js';
import type { Packed } from './pack.js';
import type { SourceTree } from './source-tree.js';

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
  /** Everything goes in, as with buckets, whose objects were selected before. Default: false. */
  readonly unfiltered?: boolean;
}

export interface PutFileOptions {
  readonly revision: string;
  /** The file's name: `index-<hex>.yaml`, `podinfo-6.7.0.tgz`. */
  readonly fileName: string;
  /** The name under which the latest is always found: `index.yaml`, `podinfo-latest.tgz`. Default: `latest.tar.gz`. */
  readonly latestName?: string;
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
  /** Makes an artifact of one file, as it is: a repository's index, a chart, a layer. */
  putFile(owner: ArtifactOwner, bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, options: PutFileOptions): Promise<Artifact>;
  /** The files of an artifact, read-only, shared by all that use them. They stay readable while the artifact is kept. */
  tree(digest: string): Promise<FileTree>;
  /** The files of an artifact, to make another one of. */
  source(digest: string): Promise<SourceTree>;
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

const latestName = 'latest.tar.gz';

/** Whether a path is that of the latest artifact, by the names that Flux has for it. */
function isLatest(path: string): boolean {
  return /\/(?:latest\.tar\.gz|index\.yaml|[^/]+-latest\.tgz)$/.test(path);
}

/** Opens a store, and clears away what an earlier process left unfinished. */
export function openArtifactStore(options: ArtifactStoreOptions): ArtifactStore {
  const { dir, now = () => new Date(), maxBytes = 1024 ** 3, retentionMs = 60_000, retentionRecords = 2 } = options;
  const published = join(dir, 'artifacts');
  const blobs = new Blobs(join(dir, 'blobs'), join(dir, 'tmp'));
  mkdirSync(published, { recursive: true, mode: 0o700 });

  const fileOf = (path: string): string | undefined => {
    const segments = path.split('/');
    if (segments.length !== 4 || segments.some((name) => name === '' || name.startsWith('.') || name.includes('\0'))) return undefined;
    const file = join(published, ...segments);
    return statSync(file, { throwIfNoEntry: false })?.isFile() === true ? file : undefined;
  };
  const urlOf = (path: string): string => `${options.baseUrl.replace(/\/+$/, '')}/${path}`;

  /** Gives an archive its path, and the name of the latest. */
  const publisher = (owner: ArtifactOwner, path: string, latest: string) => (digest: string) => {
    const directory = join(published, ownerPath(owner));
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    blobs.link(digest, join(published, path));
    blobs.link(digest, join(directory, latest));
  };
  const artifactOf = (path: string, stored: Packed, { revision, metadata }: Pick<PutOptions, 'revision' | 'metadata'>): Artifact => ({
    digest: stored.digest,
    lastUpdateTime: now()
      .toISOString()
      .replace(/\.\d+Z$/, 'Z'),
    path,
    revision,
    size: stored.size,
    url: urlOf(path),
    ...(metadata !== undefined && { metadata }),
  });

  return {
    dir,
    urlOf,
    fileOf,
    async put(owner, tree, { fileName, ignore, unfiltered, ...options }) {
      const path = `${ownerPath(owner)}/${segment(fileName)}.tar.gz`;
      const packed = await blobs.add(tree, { ignore, unfiltered, maxBytes }, publisher(owner, path, latestName));
      return artifactOf(path, packed, options);
    },
    async putFile(owner, bytes, { fileName, latestName: latest = latestName, ...options }) {
      const path = `${ownerPath(owner)}/${segment(fileName)}`;
      const stored = await blobs.addFile(bytes, maxBytes, publisher(owner, path, segment(latest)));
      return artifactOf(path, stored, options);
    },
    tree: async (digest) => (await blobs.open(digest)).tree,
    source: async (digest) => (await blobs.open(digest)).source,
    adopt: (digest, archive, limits) => blobs.adopt(digest, archive, limits),
    async verify({ path, digest }) {
      const file = fileOf(path);
      return file !== undefined && blobs.isLink(digest, file) && (await blobs.isIntact(digest));
    },
    collectGarbage(owner, current) {
      const directory = ownerPath(owner);
      const oldest = now().getTime() - retentionMs;
      const others = filesIn(join(published, directory))
        .map((name) => ({ path: `${directory}/${name}`, time: statSync(join(published, directory, name)).mtimeMs }))
        .filter(({ path }) => path !== current?.path && !isLatest(path))
        .sort((a, b) => b.time - a.time);
      const paths = others.filter(({ time }, index) => time < oldest || index >= retentionRecords - 1).map(({ path }) => path);
      for (const path of paths) blobs.unlink(join(published, path));
      return paths;
    },
    remove(path) {
      const file = fileOf(path);
      if (file !== undefined) blobs.unlink(file);
    },
    removeAll(owner) {
      const directory = join(published, ownerPath(owner));
      for (const name of filesIn(directory)) blobs.unlink(join(directory, name));
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** `gitrepository/flux-system/fleet`: the path of an object's artifacts, as Flux has it. */
function ownerPath({ kind, namespace, name }: ArtifactOwner): string {
  return [kind.toLowerCase(), namespace, name].map(segment).join('/');
}

/** One name of a path; whatever it comes from, it stays one name. */
function segment(name: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9._+:-]*$/.test(name)) {
    throw new SluiceError('PathEscapes', `${JSON.stringify(name)} can't be part of an artifact's path`);
  }
  return name;
}

function filesIn(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory) : [];
}
