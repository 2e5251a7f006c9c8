import { computeHealth, waitFor, type Cluster } from '@sluice/kube';
import type { Terminal } from '../terminal.js';

/** Waits until Deployments have rolled out, and says of each how it is. Whether all of them are. */
export async function reportDeployments(
  cluster: Cluster,
  namespace: string,
  names: readonly string[],
  terminal: Terminal,
  signal: AbortSignal,
): Promise<boolean> {
  const states = await deploymentStates(cluster, namespace, names, signal);
  for (const [name, state] of states) reportState(name, state, terminal);
  return [...states.values()].every((state) => state === READY);
}

/** How Deployments are when they have rolled out, or when the time is over. */
export async function deploymentStates(
  cluster: Cluster,
  namespace: string,
  names: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  return new Map(await Promise.all(names.map(async (name) => [name, await rollOut(cluster, namespace, name, signal)] as const)));
}

/** Says how a Deployment is. Whether it is ready. */
export function reportState(name: string, state: string, terminal: Terminal): boolean {
  if (state === READY) terminal.success(`${name}: deployment ready`);
  else terminal.failure(`${name}: deployment ${state}`);
  return state === READY;
}

const READY = 'ready';

async function rollOut(cluster: Cluster, namespace: string, name: string, signal: AbortSignal): Promise<string> {
  const key = { apiVersion: 'apps/v1', kind: 'Deployment', namespace, name };
  let state = 'not found';
  try {
    await waitFor(
      cluster,
      key,
      (deployment) => {
        if (deployment === undefined) {
          state = 'not found';
          return false;
        }
        const { status, message } = computeHealth(deployment);
        state = status === 'Current' ? READY : message === '' ? 'not ready' : `not ready: ${message}`;
        return status === 'Current';
      },
      { signal },
    );
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return state;
}
