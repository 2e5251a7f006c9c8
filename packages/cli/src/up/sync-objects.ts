import type { KubeObject } from '@sluice/core';
import type { Cluster } from '@sluice/kube';

/** The objects that sync a cluster with its repository, by the name that Flux gives them. */
export const SYNC = { namespace: 'flux-system', name: 'flux-system' } as const;

export interface SyncSource {
  readonly url: string;
  readonly branch: string;
  readonly path: string;
}

/**
 * Applies the namespace, what Git does not hold, and then the GitRepository and the Kustomization that everything else in
 * the repository hangs on.
 */
export async function syncObjects(cluster: Cluster, { url, branch, path }: SyncSource, beside: readonly KubeObject[] = []): Promise<void> {
  const objects: KubeObject[] = [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: SYNC.namespace } },
    ...beside,
    {
      apiVersion: 'source.toolkit.fluxcd.io/v1',
      kind: 'GitRepository',
      metadata: { ...SYNC },
      spec: { interval: '1m0s', ref: { branch }, url },
    },
    {
      apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
      kind: 'Kustomization',
      metadata: { ...SYNC },
      spec: {
        interval: '10m0s',
        path: path.startsWith('./') ? path : `./${path}`,
        prune: true,
        sourceRef: { kind: 'GitRepository', name: SYNC.name },
      },
    },
  ];
  for (const object of objects) await cluster.apply(object, { fieldManager: 'sluice', force: true });
}
