import { createHash, randomBytes } from 'node:crypto';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import type { OciClient } from '../oci/client.js';

/** What a test may make go wrong, and see. */
export interface MemoryRegistry {
  readonly handler: RequestListener;
  readonly manifests: Map<string, { readonly type: string; readonly bytes: Buffer }>;
  readonly blobs: Map<string, Buffer>;
  /** `GET /v2/…`, in their order. */
  readonly requests: string[];
  /** Requests that a registry does not know. */
  readonly unknown: string[];
  /** Answers before the registry does; true when it did. */
  intercept: (request: IncomingMessage, response: ServerResponse) => boolean;
}

function fail(response: ServerResponse, status: number, code: string, message: string): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ errors: [{ code, message }] }));
}

/** A registry after the distribution specification, in memory; it answers nothing that it does not know. */
export function memoryRegistry({ pageSize = 1000, referrers = true } = {}): MemoryRegistry {
  const registry: MemoryRegistry = {
    manifests: new Map(),
    blobs: new Map(),
    requests: [],
    unknown: [],
    intercept: () => false,
    handler: (request, response) => void serve(request, response),
  };
  const uploads = new Set<string>();
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = 'GET', url = '' } = request;
    registry.requests.push(`${method} ${url}`);
    if (registry.intercept(request, response)) return;
    const { pathname, searchParams } = new URL(url, 'http://registry');
    if (pathname === '/v2/' && method === 'GET') return void response.end('{}');
    const [, name = '', kind = '', rest = ''] = /^\/v2\/(.+)\/(manifests|blobs|tags|referrers)\/(.*)$/.exec(pathname) ?? [];
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    if (kind === 'tags' && rest === 'list' && method === 'GET') {
      const prefix = `${name}:`;
      const tags = [...registry.manifests.keys()]
        .filter((key) => key.startsWith(prefix) && !key.includes('sha256:'))
        .map((key) => key.slice(prefix.length));
      const from = tags.indexOf(searchParams.get('last') ?? '') + 1;
      const page = tags.slice(from, from + pageSize);
      const more = from + pageSize < tags.length ? { link: `</v2/${name}/tags/list?n=${pageSize}&last=${page.at(-1)}>; rel="next"` } : {};
      return void response.writeHead(200, { 'content-type': 'application/json', ...more }).end(JSON.stringify({ name, tags: page }));
    }
    if (kind === 'manifests' && (method === 'GET' || method === 'HEAD')) {
      const found = registry.manifests.get(`${name}:${rest}`);
      if (found === undefined) return fail(response, 404, 'MANIFEST_UNKNOWN', 'Unknown manifest');
      const headers = { 'content-type': found.type, 'content-length': found.bytes.length, 'docker-content-digest': digestOf(found.bytes) };
      return void response.writeHead(200, headers).end(method === 'GET' ? found.bytes : undefined);
    }
    if (kind === 'manifests' && method === 'PUT') {
      const entry = { type: request.headers['content-type'] ?? '', bytes: body };
      for (const key of [rest, digestOf(body)]) registry.manifests.set(`${name}:${key}`, entry);
      return void response.writeHead(201).end();
    }
    if (kind === 'referrers' && method === 'GET') {
      if (!referrers) return fail(response, 404, 'NOT_FOUND', 'no such page');
      const manifests = [...registry.manifests]
        .filter(([key, { bytes }]) => key.startsWith(`${name}:sha256:`) && subjectOf(bytes) === rest)
        .map(([key, { type, bytes }]) => {
          const { artifactType, annotations } = JSON.parse(bytes.toString()) as { artifactType?: string; annotations?: unknown };
          return { mediaType: type, digest: key.slice(name.length + 1), size: bytes.length, artifactType, annotations };
        });
      const index = { schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests };
      return void response.writeHead(200, { 'content-type': index.mediaType }).end(JSON.stringify(index));
    }
    if (kind === 'blobs' && rest === 'uploads/' && method === 'POST') {
      const id = randomBytes(8).toString('hex');
      uploads.add(id);
      return void response.writeHead(202, { location: `/v2/${name}/blobs/uploads/${id}?state=x` }).end();
    }
    if (kind === 'blobs' && method === 'PUT' && uploads.delete(rest.replace('uploads/', ''))) {
      const digest = searchParams.get('digest') ?? '';
      if (digest !== digestOf(body) || searchParams.get('state') !== 'x') return fail(response, 400, 'DIGEST_INVALID', 'wrong digest');
      registry.blobs.set(digest, body);
      return void response.writeHead(201).end();
    }
    if (kind === 'blobs' && (method === 'GET' || method === 'HEAD')) {
      const blob = registry.blobs.get(rest);
      if (blob === undefined) return fail(response, 404, 'BLOB_UNKNOWN', 'Unknown blob');
      const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
      const part = blob.subarray(start);
      const range = start > 0 ? { 'content-range': `bytes ${start}-${blob.length - 1}/${blob.length}` } : {};
      return void response
        .writeHead(start > 0 ? 206 : 200, { 'content-length': part.length, ...range })
        .end(method === 'GET' ? part : undefined);
    }
    registry.unknown.push(`${method} ${url}`);
    response.writeHead(500).end();
  };
  return registry;
}

function subjectOf(manifest: Buffer): unknown {
  const { subject } = JSON.parse(manifest.toString()) as { subject?: { digest?: unknown } };
  return subject?.digest;
}

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** Pushes a small image that no other one is equal to; returns its digest. */
export function pushImage(client: Pick<OciClient, 'push'>): Promise<string> {
  const name = randomBytes(8).toString('hex');
  return client.push({
    tag: name,
    config: { mediaType: 'application/json', content: Buffer.from('{}') },
    layers: [{ mediaType: 'text/plain', content: Buffer.from(name) }],
  });
}

/** Where a program is installed; undefined when it is not. */
export function findProgram(name: string, path: string = process.env.PATH ?? ''): string | undefined {
  return path
    .split(delimiter)
    .map((directory) => join(directory, name))
    .find((file) => existsSync(file));
}

/** Starts that program on a free port. */
export async function startDockerRegistry(program: string, directory: string): Promise<{ readonly host: string; stop(): Promise<void> }> {
  const port = await freePort();
  mkdirSync(directory, { recursive: true });
  const config = join(directory, 'config.yml');
  writeFileSync(
    config,
    `version: 0.1\nlog: { level: error, accesslog: { disabled: true } }\nstorage: { filesystem: { rootdirectory: ${JSON.stringify(directory)} } }\nhttp: { addr: "127.0.0.1:${port}", secret: test }\n`,
  );
  const child = spawn(program, ['serve', config], { stdio: 'ignore', env: {} });
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const host = `127.0.0.1:${port}`;
  const deadline = Date.now() + 10_000;
  for (;;) {
    const isUp = await fetch(`http://${host}/v2/`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isUp) break;
    if (child.exitCode !== null || Date.now() > deadline) throw new Error('docker-registry does not start');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    host,
    async stop() {
      child.kill();
      await ended;
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
