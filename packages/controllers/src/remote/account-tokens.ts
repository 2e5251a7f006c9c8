import { errorMessage } from '@sluice/core';
import { inClusterAccount, type Cluster } from '@sluice/kube';
import type { CloudAccount } from '@sluice/sources';

/** A ServiceAccount of this cluster. */
export interface Account {
  readonly namespace: string;
  readonly name: string;
}

/** Asks the cluster for a token that names one of its ServiceAccounts to others. */
export async function requestToken(cluster: Cluster, account: Account, audiences: readonly string[], signal?: AbortSignal) {
  const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', metadata: {}, spec: { audiences } };
  try {
    const answer = await cluster.post(
      { apiVersion: 'v1', kind: 'ServiceAccount', ...account },
      'token',
      request,
      signal === undefined ? {} : { signal },
    );
    const { token, expirationTimestamp } = answer['status'] as { readonly token: string; readonly expirationTimestamp: string };
    // Half way, so that whoever is given it has time.
    return { value: token, expires: Date.now() + (Date.parse(expirationTimestamp) - Date.now()) / 2 };
  } catch (error) {
    throw new Error(`no token for the ServiceAccount ${account.namespace}/${account.name}: ${errorMessage(error)}`, { cause: error });
  }
}

/** A ServiceAccount, as clouds know it: by its annotations, and tokens that are made when they are needed. */
export async function findAccount(cluster: Cluster, account: Account, signal?: AbortSignal): Promise<CloudAccount> {
  const { namespace, name } = account;
  const call = signal === undefined ? {} : { signal };
  const found = await cluster.get({ apiVersion: 'v1', kind: 'ServiceAccount', ...account }, { as: 'metadata', ...call });
  if (found === undefined) {
    throw new Error(`failed to get service account '${namespace}/${name}': serviceaccounts ${JSON.stringify(name)} not found`);
  }
  return {
    ...account,
    annotations: found.metadata.annotations ?? {},
    token: async (audiences, asked) => (await requestToken(cluster, account, audiences, asked)).value,
  };
}

/** Whoever this process is in its cluster. */
export function ownAccount(): Account {
  const account = inClusterAccount(process.env);
  if (account !== undefined) return account;
  throw new Error('this process does not run as a ServiceAccount of a cluster: name one as serviceAccountName');
}
