import { SluiceError } from '@sluice/core';
import { Pool, WebSocket, type buildConnector } from 'undici';
import { impersonation } from '../client/headers.js';
import type { Fetch, HttpHeaders, HttpRequest, HttpResponse } from '../http.js';
import type { ClusterConfig } from '../kubeconfig/types.js';
import { createAuthenticator, type Authenticator } from './authenticator.js';
import { createConnector } from './connector.js';
import { dispatch } from './dispatch.js';

/** A {@link Fetch} over the network. */
export interface NetworkFetch extends Fetch {
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

/** Below the 60 s after which load balancers drop a connection that nobody uses, and the API server's own limit. */
const KEEP_ALIVE_MS = 45_000;

/**
 * The network to the API server of a kubeconfig's context: kept-alive connections over HTTP/1.1, TLS, credentials, proxies.
 *
 * @example
 * const fetch = networkFetch(await loadKubeconfig());
 * const cluster = createCluster(fetch);
 * await fetch.close();
 */
export function networkFetch(config: ClusterConfig, options: NetworkOptions = {}): NetworkFetch {
  const server = new URL(config.server);
  const authenticator = createAuthenticator(config.credentials);
  const connect = createConnector(config, authenticator, options.env ?? process.env);
  // HTTP/1.1 has a connection for each request under way: watches must not use up those of the calls.
  const calls = openPool(server, connect, options.connections ?? 16);
  const streams = openPool(server, connect, null);
  const prefix = server.pathname.replace(/\/+$/, '');
  const impersonated = config.impersonate === undefined ? undefined : impersonation(config.impersonate);

  const send = (request: HttpRequest, authorization: string | undefined): Promise<HttpResponse> => {
    const headers = withIdentity(request.headers, authorization, impersonated);
    return dispatch(request.stream === true ? streams : calls, request, prefix + request.path, headers);
  };
  const fetch: Fetch = async (request) => {
    const authorization = authenticator.authorization();
    const response = await send(request, typeof authorization === 'object' ? await authorization : authorization);
    if (response.status !== 401 || !authenticator.refused()) return response;
    return send(request, await authenticator.authorization());
  };
  return Object.assign(fetch, {
    openWebSocket: (path: string, protocols: readonly string[]) =>
      openWebSocket(server, prefix + path, protocols, streams, authenticator, impersonated),
    close: async () => {
      await Promise.all([calls.destroy(), streams.destroy()]);
    },
  });
}

function openPool(server: URL, connect: buildConnector.connector, connections: number | null): Pool {
  return new Pool(server.origin, {
    connect,
    connections,
    pipelining: 1,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
    // Deadlines are the caller's (`signal`).
    headersTimeout: 0,
    bodyTimeout: 0,
    maxHeaderSize: 64 * 1024,
  });
}

function withIdentity(headers: HttpHeaders, authorization: string | undefined, impersonated: HttpHeaders | undefined): HttpHeaders {
  if (authorization === undefined && impersonated === undefined) return headers;
  // Who a call is made as goes before the kubeconfig's `as`.
  const identity = headers['impersonate-user'] === undefined ? impersonated : undefined;
  return authorization === undefined ? { ...headers, ...identity } : { ...headers, ...identity, authorization };
}

async function openWebSocket(
  server: URL,
  path: string,
  protocols: readonly string[],
  dispatcher: Pool,
  authenticator: Authenticator,
  impersonated: HttpHeaders | undefined,
): Promise<WebSocket> {
  const url = `${server.protocol === 'https:' ? 'wss' : 'ws'}://${server.host}${path}`;
  const headers = Object.entries(withIdentity({}, await authenticator.authorization(), impersonated)).flatMap(([name, value]) =>
    (typeof value === 'string' ? [value] : value).map((one): [string, string] => [name, one]),
  );
  const socket = new WebSocket(url, { protocols: [...protocols], dispatcher, headers });
  socket.binaryType = 'arraybuffer';
  return new Promise((resolve, reject) => {
    socket.addEventListener('open', () => resolve(socket), { once: true });
    const failed = (event: { message?: string }) => {
      const why = event.message === undefined || event.message === '' ? 'the server refused it' : event.message;
      reject(new SluiceError('KubeUnreachable', `WebSocket ${path.split('?', 1)[0]}: ${why}`));
    };
    socket.addEventListener('error', failed, { once: true });
  });
}
