import { errorMessage } from '@sluice/core';
import type { Kustomization } from '@sluice/api';
import type { Cluster } from '@sluice/kube';
import { keyOf } from '@sluice/runtime';
import type { LiveObjects } from '../apply/live-objects.js';
import { RemoteClusters, type RemoteCluster } from '../remote/remote-clusters.js';
import type { CloudIdentityPool } from '../source/cloud.js';
import type { KustomizationSettings } from './settings.js';
import { failed } from './stage-error.js';

/** Where, and as whom, a Kustomization applies. */
export interface Target {
  readonly cluster: Cluster;
  /** The same, as the engine and not as an account that is impersonated. */
  readonly engine: Cluster;
  readonly live: LiveObjects;
  /** Tells targets apart; what is known of one is not true of another. */
  readonly key: string;
}

/** Finds the cluster that a Kustomization applies to. */
export class Targets {
  readonly #cluster: Cluster;
  readonly #live: LiveObjects;
  readonly #settings: KustomizationSettings;
  readonly #remotes: RemoteClusters;

  /** `watch` is told of what is applied to each other cluster. */
  constructor(
    cluster: Cluster,
    live: LiveObjects,
    settings: KustomizationSettings,
    identities: CloudIdentityPool,
    watch: (live: LiveObjects) => () => void,
  ) {
    this.#cluster = cluster;
    this.#live = live;
    this.#settings = settings;
    this.#remotes = new RemoteClusters({ cluster, policy: settings, identities, clock: Date, onOpen: watch });
  }

  async of(kustomization: Kustomization, signal: AbortSignal): Promise<Target> {
    const { spec, metadata } = kustomization;
    const account = spec.serviceAccountName ?? this.#settings.defaultServiceAccount;
    const user = account === undefined || account === '' ? undefined : `system:serviceaccount:${metadata.namespace ?? ''}:${account}`;
    if (spec.kubeConfig === undefined) {
      this.release(keyOf(kustomization));
      return {
        cluster: user === undefined ? this.#cluster : this.#cluster.as({ user }),
        engine: this.#cluster,
        live: this.#live,
        key: user ?? '',
      };
    }
    const { cluster, live, key } = await this.#remote(kustomization, signal);
    return { cluster: user === undefined ? cluster : cluster.as({ user }), engine: cluster, live, key: `${key} ${user ?? ''}` };
  }

  /** Whether there is (still) an account to delete as; without one a deletion would never end. */
  async canImpersonate({ spec, metadata }: Kustomization, signal: AbortSignal): Promise<boolean> {
    const namespace = metadata.namespace ?? '';
    if (spec.kubeConfig !== undefined) {
      const { secretRef, configMapRef } = spec.kubeConfig;
      if (secretRef !== undefined) return await this.#exists('Secret', namespace, secretRef.name, signal);
      return configMapRef !== undefined && (await this.#exists('ConfigMap', namespace, configMapRef.name, signal));
    }
    const account = spec.serviceAccountName ?? this.#settings.defaultServiceAccount;
    return account === undefined || account === '' || (await this.#exists('ServiceAccount', namespace, account, signal));
  }

  /** The Kustomization has no target any more. */
  release(key: string): void {
    this.#remotes.release(key);
  }

  stop(): void {
    this.#remotes.stop();
  }

  async #exists(kind: string, namespace: string, name: string, signal: AbortSignal): Promise<boolean> {
    return (await this.#cluster.get({ apiVersion: 'v1', kind, namespace, name }, { as: 'metadata', signal })) !== undefined;
  }

  async #remote(kustomization: Kustomization, signal: AbortSignal): Promise<RemoteCluster> {
    try {
      return await this.#remotes.of(kustomization, kustomization.spec.kubeConfig!, signal);
    } catch (error) {
      signal.throwIfAborted();
      throw failed('ReconciliationFailed', `failed to build kube client: ${errorMessage(error)}`, error);
    }
  }
}
