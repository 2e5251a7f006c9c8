import { createHash } from 'node:crypto';
import { deepEqual, errorMessage, recordingTree, type FileTree, type TreeReads } from '@sluice/core';
import type { Kustomization } from '@sluice/api';
import { build, type Remotes } from '@sluice/kustomize';
import type { BuildBases } from '@sluice/sources';
import type { Manifest } from '../apply/desired.js';
import { placeOf, withPlace } from '../apply/place.js';
import { rootKustomization } from './generate.js';
import { failed } from './stage-error.js';

/** What a build made. */
export interface Built {
  readonly manifests: readonly Manifest[];
  /** Equal numbers are the same build: nothing that it read has changed. */
  readonly identity: symbol;
}

interface CachedBuild extends Built {
  readonly path: string;
  readonly settings: unknown;
  readonly witness: Witness;
}

/** Everything that a build looked at, with what it saw. */
interface Witness {
  readonly files: ReadonlyMap<string, string>;
  readonly directories: ReadonlyMap<string, readonly string[]>;
  readonly stats: TreeReads['stats'];
  /** What the URLs led to. */
  readonly remotes: ReadonlyMap<string, string | undefined>;
}

/**
 * Builds the manifests of Kustomizations, each again only when something has changed that its last build looked at: a
 * commit to another application of the repository costs reading and comparing the files of this one.
 */
export class Builds {
  readonly #cache = new Map<string, CachedBuild>();
  readonly #rootName: string;

  /** `rootName` is how messages call the root of the tree: `/` when it is that of a machine. */
  constructor(rootName: '.' | '/' = '.') {
    this.#rootName = rootName;
  }

  /** Without `bases` a build that asks for something that is named by a URL is refused. */
  build(key: string, kustomization: Kustomization, tree: FileTree, path: string, bases?: BuildBases): Built {
    const settings = buildSettings(kustomization);
    const cached = this.#cache.get(key);
    if (cached !== undefined && cached.path === path && deepEqual(cached.settings, settings)) {
      if (stillHolds(cached.witness, tree) && leadsToTheSame(cached.witness, bases)) return cached;
    }
    const recording = recordingTree(tree);
    const remotes = bases === undefined ? undefined : recordingRemotes(bases);
    const manifests = buildManifests(kustomization, recording, path, this.#rootName, remotes);
    const witness = { ...witnessOf(recording.reads, tree), remotes: remotes?.seen ?? new Map() };
    const built = { manifests, identity: Symbol(key), path, settings, witness };
    this.#cache.set(key, built);
    return built;
  }

  /** Whether a build of this tree would read what the last one read. */
  isCurrent(key: string, tree: FileTree): boolean {
    const cached = this.#cache.get(key);
    return cached !== undefined && stillHolds(cached.witness, tree);
  }

  forget(key: string): void {
    this.#cache.delete(key);
  }
}

function buildManifests(
  kustomization: Kustomization,
  tree: FileTree,
  path: string,
  rootName: string,
  remotes: Remotes | undefined,
): readonly Manifest[] {
  try {
    const { objects, origins } = build(tree, path, {
      keepBuiltInSchema: true,
      rootName,
      rootKustomization: rootKustomization(tree, path, kustomization),
      ...(remotes === undefined ? {} : { remotes }),
    });
    return objects.map((object, index) => ({ object, place: origins[index] }));
  } catch (error) {
    const place = placeOf(error);
    // A kustomization that is generated is in no file.
    const file = place?.file;
    const known = file !== undefined && tree.stat(file) === 'file' ? { ...place, file: rootName === '/' ? `/${file}` : file } : undefined;
    throw failed('BuildFailed', withPlace(`kustomize build failed: ${errorMessage(error)}`, known), error);
  }
}

/** What of a spec goes into a build. */
function buildSettings({ spec }: Kustomization): unknown {
  const { targetNamespace, namePrefix, nameSuffix, patches, components, ignoreMissingComponents, images, buildMetadata } = spec;
  return { targetNamespace, namePrefix, nameSuffix, patches, components, ignoreMissingComponents, images, buildMetadata };
}

/** Notes which URLs a build follows, and what they led to. */
function recordingRemotes(bases: BuildBases): Remotes & { readonly seen: ReadonlyMap<string, string | undefined> } {
  const seen = new Map<string, string | undefined>();
  const note = (url: string): string => {
    seen.set(url, bases.contentId(url));
    return url;
  };
  return { seen, file: (url) => bases.file(note(url)), repository: (url) => bases.repository(note(url)) };
}

function leadsToTheSame({ remotes }: Witness, bases: BuildBases | undefined): boolean {
  return [...remotes].every(([url, id]) => bases?.contentId(url) === id);
}

function witnessOf(reads: TreeReads, tree: FileTree): Omit<Witness, 'remotes'> {
  return {
    files: new Map([...reads.files].flatMap((file) => (tree.stat(file) === 'file' ? [[file, digest(tree, file)] as const] : []))),
    directories: new Map(
      [...reads.directories].flatMap((path) => (tree.stat(path) === 'directory' ? [[path, listing(tree, path)] as const] : [])),
    ),
    stats: reads.stats,
  };
}

function stillHolds({ files, directories, stats }: Witness, tree: FileTree): boolean {
  for (const [path, type] of stats) if (tree.stat(path) !== type) return false;
  for (const [path, entries] of directories) {
    if (tree.stat(path) !== 'directory' || !deepEqual(listing(tree, path), entries)) return false;
  }
  for (const [path, hash] of files) if (tree.stat(path) !== 'file' || digest(tree, path) !== hash) return false;
  return true;
}

function listing(tree: FileTree, path: string): string[] {
  return tree.list(path).map(({ name, type }) => `${type} ${name}`);
}

/** A tree never changes: what many builds read of it is read for this once. */
const digests = new WeakMap<FileTree, Map<string, string>>();

function digest(tree: FileTree, path: string): string {
  let known = digests.get(tree);
  if (known === undefined) digests.set(tree, (known = new Map()));
  let hash = known.get(path);
  if (hash === undefined) known.set(path, (hash = createHash('sha1').update(tree.read(path)).digest('base64')));
  return hash;
}
