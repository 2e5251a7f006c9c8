import { errorMessage, parseDuration } from '@sluice/core';
import type { OCIRepository } from '@sluice/api';
import { createOciClient, parseOciUrl, type CloudProvider, type HttpAccess, type OciClient, type RegistryLogin } from '@sluice/sources';
import { authenticating, cloudAccess } from '../source/authentication.js';
import type { CloudIdentities } from '../source/cloud.js';
import { SourceFailure } from '../source/failure.js';
import { pullLogin } from '../source/registry.js';
import type { Secret, Secrets } from '../source/secrets.js';

/** Opens the repository of a registry that an OCIRepository names, as whom its Secrets say, or as this process. */
export async function openRepository(
  { spec }: OCIRepository,
  secrets: Secrets,
  identities: CloudIdentities,
  signal: AbortSignal,
): Promise<OciClient> {
  const { url, provider = 'generic', insecure, proxySecretRef, certSecretRef } = spec;
  const own = await authenticating('failed to get credential', signal, () => loginOf(spec, secrets));
  const proxy =
    proxySecretRef === undefined
      ? {}
      : { proxy: await authenticating('failed to get proxy address', signal, () => secrets.proxy(proxySecretRef.name)) };
  const login = own ?? (provider === 'generic' ? undefined : await cloudLogin(spec, provider, proxy, identities, signal));
  const hasTls = certSecretRef !== undefined && certSecretRef.name !== '';
  const failed = `failed to generate transport for '${url}'`;
  const tls = hasTls ? await authenticating(failed, signal, () => secrets.tls(certSecretRef.name)) : {};
  checkUrl(url);
  return createOciClient({
    url,
    ...tls,
    ...proxy,
    insecure,
    ...(login !== undefined && { login }),
    timeoutMs: parseDuration(spec.timeout ?? '60s'),
  });
}

/** Asks for it before anything else, so that what is wrong with it is told as such. */
async function cloudLogin(
  { url, serviceAccountName }: OCIRepository['spec'],
  provider: CloudProvider,
  access: HttpAccess,
  identities: CloudIdentities,
  signal: AbortSignal,
): Promise<RegistryLogin> {
  const failed = `failed to get credential from ${provider}`;
  const as = await cloudAccess(serviceAccountName, identities, failed, signal);
  checkUrl(url);
  return await authenticating(failed, signal, async () => {
    const login = identities.registryLogin(provider, { ...access, ...as });
    await login(parseOciUrl(url));
    return login;
  });
}

async function loginOf({ secretRef, serviceAccountName }: OCIRepository['spec'], secrets: Secrets): Promise<RegistryLogin | undefined> {
  const found: Secret[] = [];
  if (secretRef !== undefined) {
    try {
      found.push(await secrets.get(secretRef.name));
    } catch (error) {
      throw new Error(`failed to get secret '${secrets.id(secretRef.name)}': ${errorMessage(error)}`, { cause: error });
    }
  }
  if (serviceAccountName !== undefined && serviceAccountName !== '') found.push(...(await secrets.pullSecrets(serviceAccountName)));
  return pullLogin(found);
}

function checkUrl(url: string): void {
  try {
    parseOciUrl(url);
  } catch (error) {
    // The address is named once already.
    const why = errorMessage(error).replace(/^"(?:[^"\\]|\\.)*": /, '');
    throw new SourceFailure('FetchFailed', 'URLInvalid', `URL validation failed for '${url}': ${why}`, { terminal: true, cause: error });
  }
}
