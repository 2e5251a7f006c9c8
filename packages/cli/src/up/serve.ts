import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Fetch, HttpResponse } from '@sluice/kube';

export interface HttpService {
  readonly url: string;
  close(): Promise<void>;
}

/** Of what a request brings with it no more is read: what takes bodies refuses those that are longer, and counts them. */
const MAX_BODY_BYTES = 3 * 1024 * 1024;
/** What all requests may bring with them at a time: nobody has said yet who they are. */
const MAX_WAITING_BYTES = 64 * 1024 * 1024;

/** Serves plain HTTP, on loopback unless a host is named (empty: every address): artifacts, metrics, probes, webhooks, events. `port` 0 is any free one. */
export async function serveHttp(fetch: Fetch, port: number, host = '127.0.0.1'): Promise<HttpService> {
  const all: Amount = { bytes: 0 };
  const server = createServer((request, response) => {
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
    const answering = async (): Promise<void> => {
      const own: Amount = { bytes: 0 };
      try {
        const body = await bodyOf(request, own, all);
        const answer =
          body === undefined
            ? { status: 503, headers: { connection: 'close' }, body: '' }
            : await fetch({ method: request.method ?? 'GET', path: request.url ?? '/', headers, body });
        response.writeHead(answer.status, answer.headers as Record<string, string>);
        await pipeline(Readable.from(chunksOf(answer)), response);
      } finally {
        all.bytes -= own.bytes;
      }
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

/** How much was read, and waits for an answer. */
interface Amount {
  bytes: number;
}

/** The body, up to a little more than it may be; undefined when those of all are too much. What is left then goes nowhere. */
async function bodyOf(request: IncomingMessage, own: Amount, all: Amount): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    own.bytes += chunk.length;
    all.bytes += chunk.length;
    chunks.push(chunk);
    if (own.bytes <= MAX_BODY_BYTES && all.bytes <= MAX_WAITING_BYTES) continue;
    request.resume();
    if (all.bytes > MAX_WAITING_BYTES) return undefined;
    break;
  }
  return Buffer.concat(chunks);
}

function chunksOf({ body }: HttpResponse): AsyncIterable<Uint8Array> | Iterable<string | Uint8Array> {
  return typeof body === 'string' || body instanceof Uint8Array ? [body] : body;
}
