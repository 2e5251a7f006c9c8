import { createHash } from 'node:crypto';
import {
  awsCredentials,
  azureScopes,
  azureToken,
  cloudGitLogin,
  cloudRegistryLogin,
  googleToken,
  type CloudAccess,
  type CloudGitLogin,
  type CloudProvider,
  type RegistryLogin,
  type Renewed,
  type S3Credentials,
} from '@sluice/sources';

/** Who this process is in the clouds: asked for when something needs it, and shared by all until it ends. */
export interface CloudIdentities {
  registryLogin(provider: CloudProvider, access: CloudAccess): RegistryLogin;
  gitLogin(provider: 'aws' | 'azure', access: CloudAccess): CloudGitLogin;
  awsKeys(region: string, access: CloudAccess, stsEndpoint?: string): Renewed<S3Credentials>;
  azureStorage(access: CloudAccess): Renewed<string>;
  google(access: CloudAccess): Renewed<string>;
}

export function createCloudIdentities(): CloudIdentities {
  const kept = new Map<string, unknown>();
  function once<T>(parts: readonly unknown[], make: () => T): T {
    // What is in there may be secret.
    const key = createHash('sha256').update(JSON.stringify(parts)).digest('hex');
    if (!kept.has(key)) kept.set(key, make());
    return kept.get(key) as T;
  }
  return {
    registryLogin: (provider, access) => once(['registry', provider, access], () => cloudRegistryLogin(provider, access)),
    gitLogin: (provider, access) => once(['git', provider, access], () => cloudGitLogin(provider, access)),
    awsKeys: (region, access, endpoint) => once(['aws', region, endpoint, access], () => awsCredentials(region, access, endpoint)),
    azureStorage: (access) => once(['azure', access], () => azureToken(azureScopes.storage, access)),
    google: (access) => once(['google', access], () => googleToken(access)),
  };
}
