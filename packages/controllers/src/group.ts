import { finalizer, groups } from '@sluice/api';
import { parseLabelSelector, type KubeObject } from '@sluice/core';
import type { Cluster, Informer, SharedInformers } from '@sluice/kube';
import {
  selectedObjects,
  startController,
  type CommonStatus,
  type Controller,
  type ControllerOptions,
  type Reconciler,
} from '@sluice/runtime';
import type { ArtifactStore } from '@sluice/sources';
import type { ResourceMetrics } from './observe/resource-metrics.js';

/** What a controller has of its own. */
export interface ControllerParts<T extends KubeObject, S extends CommonStatus> {
  /** Under which it is known: `kustomize-controller`. */
  readonly name: string;
  readonly kind: string;
  readonly objects: Informer<T>;
  readonly reconciler: Reconciler<T, S>;
}

/** What all groups of controllers share. */
export interface Ground {
  readonly cluster: Cluster;
  readonly store: ArtifactStore;
  readonly informers: SharedInformers;
  /** The objects of one of Flux's kinds: `follow<Bucket>('Bucket', 'source', 'v1')`. */
  follow<T extends KubeObject = KubeObject>(kind: string, group: keyof typeof groups, version: string): Informer<T>;
  /** Shows the objects of a kind that has no controller in the metrics. */
  show(kind: string, objects: Informer): void;
  start<T extends KubeObject, S extends CommonStatus>(parts: ControllerParts<T, S>): Controller;
}

/** Controllers that belong together, at work: those that Flux runs in one Deployment. */
export interface ControllerGroup {
  /** What must be known before the group counts as ready. */
  readonly watched: readonly Pick<Informer, 'synced' | 'whenSynced'>[];
  stop(graceMs: number): Promise<void>;
}

/** Options of {@link createGround}. */
export interface GroundOptions {
  /** Objects without such labels are left to another instance. */
  readonly watchLabelSelector?: string;
  /** The only namespace whose objects are worked on. All when absent. */
  readonly watchNamespace?: string;
}

type Common = Omit<ControllerOptions<KubeObject, CommonStatus>, keyof ControllerParts<KubeObject, CommonStatus> | 'finalizer' | 'cluster'>;

export function createGround(
  cluster: Cluster,
  store: ArtifactStore,
  informers: SharedInformers,
  common: Common,
  resources: ResourceMetrics,
  options: GroundOptions = {},
): Ground {
  const selector = options.watchLabelSelector ?? '';
  const isOurs = parseLabelSelector(selector);
  const where = options.watchNamespace === undefined ? {} : { namespace: options.watchNamespace };
  return {
    cluster,
    store,
    informers,
    follow: <T extends KubeObject>(kind: string, group: keyof typeof groups, version: string): Informer<T> =>
      informers.acquire<T>({ apiVersion: `${groups[group]}/${version}`, kind, ...where }).informer,
    show: (kind, objects) => resources.follow(kind, objects),
    start: ({ name, kind, objects: all, reconciler }) => {
      const objects = selector === '' ? all : selectedObjects(all, ({ metadata }) => isOurs(metadata.labels ?? {}));
      resources.follow(kind, objects);
      return startController({ ...common, cluster, finalizer, name, kind, objects, reconciler });
    },
  };
}
