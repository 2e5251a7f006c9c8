import { X509Certificate } from 'node:crypto';
import type { KubeObject } from '@sluice/core';
import { parseKubeconfig, resolveContext, type Cluster, type ClusterConfig } from '@sluice/kube';
import { field, textField } from '../kinds/index.js';
import type { Evidence } from './evidence.js';

/** What is over in the kubeconfig that an object names in a Secret: who asks with it is nobody. */
export async function kubeconfigEvidence(cluster: Cluster, object: KubeObject, now: number, signal: AbortSignal): Promise<Evidence> {
  const { namespace = '' } = object.metadata;
  const name = textField(object, 'spec', 'kubeConfig', 'secretRef', 'name');
  if (name === '') return [];
  try {
    const secret = await cluster.get({ apiVersion: 'v1', kind: 'Secret', namespace, name }, { signal });
    const key = textField(object, 'spec', 'kubeConfig', 'secretRef', 'key');
    const data = [key, 'value', 'value.yaml'].map((entry) => field(secret, 'data', entry)).find((value) => typeof value === 'string');
    if (data === undefined) return [];
    const config = resolveContext(parseKubeconfig(Buffer.from(data, 'base64').toString()), { trusted: false });
    return expiries(config)
      .filter(([, end]) => end < now)
      .map(([what, end]) => ['secret', `${namespace}/${name}: ${what} is over since ${new Date(end).toISOString().replace('.000', '')}`]);
  } catch {
    // What can't be read tells nothing.
    return [];
  }
}

/** What ends by itself, and when. */
function expiries({ clientCertificate, certificateAuthority, credentials }: ClusterConfig): [what: string, end: number][] {
  return [
    ['the client certificate', endOf(clientCertificate?.certificate)],
    ["the authority of the server's certificate", endOf(certificateAuthority)],
    ['the token', credentials.type === 'token' ? endOfToken(credentials.token) : NEVER],
  ];
}

const NEVER = Number.POSITIVE_INFINITY;

function endOf(source: ClusterConfig['certificateAuthority']): number {
  return source !== undefined && 'pem' in source ? Date.parse(new X509Certificate(source.pem).validTo) : NEVER;
}

/** Of a JSON web token; of any other that is not known. */
function endOfToken(token: string): number {
  const [, claims] = token.split('.');
  if (claims === undefined) return NEVER;
  try {
    const { exp } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as { exp?: unknown };
    return typeof exp === 'number' ? exp * 1000 : NEVER;
  } catch {
    return NEVER;
  }
}
