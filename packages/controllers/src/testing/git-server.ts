import { spawn } from 'node:child_process';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Repository, type Commit } from './repository.js';

/** Git repositories over smart HTTP, as `git http-backend` serves them, on loopback. */
export interface GitServer {
  /** `http://127.0.0.1:1234/<name>.git`; with `auth/` before the name it asks for the user `user` with the password `right`. */
  urlOf(name: string): string;
  /** Where the bare repository is. */
  directoryOf(name: string): string;
  /** Makes a commit on main in the repository, creating it with its first; returns the commit's hash. */
  commit(name: string, change: Commit): string;
  /** Lets something answer before the server does: it returns true when it did. The result ends it. */
  intercept(answer: (request: IncomingMessage, response: ServerResponse) => boolean): () => void;
  close(): Promise<void>;
}

export async function startGitServer(directory: string): Promise<GitServer> {
  const interceptors = new Set<(request: IncomingMessage, response: ServerResponse) => boolean>();
  const server = createServer((request, response) => {
    for (const answer of interceptors) if (answer(request, response)) return;
    serve(directory, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const repositories = new Map<string, Repository>();
  return {
    urlOf: (name) => `http://127.0.0.1:${port}/${name}.git`,
    directoryOf: (name) => join(directory, `${name}.git`),
    commit(name, change) {
      let repository = repositories.get(name);
      if (repository === undefined) repositories.set(name, (repository = new Repository(join(directory, `${name}.git`))));
      return repository.commit(change);
    },
    intercept(answer) {
      interceptors.add(answer);
      return () => interceptors.delete(answer);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const CREDENTIALS = `Basic ${Buffer.from('user:right').toString('base64')}`;

function serve(directory: string, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', 'http://localhost');
  if (url.pathname.startsWith('/auth/')) {
    if (request.headers.authorization !== CREDENTIALS) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="test"' }).end();
      return;
    }
    url.pathname = url.pathname.slice('/auth'.length);
  }
  const backend = spawn('git', ['http-backend'], {
    env: {
      PATH: process.env['PATH'],
      GIT_PROJECT_ROOT: directory,
      GIT_HTTP_EXPORT_ALL: '1',
      GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
      REQUEST_METHOD: request.method ?? 'GET',
      PATH_INFO: url.pathname,
      QUERY_STRING: url.search.slice(1),
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      ...(request.headers['content-encoding'] === undefined ? {} : { HTTP_CONTENT_ENCODING: request.headers['content-encoding'] }),
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  request.pipe(backend.stdin);
  backend.stdin.on('error', () => {});
  const chunks: Buffer[] = [];
  backend.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  backend.on('close', () => {
    const output = Buffer.concat(chunks);
    const end = output.indexOf('\r\n\r\n');
    const headers = output
      .toString('latin1', 0, end)
      .split('\r\n')
      .map((line) => line.split(/:\s*/, 2) as [string, string]);
    const status = headers.find(([name]) => name.toLowerCase() === 'status')?.[1];
    for (const [name, value] of headers) if (name.toLowerCase() !== 'status') response.setHeader(name, value);
    response.statusCode = status === undefined ? 200 : Number.parseInt(status, 10);
    response.end(output.subarray(end + 4));
  });
}
