import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitUntil } from '../quickstart.js';
import { root } from './pages.js';

/** A person's terminal on a fresh machine: nothing at home but the quickstart as the repository `~/fleet`; `sluice` and `flux` on PATH. */
export interface Shell {
  /** Runs a command to its end, in the shell that the commands before ran in. */
  run(command: string): Promise<{ readonly code: number; readonly output: string }>;
  /** Runs a command in a terminal of its own, until the shell is closed; resolves once it has printed a text. */
  background(command: string, until: string): Promise<void>;
  /** Writes a file below the current directory of a fresh shell. */
  write(path: string, text: string): void;
  close(): Promise<void>;
}

const COMMAND_TIMEOUT_MS = 90_000;

/** The ports that commands and pages name, which are others in a test: it is not alone on its machine. */
const PORTS = ['16443', '16444'] as const;

export async function openShell(): Promise<Shell> {
  const home = mkdtempSync(join(tmpdir(), 'sluice-docs-'));
  const work = join(home, 'work');
  mkdirSync(work);
  makeRepository(join(home, 'fleet'));
  const ports = new Map<string, string>();
  for (const port of PORTS) ports.set(port, String(await quietPort()));
  const [apiPort, metricsPort] = PORTS.map((port) => ports.get(port) ?? port);
  writePrograms(join(home, 'bin'), `--port ${apiPort}`, `--port ${apiPort} --metrics-port ${metricsPort}`);
  const environment = {
    ...process.env,
    HOME: home,
    PATH: `${join(home, 'bin')}:${process.env['PATH'] ?? ''}`,
    KUBECONFIG: undefined,
    GIT_CONFIG_NOSYSTEM: '1',
    EDITOR: 'true',
    NO_COLOR: '1',
  };
  const children: ChildProcess[] = [];
  const start = (args: readonly string[]): { readonly child: ChildProcess; readonly output: () => string } => {
    const child = spawn('bash', args, { cwd: work, env: environment, stdio: ['pipe', 'pipe', 'pipe'], detached: true });
    children.push(child);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    return { child, output: () => output };
  };
  const withPorts = (command: string): string => command.replaceAll(/\b1644[34]\b/g, (port) => ports.get(port) ?? port);

  const shell = start(['--noprofile', '--norc']);
  shell.child.stdin?.write('exec 2>&1\n');
  let commands = 0;
  return {
    async run(command) {
      const marker = `--- ${++commands} ended with`;
      const from = shell.output().length;
      shell.child.stdin?.write(`{ ${withPorts(command)}\n} </dev/null; code=$?; echo; echo "${marker} $code"\n`);
      const ended = new RegExp(`\n${marker} (\\d+)\n`);
      await waitUntil(
        () => ended.test(shell.output().slice(from)),
        COMMAND_TIMEOUT_MS,
        () => `\`${command}\` goes on:\n${shell.output().slice(from)}`,
      );
      const text = shell.output().slice(from);
      const end = ended.exec(text);
      return { code: Number(end?.[1]), output: text.slice(0, end?.index) };
    },
    async background(command, until) {
      const { child, output } = start(['--noprofile', '--norc', '-c', withPorts(command)]);
      await waitUntil(
        () => {
          if (child.exitCode !== null) throw new Error(`\`${command}\` has ended:\n${output()}`);
          return output().includes(until);
        },
        COMMAND_TIMEOUT_MS,
        () => `\`${command}\` did not print ${until}:\n${output()}`,
      );
    },
    write(path, text) {
      const file = join(work, path);
      mkdirSync(join(file, '..'), { recursive: true });
      writeFileSync(file, text);
    },
    async close() {
      // What runs in the background is no child of the shell.
      execFileSync(join(home, 'bin/sluice'), ['cluster', 'stop'], { cwd: work, env: environment, stdio: 'ignore' });
      await Promise.all(children.map(end));
      rmSync(home, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** A free port below those that connections take: what is stopped on it can be started there again. */
async function quietPort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
    if (isFree) return port;
  }
}

function makeRepository(directory: string): void {
  cpSync(join(root, 'examples/quickstart'), directory, { recursive: true });
  const git = (...args: string[]): void =>
    void execFileSync('git', ['-C', directory, '-c', 'user.name=T', '-c', 'user.email=t@localhost', ...args]);
  git('init', '--quiet', '--initial-branch=main');
  git('add', '--all');
  git('commit', '--quiet', '--message', 'The fleet');
}

/** `sluice` and `flux` as npm would put them on PATH, on free ports where they start something. */
function writePrograms(directory: string, clusterFlags: string, upFlags: string): void {
  mkdirSync(directory);
  const program = (name: string, text: string): void => {
    writeFileSync(join(directory, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(directory, name), 0o755);
  };
  for (const name of ['sluice', 'flux']) {
    const run = `exec ${quote(process.execPath)} ${quote(join(root, `packages/cli/bin/${name}.js`))}`;
    program(
      name,
      `case "$1 $2" in\n"cluster start"*) ${run} "$@" ${clusterFlags};;\n"up "*) ${run} "$@" ${upFlags};;\n*) ${run} "$@";;\nesac`,
    );
  }
  program('npx', 'exec "$@"');
}

function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** Ends a child and what it has started: it leads a group of its own. */
async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const closed = new Promise((resolve) => child.once('close', resolve));
  process.kill(-child.pid, 'SIGTERM');
  await closed;
}
