import { errorMessage, type KubeObject } from '@sluice/core';
import { parseKubeconfig, resolveContext, type Cluster, type ClusterConfig } from '@sluice/kube';

/** `spec.kubeConfig`: where the way to another cluster is described. */
export interface KubeConfigReference {
  readonly secretRef?: { readonly name: string; readonly key?: string };
  readonly configMapRef?: { readonly name: string };
}

/** What a kubeconfig that comes out of a cluster may ask for. */
export interface KubeConfigPolicy {
  /** Run a command of this machine for credentials, or read its files. */
  readonly insecureKubeconfigExec: boolean;
  /** Not check the server's certificate. */
  readonly insecureKubeconfigTls: boolean;
}

/** The way to a cluster. */
export interface KubeConfigSource {
  /** Changes with what it was made of. */
  readonly version: string;
  readonly resolve: () => Promise<{ readonly config: ClusterConfig; readonly expiresAt?: number }>;
}

/** Finds the description of another cluster. Throws with a message for the person who wrote the reference. */
export async function findKubeConfig(
  cluster: Cluster,
  namespace: string,
  { secretRef, configMapRef }: KubeConfigReference,
  policy: KubeConfigPolicy,
  signal: AbortSignal,
): Promise<KubeConfigSource> {
  if (secretRef !== undefined) {
    const secret = await read(cluster, 'Secret', namespace, secretRef.name, signal);
    return { version: versionOf(secret), resolve: () => Promise.resolve({ config: fromSecret(secret, secretRef, policy) }) };
  }
  if (configMapRef === undefined) throw new Error('spec.kubeConfig needs a secretRef or a configMapRef');
  const configMap = await read(cluster, 'ConfigMap', namespace, configMapRef.name, signal);
  return { version: versionOf(configMap), resolve: () => fromConfigMap(cluster, configMap, signal) };
}

async function read(cluster: Cluster, kind: 'Secret' | 'ConfigMap', namespace: string, name: string, signal: AbortSignal) {
  const object = await cluster.get({ apiVersion: 'v1', kind, namespace, name }, { signal });
  if (object !== undefined) return object;
  const what = kind === 'Secret' ? 'secret' : 'configmap';
  throw new Error(`unable to read KubeConfig ${what} '${namespace}/${name}' error: ${what}s ${JSON.stringify(name)} not found`);
}

function versionOf({ metadata }: KubeObject): string {
  return `${metadata.uid}/${metadata.resourceVersion}`;
}

function dataOf(object: KubeObject): Readonly<Record<string, string>> {
  return (object['data'] ?? {}) as Readonly<Record<string, string>>;
}

function fromSecret(secret: KubeObject, { key }: { readonly key?: string }, policy: KubeConfigPolicy): ClusterConfig {
  const data = dataOf(secret);
  const encoded = key === undefined ? (data['value'] ?? data['value.yaml']) : data[key];
  if (encoded === undefined) {
    const { namespace, name } = secret.metadata;
    throw new Error(`KubeConfig secret '${namespace}/${name}' does not contain a '${key ?? 'value'}' or 'value.yaml' key`);
  }
  const config = resolveContext(parseKubeconfig(Buffer.from(encoded, 'base64').toString('utf8')), {
    trusted: policy.insecureKubeconfigExec,
  });
  if (config.insecureSkipTlsVerify && !policy.insecureKubeconfigTls) {
    throw new Error(
      "the kubeconfig asks not to check the server's certificate (insecure-skip-tls-verify): give its certificate-authority-data, or allow that with --insecure-kubeconfig-tls",
    );
  }
  return config;
}

/** A ServiceAccount of this cluster that the other one trusts: its token, made for the other cluster's audience. */
async function fromConfigMap(cluster: Cluster, configMap: KubeObject, signal: AbortSignal) {
  const { namespace = '', name = '' } = configMap.metadata;
  const { provider, address, audiences, serviceAccountName = 'default', 'ca.crt': authority } = dataOf(configMap);
  const where = `KubeConfig configmap '${namespace}/${name}'`;
  if (provider !== 'generic') {
    throw new Error(
      provider === undefined || provider === ''
        ? `${where} does not contain a 'provider' key`
        : `${where}: the provider '${provider}' is not supported: use 'generic', or a kubeconfig in spec.kubeConfig.secretRef`,
    );
  }
  if (address === undefined || address === '') throw new Error(`${where} does not contain an 'address' key`);
  if (!/^https?:\/\//.test(address) || !URL.canParse(address))
    throw new Error(`${where}: the address ${JSON.stringify(address)} is not an http(s) URL`);
  const request = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    metadata: {},
    spec: { audiences: audiences === undefined ? [address] : audiences.split(/\s+/).filter((audience) => audience !== '') },
  };
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', namespace, name: serviceAccountName };
  const answer = await cluster.post(account, 'token', request, { signal }).catch((error: unknown) => {
    throw new Error(`${where}: no token for the ServiceAccount ${namespace}/${serviceAccountName}: ${errorMessage(error)}`, {
      cause: error,
    });
  });
  const { token, expirationTimestamp } = answer['status'] as { readonly token: string; readonly expirationTimestamp: string };
  const config: ClusterConfig = {
    context: '',
    server: address.replace(/\/+$/, ''),
    namespace: 'default',
    insecureSkipTlsVerify: false,
    credentials: { type: 'token', token },
    ...(authority === undefined ? {} : { certificateAuthority: { pem: authority } }),
  };
  return { config, expiresAt: Date.parse(expirationTimestamp) };
}
