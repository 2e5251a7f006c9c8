import type { GitRepository } from '@sluice/api';
import type { GitClient } from '@sluice/sources';
import { createGitRepositoryReconciler } from './git-repository/reconciler.js';
import type { ControllerGroup, Ground } from './group.js';
import { SOURCE_CONTROLLER } from './source/reconciler.js';

export interface SourcesOptions {
  readonly git: GitClient;
  readonly allowFile: boolean;
}

/** What Flux runs as source-controller. */
export function startSources(ground: Ground, { git, allowFile }: SourcesOptions): ControllerGroup {
  const { cluster, store } = ground;
  const gitRepositories = ground.follow<GitRepository>('GitRepository', 'source', 'v1');
  const controller = ground.start({
    name: SOURCE_CONTROLLER,
    kind: 'GitRepository',
    objects: gitRepositories,
    reconciler: createGitRepositoryReconciler({ cluster, git, store, repositories: gitRepositories, allowFile }),
  });
  return { watched: [gitRepositories], stop: (graceMs) => controller.stop(graceMs) };
}
