import type { Cluster } from '@sluice/kube';
import type { FluxKind } from './kinds.js';

/** That an object is not there, as the API says it: `kustomizations.kustomize.toolkit.fluxcd.io "apps" not found`. */
export async function notFound(cluster: Cluster, kind: Pick<FluxKind, 'apiVersion' | 'kind'>, name: string): Promise<Error> {
  const resource = await cluster.resourceOf(kind);
  if (resource === undefined) return missingKind(kind);
  const { resource: plural, group } = resource;
  return new Error(`${group === '' ? plural : `${plural}.${group}`} ${JSON.stringify(name)} not found`);
}

/** That the cluster does not know a kind, and what to do about it. */
function missingKind({ apiVersion, kind }: Pick<FluxKind, 'apiVersion' | 'kind'>): Error {
  return new Error(
    `no matches for kind ${JSON.stringify(kind)} in version ${JSON.stringify(apiVersion)}: is Flux installed? \`flux install\` does it`,
  );
}
