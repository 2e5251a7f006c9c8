import { join } from 'node:path';
import type { Bucket, GitRepository, HelmChart, HelmRepository, OCIRepository } from '@sluice/api';
import type { KubeObject } from '@sluice/core';
import type { Informer } from '@sluice/kube';
import type { Cause, CommonStatus, Controller, MetricsRegistry, Reconciler } from '@sluice/runtime';
import type { GitClient } from '@sluice/sources';
import { createBucketReconciler } from './bucket/reconciler.js';
import { Followers } from './git-repository/followers.js';
import { createGitRepositoryReconciler } from './git-repository/reconciler.js';
import type { ControllerGroup, Ground } from './group.js';
import { createIndexCache } from './helm-chart/index-cache.js';
import { createHelmChartReconciler } from './helm-chart/reconciler.js';
import { createHelmRepositoryReconciler } from './helm-repository/reconciler.js';
import { createOciRepositoryReconciler } from './oci-repository/reconciler.js';
import { watchReferences } from './reference-watch.js';
import type { CloudIdentityPool } from './source/cloud.js';
import { SOURCE_CONTROLLER } from './source/reconciler.js';
import { secretReferences } from './source/references.js';
import { triggerCharts, triggerIncluders } from './source/triggers.js';

export interface SourcesOptions {
  readonly git: GitClient;
  readonly allowFile: boolean;
  readonly maxUnpackedBytes: number;
  readonly identities: CloudIdentityPool;
  readonly metrics: MetricsRegistry;
}

/** What Flux runs as source-controller. An ExternalArtifact has no controller: who makes it writes its status. */
export function startSources(ground: Ground, { git, allowFile, maxUnpackedBytes, identities, metrics }: SourcesOptions): ControllerGroup {
  const { cluster, store, informers } = ground;
  const gitRepositories = ground.follow<GitRepository>('GitRepository', 'source', 'v1');
  const ociRepositories = ground.follow<OCIRepository>('OCIRepository', 'source', 'v1');
  const helmRepositories = ground.follow<HelmRepository>('HelmRepository', 'source', 'v1');
  const helmCharts = ground.follow<HelmChart>('HelmChart', 'source', 'v1');
  const buckets = ground.follow<Bucket>('Bucket', 'source', 'v1');
  const chartSources = { HelmRepository: helmRepositories, GitRepository: gitRepositories, Bucket: buckets };
  const indexes = createIndexCache(store, metrics);
  const followers = new Followers(git);

  const controllers: Controller[] = [];
  const stops: (() => void)[] = [];
  function run<T extends KubeObject, S extends CommonStatus>(kind: string, objects: Informer<T>, reconciler: Reconciler<T, S>): Controller {
    const controller = ground.start({ name: SOURCE_CONTROLLER, kind, objects, reconciler });
    controllers.push(controller);
    const changed = (key: string, cause: Cause): void => {
      controller.enqueue(key, cause);
      // The credentials of a registry are those of its charts.
      if (kind === 'HelmRepository') chartTriggers.ofRepository(key);
    };
    stops.push(watchReferences(objects, secretReferences, informers, changed));
    return controller;
  }

  const repositories = run(
    'GitRepository',
    gitRepositories,
    createGitRepositoryReconciler({ cluster, git, followers, store, identities, repositories: gitRepositories, allowFile }),
  );
  run('OCIRepository', ociRepositories, createOciRepositoryReconciler({ cluster, store, identities, maxUnpackedBytes }));
  run('HelmRepository', helmRepositories, createHelmRepositoryReconciler({ cluster, store, identities }));
  run('Bucket', buckets, createBucketReconciler({ cluster, store, identities, scratchDir: join(store.dir, 'buckets') }));
  const charts = run('HelmChart', helmCharts, createHelmChartReconciler({ cluster, store, sources: chartSources, identities, indexes }));

  const chartTriggers = triggerCharts(helmCharts, chartSources, (key, cause) => charts.enqueue(key, cause));
  stops.push(
    followers.onChange((key) => repositories.enqueue(key, { reason: 'source' })),
    triggerIncluders(gitRepositories, (key, cause) => repositories.enqueue(key, cause)),
    () => chartTriggers.stop(),
    helmRepositories.subscribe({ deleted: (repository) => indexes.forget(repository) }),
    () => indexes.stop(),
  );

  return {
    watched: [gitRepositories, ociRepositories, helmRepositories, helmCharts, buckets],
    async stop(graceMs) {
      for (const stop of stops) stop();
      await Promise.all(controllers.map((controller) => controller.stop(graceMs)));
    },
  };
}
