import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import {
  cloudRegistryLogin,
  createOciClient,
  dockerConfigLogin,
  parseOciReference,
  type CloudProvider,
  type OciClient,
  type OciReference,
  type RegistryLogin,
} from '@sluice/sources';
import type { Invocation } from '../command-line/index.js';

/** A repository of a registry, and what of it a command is about. */
export interface RegistryAccess {
  readonly client: OciClient;
  /** `ghcr.io/org/app:v1`, without the scheme. */
  readonly url: string;
  readonly reference: OciReference;
}

/** Works with the repository of an `oci://` URL, logged in as the flags say. */
export async function withRegistry<T>(invocation: Invocation, url: string, use: (access: RegistryAccess) => Promise<T>): Promise<T> {
  const { flags, terminal } = invocation;
  const reference = parseOciReference(url);
  const provider = flags.string('provider');
  const creds = flags.string('creds');
  if (provider !== 'generic') terminal.action('logging in to registry with provider credentials');
  else if (creds !== '') terminal.action('logging in to registry with credentials');
  const client = createOciClient({
    url: `oci://${reference.registry}/${reference.repository}`,
    login: await loginOf(provider, creds, terminal.environment),
    timeoutMs: flags.number('timeout'),
    ...(flags.has('insecure-registry') && flags.bool('insecure-registry') ? { insecure: true } : {}),
  });
  try {
    return await use({ client, url: url.slice('oci://'.length), reference });
  } finally {
    await client.close();
  }
}

async function loginOf(provider: string, creds: string, environment: Invocation['terminal']['environment']): Promise<RegistryLogin> {
  if (provider !== 'generic') return cloudRegistryLogin(provider as CloudProvider);
  if (creds !== '') {
    const colon = creds.indexOf(':');
    const [username, password] = colon < 0 ? [creds, ''] : [creds.slice(0, colon), creds.slice(colon + 1)];
    return () => (username === '' ? { registryToken: password } : { username, password });
  }
  const directory = environment['DOCKER_CONFIG'] ?? join(environment['HOME'] ?? homedir(), '.docker');
  const config = await readFile(join(directory, 'config.json'), 'utf8').catch(() => '{}');
  return dockerConfigLogin(config, { allowHelpers: true });
}

/** What a reference names: a tag, a digest, or the tag `latest`. */
export function wanted({ tag, digest }: OciReference): string {
  return digest ?? tag ?? 'latest';
}

/** An archive, or a layer, may be as large as this. */
export const ARCHIVE_LIMITS = { maxArchiveBytes: 512 * 1024 ** 2, maxUnpackedBytes: 1024 ** 3 };
