import { existsSync, readFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import type { ClusterConfig } from './types.js';

const FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount';

type Env = Readonly<Record<string, string | undefined>>;

/** Whether the process runs in a pod with a service account. */
export function isInCluster(env: Env, folder = FOLDER): boolean {
  return (env['KUBERNETES_SERVICE_HOST'] ?? '') !== '' && existsSync(`${folder}/token`);
}

/** The service account of the pod that the process runs in; undefined elsewhere. */
export function inClusterAccount(env: Env, folder = FOLDER): { readonly namespace: string; readonly name: string } | undefined {
  if (!isInCluster(env, folder)) return undefined;
  const [, claims = ''] = readFileSync(`${folder}/token`, 'utf8').trim().split('.');
  const { sub = '' } = JSON.parse(Buffer.from(claims, 'base64url').toString('utf8')) as { sub?: string };
  const [, namespace, name] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(sub) ?? [];
  return namespace === undefined || name === undefined ? undefined : { namespace, name };
}

/** The cluster that the process runs in, as its pod's service account. */
export function inClusterConfig(env: Env, folder = FOLDER): ClusterConfig {
  const host = env['KUBERNETES_SERVICE_HOST'] ?? '';
  const port = env['KUBERNETES_SERVICE_PORT'] ?? '443';
  const namespace = existsSync(`${folder}/namespace`) ? readFileSync(`${folder}/namespace`, 'utf8').trim() : 'default';
  return {
    context: '',
    server: `https://${isIPv6(host) ? `[${host}]` : host}:${port}`,
    namespace,
    certificateAuthority: { file: `${folder}/ca.crt` },
    insecureSkipTlsVerify: false,
    credentials: { type: 'token-file', file: `${folder}/token` },
  };
}
