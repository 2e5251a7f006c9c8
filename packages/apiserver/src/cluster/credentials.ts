import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AUTHORITY_NAME, createAuthority, createServerCertificate, keyPem, newKey, type KeyPair } from './certificates.js';

/** What a cluster proves itself with, and who may be its admin. */
export interface Credentials {
  readonly authority: KeyPair;
  readonly server: KeyPair;
  /** The key that signs service account tokens. PEM. */
  readonly serviceAccountKey: string;
  readonly adminToken: string;
}

export function createCredentials(hosts: readonly string[], now: number): Credentials {
  const authority = createAuthority(AUTHORITY_NAME, now);
  return {
    authority,
    server: createServerCertificate(authority, hosts, now),
    serviceAccountKey: keyPem(newKey()),
    adminToken: randomBytes(24).toString('base64url'),
  };
}

const FILES = {
  authorityCertificate: 'ca.crt',
  authorityKey: 'ca.key',
  serviceAccountKey: 'sa.key',
  adminToken: 'admin.token',
} as const;

/** The credentials of a directory's cluster: made at its first start, the same ever after, so that kubeconfigs stay good. */
export async function loadCredentials(directory: string, hosts: readonly string[], now: number): Promise<Credentials> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const read = (file: string): Promise<string> => readFile(join(directory, file), 'utf8');
  try {
    const [certificate, key, serviceAccountKey, adminToken] = await Promise.all([
      read(FILES.authorityCertificate),
      read(FILES.authorityKey),
      read(FILES.serviceAccountKey),
      read(FILES.adminToken),
    ]);
    const authority = { certificate, key };
    return { authority, server: createServerCertificate(authority, hosts, now), serviceAccountKey, adminToken: adminToken.trim() };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const created = createCredentials(hosts, now);
  const write = (file: string, text: string): Promise<void> => writeFile(join(directory, file), text, { mode: 0o600 });
  await Promise.all([
    write(FILES.authorityCertificate, created.authority.certificate),
    write(FILES.authorityKey, created.authority.key),
    write(FILES.serviceAccountKey, created.serviceAccountKey),
    write(FILES.adminToken, `${created.adminToken}\n`),
  ]);
  return created;
}
