import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorMessage, SluiceError, type FileTree } from '@sluice/core';
import { fetchBaseFile, finalAddress } from './base-file.js';
import { openSnapshots, type Snapshot, type Snapshots } from './snapshots.js';
import { parseRepositoryUrl } from './repository-url.js';

export interface RemoteBasesOptions {
  /** Whether bases may be repositories on this machine (`file://`). Default: false. */
  readonly allowFile?: boolean;
  /** Hears of every URL that a build waits for. */
  readonly onFetch?: (url: string) => void;
}

/**
 * Bases, components and files of kustomizations that are named by a URL: fetched as a build asks for them, into a folder
 * that goes away with them. Repositories are shared by all builds that want the same commit.
 *
 * Nobody vouches for what is at such a URL: repositories and files have limits of size and time, and link-local addresses
 * are refused, wherever a server redirects to.
 */
export interface RemoteBases {
  /** The bases of one build, under its name. */
  of(build: string): BuildBases;
  /** The build is no more. */
  forget(build: string): void;
  /** Lets go of everything that was fetched. */
  close(): Promise<void>;
}

/** A base in a repository. */
export interface RepositoryContent {
  readonly tree: FileTree;
  readonly path: string;
  /** The repository and its reference, as the URL of the base names them. */
  readonly repo: string;
  readonly ref?: string;
}

/** What was fetched for one build, in the form in which kustomize takes it. */
export interface BuildBases {
  file(url: string): Uint8Array | undefined;
  repository(url: string): RepositoryContent | undefined;
  /** Names what is behind a URL: the same name, the same content. Undefined for what is not here. */
  contentId(url: string): string | undefined;
  /** Looks whether the URLs of the last build lead to something else by now. */
  renew(signal: AbortSignal): Promise<void>;
  /** Runs a build, and again with each base that it lacks: `lacking` says which, of its error. What it no longer uses is let go. */
  run<T>(build: () => T | Promise<T>, lacking: (error: unknown) => string | undefined, signal: AbortSignal): Promise<T>;
}

/** One URL's content. */
type Base =
  | { readonly type: 'file'; readonly content: Uint8Array; readonly id: string }
  | { readonly type: 'repository'; readonly snapshot: Snapshot };

/** Bases that are fetched for one purpose: what was listed before it began may be from before the commit that led to it. */
interface Round {
  readonly signal: AbortSignal;
  /** Milliseconds since it began. */
  readonly age: () => number;
}

function startRound(signal: AbortSignal): Round {
  const startedAt = performance.now();
  return { signal, age: () => performance.now() - startedAt };
}

/** A build that names more is not one that a person wrote. */
const MAX_BASES = 200;

export function openRemoteBases(options: RemoteBasesOptions = {}): RemoteBases {
  let directory: Promise<string> | undefined;
  let snapshots: Promise<Snapshots> | undefined;
  // Most processes never see a remote base: nothing is made before the first.
  const opened = (): Promise<Snapshots> =>
    (snapshots ??= (directory ??= mkdtemp(join(tmpdir(), 'sluice-bases-'))).then((path) => openSnapshots(path, options)));
  const builds = new Map<string, Held>();
  return {
    of(name) {
      let held = builds.get(name);
      if (held === undefined) builds.set(name, (held = new Held(opened, options)));
      return held;
    },
    forget(name) {
      builds.get(name)?.retain(new Set());
      builds.delete(name);
    },
    async close() {
      builds.clear();
      await (await snapshots)?.close();
      if (directory !== undefined) await rm(await directory, { recursive: true, force: true });
    },
  };
}

class Held implements BuildBases {
  readonly #bases = new Map<string, Base>();
  readonly #snapshots: () => Promise<Snapshots>;
  readonly #options: RemoteBasesOptions;
  #used = new Set<string>();

  constructor(snapshots: () => Promise<Snapshots>, options: RemoteBasesOptions) {
    this.#snapshots = snapshots;
    this.#options = options;
  }

  file(url: string): Uint8Array | undefined {
    const base = this.#use(url);
    return base?.type === 'file' ? base.content : undefined;
  }

  repository(url: string): RepositoryContent | undefined {
    const base = this.#use(url);
    if (base?.type !== 'repository') return undefined;
    const { url: repo, ref, path } = parseRepositoryUrl(url);
    return { tree: base.snapshot.tree, path, repo, ...(ref === '' ? {} : { ref }) };
  }

  contentId(url: string): string | undefined {
    const base = this.#use(url);
    return base?.type === 'repository' ? base.snapshot.id : base?.id;
  }

  #use(url: string): Base | undefined {
    this.#used.add(url);
    return this.#bases.get(url);
  }

  async renew(signal: AbortSignal): Promise<void> {
    const round = startRound(signal);
    await Promise.all([...this.#bases.keys()].map((url) => this.#fetch(url, round)));
  }

  async run<T>(build: () => T | Promise<T>, lacking: (error: unknown) => string | undefined, signal: AbortSignal): Promise<T> {
    const round = startRound(signal);
    const fetched = new Set<string>();
    for (;;) {
      this.#used = new Set();
      try {
        const result = await build();
        this.retain(this.#used);
        return result;
      } catch (error) {
        const url = lacking(error);
        // What was fetched and is asked for again is a file where a repository must be, or the other way round.
        if (url === undefined || fetched.has(url)) throw error;
        if (fetched.size >= MAX_BASES) throw new SluiceError('BuildRefused', `the build has more than ${MAX_BASES} remote bases`);
        fetched.add(url);
        this.#options.onFetch?.(url);
        await this.#fetch(url, round);
      }
    }
  }

  /** Lets go of all but these. */
  retain(urls: ReadonlySet<string>): void {
    for (const url of this.#bases.keys()) if (!urls.has(url)) this.#put(url, undefined);
  }

  #put(url: string, base: Base | undefined): void {
    const before = this.#bases.get(url);
    if (base === undefined) this.#bases.delete(url);
    else this.#bases.set(url, base);
    if (before?.type === 'repository') before.snapshot.release();
  }

  async #fetch(url: string, round: Round): Promise<void> {
    try {
      this.#put(url, await this.#fetched(url, round));
    } catch (error) {
      round.signal.throwIfAborted();
      throw new SluiceError('BuildRefused', `a remote base can't be fetched: ${errorMessage(error)}`, { cause: error });
    }
  }

  /** What an `https` URL leads to is a file, or else a repository: as kustomize finds out, by asking. */
  async #fetched(url: string, { signal, age }: Round): Promise<Base> {
    if (/^https?:\/\//.test(url) && this.#bases.get(url)?.type !== 'repository') {
      const file = await fetchBaseFile(new URL(url), signal);
      if (file !== undefined) return { type: 'file', ...file };
    }
    const repository = parseRepositoryUrl(url);
    const snapshots = await this.#snapshots();
    try {
      return { type: 'repository', snapshot: await snapshots.acquire(repository, age(), signal) };
    } catch (error) {
      // Git itself goes nowhere that was not judged; where the repository has moved to is asked for by what judges it.
      const moved = isRedirect(error) ? await finalAddress(repository.url, signal) : undefined;
      if (moved === undefined) throw error;
      return { type: 'repository', snapshot: await snapshots.acquire({ ...repository, url: moved }, age(), signal) };
    }
  }
}

function isRedirect(error: unknown): boolean {
  return error instanceof SluiceError && error.reason === 'GitUnreachable' && error.message.includes('redirects');
}
