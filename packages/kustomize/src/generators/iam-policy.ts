import { SluiceError } from '@sluice/core';
import { ensureMapping, stringScalar, untaggedScalar, type Mapping } from '../node/node.js';
import { object, string, type Decoded } from '../kustomization/decode.js';
import { Resource } from '../resource/resource.js';

export const iamPolicy = object('IAMPolicyGeneratorArgs', {
  cloud: string,
  kubernetesService: object('KubernetesService', { name: string, namespace: string }),
  serviceAccount: object('ServiceAccount', { name: string, projectId: string }),
});

/** Generates a ServiceAccount that acts as one of the cloud's. */
export function generateIamPolicy({ cloud = '', kubernetesService, serviceAccount }: Decoded<typeof iamPolicy>): Resource {
  if (cloud !== 'gke') throw new SluiceError('KustomizationInvalid', `cloud provider ${cloud} not supported yet`);
  const root: Mapping = new Map();
  root.set('apiVersion', stringScalar('v1'));
  root.set('kind', stringScalar('ServiceAccount'));
  const account = `${serviceAccount?.name ?? ''}@${serviceAccount?.projectId ?? ''}.iam.gserviceaccount.com`;
  ensureMapping(root, 'metadata', 'annotations').set('iam.gke.io/gcp-service-account', stringScalar(account));
  const metadata = ensureMapping(root, 'metadata');
  metadata.set('name', untaggedScalar(kubernetesService?.name ?? ''));
  const namespace = kubernetesService?.namespace ?? '';
  if (namespace !== '') metadata.set('namespace', untaggedScalar(namespace));
  return new Resource(root);
}
