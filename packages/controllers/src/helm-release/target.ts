import { errorMessage } from '@sluice/core';
import type { HelmRelease } from '@sluice/api';
import type { Cluster } from '@sluice/kube';
import { keyOf } from '@sluice/runtime';
import type { LiveObjects } from '../apply/live-objects.js';
import { RemoteClusters } from '../remote/remote-clusters.js';
import type { CloudIdentityPool } from '../source/cloud.js';
import { passFailed } from './failure.js';
import type { HelmReleaseSettings } from './settings.js';

/** Where, and as whom, a HelmRelease acts. */
export interface HelmTarget {
  readonly cluster: Cluster;
  /** Only of the engine's own cluster. */
  readonly live: LiveObjects | undefined;
  /** Tells clusters apart, whoever acts on them. */
  readonly clusterKey: string;
}

/** Finds the cluster that a HelmRelease acts on. */
export class HelmTargets {
  readonly #cluster: Cluster;
  readonly #live: LiveObjects;
  readonly #settings: HelmReleaseSettings;
  readonly #remotes: RemoteClusters;

  constructor(cluster: Cluster, live: LiveObjects, settings: HelmReleaseSettings, identities: CloudIdentityPool) {
    this.#cluster = cluster;
    this.#live = live;
    this.#settings = settings;
    this.#remotes = new RemoteClusters({ cluster, policy: settings, identities, clock: Date, onOpen: () => () => undefined });
  }

  async of(object: HelmRelease, signal: AbortSignal): Promise<HelmTarget> {
    const { spec, metadata } = object;
    const account = this.#accountOf(object);
    const as = (cluster: Cluster): Cluster =>
      account === undefined ? cluster : cluster.as({ user: `system:serviceaccount:${metadata.namespace ?? ''}:${account}` });
    if (spec.kubeConfig === undefined) {
      this.#remotes.release(keyOf(object));
      return { cluster: as(this.#cluster), live: this.#live, clusterKey: '' };
    }
    try {
      const { cluster, key } = await this.#remotes.of(object, spec.kubeConfig, signal);
      return { cluster: as(cluster), live: undefined, clusterKey: key };
    } catch (error) {
      signal.throwIfAborted();
      throw passFailed('RESTClientError', errorMessage(error), error);
    }
  }

  /** Whether there is (still) somebody to uninstall as; without one a deletion would never end. */
  async canAct(object: HelmRelease, signal: AbortSignal): Promise<boolean> {
    const namespace = object.metadata.namespace ?? '';
    const { secretRef, configMapRef } = object.spec.kubeConfig ?? {};
    if (secretRef !== undefined) return await this.#exists('Secret', namespace, secretRef.name, signal);
    if (configMapRef !== undefined) return await this.#exists('ConfigMap', namespace, configMapRef.name, signal);
    const account = this.#accountOf(object);
    return account === undefined || (await this.#exists('ServiceAccount', namespace, account, signal));
  }

  release(key: string): void {
    this.#remotes.release(key);
  }

  stop(): void {
    this.#remotes.stop();
  }

  #accountOf({ spec }: HelmRelease): string | undefined {
    const account = spec.serviceAccountName ?? this.#settings.defaultServiceAccount;
    return account === '' ? undefined : account;
  }

  async #exists(kind: string, namespace: string, name: string, signal: AbortSignal): Promise<boolean> {
    return (await this.#cluster.get({ apiVersion: 'v1', kind, namespace, name }, { as: 'metadata', signal })) !== undefined;
  }
}
