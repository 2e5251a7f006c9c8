import { SluiceError } from '@sluice/core';
import type { RegistryCredentials, RegistryLogin } from '../oci/docker-config.js';
import { awsCredentials, ecrEndpoint, ecrLogin } from './aws.js';
import { azureScopes, azureToken } from './azure.js';
import { askJson, form, renewed, type CloudAccess, type Lasting, type Renewed } from './exchange.js';
import { googleToken } from './google.js';

export type CloudProvider = 'aws' | 'azure' | 'gcp';

/** How long a login of Azure's registries lasts at least. */
const azureLoginMs = 3600_000;

/**
 * Who this process is at a registry of its cloud: by the identity of the workload or the machine. A registry of somebody
 * else is not shown anything; the message says so.
 */
export function cloudRegistryLogin(provider: CloudProvider, access: CloudAccess = {}): RegistryLogin {
  const logins = new Map<string, Renewed<RegistryCredentials>>();
  return async ({ registry }) => {
    let login = logins.get(registry);
    if (login === undefined) {
      login = { aws: awsLogin, azure: azureLogin, gcp: googleLogin }[provider](registry, access);
      logins.set(registry, login);
    }
    return await login();
  };
}

function awsLogin(registry: string, access: CloudAccess): Renewed<RegistryCredentials> {
  const endpoint = ecrEndpoint(registry);
  if (endpoint === undefined) throw foreign(registry, 'aws', 'ACCOUNT.dkr.ecr.REGION.amazonaws.com');
  const { region, url } = endpoint;
  const keys = awsCredentials(region, access);
  return renewed(async (signal) => ecrLogin(url, region, await keys(signal), access, signal), access.now);
}

/** A token of the directory is exchanged for one of the registry. */
function azureLogin(registry: string, access: CloudAccess): Renewed<RegistryCredentials> {
  if (!/^[a-z0-9-]+\.azurecr\.(?:io|cn|us)$/.test(registry)) throw foreign(registry, 'azure', 'NAME.azurecr.io');
  const token = azureToken(azureScopes.management, access);
  return renewed(
    async (signal) => exchangeForRegistry(new URL(`https://${registry}/oauth2/exchange`), registry, await token(signal), access, signal),
    access.now,
  );
}

export async function exchangeForRegistry(
  url: URL,
  registry: string,
  token: string,
  access: CloudAccess,
  signal?: AbortSignal,
): Promise<Lasting<RegistryCredentials>> {
  const { now = Date.now } = access;
  const what = 'failed to log in to the Azure registry';
  const { refresh_token: refresh } = await askJson(
    what,
    form(url, { grant_type: 'access_token', service: registry, access_token: token }, signal),
    access,
  );
  if (typeof refresh !== 'string' || refresh === '') throw new SluiceError('SourceAnswerInvalid', `${what}: the answer holds no token`);
  // The user that stands for a token.
  return { value: { username: '00000000-0000-0000-0000-000000000000', password: refresh }, expires: now() + azureLoginMs };
}

function googleLogin(registry: string, access: CloudAccess): Renewed<RegistryCredentials> {
  if (!/^(?:(?:[a-z]+\.)?gcr\.io|[a-z0-9-]+-docker\.pkg\.dev)$/.test(registry))
    throw foreign(registry, 'gcp', 'REGION-docker.pkg.dev or gcr.io');
  const token = googleToken(access);
  return async (signal) => ({ username: 'oauth2accesstoken', password: await token(signal) });
}

function foreign(registry: string, provider: CloudProvider, form: string): SluiceError {
  return new SluiceError(
    'SourceSettingsInvalid',
    `the provider ${provider} has no credentials for ${registry}: its registries are ${form}; use the provider generic, with a secretRef`,
  );
}
