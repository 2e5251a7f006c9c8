import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Invocation } from '../command-line/index.js';
import { aborted } from '../up/aborted.js';
import { exportLine, startLocalCluster } from '../up/local-cluster.js';
import { ownerOf, stateDirectory, type StateDirectory } from '../up/state-directory.js';

/** How long a cluster may take to start and to stop. It takes a fraction of a second. */
const PATIENCE_MS = 30_000;

export async function startCommand(invocation: Invocation): Promise<void> {
  const { flags, terminal, signal } = invocation;
  if (!flags.bool('foreground')) return startInBackground(invocation);
  const { embedded, state, stop } = await startLocalCluster(flags);
  terminal.success(`cluster runs at ${embedded.url}`);
  terminal.out(`${exportLine(state)}\n`);
  await aborted(signal);
  await stop();
  terminal.success('cluster stopped');
}

/** Starts the same command again as a process of its own, and waits until it serves. */
async function startInBackground({ flags, terminal, program }: Invocation): Promise<void> {
  const state = stateDirectory(flags.string('directory'));
  if (flags.bool('ephemeral')) throw new Error('--ephemeral needs --foreground: a cluster in memory ends with its process.');
  const owner = await ownerOf(state);
  if (owner !== undefined)
    throw new Error(`${state.path} is in use by process ${owner}: stop that one first, or choose another --directory.`);
  mkdirSync(state.path, { recursive: true, mode: 0o700 });
  const log = join(state.path, 'cluster.log');
  const output = openSync(log, 'w', 0o600);
  const args = ['cluster', 'start', '--foreground', '--directory', state.path, '--port', flags.string('port')];
  if (flags.bool('no-simulate')) args.push('--no-simulate');
  const child = spawn(process.execPath, [process.argv[1] ?? program, ...args], { detached: true, stdio: ['ignore', output, output] });
  closeSync(output);
  const failed = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const end = Date.now() + PATIENCE_MS;
  while (!(await readFile(log, 'utf8')).includes('cluster runs at')) {
    const ended = await Promise.race([failed.then(() => true), sleep(20, false)]);
    if (ended || Date.now() > end) {
      child.kill();
      const text = (await readFile(log, 'utf8')).trim();
      throw new Error(text === '' ? `the cluster did not start within ${PATIENCE_MS / 1000} s; see ${log}` : text.replace(/^✗ /, ''));
    }
  }
  child.unref();
  terminal.success(`cluster runs in the background (process ${child.pid ?? ''}); stop it with \`${program} cluster stop\``);
  terminal.out(`${exportLine(state)}\n`);
}

export async function stopCommand({ flags, terminal }: Invocation): Promise<void> {
  const state = stateDirectory(flags.string('directory'));
  terminal.success((await stop(state)) ? 'cluster stopped' : `no cluster runs on ${state.path}`);
}

export async function resetCommand({ flags, terminal }: Invocation): Promise<void> {
  const state = stateDirectory(flags.string('directory'));
  await stop(state);
  for (const path of [state.cluster, state.kubeconfig]) await rm(path, { recursive: true, force: true });
  terminal.success(`the cluster's state in ${state.path} is gone; the next start begins empty`);
}

export function kubeconfigCommand({ flags, terminal }: Invocation): Promise<void> {
  const { kubeconfig, path } = stateDirectory(flags.string('directory'));
  if (!existsSync(kubeconfig))
    return Promise.reject(new Error(`no cluster was started on ${path}: run \`sluice cluster start\` or \`sluice up\``));
  terminal.out(`${kubeconfig}\n`);
  return Promise.resolve();
}

/** Asks the process on the directory to end, and waits for it. False when there is none. */
async function stop(state: StateDirectory): Promise<boolean> {
  const owner = await ownerOf(state);
  if (owner === undefined) return false;
  process.kill(owner, 'SIGTERM');
  const end = Date.now() + PATIENCE_MS;
  while ((await ownerOf(state)) === owner) {
    if (Date.now() > end) throw new Error(`process ${owner} does not end; it was asked to ${PATIENCE_MS / 1000} s ago`);
    await sleep(20);
  }
  return true;
}
