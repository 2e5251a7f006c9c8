import { join } from 'node:path';
import { leadControllers, startControllers, type Controllers, type Leadership } from '@sluice/controllers';
import type { World } from '@sluice/controllers/testing';
import type { Fetch } from '@sluice/kube';
import { silentLogger } from '@sluice/runtime';
import { createGitClient, openArtifactStore } from '@sluice/sources';
import type { Faults } from './faults.js';

const LEASE = { namespace: 'default', name: 'chaos-leader-election' };

/** Controllers that work while they lead, as one of several processes. */
export interface ChaosProcess {
  /** Those that work here now. */
  controllers(): Controllers | undefined;
  /** From now on nothing that it does reaches anybody. */
  kill(): void;
  /** It hears of nothing for a while, as a process that was stopped, and goes on as if nothing had been. */
  pause(forMs: number): void;
  stop(): Promise<void>;
}

export function startProcess(world: World, faults: Faults, directory: string, identity: string): ChaosProcess {
  let isDead = false;
  let pause: Promise<void> | undefined;
  const api = faults.fetch(world.embedded.fetch);
  const fetch: Fetch = async (request) => {
    if (isDead) throw new Error('killed');
    const response = await api(request);
    await pause;
    return response;
  };
  const stopped = new AbortController();
  let current: Leadership | undefined;
  let working: Controllers | undefined;
  const run = async (): Promise<void> => {
    // Who loses leadership starts anew.
    for (let attempt = 0; !stopped.signal.aborted; attempt++) {
      current = leadControllers(fetch, {
        election: { ...LEASE, identity: `${identity}-${attempt}`, leaseDurationMs: 3_000, renewDeadlineMs: 2_000, retryPeriodMs: 200 },
        start: (cluster) => {
          working = startControllers({
            cluster,
            git: createGitClient({ cacheDir: join(directory, 'git') }),
            store: faults.store(openArtifactStore({ dir: join(directory, 'store'), baseUrl: 'http://localhost' })),
            log: silentLogger,
            clock: faults.clock,
            backoff: { firstMs: 200, longestMs: 5_000 },
          });
          return working;
        },
      });
      current.leading.catch(() => undefined);
      await current.ended;
      working = undefined;
    }
  };
  const running = run();
  const stop = async (): Promise<void> => {
    stopped.abort();
    await current?.stop(0);
    await running;
  };
  return {
    controllers: () => working,
    kill() {
      isDead = true;
      void stop();
    },
    pause(forMs) {
      pause ??= new Promise((resolve) => {
        setTimeout(() => {
          pause = undefined;
          resolve();
        }, forMs);
      });
    },
    stop,
  };
}
