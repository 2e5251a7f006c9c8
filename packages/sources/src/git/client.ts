import { createHash, createHmac, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SluiceError } from '@sluice/core';
import type { SourceTree } from '../artifact/source-tree.js';
import { withAccess, type AccessOptions } from './access.js';
import { parseCommit, parseTag, type GitCommit, type GitTag } from './commit.js';
import type { GitCredentials } from './credentials.js';
import { gitFailure } from './failure.js';
import { commitOf, listRefs, type ListingScope, type RefListing } from './listing.js';
import { Mirror, type MirrorLimits } from './mirror.js';
import { revisionOf, targetOf, type GitReference } from './reference.js';
import { resolveSemver } from './semver-tags.js';
import { sparse } from './sparse.js';
import { emptyDirectory, withSubmodules, type OpenCommit } from './submodules.js';
import { gitSourceTree, listTree, type GitEntry, type TreeLimits } from './tree.js';
import { parseGitUrl, type GitUrl } from './url.js';

export interface GitClientOptions {
  /** Where mirrors live; it survives restarts. */
  readonly cacheDir: string;
  /** Where keys are written for the time of one command. Default: `tmp` in the cache. */
  readonly temporaryDir?: string;
  /** Whether `file://` addresses are allowed: for local development only. */
  readonly allowFile?: boolean;
  /** The largest mirror. Default: 4 GiB. */
  readonly maxRepositoryBytes?: number;
  /** The largest file that is checked out. Default: 256 MiB. */
  readonly maxFileBytes?: number;
  /** The most files of a commit. Default: 500,000. */
  readonly maxFiles?: number;
  /** Milliseconds since some fixed moment. */
  readonly now?: () => number;
}

export interface GitRequest {
  readonly url: string;
  readonly reference?: GitReference;
  readonly credentials?: GitCredentials;
  readonly proxy?: string;
  readonly recurseSubmodules?: boolean;
  /** The directories to take. All when absent. */
  readonly sparseCheckout?: readonly string[];
  /** The limit of each Git operation. Default: 60 s. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /**
   * How old a listing of the server's references may be to be shared. Default: 1 s, so that all who poll at the same time
   * cost one listing. 0 after a push.
   */
  readonly maxAgeMs?: number;
}

/** The revision a request leads to right now. */
export interface ResolvedRevision {
  /** `main@sha1:…`, as Flux writes it. */
  readonly revision: string;
  readonly commit: string;
  /** The reference on the server; absent for a commit alone. */
  readonly ref?: string;
  /** What the reference points to there: the commit, or an annotated tag. */
  readonly object: string;
}

/** A commit that is here, with its files. */
export interface GitCheckout {
  readonly revision: string;
  readonly commit: GitCommit;
  /** The tag that led to the commit; without a message and signature when it is a lightweight one. */
  readonly tag?: Pick<GitTag, 'name'> & Partial<GitTag>;
  readonly tree: SourceTree;
}

/**
 * Git repositories over https, http, ssh and, where allowed, files.
 *
 * ```ts
 * const git = createGitClient({ cacheDir: '/var/lib/sluice/git' });
 * const request = { url: 'https://example.com/fleet.git', reference: { branch: 'main' } };
 * const resolved = await git.resolve(request); // one listing of references, shared
 * if (resolved.revision !== known) await git.checkout(request, resolved, (checkout) => store.put(…, checkout.tree));
 * ```
 */
export interface GitClient {
  /** Where a reference points to now: one listing of the server's references, none for a commit. */
  resolve(request: GitRequest): Promise<ResolvedRevision>;
  /** Brings a revision here, only what is missing of it. The checkout holds as long as `use` runs. */
  checkout<T>(request: GitRequest, resolved: ResolvedRevision, use: (checkout: GitCheckout) => Promise<T>): Promise<T>;
  /** How many listings were asked of servers. */
  readonly listings: number;
  /** Waits for what is under way. */
  close(): Promise<void>;
}

const defaultTimeoutMs = 60_000;
const defaultMaxAgeMs = 1000;

