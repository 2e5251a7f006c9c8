import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crdOf, type CustomResource } from '@sluice/api';
import { startCluster, type ClusterOptions, type EmbeddedCluster } from '@sluice/apiserver';
import { createCluster, loadKubeconfig, networkFetch, type Cluster, type ObjectKey } from '@sluice/kube';
import { silentLogger, systemClock, type Clock, type ResourceEvent } from '@sluice/runtime';
import { artifactHandler, createGitClient, openArtifactStore, type ArtifactStore } from '@sluice/sources';
import { controlledResources } from '../resources.js';
import { startControllers, type Controllers, type ControllersOptions } from '../start.js';
import { startGitServer, type GitServer } from './git-server.js';
import { takeTurn } from './turn.js';
import { startWebServer, type WebServer } from './web-server.js';

/** A cluster with the custom resources, a Git server, and the controllers over both. */
export interface WorldOver {
  readonly cluster: Cluster;
  /** A file. */
  readonly kubeconfig: string;
  /** Makes a namespace, by another name where others may have made one of this name. Returns its name. In a cluster that stays it goes with the world. */
  createNamespace(name: string): Promise<string>;
  readonly git: GitServer;
  /** Charts and a registry. */
  readonly web: WebServer;
  /** Of the controllers that run, or ran last. */
  readonly store: ArtifactStore;
  /** What is served under an artifact's path; fails with the status when nothing is. */
  artifact(path: string): Promise<Buffer>;
  /** Everything that was told, in order. */
  readonly events: ResourceEvent[];
  /** Hears of everything that is told; the result ends it. */
  onEvent(listener: (event: ResourceEvent) => void): () => void;
  /** Starts the controllers; they are stopped with the world. Again after {@link stopControllers}, as after a restart. */
  startControllers(options?: Partial<ControllersOptions>): Promise<Controllers>;
  stopControllers(graceMs?: number): Promise<void>;
  /** Waits until the condition holds, and fails with the last answer when it does not in time. */
  eventually<T>(what: string, probe: () => T | undefined | false | Promise<T | undefined | false>, withinMs?: number): Promise<T>;
  close(): Promise<void>;
}

/** One over an embedded cluster. */
export interface World extends WorldOver {
  readonly embedded: EmbeddedCluster;
}

/** Some things take a while on a busy machine. */
const PATIENCE_MS = 60_000;

/** Over an embedded cluster, in which workloads stay as they are unless they are to be simulated. */
export async function startWorld(options: Pick<ClusterOptions, 'simulate' | 'podLog'> = {}): Promise<World> {
  const embedded = await startCluster({ ephemeral: true, simulate: false, ...options });
  return await openWorld({
    cluster: createCluster(embedded.fetch),
    suffix: '',
    writeKubeconfig: (path) => writeFileSync(path, embedded.kubeconfig, { mode: 0o600 }),
    close: () => embedded.stop(),
    more: { embedded },
  });
}

const named = process.env['KUBECONFIG_E2E'] ?? '';
/** The file that names a real cluster for tests; undefined where there is none. */
export const realKubeconfig: string | undefined = named === '' ? undefined : named;

/** The same over a real cluster, which keeps what is made in it. */
export async function startRealWorld(kubeconfig: string): Promise<WorldOver> {
  const network = networkFetch(await loadKubeconfig({ path: kubeconfig }));
  const cluster = createCluster(network);
  const handOn = await takeTurn(cluster);
  return await openWorld({
    cluster,
    suffix: `-${randomBytes(3).toString('hex')}`,
    writeKubeconfig: (path) => copyFileSync(kubeconfig, path),
    close: async () => {
      await handOn();
      await network.close();
    },
    more: {},
  });
}

interface WorldCluster<More> {
  readonly cluster: Cluster;
  /** At the end of names of namespaces; empty in a cluster that goes with the world. */
  readonly suffix: string;
  readonly writeKubeconfig: (path: string) => void;
  readonly close: () => Promise<void>;
  readonly more: More;
}

