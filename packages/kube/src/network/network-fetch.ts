import type { WebSocket } from 'undici';
import { impersonation } from '../client/headers.js';
import type { Fetch, HttpHeaders } from '../http.js';
import type { ClusterConfig } from '../kubeconfig/types.js';
import { createAuthenticator } from './authenticator.js';
import type { Transport } from './transport.js';

/** A {@link Fetch} over the network. */
export interface NetworkFetch extends Fetch {
  /** Loads what speaks to the network, which the first request does otherwise. */
  ready(): Promise<void>;
  /** Opens a WebSocket to a path (port-forward, exec). */
  openWebSocket(path: string, protocols: readonly string[]): Promise<WebSocket>;
  /** Ends all connections, those in use included. */
  close(): Promise<void>;
}

export interface NetworkOptions {
  /** Connections for calls; each stream has one of its own besides. Default: 16. */
  readonly connections?: number;
  /** Where proxies are named. Default: the process's. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/**
 * The network to the API server of a kubeconfig's context: kept-alive connections over HTTP/1.1, TLS, credentials, proxies.
 *
 * @example
 * const fetch = networkFetch(await loadKubeconfig());
 * const cluster = createCluster(fetch);
 * await fetch.close();
 */
export function networkFetch(config: ClusterConfig, options: NetworkOptions = {}): NetworkFetch {
  const authenticator = createAuthenticator(config.credentials);
  const impersonated = config.impersonate === undefined ? undefined : impersonation(config.impersonate);
  let transport: Transport | undefined;
  let loading: Promise<Transport> | undefined;

  /** The HTTP library takes longer to load than a command without a network takes to run: it is loaded by the first request. */
  const load = (): Promise<Transport> => {
    loading ??= import('./transport.js').then(({ createTransport }) => {
      transport = createTransport(config, authenticator, { connections: options.connections ?? 16, env: options.env ?? process.env });
      return transport;
    });
    return loading;
  };

  const fetch: Fetch = async (request) => {
    const { send } = transport ?? (await load());
    const authorization = authenticator.authorization();
    const known = typeof authorization === 'object' ? await authorization : authorization;
    const response = await send(request, withIdentity(request.headers, known, impersonated));
    if (response.status !== 401 || !authenticator.refused()) return response;
    return send(request, withIdentity(request.headers, await authenticator.authorization(), impersonated));
  };
  return Object.assign(fetch, {
    async ready() {
      await load();
    },
    async openWebSocket(path: string, protocols: readonly string[]) {
      const { openWebSocket } = await load();
      return openWebSocket(path, protocols, withIdentity({}, await authenticator.authorization(), impersonated));
    },
    async close() {
      await (await loading)?.close();
    },
  });
}

function withIdentity(headers: HttpHeaders, authorization: string | undefined, impersonated: HttpHeaders | undefined): HttpHeaders {
  if (authorization === undefined && impersonated === undefined) return headers;
  // Who a call is made as goes before the kubeconfig's `as`.
  const identity = headers['impersonate-user'] === undefined ? impersonated : undefined;
  return authorization === undefined ? { ...headers, ...identity } : { ...headers, ...identity, authorization };
}
