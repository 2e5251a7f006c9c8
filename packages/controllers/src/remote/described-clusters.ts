import { createHash } from 'node:crypto';
import { errorMessage, type KubeObject } from '@sluice/core';
import type { Cluster } from '@sluice/kube';
import {
  aksCluster,
  clusterAddress,
  eksCluster,
  gkeCluster,
  type CloudAccess,
  type CloudAccount,
  type CloudCluster,
  type ClusterAccess,
  type ClusterIdentity,
} from '@sluice/sources';
import { findAccount, ownAccount, requestToken } from './account-tokens.js';
import type { KubeConfigOptions, Way } from './kube-configs.js';

/** What a ConfigMap says of a cluster. */
interface Description extends CloudCluster {
  /** Names the ConfigMap in messages. */
  readonly where: string;
  readonly namespace: string;
  readonly provider: string | undefined;
  readonly audiences: readonly string[] | undefined;
  /** Whom to be there; this process itself when absent. */
  readonly serviceAccountName: string | undefined;
}

/**
 * The way to a cluster that a ConfigMap describes, without credentials in it: a cluster of a cloud, by an identity there, or any
 * cluster that trusts the tokens of this one.
 */
export async function describedCluster(configMap: KubeObject, options: KubeConfigOptions): Promise<Way> {
  const description = readDescription(configMap, options.policy.defaultKubeconfigServiceAccount);
  try {
    return await wayTo(description, options);
  } catch (error) {
    options.signal.throwIfAborted();
    throw new Error(`${description.where}: ${errorMessage(error)}`, { cause: error });
  }
}

async function wayTo(description: Description, { cluster, identity, signal }: KubeConfigOptions): Promise<Way> {
  const { provider, namespace, serviceAccountName } = description;
  const account =
    serviceAccountName === undefined
      ? undefined
      : { ...(await findAccount(cluster, { namespace, name: serviceAccountName }, signal)), audiences: description.audiences };
  const access = accessTo(description, cluster, account, identity);
  const { server, authority } = await access.endpoint(signal);
  return {
    config: {
      context: '',
      server: clusterAddress(server),
      namespace: 'default',
      insecureSkipTlsVerify: false,
      credentials: { type: 'issued', issue: async () => tokenIn(await access.token()) },
      ...(authority === undefined ? {} : { certificateAuthority: { pem: authority } }),
    },
    id: createHash('sha256')
      .update(JSON.stringify([server, authority, account?.annotations]))
      .digest('hex'),
    mayMove: provider !== 'generic',
  };
}

function tokenIn({ value, expires }: Awaited<ReturnType<ClusterAccess['token']>>) {
  return { token: value, expires };
}

function accessTo(description: Description, cluster: Cluster, account: CloudAccount | undefined, identity: ClusterIdentity): ClusterAccess {
  const access: CloudAccess = account === undefined ? {} : { account };
  switch (description.provider) {
    case 'aws':
      return eksCluster(description, identity, access);
    case 'azure':
      return aksCluster(description, identity, access);
    case 'gcp':
      return gkeCluster(description, identity, access);
    case 'generic':
      return trustingCluster(description, cluster);
    case undefined:
      throw new Error(`it does not contain a 'provider' key`);
    default:
      throw new Error(`provider '${description.provider}' not implemented: there are aws, azure, gcp and generic`);
  }
}

/** A cluster that takes the tokens of this one's ServiceAccounts, when they are made for it. */
function trustingCluster({ address, authority, audiences, namespace, serviceAccountName }: Description, cluster: Cluster): ClusterAccess {
  if (address === undefined) throw new Error(`it does not contain an 'address' key, which the provider generic needs`);
  const account = serviceAccountName === undefined ? ownAccount() : { namespace, name: serviceAccountName };
  return {
    endpoint: () => Promise.resolve({ server: address, authority }),
    token: (signal) => requestToken(cluster, account, audiences ?? [address], signal),
  };
}

function readDescription({ metadata, data }: KubeObject & { readonly data?: unknown }, defaultAccount: string | undefined): Description {
  const { namespace = '', name = '' } = metadata;
  const fields = new Map(Object.entries((data ?? {}) as Readonly<Record<string, string>>));
  const text = (field: string): string | undefined => {
    const value = fields.get(field);
    return value === '' ? undefined : value;
  };
  const audiences = text('audiences')
    ?.split('\n')
    .map((audience) => audience.trim())
    .filter((audience) => audience !== '');
  return {
    where: `KubeConfig configmap '${namespace}/${name}'`,
    namespace,
    provider: text('provider'),
    cluster: text('cluster'),
    address: text('address'),
    authority: text('ca.crt'),
    audiences: audiences === undefined || audiences.length === 0 ? undefined : audiences,
    serviceAccountName: text('serviceAccountName') ?? defaultAccount,
  };
}
