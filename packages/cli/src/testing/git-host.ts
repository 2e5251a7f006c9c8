import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { appendFileSync, chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { connect, createServer as createTcpServer, type AddressInfo } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { makeCertificate } from './certificate.js';

const sshd = ['/usr/sbin/sshd', '/usr/local/sbin/sshd'].find((path) => existsSync(path));
/** Why a test that needs SSH does not run here; false when it does. */
export const withoutSshd: string | false = sshd === undefined ? 'sshd is not installed' : false;

/** Repositories on loopback, over HTTPS with a token and over SSH with keys, and beside them the API of a server that hosts them. */
export interface GitHost {
  readonly directory: string;
  /** `127.0.0.1:41234`, over HTTPS. */
  readonly address: string;
  /** `127.0.0.1:41235`, over SSH. */
  readonly sshAddress: string;
  /** A file with the authority of the HTTPS certificate. */
  readonly caFile: string;
  /** The user and password that may push. */
  readonly user: string;
  readonly token: string;
  /** What was asked of the API and is no part of it: nothing of a server is made up by a test that passes. */
  readonly unknownCalls: string[];
  /** Makes a repository without commits. */
  create(name: string): void;
  exists(name: string): boolean;
  /** Runs git in the bare repository. */
  git(name: string, ...args: string[]): string;
  /** Makes a commit, as another person does. */
  commit(name: string, files: Readonly<Record<string, string>>, branch?: string): string;
  /** Lets a public key in: for all repositories, to read or also to write. */
  allowKey(publicKey: string, access: 'read' | 'write'): void;
  revokeKey(publicKey: string): void;
  /** The directory in front of PATH in which `ssh` finds the user `git` under the name of whoever runs the tests. */
  readonly sshPath: string;
  close(): Promise<void>;
}

/** An API: what is not in it answers undefined. */
export type Api = (
  request: { method: string; path: string; query: URLSearchParams; headers: IncomingMessage['headers']; body: unknown },
  host: GitHost,
) => ApiAnswer | undefined;
export interface ApiAnswer {
  readonly status: number;
  readonly body?: unknown;
}

export async function startGitHost(api: Api = () => undefined): Promise<GitHost> {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-git-host-'));
  const repositories = join(directory, 'repositories');
  mkdirSync(repositories);
  const bare = (name: string): string => join(repositories, `${name}.git`);
  const keysFile = join(directory, 'authorized_keys');
  writeFileSync(keysFile, '', { mode: 0o600 });
  const certificate = makeCertificate(directory);
  const token = 'the-right-token';
  const unknownCalls: string[] = [];
  const server = createServer(certificate, (request, response) => {
    const path = request.url ?? '/';
    if (/\.git\/(info\/refs|git-upload-pack|git-receive-pack)(\?|$)/.test(path)) return serveGit(request, response);
    void answerApi(request, response);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const ssh = sshd === undefined ? undefined : await startSsh(directory, keysFile, repositories);

  const host: GitHost = {
    directory,
    address,
    sshAddress: `127.0.0.1:${ssh?.port ?? 0}`,
    caFile: join(directory, 'ca.crt'),
    user: 'someone',
    token,
    unknownCalls,
    sshPath: join(directory, 'bin'),
    create(name) {
      mkdirSync(dirname(bare(name)), { recursive: true });
      git(directory, 'init', '--quiet', '--bare', '--initial-branch=main', bare(name));
      git(bare(name), 'config', 'http.receivepack', 'true');
    },
    exists: (name) => existsSync(bare(name)),
    git: (name, ...args) => git(bare(name), ...args),
    commit(name, files, branch = 'main') {
      const work = mkdtempSync(join(directory, 'work-'));
      git(work, 'init', '--quiet', `--initial-branch=${branch}`);
      if (git(bare(name), 'branch', '--list', branch) !== '') git(work, 'pull', '--quiet', bare(name), branch);
      for (const [path, content] of Object.entries(files)) {
        mkdirSync(dirname(join(work, path)), { recursive: true });
        writeFileSync(join(work, path), content);
      }
      git(work, 'add', '--all');
      git(work, 'commit', '--quiet', '--message', 'a change of theirs');
      git(work, 'push', '--quiet', bare(name), `HEAD:refs/heads/${branch}`);
      return git(work, 'rev-parse', 'HEAD');
    },
    allowKey(publicKey, access) {
      appendFileSync(keysFile, `command="${join(directory, 'serve')} ${access}",restrict ${publicKey.trim()}\n`);
    },
    revokeKey(publicKey) {
      const lines = readFileSync(keysFile, 'utf8').split('\n');
      writeFileSync(keysFile, lines.filter((line) => !line.includes(publicKey.trim().split(/\s+/)[1] ?? ' ')).join('\n'), { mode: 0o600 });
    },
    async close() {
      ssh?.server.kill('SIGTERM');
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      });
      rmSync(directory, { recursive: true, force: true });
    },
  };
  return host;

  function serveGit(request: IncomingMessage, response: ServerResponse): void {
    const [, credentials = ''] = /^Basic (.*)$/.exec(request.headers.authorization ?? '') ?? [];
    const [, password] = /^[^:]*:(.*)$/.exec(Buffer.from(credentials, 'base64').toString()) ?? [];
    if (password !== token) return void response.writeHead(401, { 'www-authenticate': 'Basic realm="test"' }).end();
    backend(repositories)(request, response);
  }

  async function answerApi(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    const url = new URL(request.url ?? '/', 'https://host');
    const { method = 'GET', headers } = request;
    const call = {
      method,
      path: decodeURI(url.pathname),
      query: url.searchParams,
      headers,
      body: text === '' ? undefined : (JSON.parse(text) as unknown),
    };
    const answer = api(call, host);
    if (answer === undefined) unknownCalls.push(`${method} ${request.url ?? ''}`);
    const { status, body } = answer ?? { status: 501, body: { message: 'no such call' } };
    response.writeHead(status, { 'content-type': 'application/json' }).end(body === undefined ? '' : JSON.stringify(body));
  }
}

/** Serves Git's smart HTTP with its own program. */
function backend(root: string): RequestListener {
  return (request, response) => {
    const [path = '', query = ''] = (request.url ?? '').split('?');
    const child = spawn('git', ['http-backend'], {
      env: {
        ...environment,
        GIT_PROJECT_ROOT: root,
        GIT_HTTP_EXPORT_ALL: '1',
        PATH_INFO: path,
        QUERY_STRING: query,
        REQUEST_METHOD: request.method ?? 'GET',
        CONTENT_TYPE: request.headers['content-type'] ?? '',
        HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
        HTTP_GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
        REMOTE_ADDR: '127.0.0.1',
        REMOTE_USER: 'someone',
      },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    child.stdin.on('error', () => undefined);
    request.pipe(child.stdin);
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stdout.on('end', () => {
      const output = Buffer.concat(chunks);
      const end = output.indexOf('\r\n\r\n');
      const headers = output
        .toString('latin1', 0, Math.max(0, end))
        .split('\r\n')
        .map((line) => line.split(/: */, 2) as [string, string]);
      response.statusCode = Number(headers.find(([name]) => name.toLowerCase() === 'status')?.[1].slice(0, 3) ?? 200);
      for (const [name, value] of headers) if (name !== '' && name.toLowerCase() !== 'status') response.setHeader(name, value);
      response.end(output.subarray(end + 4));
    });
  };
}

async function startSsh(directory: string, keysFile: string, repositories: string): Promise<{ server: ChildProcess; port: number }> {
  const hostKey = join(directory, 'host');
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', hostKey], { stdio: 'pipe' });
  const port = await freePort();
  const script = `#!/bin/sh
set -- "$1" $(printf '%s' "$SSH_ORIGINAL_COMMAND" | tr -d "'")
case "$1 $2" in
"read git-upload-pack"|"write git-upload-pack") exec git upload-pack "${repositories}/\${3%.git}.git";;
"write git-receive-pack") exec git receive-pack "${repositories}/\${3%.git}.git";;
*) echo 'ERROR: The key you are authenticating with has been marked as read only.' >&2; exit 1;;
esac
`;
  writeFileSync(join(directory, 'serve'), script);
  chmodSync(join(directory, 'serve'), 0o700);
  const settings = [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${hostKey}`,
    `AuthorizedKeysFile ${keysFile}`,
    `PidFile ${directory}/sshd.pid`,
    'StrictModes no',
    'UsePAM no',
    'PermitRootLogin yes',
    `SetEnv PATH=${process.env['PATH'] ?? ''} GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0=*`,
  ];
  writeFileSync(join(directory, 'sshd_config'), `${settings.join('\n')}\n`);
  // Where sshd separates privileges it wants this directory, which only its service makes.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true });
  const server = spawn(sshd ?? '', ['-D', '-e', '-f', join(directory, 'sshd_config')], { stdio: 'ignore' });
  await untilListening(port);
  // Every Git server has a user of the name git; the machine that the tests run on need not have one.
  mkdirSync(join(directory, 'bin'));
  const real = execFileSync('sh', ['-c', 'command -v ssh'], { encoding: 'utf8' }).trim();
  const shim = `#!/bin/sh
for argument do
  shift
  case "$argument" in git@*) argument="${userInfo().username}@\${argument#git@}";; esac
  set -- "$@" "$argument"
done
exec ${real} "$@"
`;
  writeFileSync(join(directory, 'bin/ssh'), shim);
  chmodSync(join(directory, 'bin/ssh'), 0o700);
  return { server, port };
}

/** A port that nobody has, a moment ago. */
export async function freePort(): Promise<number> {
  const probe = createTcpServer();
  await new Promise<void>((resolve) => {
    probe.listen(0, '127.0.0.1', resolve);
  });
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => {
    probe.close(resolve);
  });
  return port;
}

async function untilListening(port: number): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy();
        resolve(true);
      });
      socket.on('error', () => resolve(false));
    });
    if (isOpen) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error('sshd does not listen');
}

const environment = {
  PATH: process.env['PATH'] ?? '',
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_COUNT: '1',
  GIT_CONFIG_KEY_0: 'safe.directory',
  GIT_CONFIG_VALUE_0: '*',
  GIT_AUTHOR_NAME: 'Ada',
  GIT_AUTHOR_EMAIL: 'ada@example.com',
  GIT_COMMITTER_NAME: 'Ada',
  GIT_COMMITTER_EMAIL: 'ada@example.com',
};

function git(cwd: string, ...args: string[]): string {
  return execFileSync('git', args, { cwd, env: environment, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
}
