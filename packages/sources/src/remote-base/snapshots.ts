import { setMaxListeners } from 'node:events';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { SluiceError, withDeadline, type FileTree } from '@sluice/core';
import { openArtifactStore, type ArtifactOwner } from '../artifact/store.js';
import { createGitClient, type GitRequest, type ResolvedRevision } from '../git/client.js';
import type { GitReference } from '../git/reference.js';
import { parseGitUrl } from '../git/url.js';
import type { RepositoryBase } from './repository-url.js';

/** The files of one commit, for as long as somebody holds it. */
export interface Snapshot {
  /** Names the content. */
  readonly id: string;
  readonly tree: FileTree;
  /** Once, by each who acquired it. */
  release(): void;
}

/** Commits of repositories, unpacked once for all who want them. */
export interface Snapshots {
  /** @param maxAgeMs how old the listing of the repository's references may be that is looked into */
  acquire(base: Omit<RepositoryBase, 'path' | 'ref'>, maxAgeMs: number, signal: AbortSignal): Promise<Snapshot>;
  close(): Promise<void>;
}

const MAX_REPOSITORY_BYTES = 1024 ** 3;
const MAX_TREE_BYTES = 256 * 1024 ** 2;
const MAX_FILE_BYTES = 64 * 1024 ** 2;
const MAX_FILES = 100_000;
const TIMEOUT_MS = 120_000;
/** Of one operation, where the URL does not say it. kustomize gives 27 s. */
const OPERATION_TIMEOUT_MS = 30_000;

interface Stored {
  readonly tree: Promise<FileTree>;
  holders: number;
}

export function openSnapshots(directory: string, { allowFile = false }: { readonly allowFile?: boolean }): Snapshots {
  const git = createGitClient({
    cacheDir: join(directory, 'git'),
    allowFile,
    noRedirects: true,
    maxRepositoryBytes: MAX_REPOSITORY_BYTES,
    maxFileBytes: MAX_FILE_BYTES,
    maxFiles: MAX_FILES,
  });
  const store = openArtifactStore({ dir: join(directory, 'trees'), baseUrl: 'file:', maxBytes: MAX_TREE_BYTES });
  const closing = new AbortController();
  setMaxListeners(0, closing.signal);
  const all = new Map<string, Stored>();

  const resolve = async (request: GitRequest, candidates: readonly GitReference[]): Promise<[GitRequest, ResolvedRevision]> => {
    for (const [index, reference] of candidates.entries()) {
      const asked = { ...request, reference };
      try {
        return [asked, await git.resolve(asked)];
      } catch (error) {
        if (index === candidates.length - 1 || !isMissing(error)) throw error;
      }
    }
    throw new SluiceError('GitReferenceMissing', 'no reference was asked for');
  };
  const unpack = (id: string, request: GitRequest, resolved: ResolvedRevision): Promise<FileTree> =>
    // Others may wait for it too: it does not end when the one who asked first gives up.
    withDeadline(TIMEOUT_MS, closing.signal, (signal) =>
      git.checkout({ ...request, signal }, resolved, async ({ tree, revision }) => {
        const { digest } = await store.put(ownerOf(id), tree, { revision, fileName: 'tree', unfiltered: true });
        return await store.tree(digest);
      }),
    );
  const release = (id: string, stored: Stored): void => {
    stored.holders--;
    if (stored.holders > 0) return;
    // One that failed, and was asked for again, may have a successor under its name.
    if (all.get(id) === stored) all.delete(id);
    stored.tree.then(
      () => all.has(id) || store.removeAll(ownerOf(id)),
      () => undefined,
    );
  };

  return {
    async acquire({ url, candidates, submodules, timeoutMs }, maxAgeMs, signal) {
      const { username, password } = parseGitUrl(url, { allowFile });
      const request: GitRequest = {
        url,
        recurseSubmodules: submodules,
        signal,
        maxAgeMs,
        timeoutMs: Math.min(timeoutMs ?? OPERATION_TIMEOUT_MS, TIMEOUT_MS),
        ...(username === undefined ? {} : { credentials: { username, password: password ?? '' } }),
      };
      const [asked, resolved] = await resolve(request, candidates);
      const id = `${url} ${resolved.commit} ${submodules}`;
      let stored = all.get(id);
      if (stored === undefined) all.set(id, (stored = { tree: unpack(id, asked, resolved), holders: 0 }));
      stored.holders++;
      try {
        const tree = await stored.tree;
        const held = stored;
        return { id, tree, release: () => release(id, held) };
      } catch (error) {
        release(id, stored);
        throw error;
      }
    },
    async close() {
      closing.abort(new Error('closed'));
      await git.close();
    },
  };
}

/** As whose a commit lies in the store. */
function ownerOf(id: string): ArtifactOwner {
  return { kind: 'base', namespace: 'commit', name: createHash('sha256').update(id).digest('hex') };
}

function isMissing(error: unknown): boolean {
  return error instanceof SluiceError && error.reason === 'GitReferenceMissing';
}
