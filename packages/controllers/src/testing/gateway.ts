import { createServer } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { bodyChunks, type Fetch } from '@sluice/kube';
import { certificateAuthority, serverCertificate, serverKey } from '@sluice/kube/testing';

/** The API of a cluster, for those whom somebody else vouches for. */
export interface Gateway {
  readonly url: string;
  /** In PEM. */
  readonly authority: string;
  close(): Promise<void>;
}

/** Serves an API over TLS; `userOf` says whom a bearer token names, undefined when it names nobody here. */
export async function startGateway(api: Fetch, userOf: (token: string) => Promise<string | undefined>): Promise<Gateway> {
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const user = await userOf(/^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '');
    if (user === undefined) {
      const status = { apiVersion: 'v1', kind: 'Status', status: 'Failure', reason: 'Unauthorized', message: 'Unauthorized', code: 401 };
      response.writeHead(401, { 'content-type': 'application/json' }).end(JSON.stringify(status));
      return;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    const { authorization: _, connection: __, host: ___, 'transfer-encoding': ____, ...headers } = request.headers;
    const {
      status,
      headers: sent,
      body,
    } = await api({
      method: request.method ?? '',
      path: request.url ?? '',
      headers: { 'impersonate-user': user, ...(headers as Record<string, string>) },
      stream: request.url?.includes('watch=') === true,
      signal: gone.signal,
      ...(chunks.length === 0 ? {} : { body: Buffer.concat(chunks) }),
    });
    response.writeHead(status, sent as Record<string, string>);
    response.flushHeaders();
    for await (const chunk of bodyChunks(body)) response.write(chunk);
    response.end();
  };
  const server = createServer({ cert: serverCertificate, key: serverKey }, (request, response) => {
    serve(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    authority: certificateAuthority,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
