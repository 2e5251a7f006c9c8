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

/** Writes what comes to a new file, up to a limit, and says what its digest is. */
export async function write(
  bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  path: string,
  maxBytes: number,
  algorithm = 'sha256',
): Promise<{ readonly digest: string; readonly size: number }> {
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
  return { digest: `${algorithm}:${hash.digest('hex')}`, size };
}

/** Writes what comes to a new file, up to a limit, and checks its digest. */
export async function receive(bytes: AsyncIterable<Uint8Array>, path: string, digest: string, maxBytes: number): Promise<void> {
  const actual = await write(bytes, path, maxBytes, parseDigest(digest).algorithm);
  if (actual.digest !== digest) {
    throw new SluiceError(
      'ArtifactCorrupt',
      `the archive has the digest ${actual.digest} and should have ${digest}: it changed on the way, or at its origin`,
    );
  }
}
