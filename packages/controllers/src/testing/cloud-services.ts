import { generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { x509 } from '@sluice/core';

export interface CloudRequest {
  readonly method: string;
  /** `pubsub.googleapis.com` */
  readonly host: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** A character a byte. */
  readonly body: string;
}

export interface CloudAnswer {
  readonly status: number;
  readonly body?: object;
}

/** Services of clouds under their own names, on this machine: a proxy leads all connections to one server. */
export interface CloudServices {
  readonly proxy: string;
  /** The authority of their certificates. */
  readonly ca: string;
  /** `127.0.0.1:1234`: the same services without TLS, as machines' own identity servers are. */
  readonly plainHost: string;
  close(): Promise<void>;
}

/** @param hosts the names in the certificate */
export async function startCloudServices(hosts: readonly string[], answer: (request: CloudRequest) => CloudAnswer): Promise<CloudServices> {
  const { certificate, key, ca } = makeCertificate(hosts);
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '/', headers } = request;
      const { host, pathname, search } = new URL(url, `http://${headers.host ?? 'nobody'}`);
      const { status, body = {} } = answer({
        method,
        host,
        path: pathname + search,
        headers,
        body: Buffer.concat(chunks).toString('latin1'),
      });
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
  };
  const secure = createTlsServer({ cert: certificate, key }, handle);
  const plain = createServer(handle);
  const tunnels = new Set<Socket>();
  plain.on('connect', (request: IncomingMessage, socket: Socket) => {
    const port = request.url?.endsWith(':443') === true ? portOf(secure) : portOf(plain);
    const upstream = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      upstream.pipe(socket).pipe(upstream);
    });
    for (const each of [socket, upstream]) tunnels.add(each.on('error', () => undefined));
  });
  for (const server of [secure, plain]) await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const plainHost = `127.0.0.1:${portOf(plain)}`;
  return {
    proxy: `http://${plainHost}`,
    ca,
    plainHost,
    async close() {
      for (const socket of tunnels) socket.destroy();
      for (const server of [secure, plain]) {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
    },
  };
}

const portOf = (server: { address(): AddressInfo | string | null }): number => (server.address() as AddressInfo).port;

const makeKey = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

function makeCertificate(hosts: readonly string[]): { certificate: string; key: string; ca: string } {
  const [authority, own] = [makeKey(), makeKey()];
  const name = x509.distinguishedName({ name: 'clouds of this test' });
  const [from, until] = [new Date(Date.now() - 3600_000), new Date(Date.now() + 3600_000)];
  const common = { issuer: { name, key: authority }, from, until };
  const ca = x509.issueCertificate({
    ...common,
    serial: randomBytes(8),
    subject: name,
    key: authority,
    extensions: [x509.basicConstraints(true), x509.keyUsage('keyCertSign')],
  });
  const certificate = x509.issueCertificate({
    ...common,
    serial: randomBytes(8),
    subject: x509.distinguishedName({ name: hosts[0] ?? '' }),
    key: own,
    extensions: [x509.alternativeNames(hosts, [])],
  });
  return { certificate, key: own.export({ type: 'pkcs8', format: 'pem' }).toString(), ca };
}
