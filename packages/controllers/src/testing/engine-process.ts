import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';
import { createCluster, loadKubeconfig, networkFetch, type Fetch } from '@sluice/kube';
import { silentLogger } from '@sluice/runtime';
import { createGitClient, openArtifactStore } from '@sluice/sources';
import { startControllers, type Controllers } from '../start.js';

/** The request at which the process kills itself, before the server has it, or when the server has answered. */
export interface KillPoint {
  readonly method: string;
  /** A part of the path with its query. */
  readonly path: string;
  readonly not?: string;
  readonly when: 'before' | 'after';
}

interface Options {
  readonly kubeconfig: string;
  readonly directory: string;
}

/** The controllers in a process of their own, which can be killed as the kernel kills. It is loaded at once, and works when it is started. */
export class EngineProcess {
  readonly #child: ChildProcess;
  /** Resolves with the signal that ended it. */
  readonly ended: Promise<NodeJS.Signals | null>;

  constructor(options: Options) {
    // It does not live long enough for what V8 would optimize to pay off.
    this.#child = fork(fileURLToPath(import.meta.url), [JSON.stringify(options)], { execArgv: ['--no-opt'] });
    this.ended = once(this.#child, 'exit').then(([, signal]) => signal as NodeJS.Signals | null);
  }

  /** Resolves when it knows what is in the cluster. */
  async start(): Promise<void> {
    const ready = once(this.#child, 'message');
    this.#child.send('start');
    await ready;
  }

  /** Has it kill itself at such a request. */
  async arm(point: KillPoint): Promise<void> {
    const armed = once(this.#child, 'message');
    this.#child.send(point);
    await armed;
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}

async function run({ kubeconfig, directory }: Options): Promise<void> {
  const network = networkFetch(await loadKubeconfig({ path: kubeconfig }));
  let point: KillPoint | undefined;
  const fetch: Fetch = async (request) => {
    const { method, path } = request;
    const hits = point?.method === method && path.includes(point.path) && (point.not === undefined || !path.includes(point.not));
    if (hits && point?.when === 'before') process.kill(process.pid, 'SIGKILL');
    const response = await network(request);
    if (hits) process.kill(process.pid, 'SIGKILL');
    return response;
  };
  // The caches on disk belong to one process at a time: they are opened when it begins to work.
  const start = (): Controllers =>
    startControllers({
      cluster: createCluster(fetch),
      git: createGitClient({ cacheDir: `${directory}/git` }),
      store: openArtifactStore({ dir: `${directory}/store`, baseUrl: 'http://localhost' }),
      log: silentLogger,
      controllers: ['source-controller', 'kustomize-controller'],
      backoff: { firstMs: 50, longestMs: 400 },
    });
  process.on('message', (message: KillPoint | 'start') => {
    if (message === 'start') {
      void start()
        .whenReady()
        .then(() => process.send?.('ready'));
      return;
    }
    point = message;
    process.send?.('armed');
  });
  // Whoever tests may have been ended.
  process.on('disconnect', () => process.exit());
}

if (argv[1] === fileURLToPath(import.meta.url)) await run(JSON.parse(argv[2] ?? '{}') as Options);
