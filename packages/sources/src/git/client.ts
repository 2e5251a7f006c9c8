import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { SluiceError } from '@sluice/core';
import type { SourceTree } from '../artifact/source-tree.js';
import { withAccess, type GitAccess } from './access.js';
import { parseCommit, parseTag, type GitCommit, type GitTag } from './commit.js';
import type { GitCredentials } from './credentials.js';
import { gitFailure } from './failure.js';
import { withLfs } from './lfs/files.js';
import { commitOf, listRefs, type ListingScope, type RefListing } from './listing.js';
import type { Mirror, MirrorLimits, Reach } from './mirror.js';
import { Mirrors, type Origin } from './mirrors.js';
import { revisionOf, shortRef, targetOf, type GitReference } from './reference.js';
import { resolveSemver } from './semver-tags.js';
import { SharedListings } from './shared-listings.js';
import { sparse } from './sparse.js';
import { emptyDirectory, withSubmodules, type OpenCommit } from './submodules.js';
import { gitSourceTree, listTree, type GitEntry, type TreeLimits } from './tree.js';
import { parseGitUrl } from './url.js';

export interface GitClientOptions {
  /** Where mirrors live; it survives restarts. */
  readonly cacheDir: string;
  /** Where keys are written for the time of one command; emptied at the start. Default: `keys` in the cache. */
  readonly keysDir?: string;
  /** Whether `file://` addresses are allowed: for local development only. */
  readonly allowFile?: boolean;
  /** The largest mirror. Default: 4 GiB. */
  readonly maxRepositoryBytes?: number;
  /** The largest file that is checked out. Default: 256 MiB. */
  readonly maxFileBytes?: number;
  /** The most files of a commit. Default: 500,000. */
  readonly maxFiles?: number;
  /** After so many fetches a mirror's packs are joined. Default: 40. */
  readonly fetchesBetweenCleanups?: number;
  /** Redirects of servers are errors, so that an address that was judged is the one that is asked. Default: they are followed. */
  readonly noRedirects?: boolean;
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
  /** What stands before the @ of the revision; absent for a commit alone. */
  readonly label?: string;
  /** How it is fetched: by a reference on the server, and the object that points to (a commit, or an annotated tag); or by the hash of the commit. */
  readonly source: { readonly ref: string; readonly object: string } | { readonly branch: string | undefined };
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
  /** Names the remote that a request asks: equal for all requests that share a listing; undefined when it needs none. */
  remoteOf(request: GitRequest): string | undefined;
  /** Calls back with a remote whose references are others than when they were listed before. The result ends it. */
  onChange(listener: (remote: string) => void): () => void;
  /** How many listings were asked of servers. */
  readonly listings: number;
  /** Waits for what is under way. */
  close(): Promise<void>;
}

const defaultTimeoutMs = 60_000;
const defaultMaxAgeMs = 1000;

