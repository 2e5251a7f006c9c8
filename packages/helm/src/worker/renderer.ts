import { createRequire } from 'node:module';
import { MessageChannel, Worker } from 'node:worker_threads';
import { SluiceError, type JsonObject } from '@sluice/core';
import type { Chart } from '../chart/chart.js';
import type { RenderOptions, Rendering } from '../render/render.js';
import type { ReleaseOptions } from '../render/templates.js';
import type { Values } from '../values/values.js';
import { Pool } from './pool.js';
import type { Answer, LookupAnswer, LookupRequest, RenderRequest } from './messages.js';

export interface RendererOptions {
  /** How many charts render at the same time. Default: 1. Where one takes long, others render beside it. */
  readonly workers?: number;
  /** After how many milliseconds a rendering takes long. Default: three seconds, more than it takes to start a worker on a busy machine. */
  readonly patience?: number;
  /** How long one may take, in milliseconds. Default: 30 seconds. Waiting for the cluster (`lookup`) is part of it. */
  readonly timeout?: number;
  /** How much memory one may take, in megabytes. Default: 512. */
  readonly memory?: number;
}

/** Asks the cluster, as {@link RenderOptions.lookup} does; the worker waits for the answer. */
export type AsyncLookup = (apiVersion: string, kind: string, namespace: string, name: string) => Promise<JsonObject | undefined>;

export interface RendererJob extends Omit<RenderOptions, 'lookup' | 'postRenderer' | 'limits'> {
  readonly lookup?: AsyncLookup;
  /** Changes the deadline for this one. */
  readonly timeout?: number;
  readonly signal?: AbortSignal;
}

/** Renders charts in workers. A template that runs away ends at its deadline and takes nobody with it. */
export interface Renderer {
  /** A chart goes to a worker once; further renderings of the same chart object find it there, parsed. */
  readonly render: (chart: Chart, values: Readonly<Values>, release: ReleaseOptions, job?: RendererJob) => Promise<Rendering>;
  /** Stops the workers, and what they are at. */
  readonly close: () => Promise<void>;
}

/** How many workers there may be besides the usual ones, each with memory of its own. */
const MAX_SPARE = 2;

export function createRenderer({ workers = 1, patience = 3_000, timeout = 30_000, memory = 512 }: RendererOptions = {}): Renderer {
  const threads = new Pool({ make: () => new Thread(memory), usual: workers, most: workers + MAX_SPARE, patience });
  return {
    render: async (chart, values, release, job = {}) => {
      const thread = await threads.take(job.signal);
      try {
        return await thread.render(chart, values, release, { ...job, timeout: job.timeout ?? timeout });
      } finally {
        threads.giveBack(thread);
      }
    },
    close: () => threads.close(new SluiceError('RenderTimeout', 'the renderer is closed')),
  };
}

/** What workers run. Found by its name: this code may have been bundled into a file elsewhere. */
function threadFile(): string {
  return createRequire(import.meta.url).resolve('@sluice/helm/thread');
}

/** How many charts a worker keeps. */
const MAX_CHARTS = 200;

class Thread {
  isDead = false;
  readonly #worker: Worker;
  readonly #memory: number;
  /** The numbers by which the worker knows charts. */
  readonly #charts = new WeakMap<Chart, number>();
  #sent = 0;

  constructor(memory: number) {
    this.#memory = memory;
    this.#worker = new Worker(threadFile(), {
      resourceLimits: { maxOldGenerationSizeMb: memory, stackSizeMb: 16 },
    });
    this.#worker.unref();
    this.#worker.on('exit', () => (this.isDead = true));
    // Errors are those of the job, which listens for itself.
    this.#worker.on('error', () => (this.isDead = true));
  }

  async render(
    chart: Chart,
    values: Readonly<Values>,
    release: ReleaseOptions,
    job: RendererJob & { timeout: number },
  ): Promise<Rendering> {
    const { lookup, timeout, signal, ...options } = job;
    signal?.throwIfAborted();
    const { id, isNew } = this.#numberOf(chart);
    const channel = new MessageChannel();
    const shared = new Int32Array(new SharedArrayBuffer(4));
    const request: RenderRequest = {
      id,
      ...(isNew && { chart, drop: id - MAX_CHARTS }),
      values,
      release,
      options,
      ...(lookup !== undefined && { lookup: { port: channel.port2, shared } }),
    };
    if (lookup !== undefined) channel.port1.on('message', (asked: LookupRequest) => void answer(asked));
    const worker = this.#worker;
    worker.ref();
    const answer = async ({ apiVersion, kind, namespace, name }: LookupRequest): Promise<void> => {
      let found: LookupAnswer;
      try {
        found = { object: await lookup?.(apiVersion, kind, namespace, name) };
      } catch (error) {
        found = { error: error instanceof Error ? error.message : String(error) };
      }
      channel.port1.postMessage(found);
      Atomics.store(shared, 0, 1);
      Atomics.notify(shared, 0);
    };
    try {
      return await new Promise<Rendering>((resolve, reject) => {
        const timer = setTimeout(() => end(() => reject(this.#late(release, timeout)), true), timeout);
        const end = (settle: () => void, kill: boolean): void => {
          clearTimeout(timer);
          worker.off('message', onMessage);
          worker.off('error', onError);
          worker.off('exit', onExit);
          signal?.removeEventListener('abort', onAbort);
          if (!kill) return settle();
          // The job has its answer once the thread is gone: nothing of it goes on.
          void this.stop().then(settle);
        };
        const onMessage = (message: Answer): void =>
          end(() => ('rendering' in message ? resolve(message.rendering) : reject(revive(message))), false);
        const onError = (error: Error): void => end(() => reject(this.#broken(release, error)), true);
        const onExit = (): void => end(() => reject(this.#broken(release)), false);
        const onAbort = (): void => end(() => reject(signal?.reason as Error), true);
        worker.on('message', onMessage);
        worker.on('error', onError);
        worker.on('exit', onExit);
        signal?.addEventListener('abort', onAbort, { once: true });
        worker.postMessage(request, lookup === undefined ? [] : [channel.port2]);
      });
    } finally {
      channel.port1.close();
      worker.unref();
    }
  }

  #numberOf(chart: Chart): { readonly id: number; readonly isNew: boolean } {
    const known = this.#charts.get(chart);
    // The worker keeps the last ones only.
    if (known !== undefined && known > this.#sent - MAX_CHARTS) return { id: known, isNew: false };
    const id = ++this.#sent;
    this.#charts.set(chart, id);
    return { id, isNew: true };
  }

  async stop(): Promise<void> {
    this.isDead = true;
    await this.#worker.terminate();
  }

  #late({ name }: ReleaseOptions, timeout: number): SluiceError {
    return new SluiceError('RenderTimeout', `rendering the release ${name} did not end within ${timeout / 1_000} seconds`);
  }

  #broken({ name }: ReleaseOptions, error?: Error): SluiceError {
    if (error !== undefined && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY') {
      return new SluiceError('RenderTimeout', `rendering the release ${name} took more than ${this.#memory} MB of memory`, {
        cause: error,
      });
    }
    return new SluiceError('RenderFailed', `rendering the release ${name} was stopped: ${error?.message ?? 'its worker ended'}`, {
      cause: error,
    });
  }
}

function revive({ reason, message, place }: Exclude<Answer, { rendering: Rendering }>): SluiceError {
  return new SluiceError(reason, message, { place });
}
