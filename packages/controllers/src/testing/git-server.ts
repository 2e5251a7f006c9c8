import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';

/** Git repositories over smart HTTP, as `git http-backend` serves them, on loopback. */
export interface GitServer {
  /** `http://127.0.0.1:1234/<name>.git`; with `auth/` before the name it asks for the user `user` with the password `right`. */
  urlOf(name: string): string;
  /** Makes a commit on main in the repository, creating it with its first; returns the commit's hash. */
  commit(name: string, change: Commit): string;
  close(): Promise<void>;
}

export interface Commit {
  readonly files?: Readonly<Record<string, string>>;
  readonly remove?: readonly string[];
  readonly message?: string;
  readonly tag?: string;
}

export async function startGitServer(directory: string): Promise<GitServer> {
  const server = createServer((request, response) => serve(directory, request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const created = new Set<string>();
  return {
    urlOf: (name) => `http://127.0.0.1:${port}/${name}.git`,
    commit(name, { files = {}, remove = [], message = 'change', tag }) {
      const bare = join(directory, `${name}.git`);
      const work = join(directory, 'work', name);
      if (!created.has(name)) {
        created.add(name);
        mkdirSync(work, { recursive: true });
        git(directory, 'init', '--quiet', '--bare', '--initial-branch=main', bare);
        git(work, 'init', '--quiet', '--initial-branch=main');
        git(work, 'remote', 'add', 'origin', bare);
      }
      for (const [path, content] of Object.entries(files)) {
        mkdirSync(dirname(join(work, path)), { recursive: true });
        writeFileSync(join(work, path), content);
      }
      for (const path of remove) rmSync(join(work, path));
      git(work, 'add', '--all');
      git(work, 'commit', '--quiet', '--allow-empty', '--message', message);
      if (tag !== undefined) git(work, 'tag', tag);
      git(work, 'push', '--quiet', '--tags', 'origin', 'main');
      return git(work, 'rev-parse', 'HEAD').trim();
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function git(cwd: string, ...args: string[]): string {
  const env = {
    PATH: process.env['PATH'],
    HOME: cwd,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_AUTHOR_NAME: 'test',
    GIT_AUTHOR_EMAIL: 'test@example.com',
    GIT_COMMITTER_NAME: 'test',
    GIT_COMMITTER_EMAIL: 'test@example.com',
  };
  return execFileSync('git', args, { cwd, env, encoding: 'utf8' });
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
