import type { Cluster } from '@sluice/kube';

/** What the cluster says of an installation that is there already, whoever made it. */
export interface ClusterInfo {
  /** `v2.9.4`; empty when it does not say. */
  readonly version: string;
  /** `flux-v2.9.4`. */
  readonly distribution: string;
  /** Whether it keeps itself up to date from a repository. */
  readonly bootstrapped: boolean;
  /** Another tool that manages it: `Helm`. */
  readonly managedBy: string | undefined;
}

/** The label that the Kustomization of a bootstrap puts on what it applies. */
const BOOTSTRAPPED = 'kustomize.toolkit.fluxcd.io/namespace';

/** Reads the labels of the definition of GitRepositories; undefined when it is not there. */
export async function clusterInfo(cluster: Cluster, signal: AbortSignal): Promise<ClusterInfo | undefined> {
  const name = 'gitrepositories.source.toolkit.fluxcd.io';
  const definition = await cluster.get(
    { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', name },
    { signal, as: 'metadata' },
  );
  if (definition === undefined) return undefined;
  const labels = new Map(Object.entries(definition.metadata.labels ?? {}));
  const version = labels.get('app.kubernetes.io/version') ?? '';
  const partOf = labels.get('app.kubernetes.io/part-of') ?? '';
  const manager = labels.get('app.kubernetes.io/managed-by');
  return {
    version,
    distribution: partOf === '' ? version : `${partOf}-${version}`,
    bootstrapped: labels.has(BOOTSTRAPPED),
    managedBy: manager === 'flux' ? undefined : manager,
  };
}
