import type { Cluster } from '@sluice/kube';

/** Tells of a Deployment what its controller would, were there one: that it runs as it should. */
export async function healDeployment(cluster: Cluster, namespace: string, name: string): Promise<void> {
  const key = { apiVersion: 'apps/v1', kind: 'Deployment', namespace, name };
  const time = '2026-01-01T00:00:00Z';
  const conditions = ['Available', 'Progressing'].map((type) => ({
    type,
    status: 'True',
    reason: 'NewReplicaSetAvailable',
    message: '',
    lastTransitionTime: time,
    lastUpdateTime: time,
  }));
  const observedGeneration = (await cluster.get(key))?.metadata.generation ?? 1;
  const status = { observedGeneration, replicas: 1, updatedReplicas: 1, availableReplicas: 1, readyReplicas: 1, conditions };
  await cluster.patch(key, 'merge', { status }, { subresource: 'status' });
}
