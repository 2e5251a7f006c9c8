import { createHash } from 'node:crypto';
import { SluiceError } from '@sluice/core';
import { parseDigest } from '../artifact/digest.js';
import type { WebAnswer } from '../http/transport.js';
import { sha256, type OciDescriptor } from './manifest.js';
import type { Registry } from './registry.js';

/** How often a download goes on after it was cut off. */
const maxResumptions = 4;

/**
 * The bytes of a blob as they come. A download that is cut off goes on where it ended. It ends well only if what came
 * is what the digest says: until then the bytes are not to be used.
 */
export async function* downloadBlob(
  registry: Registry,
  { digest, size }: Pick<OciDescriptor, 'digest' | 'size'>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const { algorithm, hex } = parseDigest(digest);
  const hash = createHash(algorithm);
  let received = 0;
  for (let resumptions = 0; ; resumptions++) {
    let failure: unknown;
    try {
      const answer = await registry.expect([200, 206], {
        to: `blobs/${digest}`,
        action: 'pull',
        headers: received > 0 ? { range: `bytes=${received}-` } : {},
        signal,
      });
      for await (const chunk of continued(answer, received)) {
        received += chunk.length;
        if (received > size) throw new SluiceError('ArtifactCorrupt', `the blob ${digest} has more than the ${size} bytes it should have`);
        hash.update(chunk);
        yield chunk;
      }
    } catch (error) {
      const isPassing = error instanceof SluiceError && error.reason === 'SourceUnreachable';
      if (!isPassing || signal?.aborted === true) throw error;
      failure = error;
    }
    if (received === size) break;
    if (resumptions >= maxResumptions) {
      throw failure ?? new SluiceError('ArtifactCorrupt', `the blob ${digest} ends after ${received} of ${size} bytes`);
    }
  }
  const actual = hash.digest('hex');
  if (actual !== hex) {
    throw new SluiceError('ArtifactCorrupt', `the blob has the digest ${algorithm}:${actual} and should have ${digest}`);
  }
}

/** What follows `offset`, also of a server that begins anew. */
async function* continued(answer: WebAnswer, offset: number): AsyncGenerator<Uint8Array> {
  try {
    const start = answer.status === 206 ? Number(/^bytes (\d+)-/.exec(answer.headers['content-range'] ?? '')?.[1] ?? offset) : 0;
    if (start > offset) throw new SluiceError('SourceAnswerInvalid', 'the registry left out a part of a blob');
    let skip = offset - start;
    for await (const chunk of answer.body) {
      const rest = skip >= chunk.length ? undefined : chunk.subarray(skip);
      skip = Math.max(0, skip - chunk.length);
      if (rest !== undefined) yield rest;
    }
  } finally {
    answer.body.destroy();
  }
}

/** Brings a blob to the registry, unless it is there. */
export async function uploadBlob(registry: Registry, content: Uint8Array, signal: AbortSignal | undefined): Promise<string> {
  const digest = sha256(content);
  const there = await registry.send({ method: 'HEAD', to: `blobs/${digest}`, action: 'push', signal });
  there.body.destroy();
  if (there.status === 200) return digest;
  const opened = await registry.expect([202], {
    method: 'POST',
    to: 'blobs/uploads/',
    action: 'push',
    headers: { 'content-length': '0' },
    signal,
  });
  opened.body.destroy();
  const location = opened.headers.location ?? '';
  if (location === '' || !URL.canParse(location, opened.url.href)) {
    throw new SluiceError('SourceAnswerInvalid', `the registry ${registry.repository.registry} did not say where to upload to`);
  }
  const to = new URL(location, opened.url);
  if (to.protocol !== opened.url.protocol && to.protocol !== 'https:') {
    throw new SluiceError('SourceRefused', `the registry ${registry.repository.registry} wants the upload over plain HTTP`);
  }
  to.searchParams.set('digest', digest);
  const done = await registry.expect([201], {
    method: 'PUT',
    to,
    action: 'push',
    headers: { 'content-type': 'application/octet-stream' },
    body: content,
    signal,
  });
  done.body.destroy();
  return digest;
}
