import { errorMessage, parseDuration } from '@sluice/core';
import type { GitRepository } from '@sluice/api';
import {
  credentialsFromSecret,
  gitHubAppFromSecret,
  needsPassphrase,
  parseGitUrl,
  type GitCredentials,
  type GitHubTokens,
  type GitRequest,
  type GitUrl,
} from '@sluice/sources';
import { SourceFailure } from '../source/failure.js';
import type { Secret, Secrets } from '../source/secrets.js';

export interface RequestOptions {
  readonly secrets: Secrets;
  readonly allowFile: boolean;
  readonly gitHubTokens: GitHubTokens;
  readonly signal: AbortSignal;
  /** See {@link GitRequest}. */
  readonly maxAgeMs: number | undefined;
}

/** What a GitRepository asks of Git, with the credentials that its Secrets hold. */
export async function gitRequest(repository: GitRepository, options: RequestOptions): Promise<GitRequest> {
  const { spec } = repository;
  checkProvider(repository);
  const proxy = spec.proxySecretRef === undefined ? undefined : await proxyOf(spec.proxySecretRef.name, options);
  const url = addressOf(spec.url, options.allowFile);
  const credentials = await credentialsOf(repository, url, options);
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

function checkProvider({ spec }: GitRepository): void {
  const { provider } = spec;
  if (provider !== 'aws' && provider !== 'azure') return;
  const message = `the provider ${provider} is not supported by this version: use the provider generic, with the credentials in a Secret`;
  throw new SourceFailure('FetchFailed', 'InvalidProviderConfiguration', message, { terminal: true });
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

async function credentialsOf(repository: GitRepository, url: GitUrl, options: RequestOptions): Promise<GitCredentials> {
  const { spec } = repository;
  const { secrets, gitHubTokens, signal } = options;
  const name = spec.secretRef?.name;
  const secret = name === undefined ? undefined : await secretNamed(name, secrets, signal);
  const hasApp = secret !== undefined && Object.keys(secret.data).some((key) => key.startsWith('githubApp'));
  if (spec.provider === 'github') {
    if (!hasApp) {
      const message = 'secretRef with github app data must be specified when provider is set to github';
      throw new SourceFailure('FetchFailed', 'InvalidProviderConfiguration', message, { terminal: secret === undefined });
    }
    try {
      return await gitHubTokens.credentials(gitHubAppFromSecret(secret.data), signal);
    } catch (error) {
      signal.throwIfAborted();
      throw authenticationFailed(`failed to configure authentication options: ${errorMessage(error)}`, error);
    }
  }
  if (hasApp) {
    const message = `secretRef '${secret.id}' has github app data but provider is not set to github`;
    throw new SourceFailure('FetchFailed', 'InvalidProviderConfiguration', message);
  }
  try {
    const credentials = credentialsFromSecret(url, secret?.data);
    if (!needsPassphrase(credentials)) return credentials;
  } catch (error) {
    throw authenticationFailed(`failed to configure authentication options: ${errorMessage(error)}`, error);
  }
  throw authenticationFailed(`SSH identity key is encrypted but no 'password' field was provided in the secret '${secret?.id}'`);
}

async function secretNamed(name: string, secrets: Secrets, signal: AbortSignal): Promise<Secret> {
  try {
    return await secrets.get(name);
  } catch (error) {
    signal.throwIfAborted();
    const failed = `failed to get secret '${secrets.id(name)}'`;
    // Flux says it twice.
    throw authenticationFailed(`${failed}: ${failed}: ${errorMessage(error)}`, error);
  }
}

async function proxyOf(name: string, { secrets, signal }: RequestOptions): Promise<string> {
  try {
    return await secrets.proxy(name);
  } catch (error) {
    signal.throwIfAborted();
    throw authenticationFailed(`failed to configure proxy options: ${errorMessage(error)}`, error);
  }
}

function authenticationFailed(message: string, cause?: unknown): SourceFailure {
  return new SourceFailure('FetchFailed', 'AuthenticationFailed', message, { cause });
}
