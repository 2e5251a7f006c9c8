import {
  createCluster,
  loadKubeconfig,
  networkFetch,
  readKubeconfig,
  resolveContext,
  type Cluster,
  type ClusterConfig,
  type Kubeconfig,
  type NetworkFetch,
  type NetworkOptions,
} from '@sluice/kube';
import type { FlagValues, Invocation } from './command-line/index.js';
import { expectShortRun } from './short-run.js';

export interface Connection {
  readonly cluster: Cluster;
  readonly close: () => Promise<void>;
}

/** Connects to the cluster that the flags and the kubeconfig name, as kubectl would, for a command that ends. */
export async function connect(
  invocation: Pick<Invocation, 'flags' | 'terminal'>,
  options: Pick<NetworkOptions, 'connections'> = {},
): Promise<Connection> {
  const fetch = await openNetwork(invocation, options);
  await fetch.ready();
  expectShortRun();
  return { cluster: createCluster(fetch), close: () => fetch.close() };
}

/** The way to that cluster, request by request. */
export async function openNetwork(
  { flags, terminal }: Pick<Invocation, 'flags' | 'terminal'>,
  options: Pick<NetworkOptions, 'connections'> = {},
): Promise<NetworkFetch> {
  const config = withFlags(await configOf(flags, terminal.environment), flags);
  return networkFetch(config, { ...options, env: terminal.environment });
}

/** The namespace that the context of the kubeconfig names. */
export async function contextNamespace({ flags, terminal }: Pick<Invocation, 'flags' | 'terminal'>): Promise<string | undefined> {
  const path = flags.string('kubeconfig');
  const kubeconfig = await readKubeconfig({ ...(path === '' ? {} : { path }), env: terminal.environment });
  const name = flags.string('context') || kubeconfig?.['current-context'];
  return kubeconfig?.contexts?.find((entry) => entry.name === name)?.context?.namespace;
}

/** The namespace that a command works in. */
export function selectedNamespace(flags: FlagValues): string {
  return flags.string('namespace');
}

async function configOf(flags: FlagValues, env: Invocation['terminal']['environment']): Promise<ClusterConfig> {
  const path = flags.string('kubeconfig') === '' ? {} : { path: flags.string('kubeconfig') };
  const context = flags.string('context') === '' ? {} : { context: flags.string('context') };
  const kubeconfig = flags.string('cluster') === '' && flags.string('user') === '' ? undefined : await readKubeconfig({ ...path, env });
  if (kubeconfig !== undefined) return resolveContext(withOtherParts(kubeconfig, flags), { context: CHOSEN });
  try {
    return await loadKubeconfig({ ...path, ...context, env });
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('there is no kubeconfig')) {
      throw new Error(`${error.message}; or start a cluster on this machine with \`sluice up\``, { cause: error });
    }
    throw error;
  }
}

const CHOSEN = 'the chosen cluster and user';

/** --cluster and --user take the place of what the context names. */
function withOtherParts(kubeconfig: Kubeconfig, flags: FlagValues): Kubeconfig {
  const name = flags.string('context') === '' ? kubeconfig['current-context'] : flags.string('context');
  const context = kubeconfig.contexts?.find((entry) => entry.name === name)?.context;
  const cluster = flags.string('cluster') === '' ? (context?.cluster ?? '') : flags.string('cluster');
  const user = flags.string('user') === '' ? context?.user : flags.string('user');
  const chosen = { name: CHOSEN, context: { ...context, cluster, ...(user === undefined ? {} : { user }) } };
  return { ...kubeconfig, contexts: [chosen] };
}

/** The flags that change how the cluster is reached, and as whom. */
function withFlags(config: ClusterConfig, flags: FlagValues): ClusterConfig {
  const text = (name: string): string | undefined => flags.connection(name);
  const server = text('server');
  const token = text('token');
  const authority = text('certificate-authority');
  const certificate = text('client-certificate');
  const key = text('client-key');
  const tlsServerName = text('tls-server-name');
  const user = text('as');
  const groups = flags.list('as-group');
  if (user === undefined && (groups.length > 0 || flags.string('as-uid') !== '')) {
    throw new Error('requesting uid, groups or user-extra for a user without impersonating a user: add --as');
  }
  return {
    ...config,
    ...(server === undefined ? {} : { server: server.replace(/\/+$/, '') }),
    ...(token === undefined ? {} : { credentials: { type: 'token', token } }),
    ...(authority === undefined ? {} : { certificateAuthority: { file: authority } }),
    ...(certificate === undefined || key === undefined
      ? {}
      : { clientCertificate: { certificate: { file: certificate }, key: { file: key } } }),
    ...(tlsServerName === undefined ? {} : { tlsServerName }),
    ...(text('insecure-skip-tls-verify') === undefined ? {} : { insecureSkipTlsVerify: true }),
    ...(user === undefined ? {} : { impersonate: { user, groups, ...uidOf(flags), ...extraOf(flags) } }),
  };
}

function uidOf(flags: FlagValues): { uid?: string } {
  const uid = flags.string('as-uid');
  return uid === '' ? {} : { uid };
}

/** `--as-user-extra key=value`, repeatable. */
function extraOf(flags: FlagValues): { extra?: Record<string, string[]> } {
  const pairs = flags.list('as-user-extra').map((text) => {
    const at = text.indexOf('=');
    if (at <= 0) throw new Error(`invalid argument ${JSON.stringify(text)} for "--as-user-extra" flag: it is not key=value`);
    return [text.slice(0, at), text.slice(at + 1)] as const;
  });
  if (pairs.length === 0) return {};
  const extra: Record<string, string[]> = Object.fromEntries(pairs.map(([key]) => [key, []]));
  for (const [key, value] of pairs) extra[key]?.push(value);
  return { extra };
}
