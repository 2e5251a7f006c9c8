import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { crdOf } from '@sluice/api';
import { controlledResources, startControllers, tracingFromEnvironment, type ControllersOptions } from '@sluice/controllers';
import { requestAnnotations, type KubeObject } from '@sluice/core';
import { createCluster, type Cluster, type Fetch } from '@sluice/kube';
import { createClientMetrics, createLogger, createRegistry } from '@sluice/runtime';
import { artifactHandler, createGitClient, openArtifactStore } from '@sluice/sources';
import { gitRepository as gitRepositoryKind } from '../kinds/index.js';
import { serveHttp } from './serve.js';
import type { StateDirectory } from './state-directory.js';

/** The controllers at work on a cluster of this machine. */
export interface Engine {
  /** Where `/metrics`, `/healthz`, `/readyz`, the artifacts and the webhooks (`/hook/…`) are; `POST /` takes events. */
  readonly url: string;
  /** Asks for a fetch of a GitRepository now, as a webhook would. */
  requestSync(repository: { readonly namespace: string; readonly name: string }): void;
  stop(): Promise<void>;
}

/** Time for what is under way when the engine is stopped. What does not end in it goes on at the next start. */
const GRACE_MS = 5_000;

/** Installs the custom resources and starts the controllers. Repositories on this machine may be named: it is a person's own. */
export async function startEngine(
  fetch: Fetch,
  state: StateDirectory,
  port: number,
  settings: ControllersOptions['settings'] = {},
): Promise<Engine> {
  const directory = join(state.path, 'engine');
  const metrics = createRegistry();
  const cluster = createCluster(createClientMetrics(metrics).counted(fetch, 'embedded'));
  const tracing = tracingFromEnvironment(process.env);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const logFile = createWriteStream(state.log, { flags: 'a', mode: 0o600 });
  const log = createLogger({ level: 'info', write: (line) => logFile.write(`${line}\n`) });
  // The handler is known only once the store is, and the store must know the address.
  let handler: Fetch = answerStarting;
  const service = await serveHttp((request) => handler(request), port).catch((error: unknown) => {
    throw (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
      ? new Error(`port ${port} is in use: choose another with --metrics-port.`, { cause: error })
      : error;
  });
  try {
    for (const resource of controlledResources)
      await cluster.apply(allowFileUrls(crdOf(resource)), { fieldManager: 'sluice', force: true });
    const store = openArtifactStore({ dir: join(directory, 'artifacts'), baseUrl: service.url });
    const git = createGitClient({ cacheDir: join(directory, 'git'), allowFile: true });
    const controllers = startControllers({
      cluster,
      git,
      store,
      log,
      metrics,
      allowFile: true,
      settings,
      ...(tracing === undefined ? {} : { tracing }),
    });
    const artifacts = artifactHandler(store);
    handler = (request) => {
      if (isProbe(request.path)) return controllers.probes(request);
      if (request.path.startsWith('/hook/')) return controllers.webhookHandler(request);
      return request.path === '/' ? controllers.eventHandler(request) : artifacts(request);
    };
    await controllers.whenReady();
    return {
      url: service.url,
      requestSync: (repository) => {
        requestSync(cluster, repository).catch((error: unknown) =>
          log.error('the repository changed, but a fetch could not be requested', error),
        );
      },
      stop: async () => {
        await controllers.stop(GRACE_MS);
        await service.close();
        await finished(logFile.end());
      },
    };
  } catch (error) {
    await service.close();
    throw error;
  }
}

const answerStarting: Fetch = () => Promise.resolve({ status: 503, headers: {}, body: 'starting\n' });

/** The definition, with `file://` among the schemes of addresses: the person's own repository lies on this machine. */
function allowFileUrls(definition: KubeObject): KubeObject {
  return JSON.parse(JSON.stringify(definition).replaceAll('^(http|https|ssh)://', '^(http|https|ssh|file)://')) as KubeObject;
}

function isProbe(path: string): boolean {
  return /^\/(metrics|healthz|readyz)(\?|$)/.test(path);
}

async function requestSync(cluster: Cluster, { namespace, name }: { namespace: string; name: string }): Promise<void> {
  const { apiVersion, kind } = gitRepositoryKind;
  const annotations = { [requestAnnotations.requestedAt]: new Date().toISOString() };
  await cluster.patch({ apiVersion, kind, namespace, name }, 'merge', { metadata: { annotations } }, { fieldManager: 'sluice' });
}
