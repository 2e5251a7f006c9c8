import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Fetch, HttpResponse } from '@sluice/kube';

export interface HttpService {
  readonly url: string;
  close(): Promise<void>;
}

/** Serves plain HTTP on loopback: artifacts, metrics, probes. `port` 0 is any free one. */
export async function serveHttp(fetch: Fetch, port: number): Promise<HttpService> {
  const server = createServer((request, response) => {
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
    request.resume();
    const answering = async (): Promise<void> => {
      const answer = await fetch({ method: request.method ?? 'GET', path: request.url ?? '/', headers });
      response.writeHead(answer.status, answer.headers as Record<string, string>);
      await pipeline(Readable.from(chunksOf(answer)), response);
    };
    answering().catch(() => response.destroy());
  });
  server.requestTimeout = 10_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
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

function chunksOf({ body }: HttpResponse): AsyncIterable<Uint8Array> | Iterable<string | Uint8Array> {
  return typeof body === 'string' || body instanceof Uint8Array ? [body] : body;
}