export function createGitClient(options: GitClientOptions): GitClient {
  const { cacheDir, keysDir = join(cacheDir, 'keys'), allowFile = false } = options;
  const { maxRepositoryBytes = 4 * 1024 ** 3, maxFileBytes = 256 * 1024 ** 2, maxFiles = 500_000 } = options;
  const mirrors = new Mirrors(cacheDir, options.fetchesBetweenCleanups ?? 40);
  // A process that was killed had no time to remove its keys.
  rmSync(keysDir, { recursive: true, force: true });
  const listeners = new Set<(remote: string) => void>();
  const listings = new SharedListings(options.now ?? (() => performance.now()), (remote) => {
    for (const listener of listeners) listener(remote);
  });

  const originOf = (request: GitRequest): Origin => ({
    url: parseGitUrl(request.url, { allowFile }),
    credentials: request.credentials ?? {},
    proxy: request.proxy,
  });
  const limitsOf = ({ timeoutMs = defaultTimeoutMs, signal }: GitRequest): MirrorLimits & TreeLimits => ({
    timeoutMs,
    signal,
    maxBytes: maxRepositoryBytes,
    maxFiles,
    maxFileBytes,
  });
  const reach = <T>({ url, credentials, proxy }: Origin, use: (access: GitAccess) => Promise<T>): Promise<T> =>
    withAccess(url, credentials, { keysDir, cacheDir, proxy, noRedirects: options.noRedirects }, use);

  const refsOf = (origin: Origin, scope: ListingScope, request: GitRequest): Promise<RefListing> => {
    // Others may wait for it too: it does not end when the one who asked first gives up.
    const limits = { timeoutMs: request.timeoutMs ?? defaultTimeoutMs, signal: undefined };
    const list = (): Promise<RefListing> => reach(origin, (access) => listRefs(origin.url, scope, access, limits));
    return listings.get(remoteName(scope, origin), request.maxAgeMs ?? defaultMaxAgeMs, list);
  };
  const remoteName = (scope: ListingScope, origin: Origin): string => `${scope} ${mirrors.identityOf(origin)}`;

  const resolve = async (request: GitRequest): Promise<ResolvedRevision> => {
    const origin = originOf(request);
    const target = targetOf(request.reference ?? {});
    if (target.kind === 'commit') return resolved(target.branch, target.commit, { branch: target.branch });
    const named = target.kind === 'ref' ? refNamed(target.ref) : undefined;
    const refs = await refsOf(origin, scopeOf(named), request);
    const isFullName = target.kind === 'ref' && target.isFullName;
    if (refs.size === 0 && !isFullName) throw new SluiceError('GitRepositoryEmpty', 'git repository is empty');
    const ref = target.kind === 'semver' ? await resolveSemver(target.range, refs, (tags) => committerTimes(request, tags)) : (named ?? '');
    const commit = commitOf(refs, ref);
    const object = refs.get(ref);
    if (commit === undefined || object === undefined) {
      throw isFullName
        ? new SluiceError('GitReferenceMissing', `unable to resolve ref '${ref}' to a specific commit`)
        : gitFailure('unable to clone', request.url, `couldn't find remote ref ${ref}`);
    }
    return resolved(isFullName ? target.ref : shortRef(ref), commit, { ref, object });
  };

  /** When the commits of some tags were made: what decides between versions that differ only by build metadata. */
  const committerTimes = async (request: GitRequest, tags: ReadonlyMap<string, string>): Promise<Map<string, number>> => {
    const times = new Map<string, number>();
    for (const [ref, object] of tags) {
      const commit = await open(request, resolved(undefined, object, { ref, object }), (mirror, brought) =>
        readCommit(mirror, brought, limitsOf(request)),
      );
      times.set(ref, commit.committer.time);
    }
    return times;
  };

  /** Brings a revision here, and holds it while `use` runs. */
  const open = <T>(
    request: GitRequest,
    { commit, source }: ResolvedRevision,
    use: (mirror: Mirror, object: string) => Promise<T>,
  ): Promise<T> => {
    const origin = originOf(request);
    const mirror = mirrors.of(origin);
    const limits = limitsOf(request);
    const hold = (object: string): Promise<T> => use(mirror, object);
    const exchange: Reach = (withIt) => reach(origin, withIt);
    return 'ref' in source
      ? mirror.withRef(source.ref, source.object, exchange, limits, hold)
      : mirror.withCommit(commit, source.branch, exchange, limits, hold);
  };

  const checkout = <T>(request: GitRequest, revision: ResolvedRevision, use: (checkout: GitCheckout) => Promise<T>): Promise<T> =>
    open(request, revision, async (mirror, object) => {
      const limits = limitsOf(request);
      const commit = await readCommit(mirror, object, limits);
      const all = await listTree(mirror.directory, commit.hash, limits);
      const selected = sparse(all, request.sparseCheckout);
      const wanted = { ...selected, files: await filled(request, mirror, all.files, selected.files) };
      const { source, label } = revision;
      const tag = 'ref' in source && source.ref.startsWith('refs/tags/') ? await readTag(mirror, source.ref, object, limits) : undefined;
      const finish = (files: readonly GitEntry[]): Promise<T> =>
        use({ revision: revisionOf(label, commit.hash), commit, ...(tag !== undefined && { tag }), tree: gitSourceTree(files, limits) });
      if (request.recurseSubmodules !== true) {
        return await finish([...wanted.files, ...wanted.links.map(({ path }) => emptyDirectory(path, mirror))]);
      }
      const { url } = originOf(request);
      return await withSubmodules({ url, mirror, request, all, wanted, limits, allowFile, open: openSubmodule }, finish);
    });

  const openSubmodule: OpenCommit = (request, commit, use) =>
    open(request, resolved(undefined, commit, { branch: undefined }), async (mirror) => {
      const { files, links } = await listTree(mirror.directory, commit, limitsOf(request));
      return await use(mirror, { files: await filled(request, mirror, files, files), links });
    });

  /** Files with what the pointers of LFS among them stand for. */
  const filled = (
    request: GitRequest,
    mirror: Mirror,
    all: readonly GitEntry[],
    wanted: readonly GitEntry[],
  ): Promise<readonly GitEntry[]> => {
    const origin = originOf(request);
    const exchange: Reach = (use) => reach(origin, use);
    return withLfs(mirror, all, wanted, { ...origin, reach: exchange }, limitsOf(request));
  };

  return {
    resolve,
    checkout,
    remoteOf(request) {
      const target = targetOf(request.reference ?? {});
      if (target.kind === 'commit') return undefined;
      return remoteName(scopeOf(target.kind === 'ref' ? refNamed(target.ref) : undefined), originOf(request));
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    get listings() {
      return listings.count;
    },
    async close() {
      await Promise.all([listings.idle(), mirrors.idle()]);
    },
  };
}

/** The reference itself, where what it leads to is named. */
function refNamed(ref: string): string {
  return ref.replace(/\^\{\}$/, '');
}

/** Pull requests and the like are listed only for those who follow one. */
function scopeOf(ref: string | undefined): ListingScope {
  return ref === undefined || /^refs\/(?:heads|tags)\//.test(ref) ? 'heads-and-tags' : 'all';
}

function resolved(label: string | undefined, commit: string, source: ResolvedRevision['source']): ResolvedRevision {
  return { revision: revisionOf(label, commit), commit, source, ...(label !== undefined && { label }) };
}

async function readCommit(mirror: Mirror, object: string, limits: MirrorLimits): Promise<GitCommit> {
  const hash = await mirror.peel(object, limits);
  const raw = hash === undefined ? undefined : await mirror.readObject('commit', hash, limits);
  if (hash !== undefined && raw !== undefined) return parseCommit(hash, raw);
  throw new SluiceError('GitFailed', `unable to resolve commit object for '${object}': it is no commit`);
}

async function readTag(mirror: Mirror, ref: string, object: string, limits: MirrorLimits): Promise<GitCheckout['tag']> {
  const raw = await mirror.readObject('tag', object, limits);
  return raw === undefined ? { name: ref.slice('refs/tags/'.length) } : parseTag(object, raw);
}
