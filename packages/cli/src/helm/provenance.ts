import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { verifyProvenance as verify } from '@sluice/sources';

/** Checks an archive against its `.prov` file and the keys of a ring, as `--verify` does. */
export async function verifyProvenance(archive: Buffer, provenance: Buffer, path: string, keyring: string): Promise<void> {
  let ring: Buffer;
  try {
    ring = readFileSync(keyring);
  } catch (error) {
    throw new Error(
      `failed to load keyring ${JSON.stringify(keyring)}: export the public keys with gpg --export, and name the file with --keyring`,
      {
        cause: error,
      },
    );
  }
  await verify(archive, provenance, basename(path), ring);
}
