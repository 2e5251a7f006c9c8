import { createCluster, type Fetch, type HttpRequest } from '@sluice/kube';
import type { ControllersOptions } from '../start.js';
import type { World } from './world.js';

export interface Fault {
  readonly at: (request: HttpRequest) => boolean;
  readonly how: 'dies' | 'fails once';
}

/** The API of a world, whose controllers can be cut off from it for ever, or refused once. */
export function breakable(world: World, options: Partial<ControllersOptions> = {}) {
  let fault: Fault | undefined;
  let dead = false;
  const fetch: Fetch = (request) => {
    if (!dead && fault?.at(request) === true) {
      if (fault.how === 'dies') dead = true;
      const { how } = fault;
      fault = undefined;
      if (how === 'fails once') return Promise.resolve({ status: 403, headers: { 'content-type': 'application/json' }, body: REFUSAL });
    }
    return dead ? Promise.reject(new Error('connection refused')) : world.embedded.fetch(request);
  };
  return {
    breakAt(next: Fault): void {
      fault = next;
    },
    isBroken: (): boolean => fault === undefined,
    async restart(): Promise<void> {
      await world.stopControllers(0);
      dead = false;
      await world.startControllers({ ...options, cluster: createCluster(fetch) });
    },
  };
}

const REFUSAL = JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'Forbidden', message: 'not now', code: 403 });
