import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deadlineSignal, errorMessage, SluiceError, type FileTree } from '@sluice/core';
import type { Remotes } from '@sluice/kustomize';
import { createGitClient, openArtifactStore, type GitReference } from '@sluice/sources';
import { parseRepositoryUrl } from './repository-url.js';

const FILE_TIMEOUT_MS = 30_000;
const MAX_FILE_BYTES = 10 * 1024 * 1024;

/** Remote bases of a build, fetched as it asks for them, into a folder that goes away with them. */
export interface RemoteBases extends Remotes {
  /** Fetches what a URL means: a file over HTTP, or a repository. */
  fetch(url: string, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

export async function openRemoteBases(): Promise<RemoteBases> {
  const directory = await mkdtemp(join(tmpdir(), 'sluice-bases-'));
  const git = createGitClient({ cacheDir: join(directory, 'git'), allowFile: true });
  const store = openArtifactStore({ dir: join(directory, 'trees'), baseUrl: 'file:' });
  const files = new Map<string, Uint8Array>();
  const repositories = new Map<string, { tree: FileTree; path: string }>();

  const fetchRepository = async (url: string, signal: AbortSignal): Promise<void> => {
    const { url: address, path, reference, submodules, timeoutMs } = parseRepositoryUrl(url);
    const request = { url: address, recurseSubmodules: submodules, signal, ...(timeoutMs === undefined ? {} : { timeoutMs }) };
    // kustomize's `ref` is a branch or a tag: which, the server knows.
    const attempts: GitReference[] = reference.branch === undefined ? [reference] : [reference, { tag: reference.branch }];
    for (const [index, candidate] of attempts.entries()) {
      try {
        const resolved = await git.resolve({ ...request, reference: candidate });
        const digest = await git.checkout({ ...request, reference: candidate }, resolved, async ({ tree, revision, commit }) => {
          const owner = { kind: 'Base', namespace: 'kustomize', name: String(repositories.size) };
          return (await store.put(owner, tree, { revision, fileName: commit.hash, unfiltered: true })).digest;
        });
        repositories.set(url, { tree: await store.tree(digest), path });
        return;
      } catch (error) {
        if (index === attempts.length - 1) throw error;
      }
    }
  };

  return {
    file: (url) => files.get(url),
    repository: (url) => repositories.get(url),
    fetch: async (url, signal) => {
      if (/^https?:\/\//.test(url)) {
        const content = await fetchFile(url, signal);
        if (content !== undefined) {
          files.set(url, content);
          return;
        }
      }
      await fetchRepository(url, signal);
    },
    close: () => rm(directory, { recursive: true, force: true }),
  };
}

/** A file over HTTP; undefined when what answers is a page, as forges answer for a repository, or nothing. */
async function fetchFile(url: string, signal: AbortSignal): Promise<Uint8Array | undefined> {
  let response: Response;
  try {
    response = await fetch(url, { signal: deadlineSignal(FILE_TIMEOUT_MS, signal) });
  } catch (error) {
    throw new SluiceError('BuildRefused', `${url} can't be fetched: ${errorMessage((error as Error).cause ?? error)}`, { cause: error });
  }
  if (!response.ok || (response.headers.get('content-type') ?? '').startsWith('text/html')) {
    await response.body?.cancel();
    return undefined;
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > MAX_FILE_BYTES) throw new SluiceError('BuildRefused', `${url} has more than ${MAX_FILE_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
