import { errorMessage } from '@sluice/core';
import type { Artifact, GitRepository } from '@sluice/api';
import type { Informer } from '@sluice/kube';
import { withInclude, type ArtifactStore, type SourceTree } from '@sluice/sources';
import { SourceFailure } from '../source/failure.js';

/** What of another GitRepository goes into this one, and the artifact that it has now. */
export interface Included {
  readonly name: string;
  readonly fromPath: string;
  readonly toPath: string;
  readonly artifact: Artifact;
}

/** The artifacts that `spec.include` names; a failure says which of them there is not. */
export function includesOf({ spec, metadata }: GitRepository, repositories: Informer<GitRepository>): Included[] {
  return (spec.include ?? []).map(({ repository: { name }, fromPath = '', toPath = '' }) => {
    const repository = repositories.get(metadata.namespace, name);
    if (repository === undefined) {
      const missing = `GitRepository.source.toolkit.fluxcd.io ${JSON.stringify(name)} not found`;
      throw unavailable('NotFound', `could not get resource for include '${name}': ${missing}`);
    }
    const artifact = repository.status?.artifact;
    if (artifact === undefined) throw unavailable('NoArtifact', `no artifact available for include '${name}'`);
    return { name, fromPath, toPath: toPath === '' ? name : toPath, artifact };
  });
}

function unavailable(reason: string, message: string): SourceFailure {
  return new SourceFailure('IncludeUnavailable', reason, message, { waiting: true });
}

/** The tree of a checkout with everything that it includes. */
export async function withIncludes(base: SourceTree, includes: readonly Included[], store: ArtifactStore): Promise<SourceTree> {
  let tree = base;
  for (const { name, fromPath, toPath, artifact } of includes) {
    try {
      tree = withInclude(tree, await store.source(artifact.digest), { fromPath: fromPath === '' ? '.' : fromPath, toPath });
    } catch (error) {
      const message = `failed to copy '${name}' include from ${fromPath} to ${toPath}: ${errorMessage(error)}`;
      throw new SourceFailure('StorageOperationFailed', 'CopyFailure', message, { cause: error });
    }
  }
  return tree;
}
