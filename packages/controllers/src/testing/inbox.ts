import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Fetch } from '@sluice/kube';

export const NAMESPACE = 'flux-system';

/** What a provider was sent, and what it should answer. */
export interface Inbox {
  readonly url: string;
  readonly bodies: string[];
  /** Of the requests, in their order. */
  readonly headers: NodeJS.Dict<string | string[]>[];
  status: number;
  close(): Promise<void>;
}

export async function startInbox(handle?: (request: IncomingMessage, response: ServerResponse) => boolean): Promise<Inbox> {
  const bodies: string[] = [];
  const headers: NodeJS.Dict<string | string[]>[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      headers.push(request.headers);
      bodies.push(Buffer.concat(chunks).toString());
      if (handle?.(request, response) !== true) response.writeHead(inbox.status).end('no');
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const inbox: Inbox = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bodies,
    headers,
    status: 200,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return inbox;
}

export function post(handler: Fetch, body: unknown, path = '/'): ReturnType<Fetch> {
  return handler({ method: 'POST', path, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
}

/** An event of a Kustomization, as another controller posts it. */
export const eventAbout = (name: string, message: string, severity = 'info'): object => ({
  involvedObject: { apiVersion: 'kustomize.toolkit.fluxcd.io/v1', kind: 'Kustomization', name, namespace: NAMESPACE },
  severity,
  timestamp: '2026-01-01T00:00:00Z',
  message,
  reason: 'Test',
  reportingController: 'kustomize-controller',
});
