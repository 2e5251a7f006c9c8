import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCluster, type EmbeddedCluster } from '@sluice/apiserver';
import { startControllers, type Controllers } from '@sluice/controllers';
import { createCluster, waitFor, type Cluster } from '@sluice/kube';
import { silentLogger } from '@sluice/runtime';
import { createGitClient, openArtifactStore, type GitClient } from '@sluice/sources';
import { main } from '../main.js';
import { terminalOver } from '../terminal.js';

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * An embedded cluster to bootstrap. No container runs in it: its simulator lets the Deployments of the controllers roll out, and
 * an engine in this process does what would be done in them.
 */
export interface BootstrapWorld {
  readonly embedded: EmbeddedCluster;
  readonly cluster: Cluster;
  readonly kubeconfig: string;
  /** Runs a command line. `onLine` hears of each line of progress, and may end the command by the signal. */
  flux(
    args: readonly string[],
    environment?: Readonly<Record<string, string>>,
    onLine?: (line: string, interrupt: () => void) => void,
  ): Promise<CommandResult>;
  close(): Promise<void>;
}

export async function startBootstrapWorld(): Promise<BootstrapWorld> {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-bootstrap-'));
  const embedded = await startCluster({ ephemeral: true });
  const kubeconfig = join(directory, 'kubeconfig');
  writeFileSync(kubeconfig, embedded.kubeconfig, { mode: 0o600 });
  const cluster = createCluster(embedded.fetch);
  const engine = engineOf(cluster, directory);
  return {
    embedded,
    cluster,
    kubeconfig,
    async flux(args, environment = {}, onLine = () => undefined) {
      let stdout = '';
      let stderr = '';
      const interrupted = new AbortController();
      const terminal = terminalOver(
        (text) => (stdout += text),
        (text) => {
          stderr += text;
          onLine(text, () => interrupted.abort(new Error('interrupted')));
        },
        { KUBECONFIG: kubeconfig, HOME: directory, ...environment },
      );
      const code = await main('flux', args, terminal, interrupted.signal);
      return { code, stdout, stderr };
    },
    async close() {
      await engine.stop();
      await embedded.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** What plays the installed controllers, from the moment that a Deployment of theirs is there. */
function engineOf(cluster: Cluster, directory: string): { stop(): Promise<void> } {
  const git: GitClient = createGitClient({ cacheDir: join(directory, 'git') });
  const store = openArtifactStore({ dir: join(directory, 'artifacts'), baseUrl: 'http://localhost' });
  const stopping = new AbortController();
  const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'flux-system', name: 'source-controller' };
  const started: Promise<Controllers | undefined> = waitFor(cluster, deployment, (object) => object !== undefined, {
    signal: stopping.signal,
  }).then(
    () => startControllers({ cluster, git, store, log: silentLogger }),
    () => undefined,
  );
  return {
    async stop() {
      stopping.abort(new Error('the world ends'));
      await (await started)?.stop(1000);
      await git.close();
    },
  };
}
