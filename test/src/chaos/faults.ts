import type { Fetch, HttpResponse } from '@sluice/kube';
import type { World } from '@sluice/controllers/testing';
import { systemClock, type Clock } from '@sluice/runtime';
import type { ArtifactStore } from '@sluice/sources';

/** Everything that can go wrong, each for a while. */
export const faultNames = [
  'API refuses connections',
  'API answers 409, 410, 429 and 500',
  'watches end again and again',
  'watches go silent',
  'Git is dead',
  'Git is slow',
  'the disk is full',
  'the clock jumps an hour ahead',
  'the clock jumps an hour back',
] as const;
export type FaultName = (typeof faultNames)[number];

export interface Faults {
  /** Which are on now. */
  readonly active: Set<FaultName>;
  /** The API as a process sees it. */
  fetch(api: Fetch): Fetch;
  store(store: ArtifactStore): ArtifactStore;
  readonly clock: Clock;
  end(): void;
}

const ANSWERS: readonly (readonly [number, string])[] = [
  [409, 'Conflict'],
  [410, 'Expired'],
  [429, 'TooManyRequests'],
  [500, 'InternalError'],
];

const answer = ([code, reason]: readonly [number, string]): HttpResponse => ({
  status: code,
  headers: { 'content-type': 'application/json', ...(code === 429 ? { 'retry-after': '0' } : {}) },
  body: JSON.stringify({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', reason, message: 'chaos', code }),
});

export function createFaults(world: World, random: () => number): Faults {
  const active = new Set<FaultName>();
  const endGit = world.git.intercept((_request, response) => {
    if (active.has('Git is dead')) response.destroy();
    return active.has('Git is dead');
  });
  // Slow, not dead: it answers in its time.
  const endSlowGit = world.git.intercept((request) => {
    if (active.has('Git is slow')) {
      request.pause();
      setTimeout(() => request.resume(), 500);
    }
    return false;
  });
  return {
    active,
    fetch: (api) => async (request) => {
      if (active.has('API refuses connections')) throw new Error('connect ECONNREFUSED');
      if (active.has('API answers 409, 410, 429 and 500') && random() < 0.3) return answer(ANSWERS[Math.floor(random() * ANSWERS.length)]!);
      const response = await api(request);
      if (!/[?&]watch=(true|1)/.test(request.path) || typeof response.body === 'string' || response.body instanceof Uint8Array)
        return response;
      return response.body === undefined ? response : { ...response, body: trouble(response.body, active, random) };
    },
    store: (store) => ({
      ...store,
      put: (...args) =>
        active.has('the disk is full') ? Promise.reject(new Error('ENOSPC: no space left on device, write')) : store.put(...args),
    }),
    clock: {
      now: () =>
        systemClock.now() +
        (active.has('the clock jumps an hour ahead') ? 3600_000 : 0) -
        (active.has('the clock jumps an hour back') ? 3600_000 : 0),
      after: (delayMs, run) => systemClock.after(delayMs, run),
    },
    end() {
      active.clear();
      endGit();
      endSlowGit();
    },
  };
}

/** A watch that ends, or says nothing any more, when it has something to say in bad times. */
async function* trouble(body: AsyncIterable<Uint8Array>, active: ReadonlySet<FaultName>, random: () => number): AsyncGenerator<Uint8Array> {
  let isSilent = false;
  for await (const chunk of body) {
    if (active.has('API refuses connections') || (active.has('watches end again and again') && random() < 0.5)) return;
    // Silent for ever, also when times are good again: who listens must notice.
    isSilent ||= active.has('watches go silent') && random() < 0.2;
    if (!isSilent) yield chunk;
  }
}
