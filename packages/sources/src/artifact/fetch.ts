import type { Artifact } from '@sluice/api';
import { SluiceError, errorMessage, startDeadline, type FileTree } from '@sluice/core';
import type { ArtifactStore } from './store.js';

export interface FetchArtifactOptions {
  readonly signal?: AbortSignal;
  /** The limit of one attempt. Default: 60 s. */
  readonly timeoutMs?: number;
  /** How often it is tried when the server can't be reached or fails. Default: 4. */
  readonly attempts?: number;
  /** The largest archive. Default: 512 MiB. */
  readonly maxArchiveBytes?: number;
  /** The most bytes of files in it. Default: 1 GiB. */
  readonly maxUnpackedBytes?: number;
  /** Waits between attempts. */
  readonly wait?: (ms: number) => Promise<void>;
}

/**
 * The files of an artifact that another controller serves (Flux's source-controller, or ours in another process), by
 * the address and digest in its `status.artifact`. What is in the store already is not fetched again.
 */
export async function fetchArtifact(
  store: ArtifactStore,
  artifact: Pick<Artifact, 'url' | 'digest'>,
  options: FetchArtifactOptions = {},
): Promise<FileTree> {
  const { attempts = 4, maxArchiveBytes = 512 * 1024 ** 2, maxUnpackedBytes = 1024 ** 3 } = options;
  const wait = options.wait ?? ((ms) => new Promise((resolve) => setTimeout(resolve, ms)));
  for (let attempt = 1; ; attempt++) {
    try {
      return await store.tree(artifact.digest);
    } catch (error) {
      if (!(error instanceof SluiceError) || (error.reason !== 'ArtifactMissing' && error.reason !== 'ArtifactCorrupt')) throw error;
    }
    try {
      await store.adopt(artifact.digest, download(artifact.url, options), { maxArchiveBytes, maxUnpackedBytes });
    } catch (error) {
      const isPassing = error instanceof SluiceError && error.reason === 'ArtifactUnavailable';
      if (!isPassing || attempt >= attempts || options.signal?.aborted === true) throw error;
      await wait(250 * 2 ** attempt);
    }
  }
}

async function* download(url: string, { signal, timeoutMs = 60_000 }: FetchArtifactOptions): AsyncGenerator<Uint8Array> {
  const unavailable = (why: string, cause?: unknown): SluiceError =>
    new SluiceError('ArtifactUnavailable', `the artifact ${url} can't be fetched: ${why}`, { cause });
  const { signal: limit, cancel } = startDeadline(timeoutMs, signal);
  try {
    const response = await fetch(url, {
      signal: limit,
      headers: { accept: 'application/gzip' },
    });
    if (response.status === 404)
      throw new SluiceError('ArtifactMissing', `the artifact ${url} is no longer served: a newer one should come`);
    if (!response.ok || response.body === null) throw unavailable(`the server answered ${response.status}`);
    yield* response.body as unknown as AsyncIterable<Uint8Array>;
  } catch (error) {
    if (error instanceof SluiceError) throw error;
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    throw unavailable(limit.aborted && signal?.aborted !== true ? `no answer within ${timeoutMs / 1000} s` : errorMessage(cause), error);
  } finally {
    cancel();
  }
}
