import { errorMessage, parseDuration } from '@sluice/core';
import type { HelmRepository } from '@sluice/api';
import { dockerConfigLogin, type CloudProvider, type HttpAccess, type RegistryLogin } from '@sluice/sources';
import type { CloudIdentities } from '../source/cloud.js';
import { hasTls, textIn, tlsOf, type Secret, type Secrets, type TlsMaterial } from '../source/secrets.js';

/** How to reach what a HelmRepository names, be it an index or a registry. */
export interface HelmAccess {
  readonly http: HttpAccess & { readonly username?: string; readonly password?: string };
  /** For a registry; absent when nobody has to be known there. */
  readonly login?: RegistryLogin;
  readonly timeoutMs: number;
}

const DEFAULT_TIMEOUT = '60s';

export function isOci({ spec }: HelmRepository): boolean {
  return spec.type === 'oci';
}

/** Reads the Secrets that a HelmRepository names. What it throws says what is wrong with them, in Flux's words. */
export async function helmAccess(repository: HelmRepository, secrets: Secrets, identities: CloudIdentities): Promise<HelmAccess> {
  const { certSecretRef, secretRef, provider = 'generic', timeout = DEFAULT_TIMEOUT } = repository.spec;
  let tls = certSecretRef === undefined ? undefined : await certificates(certSecretRef.name, secrets);
  const secret = secretRef === undefined ? undefined : await credentials(secretRef.name, secrets);
  const basic = secret === undefined ? undefined : basicAuth(secret);
  // The place where certificates were before certSecretRef.
  if (tls === undefined && secret !== undefined && hasTls(secret)) tls = partialTls(secret);
  const access = { http: { ...tls, ...basic }, timeoutMs: parseDuration(timeout) };
  if (!isOci(repository)) return access;
  if (secret !== undefined) {
    try {
      const login = await registryLogin(repository.spec.url, secret);
      return login === undefined ? access : { ...access, login };
    } catch (error) {
      throw new Error(`failed to configure OCI registry authentication: ${errorMessage(error)}`, { cause: error });
    }
  }
  return provider === 'generic' ? access : { ...access, login: await cloudLogin(repository, provider, access.http, identities) };
}

async function certificates(name: string, secrets: Secrets): Promise<TlsMaterial> {
  let secret;
  try {
    secret = await secrets.get(name);
  } catch (error) {
    throw new Error(`failed to get TLS authentication secret '${secrets.id(name)}': ${errorMessage(error)}`, { cause: error });
  }
  try {
    return tlsOf(secret);
  } catch (error) {
    throw new Error(`failed to construct Helm client's TLS config: ${errorMessage(error)}`, { cause: error });
  }
}

async function credentials(name: string, secrets: Secrets): Promise<Secret> {
  try {
    return await secrets.get(name);
  } catch (error) {
    throw new Error(`failed to get authentication secret '${secrets.id(name)}': ${errorMessage(error)}`, { cause: error });
  }
}

function basicAuth(secret: Secret): { readonly username: string; readonly password: string } | undefined {
  const [username, password] = [textIn(secret, 'username'), textIn(secret, 'password')];
  if (username !== undefined && password !== undefined) return { username, password };
  if (username === undefined && password === undefined) return undefined;
  const [present, missing] = username === undefined ? ['password', 'username'] : ['username', 'password'];
  const malformed = `secret '${secret.id}': malformed basic auth - has '${present}' but missing '${missing}'`;
  throw new Error(`failed to detect authentication methods: ${malformed}`);
}

/** A pair without its half counts as none, as it always did in this place. */
function partialTls(secret: Secret): TlsMaterial | undefined {
  try {
    return tlsOf(secret);
  } catch (error) {
    if (/ contains '|must contain/.test(errorMessage(error))) return undefined;
    throw new Error(`failed to detect authentication methods: ${errorMessage(error)}`, { cause: error });
  }
}

/** Asks for it before anything else, so that what is wrong with it is told as such. */
async function cloudLogin(
  { spec }: HelmRepository,
  provider: CloudProvider,
  access: HttpAccess,
  identities: CloudIdentities,
): Promise<RegistryLogin> {
  const [registry = ''] = spec.url.replace(/^oci:\/\//, '').split('/');
  const login = identities.registryLogin(provider, access);
  try {
    await login({ registry, repository: '' });
  } catch (error) {
    throw new Error(`failed to get credential from '${provider}': ${errorMessage(error)}`, { cause: error });
  }
  return login;
}

async function registryLogin(url: string, secret: Secret): Promise<RegistryLogin | undefined> {
  const [host = '', ...path] = url.replace(/^oci:\/\//, '').split('/');
  if (secret.type === 'kubernetes.io/dockerconfigjson') {
    const login = dockerConfigLogin(textIn(secret, '.dockerconfigjson') ?? '{}');
    if ((await login({ registry: host, repository: [...path, 'chart'].filter((part) => part !== '').join('/') })) === undefined) {
      throw new Error(`no auth config for '${host}' in the docker-registry Secret '${secret.name}'`);
    }
    return login;
  }
  const [username = '', password = ''] = [textIn(secret, 'username'), textIn(secret, 'password')];
  if (username === '' && password === '') return undefined;
  if (username === '' || password === '') {
    throw new Error(`invalid '${secret.name}' secret data: required fields 'username' and 'password'`);
  }
  return (repository) => (repository.registry === host ? { username, password } : undefined);
}
