import { SluiceError } from '@sluice/core';
import { Pool, WebSocket, type buildConnector } from 'undici';
import type { HttpHeaders, HttpRequest, HttpResponse } from '../http.js';
import type { ClusterConfig } from '../kubeconfig/types.js';
import type { Authenticator } from './authenticator.js';
import { createConnector } from './connector.js';
import { dispatch } from './dispatch.js';

/** Connections to one server. */
export interface Transport {
  readonly send: (request: HttpRequest, headers: HttpHeaders) => Promise<HttpResponse>;
  readonly openWebSocket: (path: string, protocols: readonly string[], headers: HttpHeaders) => Promise<WebSocket>;
  close(): Promise<void>;
}

export interface TransportOptions {
  readonly connections: number;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Below the 60 s after which load balancers drop a connection that nobody uses, and the API server's own limit. */
const KEEP_ALIVE_MS = 45_000;

export function createTransport(config: ClusterConfig, authenticator: Authenticator, options: TransportOptions): Transport {
  const server = new URL(config.server);
  const prefix = server.pathname.replace(/\/+$/, '');
  const connect = createConnector(config, authenticator, options.env);
  // HTTP/1.1 has a connection for each request under way: watches must not use up those of the calls.
  const calls = openPool(server, connect, options.connections);
  const streams = openPool(server, connect, null);
  return {
    send: (request, headers) => dispatch(request.stream === true ? streams : calls, request, prefix + request.path, headers),
    openWebSocket(path, protocols, headers) {
      const url = `${server.protocol === 'https:' ? 'wss' : 'ws'}://${server.host}${prefix}${path}`;
      const lines = Object.entries(headers).flatMap(([name, value]) =>
        (typeof value === 'string' ? [value] : value).map((one): [string, string] => [name, one]),
      );
      return opened(new WebSocket(url, { protocols: [...protocols], dispatcher: streams, headers: lines }), path);
    },
    async close() {
      await Promise.all([calls.destroy(), streams.destroy()]);
    },
  };
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

function opened(socket: WebSocket, path: string): Promise<WebSocket> {
  socket.binaryType = 'arraybuffer';
  return new Promise((resolve, reject) => {
    const failed = (event: { readonly message?: string }) => {
      const why = event.message === undefined || event.message === '' ? 'the server refused it' : event.message;
      reject(new SluiceError('KubeUnreachable', `WebSocket ${path.split('?', 1)[0]}: ${why}`));
    };
    socket.addEventListener('open', () => resolve(socket), { once: true });
    socket.addEventListener('error', failed, { once: true });
  });
}
