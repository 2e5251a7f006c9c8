import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { SluiceError } from '@sluice/core';

/** Takes a digest apart. Ours are sha256; other controllers may be set to the longer ones. */
export function parseDigest(digest: string): { readonly algorithm: string; readonly hex: string } {
  const [, algorithm = '', hex = ''] = /^(sha256|sha384|sha512):([0-9a-f]{64,128})$/.exec(digest) ?? [];
  if (algorithm === '' || hex.length * 4 !== Number(algorithm.slice('sha'.length))) {
    throw new SluiceError('ArtifactCorrupt', `${JSON.stringify(digest)} is not a digest of the form sha256:…`);
  }
  return { algorithm, hex };
}

/** Whether a file is what a digest says. */
export async function hasDigest(file: string, digest: string): Promise<boolean> {
  const { algorithm, hex } = parseDigest(digest);
  const hash = createHash(algorithm);
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) hash.update(chunk);
  return hash.digest('hex') === hex;
}

/** Writes what comes to a new file, up to a limit, and checks its digest. */
export async function receive(bytes: AsyncIterable<Uint8Array>, path: string, digest: string, maxBytes: number): Promise<void> {
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
