import { SluiceError } from '@sluice/core';
import type { Identity } from '../cluster.js';
import type { ClusterConfig, ClusterEntry, Credentials, ExecEntry, Kubeconfig, PemSource, UserEntry } from './types.js';

export interface ResolveOptions {
  /** Default: the kubeconfig's current context. */
  readonly context?: string;
  /** Whether the kubeconfig may name commands and files of this machine. Off for one that comes out of a cluster. */
  readonly trusted?: boolean;
}

/** A context of a kubeconfig, resolved to what a connection needs. */
export function resolveContext(config: Kubeconfig, options: ResolveOptions = {}): ClusterConfig {
  const name = options.context ?? config['current-context'] ?? '';
  if (name === '') throw invalid('no context is chosen: set current-context, or name one of', config.contexts);
  const context = config.contexts?.find((entry) => entry.name === name)?.context;
  if (context === undefined) throw invalid(`there is no context ${JSON.stringify(name)}; there are`, config.contexts);
  const cluster = config.clusters?.find((entry) => entry.name === context.cluster)?.cluster;
  if (cluster === undefined)
    throw invalid(`context ${name} names the cluster ${JSON.stringify(context.cluster)}; there are`, config.clusters);
  const named = context.user === undefined || context.user === '' ? undefined : config.users?.find((entry) => entry.name === context.user);
  if (named === undefined && context.user !== undefined && context.user !== '') {
    throw invalid(`context ${name} names the user ${JSON.stringify(context.user)}; there are`, config.users);
  }
  return new Resolver(options).resolve(name, context.namespace, cluster, named?.user ?? {});
}

class Resolver {
  readonly #options: ResolveOptions;

  constructor(options: ResolveOptions) {
    this.#options = options;
  }

  resolve(context: string, namespace: string | undefined, cluster: ClusterEntry, user: UserEntry): ClusterConfig {
    const server = cluster.server ?? '';
    if (!/^https?:\/\//.test(server) || !URL.canParse(server)) {
      throw new SluiceError(
        'KubeconfigInvalid',
        `kubeconfig: context ${context}: the server ${JSON.stringify(server)} is not an http(s) URL`,
      );
    }
    const authority = this.#pem(cluster, 'certificate-authority');
    const insecure = cluster['insecure-skip-tls-verify'] === true;
    if (insecure && authority !== undefined) {
      throw new SluiceError(
        'KubeconfigInvalid',
        `kubeconfig: context ${context}: insecure-skip-tls-verify together with a certificate-authority makes no sense: remove one`,
      );
    }
    const certificate = this.#pem(user, 'client-certificate');
    const key = this.#pem(user, 'client-key');
    if ((certificate === undefined) !== (key === undefined)) {
      throw new SluiceError(
        'KubeconfigInvalid',
        `kubeconfig: context ${context}: client-certificate and client-key go together; one is missing`,
      );
    }
    const impersonate = identityOf(user);
    const proxyUrl = cluster['proxy-url'];
    return {
      context,
      server: server.replace(/\/+$/, ''),
      namespace: namespace === undefined || namespace === '' ? 'default' : namespace,
      insecureSkipTlsVerify: insecure,
      credentials: this.#credentials(cluster, user),
      ...(authority === undefined ? {} : { certificateAuthority: authority }),
      ...(cluster['tls-server-name'] === undefined ? {} : { tlsServerName: cluster['tls-server-name'] }),
      ...(proxyUrl === undefined || proxyUrl === '' ? {} : { proxyUrl }),
      ...(certificate === undefined || key === undefined ? {} : { clientCertificate: { certificate, key } }),
      ...(impersonate === undefined ? {} : { impersonate }),
    };
  }

