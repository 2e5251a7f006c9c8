import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Fetch, HttpResponse } from '@sluice/kube';

export interface HttpService {
  readonly url: string;
  close(): Promise<void>;
}

/** What a request may bring with it: webhooks and events are shorter. */
const MAX_BODY_BYTES = 3 * 1024 * 1024;

/** Serves plain HTTP, on loopback unless a host is named (empty: every address): artifacts, metrics, probes, webhooks, events. `port` 0 is any free one. */
export async function serveHttp(fetch: Fetch, port: number, host = '127.0.0.1'): Promise<HttpService> {
  const server = createServer((request, response) => {
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
    const answering = async (): Promise<void> => {
      const body = await bodyOf(request);
      const answer =
        body === undefined
          ? { status: 413, headers: { connection: 'close' }, body: '' }
          : await fetch({ method: request.method ?? 'GET', path: request.url ?? '/', headers, body });
      response.writeHead(answer.status, answer.headers as Record<string, string>);
      await pipeline(Readable.from(chunksOf(answer)), response);
    };
    answering().catch(() => response.destroy());
  });
  server.requestTimeout = 10_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, ...(host === '' ? {} : { host }) }, resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The whole body; undefined when it is too long, of which no more is read. */
async function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function chunksOf({ body }: HttpResponse): AsyncIterable<Uint8Array> | Iterable<string | Uint8Array> {
  return typeof body === 'string' || body instanceof Uint8Array ? [body] : body;
}
