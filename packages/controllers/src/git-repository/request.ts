import { errorMessage, parseDuration } from '@sluice/core';
import type { GitRepository } from '@sluice/api';
import type { Cluster } from '@sluice/kube';
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
import { SourceFailure } from './failure.js';
import { readSecret } from './secret.js';

/** What of the spec this version can't do; said, not left out. */
const UNSUPPORTED = ['include', 'serviceAccountName'] as const;

export interface RequestOptions {
  readonly cluster: Cluster;
  readonly allowFile: boolean;
  readonly gitHubTokens: GitHubTokens;
  readonly signal: AbortSignal;
  /** See {@link GitRequest}. */
  readonly maxAgeMs: number | undefined;
}

/** What a GitRepository asks of Git, with the credentials that its Secrets hold. */
export async function gitRequest(repository: GitRepository, options: RequestOptions): Promise<GitRequest> {
  const { spec } = repository;
  refuseUnsupported(repository);
  const proxy = spec.proxySecretRef === undefined ? undefined : await proxyOf(repository, spec.proxySecretRef.name, options);
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

function refuseUnsupported({ spec }: GitRepository): void {
  const field = UNSUPPORTED.find((name) => spec[name] !== undefined && !(Array.isArray(spec[name]) && spec[name].length === 0));
  if (field !== undefined) {
    throw new SourceFailure('FetchFailed', 'UnsupportedField', `spec.${field} is not supported by this version: remove it`, {
      terminal: true,
    });
  }
  if (spec.provider !== undefined && spec.provider !== 'generic' && spec.provider !== 'github') {
    const message = `the provider ${spec.provider} is not supported by this version: use the provider generic, with the credentials in a Secret`;
    throw new SourceFailure('FetchFailed', 'InvalidProviderConfiguration', message, { terminal: true });
  }
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
  const { spec, metadata } = repository;
  const name = spec.secretRef?.name;
  const data = name === undefined ? undefined : await secretData(metadata.namespace ?? '', name, options);
  const hasApp = data !== undefined && Object.keys(data).some((key) => key.startsWith('githubApp'));
  if (spec.provider === 'github') {
    if (!hasApp) {
      const message = 'secretRef with github app data must be specified when provider is set to github';
      throw new SourceFailure('FetchFailed', 'InvalidProviderConfiguration', message);
    }
    try {
      return await options.gitHubTokens.credentials(gitHubAppFromSecret(data), options.signal);
    } catch (error) {
      options.signal.throwIfAborted();
      throw authenticationFailed(`failed to configure authentication options: ${errorMessage(error)}`, error);
    }
  }
  if (hasApp) {
    const message = `secretRef '${metadata.namespace}/${name}' has github app data but provider is not set to github`;
    throw new SourceFailure('FetchFailed', 'InvalidProviderConfiguration', message);
  }
  try {
    const credentials = credentialsFromSecret(url, data);
    if (!needsPassphrase(credentials)) return credentials;
  } catch (error) {
    throw authenticationFailed(`failed to configure authentication options: ${errorMessage(error)}`, error);
  }
  throw authenticationFailed(
    `SSH identity key is encrypted but no 'password' field was provided in the secret '${metadata.namespace}/${name}'`,
  );
}

async function secretData(namespace: string, name: string, { cluster, signal }: RequestOptions): Promise<Record<string, Uint8Array>> {
  const failed = (reason: string, cause?: unknown): SourceFailure =>
    authenticationFailed(`failed to get secret '${namespace}/${name}': failed to get secret '${namespace}/${name}': ${reason}`, cause);
  let data;
  try {
    data = await readSecret(cluster, namespace, name, signal);
  } catch (error) {
    signal.throwIfAborted();
    throw failed(errorMessage(error), error);
  }
  if (data === undefined) throw failed(`secrets ${JSON.stringify(name)} not found`);
  return data;
}

async function proxyOf({ metadata }: GitRepository, name: string, options: RequestOptions): Promise<string> {
  const namespace = metadata.namespace ?? '';
  const data = await secretData(namespace, name, options).catch((error: unknown) => {
    throw proxyFailed(errorMessage(error));
  });
  const text = (key: string): string => (Object.hasOwn(data, key) ? Buffer.from(data[key]!).toString('utf8') : '');
  if (text('address') === '') throw proxyFailed(`secret '${namespace}/${name}' has no 'address'`);
  let proxy: URL;
  try {
    proxy = new URL(text('address'));
  } catch {
    throw proxyFailed(`the address in secret '${namespace}/${name}' is no URL`);
  }
  if (text('username') !== '') {
    proxy.username = encodeURIComponent(text('username'));
    proxy.password = encodeURIComponent(text('password'));
  }
  return proxy.href;
}

function proxyFailed(reason: string): SourceFailure {
  return authenticationFailed(`failed to configure proxy options: ${reason}`);
}

function authenticationFailed(message: string, cause?: unknown): SourceFailure {
  return new SourceFailure('FetchFailed', 'AuthenticationFailed', message, { cause });
}
