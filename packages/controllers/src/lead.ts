import { createCluster, electLeader, fence, type Cluster, type Fetch, type LeaderElectionOptions } from '@sluice/kube';
import type { Controllers } from './start.js';

export interface LeadOptions {
  /** The Lease that decides: as with Flux, one for each set of controllers. */
  readonly election: LeaderElectionOptions;
  /** Starts the controllers on a cluster that takes no writes any more once leadership is not sure. */
  readonly start: (cluster: Cluster) => Controllers;
}

/** Controllers that work while this process leads. */
export interface Leadership {
  /** The controllers, when this process leads; rejects when it is stopped before. */
  readonly leading: Promise<Controllers>;
  /** Resolves when leadership was lost, or given up, and the controllers have ended. Who lost it starts anew, best as a new process. */
  readonly ended: Promise<void>;
  /** Lets what is under way end within `graceMs`, then gives leadership up, so that another takes over at once. */
  stop(graceMs?: number): Promise<void>;
}

/**
 * Starts controllers when this process leads, and stops them when it does no longer: of several processes one works.
 *
 * ```ts
 * const leadership = leadControllers(fetch, { election: { namespace, name: 'kustomize-controller-leader-election', identity }, start });
 * await leadership.ended;
 * process.exit(1);
 * ```
 */
export function leadControllers(fetch: Fetch, { election: options, start }: LeadOptions): Leadership {
  const election = electLeader(createCluster(fetch), options);
  const fenced = createCluster(fence(fetch, () => election.isLeader()));
  const leading = election.acquired.then(() => start(fenced));
  const lost = new Promise<void>((resolve) => {
    if (election.lost.aborted) resolve();
    else election.lost.addEventListener('abort', () => resolve(), { once: true });
  });
  const end = async (graceMs: number): Promise<void> => {
    const controllers = await leading.catch(() => undefined);
    await controllers?.stop(graceMs);
  };
  return {
    leading,
    // What it still has in its hands is fenced off: there is nothing to wait for.
    ended: lost.then(() => end(0)),
    async stop(graceMs = 30_000) {
      if (election.isLeader()) await end(graceMs);
      await election.stop();
    },
  };
}
