import { execFile, execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { isJsonObject, type KubeObject } from '@sluice/core';
import { createCluster, loadKubeconfig, networkFetch, type Cluster } from '@sluice/kube';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..');
export const SLUICE = join(ROOT, 'packages/cli/bin/sluice.js');
const EXAMPLE = join(ROOT, 'scripts/example/main.mjs');

/** A running `sluice up` on its own directory, port and demo repository. */
export interface Quickstart {
  readonly directory: string;
  readonly repository: string;
  readonly kubeconfig: string;
  readonly port: number;
  readonly pid: number;
  readonly cluster: Cluster;
  /** What it has printed so far. */
  readonly output: () => string;
  /** Ends as Ctrl-C ends it; resolves with the exit code. */
  readonly interrupt: () => Promise<number | null>;
  /** Ends without a chance to tidy up. */
  readonly kill: () => Promise<void>;
}

export interface QuickstartOptions {
  /** An earlier one's directory, to start again from its state. */
  readonly directory?: string;
  readonly port?: number;
  readonly args?: readonly string[];
  /** One of examples/ other than the quickstart, as `npm run example` starts it. */
  readonly example?: string;
  /** The name of its repository that is to be edited; that of the example when not given. */
  readonly repository?: string;
}

/** Starts `sluice up` and waits until it says that everything is synced. */
export async function startQuickstart(options: QuickstartOptions = {}): Promise<Quickstart> {
  const directory = options.directory ?? join(mkdtempSync(join(tmpdir(), 'sluice-e2e-')), 'state');
  const port = options.port ?? (await freePort());
  const command = options.example === undefined ? [SLUICE, 'up'] : [EXAMPLE, options.example];
  const child = spawn(
    process.execPath,
    [...command, '--directory', directory, '--port', String(port), '--metrics-port', '0', ...(options.args ?? [])],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  await waitUntil(
    () => {
      if (child.exitCode !== null) throw new Error(`sluice up ended with code ${child.exitCode}:\n${output}`);
      return output.includes('Edit and commit');
    },
    60_000,
    () => `sluice up is not ready:\n${output}`,
  ).catch(async (error: unknown) => {
    child.kill('SIGKILL');
    await exited;
    throw error;
  });
  const kubeconfig = join(directory, 'kubeconfig');
  const network = networkFetch(await loadKubeconfig({ path: kubeconfig }));
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    const code = await exited;
    await network.close();
    return code;
  };
  return {
    directory,
    repository:
      options.example === undefined ? join(directory, 'demo') : join(directory, 'repositories', options.repository ?? options.example),
    kubeconfig,
    port,
    pid: pidOf(child),
    cluster: createCluster(network),
    output: () => output,
    interrupt: () => end('SIGINT'),
    kill: async () => {
      await end('SIGKILL');
    },
  };
}

function pidOf(child: ChildProcess): number {
  if (child.pid === undefined) throw new Error('the process did not start');
  return child.pid;
}

/** Removes what a quickstart left on disk. */
export function removeState(directory: string): void {
  rmSync(dirname(directory), { recursive: true, force: true });
}

export async function runSluice(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  return runProgram(process.execPath, [SLUICE, ...args], environment);
}

/** kubectl against a quickstart; undefined where kubectl is not installed. */
export function kubectlFor(quickstart: Quickstart): ((line: string) => Promise<string>) | undefined {
  if (!onPath('kubectl')) return undefined;
  return async (line) => {
    const { code, stdout, stderr } = await runProgram('kubectl', ['--kubeconfig', quickstart.kubeconfig, ...line.split(' ')], {
      KUBECACHEDIR: join(quickstart.directory, 'kubectl-cache'),
    });
    if (code !== 0) throw new Error(`kubectl ${line}: ${stderr}`);
    return stdout;
  };
}

export function onPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(':').some((directory) => existsSync(join(directory, program)));
}

export async function runProgram(
  program: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  try {
    const { stdout, stderr } = await promisify(execFile)(program, args, { env: { ...process.env, ...environment }, timeout: 60_000 });
    return { code: 0, stdout, stderr };
  } catch (error) {
    const failure = error as { code?: number; stdout?: string; stderr?: string };
    return { code: failure.code ?? 1, stdout: failure.stdout ?? '', stderr: failure.stderr ?? '' };
  }
}

/** Changes files of the repository and commits: a text replaces the file, a function edits it, undefined deletes it. */
export function commit(
  quickstart: Quickstart,
  changes: Readonly<Record<string, string | ((before: string) => string) | undefined>>,
): string {
  for (const [path, change] of Object.entries(changes)) {
    const file = join(quickstart.repository, path);
    mkdirSync(dirname(file), { recursive: true });
    if (change === undefined) rmSync(file);
    else writeFileSync(file, typeof change === 'string' ? change : change(readFileSync(file, 'utf8')));
  }
  git(quickstart.repository, 'add', '--all');
  git(quickstart.repository, 'commit', '--quiet', '--message', 'A change');
  return git(quickstart.repository, 'rev-parse', 'HEAD').trim();
}

export function git(directory: string, ...args: string[]): string {
  return execFileSync('git', ['-C', directory, ...args], { encoding: 'utf8' });
}

export async function waitUntil(done: () => boolean | Promise<boolean>, timeoutMs: number, describe: () => string): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!(await done())) {
    if (Date.now() > end) throw new Error(`not within ${timeoutMs} ms: ${describe()}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/** Waits until an object is as wanted; `undefined` wants it gone. Returns how long that took. */
export async function waitForState(
  { cluster, output }: Quickstart,
  key: { apiVersion: string; kind: string; namespace?: string; name: string },
  wanted: ((object: KubeObject) => boolean) | undefined,
  timeoutMs: number,
): Promise<number> {
  const started = performance.now();
  let last: KubeObject | undefined;
  await waitUntil(
    async () => {
      last = await cluster.get(key);
      return last === undefined ? wanted === undefined : (wanted?.(last) ?? false);
    },
    timeoutMs,
    () => `${key.kind} ${key.name} is ${JSON.stringify(last, undefined, 1)}\n${output()}`,
  );
  return performance.now() - started;
}

export const kustomizationKey = (name: string) => ({
  apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
  kind: 'Kustomization',
  namespace: 'flux-system',
  name,
});

/** Waits until a Kustomization has applied a commit. */
export function waitForCommit(quickstart: Quickstart, name: string, commitHash: string, timeoutMs = 20_000): Promise<number> {
  const isApplied = (object: KubeObject): boolean =>
    readyOf(object)?.status === 'True' && JSON.stringify(object['status']).includes(`"lastAppliedRevision":"main@sha1:${commitHash}"`);
  return waitForState(quickstart, kustomizationKey(name), isApplied, timeoutMs);
}

/** The Ready condition of an object. */
export function readyOf(object: KubeObject): { status: string; reason: string; message: string } | undefined {
  const status = object['status'];
  const conditions = isJsonObject(status) && Array.isArray(status['conditions']) ? (status['conditions'] as Record<string, string>[]) : [];
  const ready = conditions.find((condition) => condition['type'] === 'Ready');
  return ready === undefined
    ? undefined
    : { status: ready['status'] ?? '', reason: ready['reason'] ?? '', message: ready['message'] ?? '' };
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
