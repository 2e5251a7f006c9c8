import { chmod, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { KubeObject } from '@sluice/core';
import { systemTimers, type Fetch } from '@sluice/kube';
import { ADMIN, createApiServer } from '../server/api-server.js';
import { simulatedLog, startControllers } from '../simulate/index.js';
import { listen } from '../server/listener.js';
import { memoryJournal } from '../store/journal.js';
import { openLevelJournal } from '../store/level-journal.js';
import { Store } from '../store/store.js';
import { bootstrap } from './bootstrap.js';
import { createCredentials, loadCredentials } from './credentials.js';
import { kubeconfigText } from './kubeconfig.js';

export interface ClusterOptions {
  /** Where the cluster is kept. Without one it lives in memory. */
  readonly directory?: string;
  /** In memory, whatever the directory holds. */
  readonly ephemeral?: boolean;
  /** Default: any free port. */
  readonly port?: number;
  /** Default: loopback only. */
  readonly host?: string;
  /** Whether Deployments roll out, Pods become Ready, and so on, as if there were a node. Default: true. */
  readonly simulate?: boolean;
  /** Whether there is a node for pods, as if. Without one they are made, and stay pending. Default: true. */
  readonly nodes?: boolean;
  /** What a container has logged. Default: that nothing runs, and what would. */
  readonly podLog?: (pod: KubeObject, container: string) => string;
  /** Told what was wrong with the stored data, when something was. */
  readonly onDamage?: (message: string) => void;
}

export interface EmbeddedCluster {
  /** `https://127.0.0.1:41234` */
  readonly url: string;
  /** A kubeconfig of the admin, with a bearer token. */
  readonly kubeconfig: string;
  /** Where that kubeconfig is, when the cluster has a directory. */
  readonly kubeconfigPath: string | undefined;
  readonly token: string;
  /** The API without the network, as the admin. */
  readonly fetch: Fetch;
  stop(): Promise<void>;
}

const LOOPBACK = '127.0.0.1';

/**
 * Starts a Kubernetes API in this process: in memory, or in a directory where the next start finds it again.
 *
 * ```ts
 * const cluster = await startCluster();
 * const kube = createCluster(cluster.fetch);
 * await kube.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
 * await cluster.stop();
 * ```
 */
export async function startCluster(options: ClusterOptions = {}): Promise<EmbeddedCluster> {
  const host = options.host ?? LOOPBACK;
  const directory = options.ephemeral === true || options.directory === undefined ? undefined : resolve(options.directory);
  const hosts = [
    LOOPBACK,
    '::1',
    'localhost',
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    '10.96.0.1',
    ...(host === '0.0.0.0' || host === '::' ? [] : [host]),
  ];
  const credentials = directory === undefined ? createCredentials(hosts, Date.now()) : await loadCredentials(directory, hosts, Date.now());
  const journal =
    directory === undefined
      ? memoryJournal()
      : await openLevelJournal(join(directory, 'store'), options.onDamage ?? ((message) => process.emitWarning(message, 'StoreDamaged')));
  try {
    const store = await Store.open(journal);
    await bootstrap(store, Date.now());
    const server = createApiServer({
      store,
      serviceAccountKey: credentials.serviceAccountKey,
      podLog: options.podLog ?? simulatedLog,
      staticTokens: new Map([[credentials.adminToken, ADMIN]]),
    });
    const controllers = startControllers({
      context: server.context,
      fetch: server.fetch,
      timers: systemTimers,
      ...(options.simulate === false
        ? {}
        : { simulation: { rootCertificate: credentials.authority.certificate, nodes: options.nodes ?? true } }),
    });
    const listener = await listen(server.handler, {
      host,
      port: options.port ?? 0,
      certificate: credentials.server.certificate,
      key: credentials.server.key,
      authority: credentials.authority.certificate,
    });
    const kubeconfig = kubeconfigText('sluice', listener.url, credentials.authority.certificate, credentials.adminToken);
    const kubeconfigPath = directory === undefined ? undefined : join(directory, 'kubeconfig');
    if (kubeconfigPath !== undefined) {
      await writeFile(kubeconfigPath, kubeconfig, { mode: 0o600 });
      await chmod(kubeconfigPath, 0o600);
    }
    return {
      url: listener.url,
      kubeconfig,
      kubeconfigPath,
      token: credentials.adminToken,
      fetch: server.fetch,
      async stop() {
        controllers.stop();
        await listener.close();
        await store.close();
      },
    };
  } catch (error) {
    await journal.close();
    throw error;
  }
}
