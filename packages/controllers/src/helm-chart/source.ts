import type { Artifact, Bucket, GitRepository, HelmChart, HelmRepository } from '@sluice/api';
import type { Informer } from '@sluice/kube';
import type { ArtifactStore } from '@sluice/sources';
import { isOci } from '../helm-repository/access.js';
import { SourceFailure } from '../source/failure.js';

/** Where charts come from. */
export interface ChartSources {
  readonly HelmRepository: Informer<HelmRepository>;
  readonly GitRepository: Informer<GitRepository>;
  readonly Bucket: Informer<Bucket>;
}

/** The source of a HelmChart, with what it has now. Only a HelmRepository in a registry has no artifact. */
export type ChartSource =
  | { readonly kind: 'HelmRepository'; readonly repository: HelmRepository; readonly artifact?: Artifact }
  | { readonly kind: 'GitRepository' | 'Bucket'; readonly artifact: Artifact };

export async function sourceOf({ spec, metadata }: HelmChart, sources: ChartSources, store: ArtifactStore): Promise<ChartSource> {
  const { kind, name } = spec.sourceRef;
  const informer = sources[kind];
  await informer.whenSynced();
  const object = informer.get(metadata.namespace, name);
  if (object === undefined) {
    const missing = `failed to get source: ${kind}.source.toolkit.fluxcd.io ${JSON.stringify(name)} not found`;
    throw new SourceFailure('FetchFailed', 'SourceUnavailable', missing);
  }
  const artifact = object.status?.artifact;
  const isThere = artifact !== undefined && store.fileOf(artifact.path) !== undefined;
  if (kind === 'HelmRepository') {
    const repository = object as HelmRepository;
    if (isOci(repository)) return { kind, repository };
    if (isThere) return { kind, repository, artifact };
  } else if (isThere) return { kind, artifact };
  throw new SourceFailure('FetchFailed', 'NoSourceArtifact', `no artifact available for ${kind} source '${name}'`, { waiting: true });
}