async function openWorld<More>({ cluster, suffix, writeKubeconfig, close, more }: WorldCluster<More>): Promise<WorldOver & More> {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-controllers-'));
  const kubeconfig = join(directory, 'kubeconfig');
  writeKubeconfig(kubeconfig);
  for (const definition of controlledResources) await cluster.apply(crdOf(definition), { fieldManager: 'test', force: true });
  for (const definition of controlledResources) await whenServed(cluster, definition);
  const git = await startGitServer(join(directory));
  const web = await startWebServer();
  const openStore = (): ArtifactStore => openArtifactStore({ dir: join(directory, 'store'), baseUrl: 'http://localhost' });
  let store = openStore();
  const events: ResourceEvent[] = [];
  const listeners = new Set<(event: ResourceEvent) => void>();
  const namespaces: string[] = [];
  let running: Controllers | undefined;
  const stopControllers = async (graceMs = 1000): Promise<void> => {
    await running?.stop(graceMs);
    running = undefined;
  };
  return {
    ...more,
    cluster,
    kubeconfig,
    async createNamespace(wanted) {
      const name = `${wanted}${suffix}`;
      await cluster.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
      namespaces.push(name);
      return name;
    },
    git,
    web,
    get store() {
      return store;
    },
    async artifact(path) {
      const { status, body } = await artifactHandler(store)({ method: 'GET', path: `/${path}`, headers: {} });
      if (status !== 200) throw new Error(String(status));
      const chunks: Uint8Array[] = [];
      for await (const chunk of body as AsyncIterable<Uint8Array>) chunks.push(chunk);
      return Buffer.concat(chunks);
    },
    events,
    onEvent(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async startControllers(options = {}) {
      store = openStore();
      running = startControllers({
        cluster,
        git: createGitClient({ cacheDir: join(directory, 'git') }),
        store,
        log: silentLogger,
        ...options,
      });
      running.events.subscribe((event) => {
        events.push(event);
        for (const listener of listeners) listener(event);
      });
      await running.whenReady();
      return running;
    },
    stopControllers,
    async eventually(what, probe, withinMs = PATIENCE_MS) {
      const deadline = Date.now() + withinMs;
      for (;;) {
        const answer = await probe();
        if (answer !== undefined && answer !== false) return answer;
        if (Date.now() > deadline) throw new Error(`${what}: not within ${withinMs} ms`);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
    async close() {
      // Whoever has finalizers there needs its controller.
      if (suffix !== '' && running !== undefined) await deleteNamespaces(cluster, namespaces);
      await stopControllers();
      await git.close();
      await web.close();
      await close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function deleteNamespaces(cluster: Cluster, names: readonly string[]): Promise<void> {
  for (const name of names) await cluster.delete({ apiVersion: 'v1', kind: 'Namespace', name });
  for (let attempt = 0; ; attempt++) {
    const { items } = await cluster.list({ apiVersion: 'v1', kind: 'Namespace' }, { as: 'metadata' });
    const left = items.filter(({ metadata }) => names.includes(metadata.name ?? ''));
    if (left.length === 0) return;
    if (attempt === 300) throw new Error(`namespaces do not go: ${left.map(({ metadata }) => metadata.name).join(', ')}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** A real server serves a definition a moment after it has it. */
async function whenServed(cluster: Cluster, { group, kind, versions }: CustomResource): Promise<void> {
  const apiVersion = `${group}/${versions[0].name}`;
  for (let attempt = 0; (await cluster.resourceOf({ apiVersion, kind })) === undefined; attempt++) {
    if (attempt === 100) throw new Error(`${kind} is not served`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** A clock that runs faster than time. */
export function fastClock(factor: number): Clock {
  const start = Date.now();
  return {
    now: () => start + (Date.now() - start) * factor,
    after: (delayMs, run) => systemClock.after(delayMs / factor, run),
  };
}

export type Kind =
  | 'GitRepository'
  | 'OCIRepository'
  | 'HelmRepository'
  | 'HelmChart'
  | 'Bucket'
  | 'ExternalArtifact'
  | 'Kustomization'
  | 'HelmRelease'
  | 'Receiver';

/** The groups of kinds that are no sources. */
const GROUPS: Readonly<Partial<Record<Kind, string>>> = { Kustomization: 'kustomize', HelmRelease: 'helm', Receiver: 'notification' };

export function keyOfKind(kind: Kind, namespace: string, name: string): ObjectKey {
  return { apiVersion: `${GROUPS[kind] ?? 'source'}.toolkit.fluxcd.io/${kind === 'HelmRelease' ? 'v2' : 'v1'}`, kind, namespace, name };
}
