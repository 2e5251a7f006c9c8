import { readFileSync } from 'node:fs';
import { basename } from 'node:path';

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
  const { verifyProvenance: verify } = await import('@sluice/sources');
  await verify(archive, provenance, basename(path), ring);
}
