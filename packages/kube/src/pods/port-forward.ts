import { SluiceError } from '@sluice/core';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import type { NetworkFetch } from '../network/network-fetch.js';

export interface PortForwardOptions {
  /** Of the pod. */
  readonly port: number;
  /** Of this machine. Default: any that is free. */
  readonly localPort?: number;
  /** Default: loopback only. */
  readonly host?: string;
  /** Told of connections that fail; others go on. */
  readonly onError?: (error: unknown) => void;
}

export interface PortForward {
  /** Where connections are taken on this machine. */
  readonly port: number;
  close(): Promise<void>;
}

/** The API's protocol for streams over a WebSocket: each message begins with the number of its channel. */
const PROTOCOL = 'v4.channel.k8s.io';
const DATA = 0;
const ERROR = 1;
/** The first message of each channel only repeats the port, in two bytes. */
const GREETING_BYTES = 2;
/** What waits to be sent beyond this makes the sender wait. */
const BUFFER_LIMIT = 1024 * 1024;
const BUFFER_CHECK_MS = 10;

/** Takes connections on a port of this machine, and forwards each to a port of a pod by a WebSocket of its own. */
export async function portForward(
  fetch: NetworkFetch,
  pod: { readonly namespace: string; readonly name: string },
  options: PortForwardOptions,
): Promise<PortForward> {
  const path = `/api/v1/namespaces/${encodeURIComponent(pod.namespace)}/pods/${encodeURIComponent(pod.name)}/portforward?ports=${options.port}`;
  const connections = new Set<Socket>();
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    connections.add(socket);
    socket.on('close', () => connections.delete(socket));
    forward(fetch, path, socket).catch((error: unknown) => {
      socket.destroy();
      options.onError?.(error);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.localPort ?? 0, options.host ?? '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        for (const socket of connections) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

/** Forwards one connection until either side ends it; rejects with what the pod's side says went wrong. */
async function forward(fetch: NetworkFetch, path: string, socket: Socket): Promise<void> {
  socket.on('error', () => socket.destroy());
  const channels = await fetch.openWebSocket(path, [PROTOCOL]);
  await new Promise<void>((resolve, reject) => {
    const greeted = new Set<number>();
    channels.addEventListener('message', ({ data }: { readonly data: unknown }) => {
      if (!(data instanceof ArrayBuffer) || data.byteLength === 0) return;
      const message = Buffer.from(data);
      const channel = message[0] ?? ERROR;
      const isFirst = !greeted.has(channel);
      greeted.add(channel);
      const bytes = message.subarray(1 + (isFirst ? GREETING_BYTES : 0));
      if (bytes.length === 0) return;
      if (channel === DATA) socket.write(bytes);
      else reject(new SluiceError('KubeUnreachable', `port-forward: ${bytes.toString('utf8').trim()}`));
    });
    channels.addEventListener('close', () => {
      socket.end();
      resolve();
    });
    socket.on('data', (bytes) => {
      channels.send(Buffer.concat([Buffer.of(DATA), bytes]));
      if (channels.bufferedAmount > BUFFER_LIMIT) waitUntilSent();
    });
    socket.on('close', () => channels.close());
    socket.resume();

    function waitUntilSent(): void {
      socket.pause();
      setTimeout(() => {
        if (channels.bufferedAmount > BUFFER_LIMIT) waitUntilSent();
        else socket.resume();
      }, BUFFER_CHECK_MS);
    }
  }).finally(() => channels.close());
}
