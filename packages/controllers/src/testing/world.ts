import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crdOf } from '@sluice/api';
import { startCluster, type EmbeddedCluster } from '@sluice/apiserver';
import { createCluster, type Cluster, type ObjectKey } from '@sluice/kube';
import { silentLogger, systemClock, type Clock, type ResourceEvent } from '@sluice/runtime';
import { artifactHandler, createGitClient, openArtifactStore, type ArtifactStore } from '@sluice/sources';
import { controlledResources } from '../resources.js';
import { startControllers, type Controllers, type ControllersOptions } from '../start.js';
import { startGitServer, type GitServer } from './git-server.js';
import { startWebServer, type WebServer } from './web-server.js';

/** An embedded cluster with the custom resources, a Git server, and the controllers over both. */
export interface World {
  readonly cluster: Cluster;
  readonly embedded: EmbeddedCluster;
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

export async function startWorld(): Promise<World> {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-controllers-'));
  const embedded = await startCluster({ ephemeral: true, simulate: false });
  const cluster = createCluster(embedded.fetch);
  for (const definition of controlledResources) await cluster.apply(crdOf(definition), { fieldManager: 'test', force: true });
  const git = await startGitServer(join(directory));
  const web = await startWebServer();
  const openStore = (): ArtifactStore => openArtifactStore({ dir: join(directory, 'store'), baseUrl: 'http://localhost' });
  let store = openStore();
  const events: ResourceEvent[] = [];
  const listeners = new Set<(event: ResourceEvent) => void>();
  let running: Controllers | undefined;
  const stopControllers = async (graceMs = 1000): Promise<void> => {
    await running?.stop(graceMs);
    running = undefined;
  };
  return {
    cluster,
    embedded,
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
    async eventually(what, probe, withinMs = 20_000) {
      const deadline = Date.now() + withinMs;
      for (;;) {
        const answer = await probe();
        if (answer !== undefined && answer !== false) return answer;
        if (Date.now() > deadline) throw new Error(`${what}: not within ${withinMs} ms`);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
    async close() {
      await stopControllers();
      await git.close();
      await web.close();
      await embedded.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
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
