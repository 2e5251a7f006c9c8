import { mkdir } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { createCluster, type Cluster } from '@sluice/kube';
import type { Invocation } from '../command-line/index.js';
import { deadlineOf } from '../deadline.js';
import { aborted } from '../up/aborted.js';
import { ensureDemoRepository, refsDirectory, repositoryRoot, requireGit } from '../up/demo-repository.js';
import { decryptionSettings } from '../up/decryption-settings.js';
import { startEngine } from '../up/engine.js';
import { firstSync } from '../up/first-sync.js';
import { exportLine, startLocalCluster, type LocalCluster } from '../up/local-cluster.js';
import { readLocalManifests } from '../up/local-manifests.js';
import { SYNC, syncObjects } from '../up/sync-objects.js';
import { watchRepository } from '../up/watch-repository.js';

/** `up`: an embedded cluster, the engine, and a Git repository that it follows, until Ctrl-C. */
export async function run(invocation: Invocation): Promise<void> {
  const { flags, terminal, signal } = invocation;
  const started = performance.now();
  await requireGit();
  const beside = flags.string('apply') === '' ? [] : await readLocalManifests(flags.string('apply'));
  const local = await startLocalCluster(flags);
  const stopping: (() => Promise<void> | void)[] = [local.stop];
  try {
    terminal.success(`cluster runs at ${local.embedded.url}`);
    const repository = await repositoryOf(invocation, local);
    const cluster = createCluster(local.embedded.fetch);
    const engine = await startEngine(local.embedded.fetch, local.state, flags.number('metrics-port'), decryptionSettings(flags));
    stopping.unshift(() => engine.stop());
    terminal.success(`engine runs; metrics at ${engine.url}/metrics, log in ${local.state.log}`);
    const source = { url: pathToFileURL(repository).href, branch: flags.string('branch'), path: pathOf(invocation) };
    await syncObjects(cluster, source, beside);
    stopping.unshift(watchRepository(await refsDirectory(repository), flags.string('branch'), () => engine.requestSync(SYNC)));
    terminal.waiting(`syncing ${repository}, branch ${flags.string('branch')}`);
    await report(cluster, invocation, started);
    explain(invocation, local, repository);
    await aborted(signal);
  } finally {
    for (const stop of stopping) await stop();
  }
  terminal.success('stopped; the state is kept for the next start');
}

async function repositoryOf({ flags, terminal }: Invocation, { state }: LocalCluster): Promise<string> {
  const named = flags.string('repository');
  if (named !== '') return repositoryRoot(named);
  await mkdir(state.path, { recursive: true });
  await ensureDemoRepository(state.demo);
  terminal.success(`demo repository in ${state.demo}`);
  return state.demo;
}

/** Waits for the first sync, and says how it went. A sync that fails does not end `up`: the next commit may mend it. */
async function report(cluster: Cluster, { flags, terminal, signal }: Invocation, started: number): Promise<void> {
  const deadline = deadlineOf({ flags, signal });
  for await (const { name, ready, message } of firstSync(cluster, deadline)) {
    if (ready) terminal.success(`${name}: ${message}`);
    else terminal.failure(`${name}: ${message}`);
  }
  if (!signal.aborted) terminal.success(`first sync after ${((performance.now() - started) / 1000).toFixed(1)} s`);
}

function explain({ flags, terminal, signal }: Invocation, { state }: LocalCluster, repository: string): void {
  if (signal.aborted) return;
  const file = flags.string('repository') === '' ? 'clusters/local/apps.yaml' : 'a manifest';
  terminal.out(`
Look around, in another terminal:
  ${exportLine(state)}
  npx --no sluice get all -A
  kubectl get deployments,configmaps -A

Edit and commit; the cluster follows at once:
  cd ${repository}
  $EDITOR ${file}
  git commit -am 'A change'

Ctrl-C stops everything; the next start finds its state again.
`);
}

function pathOf({ flags }: Invocation): string {
  const path = flags.string('path');
  return path === '' ? (flags.string('repository') === '' ? './clusters/local' : './') : path;
}
