import { errorMessage, parseDuration } from '@sluice/core';
import type { GitRepository } from '@sluice/api';
import {
  credentialsFromSecret,
  gitHubAppFromSecret,
  needsPassphrase,
  parseGitUrl,
  type GitCredentials,
  type GitRequest,
  type GitUrl,
} from '@sluice/sources';
import { authenticating, authenticationFailed, cloudAccess } from '../source/authentication.js';
import type { CloudIdentities } from '../source/cloud.js';
import { SourceFailure } from '../source/failure.js';
import type { Secret, Secrets } from '../source/secrets.js';

export interface RequestOptions {
  readonly secrets: Secrets;
  readonly allowFile: boolean;
  readonly identities: CloudIdentities;
  readonly signal: AbortSignal;
  /** See {@link GitRequest}. */
  readonly maxAgeMs: number | undefined;
}

/** What a GitRepository asks of Git, with the credentials that its Secrets hold. */
export async function gitRequest(repository: GitRepository, options: RequestOptions): Promise<GitRequest> {
  const { spec } = repository;
  const proxy = spec.proxySecretRef === undefined ? undefined : await proxyOf(spec.proxySecretRef.name, options);
  const url = addressOf(spec.url, options.allowFile);
  const credentials = await credentialsOf(repository, url, proxy, options);
  return {
    url: spec.url,
    credentials,
    ...(spec.ref === undefined ? {} : { reference: spec.ref }),
    ...(proxy === undefined ? {} : { proxy }),
    ...(spec.recurseSubmodules === undefined ? {} : { recurseSubmodules: spec.recurseSubmodules }),
    ...(spec.sparseCheckout === undefined ? {} : { sparseCheckout: spec.sparseCheckout }),
    timeoutMs: parseDuration(spec.timeout ?? '60s'),
    signal: options.signal,
    ...(options.maxAgeMs === undefined ? {} : { maxAgeMs: options.maxAgeMs }),
  };
}

function addressOf(url: string, allowFile: boolean): GitUrl {
  try {
    return parseGitUrl(url, { allowFile });
  } catch (error) {
    throw new SourceFailure('FetchFailed', 'URLInvalid', `failed to parse url '${url}': ${errorMessage(error)}`, {
      terminal: true,
      cause: error,
    });
  }
}

async function credentialsOf(
  repository: GitRepository,
  url: GitUrl,
  proxy: string | undefined,
  options: RequestOptions,
): Promise<GitCredentials> {
  const { spec } = repository;
  const { secrets, identities, signal } = options;
  const name = spec.secretRef?.name;
  const secret = name === undefined ? undefined : await secretNamed(name, secrets, signal);
  const hasApp = secret !== undefined && Object.keys(secret.data).some((key) => key.startsWith('githubApp'));
  const failed = 'failed to configure authentication options';
  if (spec.provider === 'aws' || spec.provider === 'azure') {
    const { provider } = spec;
    const access = {
      ...(await cloudAccess(spec.serviceAccountName, identities, failed, signal)),
      ...(proxy === undefined ? {} : { proxy }),
    };
    const own = await authenticating(failed, signal, () => identities.gitLogin(provider, access)(url, signal));
    // The certificates of a Secret count beside it.
    return secret === undefined
      ? own
      : { ...(await authenticating(failed, signal, () => credentialsFromSecret(url, secret.data))), ...own };
  }
  if (spec.provider === 'github') {
    if (!hasApp) {
      const message = 'secretRef with github app data must be specified when provider is set to github';
      throw new SourceFailure('FetchFailed', 'InvalidProviderConfiguration', message, { terminal: secret === undefined });
    }
    return await authenticating(failed, signal, () => identities.gitHub.credentials(gitHubAppFromSecret(secret.data, { proxy }), signal));
  }
  if (hasApp) {
    const message = `secretRef '${secret.id}' has github app data but provider is not set to github`;
    throw new SourceFailure('FetchFailed', 'InvalidProviderConfiguration', message);
  }
  const credentials = await authenticating(failed, signal, () => credentialsFromSecret(url, secret?.data));
  if (!needsPassphrase(credentials)) return credentials;
  throw authenticationFailed(`SSH identity key is encrypted but no 'password' field was provided in the secret '${secret?.id}'`);
}

async function secretNamed(name: string, secrets: Secrets, signal: AbortSignal): Promise<Secret> {
  const failed = `failed to get secret '${secrets.id(name)}'`;
  // Flux says it twice.
  return await authenticating(`${failed}: ${failed}`, signal, () => secrets.get(name));
}

function proxyOf(name: string, { secrets, signal }: RequestOptions): Promise<string> {
  return authenticating('failed to configure proxy options', signal, () => secrets.proxy(name));
}
