import { execFile } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCluster } from '@sluice/apiserver';
import { realKubeconfig, takeTurn } from '@sluice/controllers/testing';
import type { KubeObject } from '@sluice/core';
import { createCluster, loadKubeconfig, networkFetch, type Cluster } from '@sluice/kube';
import { playNode } from './played-node.js';
import { runFlux, type Outcome } from './replay.js';

/** A cluster for commands: that of KUBECONFIG_E2E, for as long as it is this suite's turn, or else an embedded one. */
export interface TestCluster {
  readonly cluster: Cluster;
  readonly isReal: boolean;
  /** A file. */
  readonly kubeconfig: string;
  /** What the commands find in their environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** Runs a command line of ours in this process. */
  flux(line: string): Promise<Outcome>;
  /** Runs another program on this cluster. */
  run(program: string, line: string): Promise<Omit<Outcome, 'transcript'>>;
  close(): Promise<void>;
}

/** What a container has logged. */
export type PodLog = (pod: KubeObject, container: string) => string;

export async function startTestCluster(podLog: PodLog = () => ''): Promise<TestCluster> {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-commands-'));
  const kubeconfig = join(directory, 'kubeconfig');
  const opened = realKubeconfig === undefined ? await openEmbedded(kubeconfig, podLog) : await openReal(realKubeconfig, kubeconfig, podLog);
  const environment = { KUBECONFIG: kubeconfig, HOME: directory, KUBECACHEDIR: join(directory, 'kubectl') };
  return {
    cluster: opened.cluster,
    isReal: realKubeconfig !== undefined,
    kubeconfig,
    environment,
    flux: (line) => runFlux(line, environment),
    run: (program, line) => runProgram(program, line.split(' '), environment),
    async close() {
      await opened.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

interface Opened {
  readonly cluster: Cluster;
  readonly close: () => Promise<void>;
}

async function openEmbedded(kubeconfig: string, podLog: PodLog): Promise<Opened> {
  const embedded = await startCluster({ ephemeral: true, podLog });
  writeFileSync(kubeconfig, embedded.kubeconfig, { mode: 0o600 });
  return { cluster: createCluster(embedded.fetch), close: () => embedded.stop() };
}

async function openReal(path: string, kubeconfig: string, podLog: PodLog): Promise<Opened> {
  copyFileSync(path, kubeconfig);
  const network = networkFetch(await loadKubeconfig({ path }));
  const cluster = createCluster(network);
  const handOn = await takeTurn(cluster);
  const node = await playNode(cluster, podLog);
  return {
    cluster,
    async close() {
      await node.close();
      await handOn();
      await network.close();
    },
  };
}

function runProgram(
  program: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): ReturnType<TestCluster['run']> {
  const env = { PATH: process.env['PATH'] ?? '', ...environment };
  return new Promise((resolve) => {
    execFile(program, args, { env, timeout: 60_000, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
      resolve({ code, stdout, stderr });
    });
  });
}
