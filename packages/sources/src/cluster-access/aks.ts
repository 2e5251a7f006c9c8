import { readFile } from 'node:fs/promises';
import { SluiceError, errorMessage, isJsonObject } from '@sluice/core';
import { parseKubeconfig, resolveContext } from '@sluice/kube';
import { azureScopes } from '../cloud/azure.js';
import { askJson, serviceUrl, type CloudAccess } from '../cloud/exchange.js';
import { clusterAddress, resourcePath } from './address.js';
import {
  endpointOf,
  isDescribed,
  type CloudCluster,
  type ClusterAccess,
  type ClusterEndpoint,
  type ClusterIdentity,
} from './cluster-access.js';

const id =
  /^\/subscriptions\/([^/]{36})\/resourceGroups\/([^/]{1,200})\/providers\/Microsoft\.ContainerService\/managedClusters\/([^/]{1,200})$/i;
const version = '2022-04-01';

/** A cluster of AKS with Entra ID: it takes that one's tokens. */
export function aksCluster(given: CloudCluster, identity: ClusterIdentity, access: CloudAccess): ClusterAccess {
  const token = identity.azure(azureScopes.kubernetes, access);
  return {
    async endpoint(signal) {
      if (isDescribed(given)) return endpointOf(given, { server: '', authority: undefined });
      return endpointOf(given, await describe(given, identity, access, signal));
    },
    token: async (signal) => ({ value: await token(signal), expires: 0 }),
  };
}

async function describe(
  { cluster = '', address }: CloudCluster,
  identity: ClusterIdentity,
  access: CloudAccess,
  signal: AbortSignal | undefined,
): Promise<ClusterEndpoint> {
  if (!id.test(cluster)) throw new SluiceError('SourceSettingsInvalid', `invalid AKS cluster ID: '${cluster}'. must match ${id.source}`);
  const wanted = address === undefined ? undefined : clusterAddress(address);
  const manager = await resourceManager(access);
  const headers = { authorization: `Bearer ${await identity.azure(manager.audience, access)(signal)}`, accept: 'application/json' };
  const at = (action: string): URL => {
    const url = new URL(`${resourcePath(cluster)}${action}`, manager.endpoint);
    url.search = `api-version=${version}`;
    return url;
  };
  const what = `failed to describe AKS cluster '${cluster}'`;
  const { properties } = await askJson(what, { url: at(''), headers, signal }, access);
  if (!isJsonObject(properties) || !isJsonObject(properties['aadProfile'])) {
    throw new SluiceError(
      'SourceSettingsInvalid',
      `AKS cluster ${cluster} does not have Microsoft Entra ID integration enabled: enable it, or use a kubeconfig in a Secret`,
    );
  }
  const request = { method: 'POST', url: at('/listClusterUserCredential'), headers, signal } as const;
  const { kubeconfigs } = await askJson(what, request, access);
  const endpoints = (Array.isArray(kubeconfigs) ? kubeconfigs : []).map((entry: unknown, index) =>
    endpointIn(entry, `${what}: kubeconfig[${index}]`),
  );
  const found = wanted === undefined ? endpoints[0] : endpoints.find(({ server }) => clusterAddress(server) === wanted);
  if (found !== undefined) return found;
  throw new SluiceError(
    'SourceSettingsInvalid',
    wanted === undefined
      ? `no kubeconfig found for AKS cluster ${cluster}`
      : `no kubeconfig found for AKS cluster ${cluster} matching the specified address '${address ?? ''}'. cluster addresses: [${endpoints.map(({ server }) => `'${server}'`).join(', ')}]`,
  );
}

/** Only where the cluster is; whose credentials are in it is of no interest. */
function endpointIn(entry: unknown, what: string): ClusterEndpoint {
  const value = isJsonObject(entry) ? entry['value'] : undefined;
  if (typeof value !== 'string') throw new SluiceError('SourceAnswerInvalid', `${what} has no value`);
  try {
    const { clusters = [], contexts = [], ...rest } = parseKubeconfig(Buffer.from(value, 'base64').toString('utf8'));
    const anonymous = {
      ...rest,
      clusters,
      contexts: contexts.map(({ name, context: { cluster } }) => ({ name, context: { cluster } })),
      users: [],
    };
    const { server, certificateAuthority } = resolveContext(anonymous, { trusted: false });
    return {
      server,
      authority: certificateAuthority !== undefined && 'pem' in certificateAuthority ? certificateAuthority.pem : undefined,
    };
  } catch (error) {
    throw new SluiceError('SourceAnswerInvalid', `${what} can't be read: ${errorMessage(error)}`, { cause: error });
  }
}

/** Where Azure is asked about its resources: the clouds of nations, and clouds of one's own, have it elsewhere. */
async function resourceManager({ env = process.env }: CloudAccess): Promise<{ readonly endpoint: URL; readonly audience: string }> {
  const file = env.AZURE_ENVIRONMENT_FILEPATH;
  if (file !== undefined) return await managerIn(file);
  const authority = env.AZURE_AUTHORITY_HOST ?? '';
  const audience = authority.includes('chinacloudapi.cn')
    ? 'https://management.chinacloudapi.cn'
    : authority.includes('microsoftonline.us')
      ? 'https://management.usgovcloudapi.net'
      : azureScopes.management;
  return { endpoint: new URL(audience), audience };
}

async function managerIn(file: string): Promise<{ readonly endpoint: URL; readonly audience: string }> {
  const failed = (why: string): SluiceError => new SluiceError('SourceSettingsInvalid', `AZURE_ENVIRONMENT_FILEPATH names ${file}: ${why}`);
  const content: unknown = await readFile(file, 'utf8').then(JSON.parse, (error: unknown) => {
    throw failed(errorMessage(error));
  });
  const { resourceManagerEndpoint: endpoint, tokenAudience: audience } = isJsonObject(content) ? content : {};
  if (typeof endpoint !== 'string' || typeof audience !== 'string') throw failed('resourceManagerEndpoint and tokenAudience must be set');
  return { endpoint: serviceUrl(endpoint, 'resourceManagerEndpoint'), audience: audience.replace(/\/+$/, '') };
}
