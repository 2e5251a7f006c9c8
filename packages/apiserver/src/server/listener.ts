import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { SluiceError } from '@sluice/core';
import type { HttpHeaders, HttpResponse } from '@sluice/kube';
import type { ConnectionUser } from '../auth/user.js';
import { bodyTooLarge, MAX_BODY_BYTES } from '../verbs/body.js';
import type { Handler } from './handler.js';
import { errorResponse } from './respond.js';

export interface ListenOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** PEM. */
  readonly certificate: string;
  readonly key: string;
  /** Whose client certificates are believed. PEM. */
  readonly authority: string;
}

export interface Listener {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Time for a request's head and body: a connection that drips holds nothing for longer. */
const REQUEST_TIMEOUT_MS = 60_000;
const KEEP_ALIVE_MS = 65_000;

/** Serves a handler over TLS (HTTP/1.1), with client certificates where a client has one. */
export async function listen(handler: Handler, options: ListenOptions): Promise<Listener> {
  const server = createServer(
    {
      key: options.key,
      cert: options.certificate,
      ca: options.authority,
      requestCert: true,
      rejectUnauthorized: false,
      keepAliveTimeout: KEEP_ALIVE_MS,
      headersTimeout: REQUEST_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAlive: true,
      noDelay: true,
    },
    (request, response) => {
      exchange(handler, request, response).catch(() => response.destroy());
    },
  );
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await bind(server, options);
  const { port } = server.address() as AddressInfo;
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  return {
    port,
    url: `https://${host}:${port}`,
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function bind(server: Server, { host, port }: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        error.code === 'EADDRINUSE' || error.code === 'EACCES'
          ? new SluiceError(
              'PortInUse',
              `Port ${port} on ${host} can't be used (${error.code}): choose another one, or stop what listens there.`,
              { cause: error },
            )
          : error,
      );
    });
    server.listen(port, host, resolve);
  });
}

async function exchange(handler: Handler, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await readBody(request);
  if (body === 'too large') {
    // What is still coming is not read: the connection ends with the answer.
    response.shouldKeepAlive = false;
    send(response, errorResponse(bodyTooLarge()));
    return;
  }
  // Made on use only: most requests never look at it.
  let controller: AbortController | undefined;
  const answer = await handler(
    {
      method: request.method ?? 'GET',
      path: request.url ?? '/',
      headers: headersOf(request),
      ...(body === undefined ? {} : { body }),
      get signal() {
        if (controller === undefined) {
          const created = new AbortController();
          controller = created;
          if (response.closed) created.abort();
          else response.once('close', () => created.abort());
        }
        return controller.signal;
      },
    },
    certificateUser(request.socket as TLSSocket),
  );
  if (typeof answer.body === 'string' || answer.body instanceof Uint8Array) {
    send(response, answer);
    return;
  }
  await sendStream(response, answer, answer.body);
}

async function readBody(request: IncomingMessage): Promise<Buffer | undefined | 'too large'> {
  const length = request.headers['content-length'];
  if (length === undefined && request.headers['transfer-encoding'] === undefined) return undefined;
  if (length !== undefined && Number(length) > MAX_BODY_BYTES) return 'too large';
  const chunks: Buffer[] = [];
  let size = 0;
  return new Promise((resolve, reject) => {
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > MAX_BODY_BYTES) {
        request.pause();
        resolve('too large');
      } else {
        chunks.push(chunk);
      }
    });
    request.on('end', () => resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)));
    request.on('error', reject);
  });
}

/** Headers that may come more than once, and mean each of their values. */
const repeated = /^impersonate-(?:group|extra-)/;

function headersOf(request: IncomingMessage): HttpHeaders {
  const headers = request.headers as Record<string, string | string[]>;
  for (const name in headers) {
    if (repeated.test(name)) return withRepeated(request, headers);
  }
  return headers;
}

function withRepeated(request: IncomingMessage, headers: Record<string, string | string[]>): HttpHeaders {
  const all: Record<string, string | string[]> = { ...headers };
  for (const [name, values] of Object.entries(request.headersDistinct)) if (values !== undefined && repeated.test(name)) all[name] = values;
  return all;
}

/** Longer texts are encoded once, here, rather than measured and then encoded. */
const ENCODE_FROM = 8192;

function send(response: ServerResponse, { status, headers, body }: HttpResponse): void {
  const text = body as string | Uint8Array;
  const content = typeof text === 'string' && text.length >= ENCODE_FROM ? Buffer.from(text) : text;
  const length = typeof content === 'string' ? Buffer.byteLength(content) : content.length;
  response.writeHead(status, { ...headers, ...(status === 304 ? {} : { 'content-length': length }) } as Record<string, string>);
  response.end(content);
}

async function sendStream(response: ServerResponse, { status, headers }: HttpResponse, body: AsyncIterable<Uint8Array>): Promise<void> {
  response.writeHead(status, headers as Record<string, string>);
  response.flushHeaders();
  const iterator = body[Symbol.asyncIterator]();
  const stop = (): void => void iterator.return?.();
  response.once('close', stop);
  for (;;) {
    const next = await iterator.next();
    if (next.done === true || response.destroyed) break;
    if (!response.write(next.value)) await drained(response);
  }
  response.end();
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.on('drain', done);
    response.on('close', done);
  });
}

/** Read once a connection: certificates do not change under way. */
const usersOfSockets = new WeakMap<object, ConnectionUser | null>();

function certificateUser(socket: TLSSocket): ConnectionUser | undefined {
  let user = usersOfSockets.get(socket);
  if (user === undefined) {
    user = userOf(socket);
    usersOfSockets.set(socket, user);
  }
  return user ?? undefined;
}

function userOf(socket: TLSSocket): ConnectionUser | null {
  // Without a certificate there is no subject.
  const { subject } = socket.getPeerCertificate();
  if (subject === undefined) return null;
  if (!socket.authorized || subject.CN === undefined) return 'untrusted';
  const groups = subject.O;
  return { name: String(subject.CN), groups: groups === undefined ? [] : Array.isArray(groups) ? groups : [groups] };
}
