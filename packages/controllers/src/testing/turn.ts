import { randomUUID } from 'node:crypto';
import { electLeader, type Cluster } from '@sluice/kube';

/**
 * Waits until this process has a real cluster to itself: controllers act on all namespaces, those of another suite too.
 * Returns how to hand it on.
 */
export async function takeTurn(cluster: Cluster): Promise<() => Promise<void>> {
  const turn = electLeader(cluster, {
    namespace: 'default',
    name: 'sluice-test-suites',
    identity: randomUUID(),
    retryPeriodMs: 500,
  });
  await turn.acquired;
  return () => turn.stop();
}
