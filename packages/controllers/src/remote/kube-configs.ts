import type { KubeObject } from '@sluice/core';
import { parseKubeconfig, resolveContext, type Cluster, type ClusterConfig } from '@sluice/kube';
import type { ClusterIdentity } from '@sluice/sources';
import { describedCluster } from './described-clusters.js';

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
  /** The ServiceAccount to be where a ConfigMap names none; this process itself when absent. */
  readonly defaultKubeconfigServiceAccount?: string;
}

/** The way to a cluster. */
export interface Way {
  readonly config: ClusterConfig;
  /** Equal texts lead to the same cluster as the same account. */
  readonly id: string;
  /** Others decide where it leads: it is to be looked for again after a while. */
  readonly mayMove: boolean;
}

/** Where the way to a cluster is described. */
export interface KubeConfigSource {
  /** Changes with the description. */
  readonly version: string;
  readonly resolve: () => Way | Promise<Way>;
}

export interface KubeConfigOptions {
  /** Where the description is. */
  readonly cluster: Cluster;
  readonly policy: KubeConfigPolicy;
  /** Who asks the clouds. */
  readonly identity: ClusterIdentity;
  readonly signal: AbortSignal;
}

/** Finds the description of another cluster. Throws with a message for the person who wrote the reference. */
export async function findKubeConfig(
  namespace: string,
  { secretRef, configMapRef }: KubeConfigReference,
  options: KubeConfigOptions,
): Promise<KubeConfigSource> {
  const { cluster, policy, signal } = options;
  if (secretRef !== undefined) {
    const secret = await read(cluster, 'Secret', namespace, secretRef.name, signal);
    return { version: versionOf(secret), resolve: () => ({ config: fromSecret(secret, secretRef, policy), id: '', mayMove: false }) };
  }
  if (configMapRef === undefined) throw new Error('spec.kubeConfig needs a secretRef or a configMapRef');
  const configMap = await read(cluster, 'ConfigMap', namespace, configMapRef.name, signal);
  return { version: versionOf(configMap), resolve: () => describedCluster(configMap, options) };
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

function fromSecret(secret: KubeObject, { key }: { readonly key?: string }, policy: KubeConfigPolicy): ClusterConfig {
  const data = new Map(Object.entries((secret['data'] ?? {}) as Readonly<Record<string, string>>));
  const encoded = key === undefined ? (data.get('value') ?? data.get('value.yaml')) : data.get(key);
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
