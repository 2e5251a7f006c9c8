import { SluiceError } from '@sluice/core';
import { googleScopes } from '../cloud/google.js';
import { askJson, serviceUrl, type CloudAccess } from '../cloud/exchange.js';
import { clusterAddress, pemAt, resourcePath, textAt } from './address.js';
import { endpointOf, isDescribed, type CloudCluster, type ClusterAccess, type ClusterIdentity } from './cluster-access.js';

const name = /^projects\/[^/]{1,200}\/locations\/[^/]{1,200}\/clusters\/[^/]{1,200}$/;

/** A cluster of GKE: it takes Google's tokens. */
export function gkeCluster(given: CloudCluster, identity: ClusterIdentity, access: CloudAccess): ClusterAccess {
  const token = identity.google(googleScopes.clusters, access);
  return {
    async endpoint(signal) {
      if (isDescribed(given)) return endpointOf(given, { server: '', authority: undefined });
      const { cluster = '' } = given;
      if (!name.test(cluster))
        throw new SluiceError('SourceSettingsInvalid', `invalid GKE cluster ID: '${cluster}'. must match ${name.source}`);
      const { env = process.env } = access;
      const override = 'CLOUDSDK_API_ENDPOINT_OVERRIDES_CONTAINER';
      const base = serviceUrl(env[override] ?? 'https://container.googleapis.com/', override);
      const url = new URL(`/v1/${resourcePath(cluster)}`, base);
      const what = `failed to describe GKE cluster '${cluster}'`;
      const headers = { authorization: `Bearer ${await token(signal)}`, accept: 'application/json' };
      const answer = await askJson(what, { url, headers, signal }, access);
      return endpointOf(given, {
        server: clusterAddress(textAt(answer, ['endpoint'], what)),
        authority: pemAt(answer, ['masterAuth', 'clusterCaCertificate'], what),
      });
    },
    token: async (signal) => ({ value: await token(signal), expires: 0 }),
  };
}
