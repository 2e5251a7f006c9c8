import type { Identity } from '../cluster.js';

/** A kubeconfig as it is written. Fields that are not known here are kept when it is written back. */
export interface Kubeconfig {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly 'current-context'?: string;
  readonly contexts?: readonly NamedContext[];
  readonly clusters?: readonly NamedCluster[];
  readonly users?: readonly NamedUser[];
  readonly [field: string]: unknown;
}

export interface NamedContext {
  readonly name: string;
  readonly context: { readonly cluster: string; readonly user?: string; readonly namespace?: string; readonly [field: string]: unknown };
}

export interface NamedCluster {
  readonly name: string;
  readonly cluster: ClusterEntry;
}

export interface NamedUser {
  readonly name: string;
  readonly user?: UserEntry | null;
}

export interface ClusterEntry {
  readonly server?: string;
  readonly 'tls-server-name'?: string;
  readonly 'insecure-skip-tls-verify'?: boolean;
  readonly 'certificate-authority'?: string;
  readonly 'certificate-authority-data'?: string;
  readonly 'proxy-url'?: string;
  readonly [field: string]: unknown;
}

export interface UserEntry {
  readonly 'client-certificate'?: string;
  readonly 'client-certificate-data'?: string;
  readonly 'client-key'?: string;
  readonly 'client-key-data'?: string;
  readonly token?: string;
  readonly tokenFile?: string;
  readonly username?: string;
  readonly password?: string;
  readonly as?: string;
  readonly 'as-uid'?: string;
  readonly 'as-groups'?: readonly string[];
  readonly 'as-user-extra'?: Readonly<Record<string, readonly string[]>>;
  readonly 'auth-provider'?: { readonly name?: string; readonly [field: string]: unknown };
  readonly exec?: ExecEntry;
  readonly [field: string]: unknown;
}

/** A command that prints credentials (client.authentication.k8s.io). */
export interface ExecEntry {
  readonly apiVersion?: string;
  readonly command?: string;
  readonly args?: readonly string[] | null;
  readonly env?: readonly { readonly name: string; readonly value: string }[] | null;
  readonly installHint?: string;
  readonly provideClusterInfo?: boolean;
  readonly interactiveMode?: 'Never' | 'IfAvailable' | 'Always';
}

/** PEM texts, or where to read them again when they are needed. */
export type PemSource = { readonly pem: string } | { readonly file: string };

/** One context, resolved: everything that a connection needs. */
export interface ClusterConfig {
  /** The context's name; empty for the cluster that the process runs in. */
  readonly context: string;
  readonly server: string;
  /** Of objects that name none. */
  readonly namespace: string;
  readonly certificateAuthority?: PemSource;
  readonly insecureSkipTlsVerify: boolean;
  readonly tlsServerName?: string;
  /** `null`: no proxy, whatever the environment says. */
  readonly proxyUrl?: string | null;
  readonly clientCertificate?: { readonly certificate: PemSource; readonly key: PemSource };
  readonly credentials: Credentials;
  /** The `as` of the kubeconfig's user. */
  readonly impersonate?: Identity;
}

export interface IssuedToken {
  readonly token: string;
  /** In milliseconds since 1970. One that its maker keeps is to be asked for each time: it expires at once. */
  readonly expires: number;
}

/** What a request carries to say who it is from. A client certificate may be there besides. */
export type Credentials =
  | { readonly type: 'none' }
  | { readonly type: 'token'; readonly token: string }
  /** Read again once a minute, and when the server refuses: tokens of service accounts rotate. */
  | { readonly type: 'token-file'; readonly file: string; readonly fallback?: string }
  | { readonly type: 'basic'; readonly username: string; readonly password: string }
  /** Made by whoever has the configuration made, again when it has expired or the server refuses it. */
  | { readonly type: 'issued'; readonly issue: () => Promise<IssuedToken> }
  | { readonly type: 'exec'; readonly exec: ExecEntry; readonly clusterInfo?: ExecClusterInfo };

/** What `provideClusterInfo` hands to the command. */
export interface ExecClusterInfo {
  readonly server: string;
  readonly 'tls-server-name'?: string;
  readonly 'insecure-skip-tls-verify'?: boolean;
  readonly 'certificate-authority-data'?: string;
  readonly 'proxy-url'?: string;
  readonly config?: unknown;
}
