import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createOciClient, fluxArtifact, packageChart } from '@sluice/sources';
import { listen, memoryRegistry, type MemoryRegistry } from '@sluice/sources/testing';

/** One web server with a Helm repository and a registry. */
export interface WebServer {
  /** `127.0.0.1:1234` */
  readonly host: string;
  readonly registry: MemoryRegistry;
  /** The Helm repository is at `/charts`; with `/auth` before it, it asks for the user `user` with the password `right`. */
  readonly charts: ChartFiles;
  /** `GET /charts/…`, in their order. */
  readonly requests: string[];
  /** Lets something answer before the server does: it returns true when it did. The result ends it. */
  intercept(answer: (request: IncomingMessage, response: ServerResponse) => boolean): () => void;
  /** Answers a request that something has held back. */
  handle(request: IncomingMessage, response: ServerResponse): void;
  /** See {@link pushArtifact}. */
  push(repository: string, tags: readonly string[], files: Readonly<Record<string, string>>): Promise<string>;
  close(): Promise<void>;
}

export interface ChartFiles {
  /** Puts a chart into the repository; its archive. */
  add(name: string, version: string, files?: Readonly<Record<string, string>>): Buffer;
  /** By their names, `index.yaml` included. */
  readonly files: Map<string, Buffer>;
}

const CREDENTIALS = `Basic ${Buffer.from('user:right').toString('base64')}`;

export async function startWebServer(): Promise<WebServer> {
  const registry = memoryRegistry();
  const charts = createCharts();
  const requests: string[] = [];
  const interceptors = new Set<(request: IncomingMessage, response: ServerResponse) => boolean>();
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    for (const answer of interceptors) if (answer(request, response)) return;
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    if (path.startsWith('/v2/')) return registry.handler(request, response);
    requests.push(`${request.method} ${path}`);
    if (path.startsWith('/auth/') && request.headers.authorization !== CREDENTIALS) return void response.writeHead(401).end();
    const file = charts.files.get(path.replace(/^(?:\/auth)?\/charts\//, ''));
    if (file === undefined) return void response.writeHead(404).end();
    const etag = `"${file.length}"`;
    if (request.headers['if-none-match'] === etag) return void response.writeHead(304, { etag }).end();
    response.writeHead(200, { etag }).end(file);
  };
  const server = await listen(handle);
  const host = `127.0.0.1:${server.port}`;
  return {
    host,
    registry,
    charts,
    requests,
    intercept(answer) {
      interceptors.add(answer);
      return () => interceptors.delete(answer);
    },
    handle,
    push: (repository: string, tags: readonly string[], files: Readonly<Record<string, string>>) =>
      pushArtifact(`oci://${host}/${repository}`, tags, files),
    close: () => server.close(),
  };
}

/** Pushes what `flux push artifact` would. Returns the digest. */
export async function pushArtifact(url: string, tags: readonly string[], files: Readonly<Record<string, string>>): Promise<string> {
  const client = createOciClient({ url });
  try {
    const [tag = 'latest', ...others] = tags;
    const archive = tarball(files);
    const created = new Date('2026-01-01T00:00:00Z');
    const origin = { source: 'https://git.example/app', revision: 'main@sha1:a94a8fe5ccb19ba61c4c0873d391e987982fbbd3' };
    const digest = await client.push(fluxArtifact({ tag, archive, created, ...origin }));
    for (const other of others) await client.tag(tag, other);
    return digest;
  } finally {
    await client.close();
  }
}

function createCharts(): ChartFiles {
  const files = new Map<string, Buffer>();
  const entries = new Map<string, string[]>();
  return {
    files,
    add(name, version, extra = {}) {
      const chart = { 'Chart.yaml': `apiVersion: v2\nname: ${name}\nversion: ${version}\n`, ...extra };
      const archive = packageChart(Object.entries(chart).map(([path, text]) => ({ name: path, data: Buffer.from(text) })));
      files.set(`${name}-${version}.tgz`, archive);
      const entry = `  - apiVersion: v2\n    name: ${name}\n    version: ${version}\n    urls: [${name}-${version}.tgz]\n`;
      entries.set(name, [...(entries.get(name) ?? []), entry]);
      const index = [...entries].map(([key, versions]) => `  ${key}:\n${versions.join('')}`).join('');
      files.set('index.yaml', Buffer.from(`apiVersion: v1\nentries:\n${index}`));
      return archive;
    },
  };
}

function tarball(files: Readonly<Record<string, string>>): Buffer {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-tarball-'));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(directory, path)), { recursive: true });
      writeFileSync(join(directory, path), text);
    }
    return execFileSync('tar', ['--mtime=@0', '--owner=0', '--group=0', '--sort=name', '-czf', '-', ...Object.keys(files)], {
      cwd: directory,
    });
  } finally {
    rmSync(directory, { recursive: true });
  }
}
