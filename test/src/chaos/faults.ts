import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
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
  'the registry and the charts are dead',
  'the registry and the charts are slow',
  'webhooks are lost',
  'those who are told are dead',
  'those who are told are slow',
  'the disk is full',
  'the clock jumps an hour ahead',
  'the clock jumps an hour back',
] as const;
export type FaultName = (typeof faultNames)[number];

export interface Faults {
  /** Where those are who want to be told of events. */
  readonly inbox: string;
  /** How many events have come there. */
  readonly told: () => number;
  /** Which are on now. */
  readonly active: Set<FaultName>;
  /** Runs something that comes from elsewhere, and so does not meet the registry's faults: a push. */
  spare<T>(run: () => Promise<T>): Promise<T>;
  /** The API as a process sees it. */
  fetch(api: Fetch): Fetch;
  store(store: ArtifactStore): ArtifactStore;
  readonly clock: Clock;
  end(): Promise<void>;
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

/** Slow, not dead: it answers in its time. */
const SLOW_MS = 500;

export async function createFaults(world: World, random: () => number): Promise<Faults> {
  const active = new Set<FaultName>();
  let isSpared = false;
  const refuses = (fault: FaultName) => (_request: IncomingMessage, response: ServerResponse) => {
    if (isSpared || !active.has(fault)) return false;
    response.destroy();
    return true;
  };
  const slowly = (fault: FaultName) => (request: IncomingMessage) => {
    if (active.has(fault)) {
      request.pause();
      setTimeout(() => request.resume(), SLOW_MS);
    }
    return false;
  };
  // What answers nobody's body must hold back its answer.
  let isHeldBack = false;
  const slowAnswers = (request: IncomingMessage, response: ServerResponse): boolean => {
    if (isSpared || isHeldBack || !active.has('the registry and the charts are slow')) return false;
    setTimeout(() => {
      isHeldBack = true;
      world.web.handle(request, response);
      isHeldBack = false;
    }, SLOW_MS);
    return true;
  };
  const endings = [
    world.git.intercept(refuses('Git is dead')),
    world.git.intercept(slowly('Git is slow')),
    world.web.intercept(refuses('the registry and the charts are dead')),
    world.web.intercept(slowAnswers),
  ];
  let told = 0;
  const inbox = createServer((request, response) => {
    if (active.has('those who are told are dead')) return void response.destroy();
    request.resume().on('end', () => {
      told++;
      setTimeout(() => response.end(), active.has('those who are told are slow') ? SLOW_MS : 0);
    });
  });
  await new Promise<void>((resolve) => inbox.listen(0, '127.0.0.1', resolve));
  const whenThereIsRoom = async <T>(write: () => Promise<T>): Promise<T> => {
    if (active.has('the disk is full')) throw new Error('ENOSPC: no space left on device, write');
    return await write();
  };
  return {
    active,
    inbox: `http://127.0.0.1:${(inbox.address() as AddressInfo).port}/`,
    told: () => told,
    async spare(run) {
      isSpared = true;
      try {
        return await run();
      } finally {
        isSpared = false;
      }
    },
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
      put: (...args) => whenThereIsRoom(() => store.put(...args)),
      putFile: (...args) => whenThereIsRoom(() => store.putFile(...args)),
      adopt: (...args) => whenThereIsRoom(() => store.adopt(...args)),
    }),
    clock: {
      now: () =>
        systemClock.now() +
        (active.has('the clock jumps an hour ahead') ? 3600_000 : 0) -
        (active.has('the clock jumps an hour back') ? 3600_000 : 0),
      after: (delayMs, run) => systemClock.after(delayMs, run),
    },
    async end() {
      active.clear();
      for (const end of endings) end();
      await new Promise((resolve) => {
        inbox.close(resolve);
        inbox.closeAllConnections();
      });
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
