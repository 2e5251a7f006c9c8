import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

interface Stored {
  readonly type: string;
  readonly content: Buffer;
}

/** A registry on loopback that keeps what it is given in memory. */
export async function startRegistry(): Promise<{ readonly host: string; stop(): Promise<void> }> {
  const stored = new Map<string, Stored>();
  const tags = new Map<string, Set<string>>();
  const server = createServer((request, response) => void answer(request, response, stored, tags));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    host: `127.0.0.1:${port}`,
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  stored: Map<string, Stored>,
  tags: Map<string, Set<string>>,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://registry');
  const body = await buffer(request);
  const send = (status: number, headers: Record<string, string> = {}, content: Buffer | string = ''): void => {
    response.writeHead(status, { 'content-length': String(Buffer.byteLength(content)), ...headers });
    response.end(request.method === 'HEAD' ? undefined : content);
  };
  const [, repository = '', kind = '', name = ''] = /^\/v2\/(.+)\/(blobs|manifests|tags)\/(.+)$/.exec(url.pathname) ?? [];
  const digest = `sha256:${createHash('sha256').update(body).digest('hex')}`;
  if (url.pathname === '/v2/') return send(200);
  if (kind === 'tags') {
    const names = [...(tags.get(repository) ?? [])].toSorted();
    return send(200, { 'content-type': 'application/json' }, JSON.stringify({ name: repository, tags: names }));
  }
  if (request.method === 'POST') return send(202, { location: `/v2/${repository}/blobs/uploads/1` });
  if (request.method === 'PATCH') return send(405);
  if (request.method === 'PUT') {
    stored.set(`${repository}@${digest}`, { type: request.headers['content-type'] ?? '', content: body });
    if (kind === 'manifests' && !name.startsWith('sha256:')) {
      stored.set(`${repository}:${name}`, { type: request.headers['content-type'] ?? '', content: body });
      tags.set(repository, (tags.get(repository) ?? new Set()).add(name));
    }
    return send(201, { 'docker-content-digest': digest });
  }
  const found = stored.get(name.startsWith('sha256:') ? `${repository}@${name}` : `${repository}:${name}`);
  if (found === undefined) return send(404, {}, JSON.stringify({ errors: [{ code: 'MANIFEST_UNKNOWN', message: 'manifest unknown' }] }));
  const its = `sha256:${createHash('sha256').update(found.content).digest('hex')}`;
  return send(200, { 'content-type': found.type, 'docker-content-digest': its }, found.content);
}