  /** In client-go's order of precedence. */
  #credentials(cluster: ClusterEntry, user: UserEntry): Credentials {
    if (user['auth-provider'] !== undefined) {
      const name = user['auth-provider'].name ?? '';
      throw new SluiceError(
        'KubeconfigRefused',
        `kubeconfig: the auth-provider ${JSON.stringify(name)} is not supported; Kubernetes removed auth providers in 1.26: use an exec plugin instead`,
      );
    }
    if (user.tokenFile !== undefined && user.tokenFile !== '') {
      const fallback = user.token === undefined || user.token === '' ? {} : { fallback: user.token };
      return { type: 'token-file', file: this.#file(user.tokenFile, 'tokenFile'), ...fallback };
    }
    if (user.token !== undefined && user.token !== '') return { type: 'token', token: user.token };
    if (user.username !== undefined && user.username !== '') {
      return { type: 'basic', username: user.username, password: user.password ?? '' };
    }
    if (user.exec !== undefined && user.exec !== null) return this.#exec(cluster, user.exec);
    return { type: 'none' };
  }

  #exec(cluster: ClusterEntry, exec: ExecEntry): Credentials {
    if (this.#options.trusted === false) {
      throw new SluiceError(
        'KubeconfigRefused',
        `kubeconfig: it asks to run the command ${JSON.stringify(exec.command ?? '')}; commands in a kubeconfig that comes from a cluster are not run unless that is allowed`,
      );
    }
    const version = exec.apiVersion ?? '';
    if (version !== 'client.authentication.k8s.io/v1' && version !== 'client.authentication.k8s.io/v1beta1') {
      throw new SluiceError(
        'KubeconfigInvalid',
        `kubeconfig: exec: the apiVersion ${JSON.stringify(version)} is not client.authentication.k8s.io/v1 or v1beta1`,
      );
    }
    if (exec.command === undefined || exec.command === '') {
      throw new SluiceError('KubeconfigInvalid', 'kubeconfig: exec: there is no command');
    }
    if (exec.provideClusterInfo !== true) return { type: 'exec', exec };
    const { server = '' } = cluster;
    const config = extensionOf(cluster, 'client.authentication.k8s.io/exec');
    const clusterInfo = {
      server,
      ...pick(cluster, 'tls-server-name'),
      ...pick(cluster, 'insecure-skip-tls-verify'),
      ...pick(cluster, 'certificate-authority-data'),
      ...pick(cluster, 'proxy-url'),
      ...(config === undefined ? {} : { config }),
    };
    return { type: 'exec', exec, clusterInfo };
  }

  /** A PEM from `NAME-data` (base64) or the file `NAME`; the data wins. */
  #pem(entry: ClusterEntry | UserEntry, name: string): PemSource | undefined {
    const data = entry[`${name}-data`];
    if (typeof data === 'string' && data !== '') return { pem: Buffer.from(data, 'base64').toString('utf8') };
    const file = entry[name];
    return typeof file === 'string' && file !== '' ? { file: this.#file(file, name) } : undefined;
  }

  #file(file: string, field: string): string {
    if (this.#options.trusted === false) {
      throw new SluiceError(
        'KubeconfigRefused',
        `kubeconfig: ${field} names a file; a kubeconfig that comes from a cluster must hold the data itself`,
      );
    }
    return file;
  }
}

function identityOf(user: UserEntry): Identity | undefined {
  if (user.as === undefined || user.as === '') return undefined;
  return {
    user: user.as,
    ...(user['as-uid'] === undefined ? {} : { uid: user['as-uid'] }),
    ...(user['as-groups'] === undefined ? {} : { groups: user['as-groups'] }),
    ...(user['as-user-extra'] === undefined ? {} : { extra: user['as-user-extra'] }),
  };
}

function extensionOf(cluster: ClusterEntry, name: string): unknown {
  const extensions = cluster['extensions'];
  if (!Array.isArray(extensions)) return undefined;
  return extensions.find((entry: { name?: unknown }) => entry?.name === name)?.extension;
}

function pick<K extends keyof ClusterEntry & string>(entry: ClusterEntry, key: K): { [P in K]?: ClusterEntry[P] & {} } {
  const value = entry[key];
  return value === undefined ? {} : ({ [key]: value } as { [P in K]?: ClusterEntry[P] & {} });
}

function invalid(message: string, entries: readonly { readonly name: string }[] | undefined): SluiceError {
  const names = (entries ?? []).map(({ name }) => name).join(', ');
  return new SluiceError('KubeconfigInvalid', `kubeconfig: ${message} ${names === '' ? '(none)' : names}`);
}