export function createGitClient(options: GitClientOptions): GitClient {
  const cacheDir = options.cacheDir;
  const temporaryDir = options.temporaryDir ?? join(cacheDir, 'tmp');
  const now = options.now ?? (() => performance.now());
  const maxRepositoryBytes = options.maxRepositoryBytes ?? 4 * 1024 ** 3;
  const maxFileBytes = options.maxFileBytes ?? 256 * 1024 ** 2;
  const maxFiles = options.maxFiles ?? 500_000;
  const allowFile = options.allowFile === true;
  mkdirSync(cacheDir, { recursive: true, mode: 0o700 });
  const salt = loadSalt(cacheDir);
  const mirrors = new Map<string, Mirror>();
  const shared = new Map<string, { readonly startedAt: number; readonly refs: Promise<RefListing> }>();
  let listings = 0;

  const accessOptions = (request: GitRequest): AccessOptions => ({ temporaryDir, cacheDir, proxy: request.proxy });
  const limitsOf = (request: GitRequest): MirrorLimits & TreeLimits => ({
    timeoutMs: request.timeoutMs ?? defaultTimeoutMs,
    signal: request.signal,
    maxBytes: maxRepositoryBytes,
    maxFiles,
    maxFileBytes,
  });

  /** Names an address with its credentials. The salt keeps the name from telling anything about a weak password. */
  const identityOf = (url: GitUrl, request: GitRequest): string =>
    createHmac('sha256', salt)
      .update(JSON.stringify([url.address, request.credentials ?? {}, request.proxy ?? '']))
      .digest('hex');

  const mirrorOf = (url: GitUrl, request: GitRequest): Mirror => {
    const identity = identityOf(url, request);
    let mirror = mirrors.get(identity);
    if (mirror === undefined) {
      mirror = new Mirror(join(cacheDir, 'mirrors', identity), url);
      mirrors.set(identity, mirror);
    }
    return mirror;
  };

  /** The listing of a server, joined with everybody who asks for the same at about the same time. */
  const refsOf = async (url: GitUrl, scope: ListingScope, request: GitRequest): Promise<RefListing> => {
    const key = `${scope} ${identityOf(url, request)}`;
    const current = shared.get(key);
    const time = now();
    if (current !== undefined && time - current.startedAt <= (request.maxAgeMs ?? defaultMaxAgeMs)) return await current.refs;
    // Others may wait for it too: it does not end when the one who asked first gives up.
    const limits = { timeoutMs: request.timeoutMs ?? defaultTimeoutMs, signal: undefined };
    listings++;
    const refs = withAccess(url, request.credentials ?? {}, accessOptions(request), (access) => listRefs(url, scope, access, limits));
    const entry = { startedAt: time, refs };
    shared.set(key, entry);
    const forget = (): void => {
      if (shared.get(key) === entry) shared.delete(key);
    };
    refs.then(() => setTimeout(forget, 10_000).unref(), forget);
    return await refs;
  };

  const resolve = async (request: GitRequest): Promise<ResolvedRevision> => {
    const url = parseGitUrl(request.url, options);
    const target = targetOf(request.reference ?? {});
    if (target.kind === 'commit') {
      const ref = target.branch === undefined ? undefined : `refs/heads/${target.branch}`;
      return {
        revision: revisionOf(ref, target.commit, false),
        commit: target.commit,
        object: target.commit,
        ...(ref !== undefined && { ref }),
      };
    }
    const isFullName = request.reference?.name !== undefined && request.reference.name !== '';
    const wanted = target.kind === 'semver' ? undefined : target.ref.replace(/\^\{\}$/, '');
    const scope = wanted === undefined || /^refs\/(?:heads|tags)\//.test(wanted) ? 'heads-and-tags' : 'all';
    const refs = await refsOf(url, scope, request);
    if (refs.size === 0 && !isFullName) throw new SluiceError('GitRepositoryEmpty', 'git repository is empty');
    const ref =
      wanted ?? (await resolveSemver(target.kind === 'semver' ? target.range : '', refs, (tags) => committerTimes(url, request, tags)));
    const commit = commitOf(refs, ref);
    const object = refs.get(ref);
    if (commit === undefined || object === undefined) {
      throw isFullName
        ? new SluiceError('GitReferenceMissing', `unable to resolve ref '${ref}' to a specific commit`)
        : gitFailure('unable to clone', request.url, `couldn't find remote ref ${ref}`);
    }
    return { revision: revisionOf(target.kind === 'ref' ? target.ref : ref, commit, isFullName), commit, ref, object };
  };

  /** When the commits of some tags were made: what decides between versions that differ only by build metadata. */
  const committerTimes = async (url: GitUrl, request: GitRequest, tags: ReadonlyMap<string, string>): Promise<Map<string, number>> => {
    const limits = limitsOf(request);
    const mirror = mirrorOf(url, request);
    return await withAccess(url, request.credentials ?? {}, accessOptions(request), async (access) => {
      const times = new Map<string, number>();
      for (const [ref, object] of tags) {
        const commit = await mirror.withRef(ref, object, access, limits, (brought) => readCommit(mirror, brought, limits));
        times.set(ref, commit.committer.time);
      }
      return times;
    });
  };

  /** Brings a commit here and lists its files; nothing is read of them yet. */
  const open = async <T>(
    url: GitUrl,
    request: GitRequest,
    resolved: ResolvedRevision,
    use: (mirror: Mirror, object: string) => Promise<T>,
  ): Promise<T> => {
    const limits = limitsOf(request);
    const mirror = mirrorOf(url, request);
    const branch = request.reference?.commit === undefined ? undefined : request.reference.branch;
    return await withAccess(url, request.credentials ?? {}, accessOptions(request), (access) => {
      const hold = (object: string): Promise<T> => use(mirror, object);
      return resolved.ref === undefined || branch !== undefined
        ? mirror.withCommit(resolved.commit, branch, access, limits, hold)
        : mirror.withRef(resolved.ref, resolved.object, access, limits, hold);
    });
  };

  const checkout = async <T>(request: GitRequest, resolved: ResolvedRevision, use: (checkout: GitCheckout) => Promise<T>): Promise<T> => {
    const url = parseGitUrl(request.url, options);
    const limits = limitsOf(request);
    return await open(url, request, resolved, async (mirror, object) => {
      const commit = await readCommit(mirror, object, limits);
      const listed = await listTree(mirror.directory, commit.hash, limits);
      const wanted = sparse(listed, request.sparseCheckout);
      const tag = resolved.ref?.startsWith('refs/tags/') === true ? await readTag(mirror, resolved.ref, object, limits) : undefined;
      const isFullName = request.reference?.name !== undefined && request.reference.name !== '';
      const name = isFullName ? request.reference?.name : resolved.ref;
      const finish = (files: readonly GitEntry[]): Promise<T> =>
        use({
          revision: revisionOf(name, commit.hash, isFullName),
          commit,
          ...(tag !== undefined && { tag }),
          tree: gitSourceTree(files, limits),
        });
      if (request.recurseSubmodules !== true) {
        return await finish([...wanted.files, ...wanted.links.map(({ path }) => emptyDirectory(path, mirror))]);
      }
      return await withSubmodules({ url, mirror, request, all: listed, wanted, limits, allowFile, open: openSubmodule }, finish);
    });
  };

  const openSubmodule: OpenCommit = async (url, request, commit, use) =>
    await open(url, request, { revision: '', commit, object: commit }, async (mirror) =>
      use(mirror, await listTree(mirror.directory, commit, limitsOf(request))),
    );

  return {
    resolve,
    checkout,
    get listings() {
      return listings;
    },
    async close() {
      await Promise.allSettled([...[...shared.values()].map(({ refs }) => refs), ...[...mirrors.values()].map((mirror) => mirror.idle())]);
    },
  };
}

async function readCommit(mirror: Mirror, object: string, limits: MirrorLimits): Promise<GitCommit> {
  const hash = await mirror.peel(object, limits);
  const raw = hash === undefined ? undefined : await mirror.readObject('commit', hash, limits);
  if (hash === undefined || raw === undefined)
    throw new SluiceError('GitFailed', `unable to resolve commit object for '${object}': it is no commit`);
  return parseCommit(hash, raw);
}

async function readTag(mirror: Mirror, ref: string, object: string, limits: MirrorLimits): Promise<GitCheckout['tag']> {
  const raw = await mirror.readObject('tag', object, limits);
  return raw === undefined ? { name: ref.slice('refs/tags/'.length) } : parseTag(object, raw);
}

function loadSalt(cacheDir: string): Buffer {
  const path = join(cacheDir, 'salt');
  try {
    const salt = readFileSync(path);
    if (salt.length >= 32) return salt;
  } catch {
    // Made below: this is the first start.
  }
  const salt = createHash('sha256').update(randomBytes(64)).digest();
  writeFileSync(path, salt, { mode: 0o600 });
  return salt;
}
