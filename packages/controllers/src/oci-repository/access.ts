import { errorMessage, parseDuration } from '@sluice/core';
import type { OCIRepository } from '@sluice/api';
import { createOciClient, parseOciUrl, type OciClient, type RegistryLogin } from '@sluice/sources';
import { SourceFailure } from '../source/failure.js';
import { pullLogin } from '../source/registry.js';
import type { Secret, Secrets } from '../source/secrets.js';

/** Opens the repository of a registry that an OCIRepository names, as whom its Secrets say. */
export async function openRepository({ spec }: OCIRepository, secrets: Secrets, signal: AbortSignal): Promise<OciClient> {
  const { url, provider = 'generic', insecure } = spec;
  const during = async <T>(what: string, run: () => Promise<T>): Promise<T> => {
    try {
      return await run();
    } catch (error) {
      signal.throwIfAborted();
      throw new SourceFailure('FetchFailed', 'AuthenticationFailed', `${what}: ${errorMessage(error)}`, { cause: error });
    }
  };
  const login = await during('failed to get credential', () => loginOf(spec, secrets));
  const proxyRef = spec.proxySecretRef;
  const proxy = proxyRef === undefined ? undefined : await during('failed to get proxy address', () => secrets.proxy(proxyRef.name));
  if (login === undefined && provider !== 'generic') await during(`failed to get credential from ${provider}`, () => refuseProvider());
  const tlsRef = spec.certSecretRef;
  const hasTls = tlsRef !== undefined && tlsRef.name !== '';
  const tls = hasTls ? await during(`failed to generate transport for '${url}'`, () => secrets.tls(tlsRef.name)) : {};
  checkUrl(url);
  return createOciClient({
    url,
    ...tls,
    insecure,
    ...(login !== undefined && { login }),
    ...(proxy !== undefined && { proxy }),
    timeoutMs: parseDuration(spec.timeout ?? '60s'),
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

function refuseProvider(): Promise<never> {
  return Promise.reject(new Error('not supported by this version: put the credentials into a Secret'));
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
