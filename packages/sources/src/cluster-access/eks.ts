import { SluiceError } from '@sluice/core';
import { presignedUrl, signedHeaders } from '../bucket/signature.js';
import { awsServiceUrl } from '../cloud/aws.js';
import { askJson, type CloudAccess } from '../cloud/exchange.js';
import { clusterAddress, pemAt, textAt } from './address.js';
import { endpointOf, isDescribed, type CloudCluster, type ClusterAccess, type ClusterIdentity } from './cluster-access.js';

const arn = /^arn:aws[\w-]*:eks:([a-z0-9-]{1,100}):[0-9]{1,30}:cluster\/([A-Za-z0-9_-]{1,200})$/;

/** A token is good for a quarter of an hour, whatever the address in it says; a little less counts. */
const LASTS_MS = 14 * 60_000;

/** A cluster of EKS. Its tokens are signed addresses: who opens one is told by AWS who signed it. */
export function eksCluster(given: CloudCluster, identity: ClusterIdentity, access: CloudAccess): ClusterAccess {
  // The region is a part of it, so that it is needed in any case.
  const [, region, name] = arn.exec(given.cluster ?? '') ?? [];
  if (region === undefined || name === undefined) {
    throw new SluiceError('SourceSettingsInvalid', `invalid EKS cluster ARN: '${given.cluster ?? ''}'. must match ${arn.source}`);
  }
  const { now = Date.now } = access;
  const keys = identity.awsKeys(region, access);
  return {
    async endpoint(signal) {
      if (isDescribed(given)) return endpointOf(given, { server: '', authority: undefined });
      const url = new URL(`/clusters/${name}`, awsServiceUrl('eks', region, access));
      const headers = signedHeaders({ method: 'GET', url }, await keys(signal), region, new Date(now()), 'eks');
      const what = `failed to describe EKS cluster '${given.cluster ?? ''}'`;
      const answer = await askJson(what, { url, headers, signal }, access);
      return endpointOf(given, {
        server: clusterAddress(textAt(answer, ['cluster', 'endpoint'], what)),
        authority: pemAt(answer, ['cluster', 'certificateAuthority', 'data'], what),
      });
    },
    async token(signal) {
      const expires = now() + LASTS_MS;
      const url = awsServiceUrl('sts', region, access);
      url.search = 'Action=GetCallerIdentity&Version=2011-06-15';
      const headers = { 'x-k8s-aws-id': name };
      const place = { region, service: 'sts', now: new Date(now()), seconds: 900 };
      const signed = presignedUrl({ url, headers }, await keys(signal), place);
      return { value: `k8s-aws-v1.${Buffer.from(signed.href).toString('base64url')}`, expires };
    },
  };
}
