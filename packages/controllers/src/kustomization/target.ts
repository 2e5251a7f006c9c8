import { errorMessage } from '@sluice/core';
import type { Kustomization } from '@sluice/api';
import { createCluster, networkFetch, parseKubeconfig, resolveContext, type Cluster } from '@sluice/kube';
import type { LiveObjects } from '../apply/live-objects.js';
import type { KustomizationSettings } from './settings.js';
import { failed, stalled } from './stage-error.js';

/** Where, and as whom, a Kustomization applies. */
export interface Target {
  readonly cluster: Cluster;
  /** Only of the engine's own cluster. */
  readonly live?: LiveObjects;
  /** Tells targets apart; what is known of one is not true of another. */
  readonly key: string;
}

/** Finds the cluster that a Kustomization applies to. Connections to other clusters are kept while their kubeconfig is the same. */
export class Targets {
  readonly #cluster: Cluster;
  readonly #live: LiveObjects;
  readonly #settings: KustomizationSettings;
  readonly #remotes = new Map<string, { version: string; cluster: Cluster; close: () => void }>();

  constructor(cluster: Cluster, live: LiveObjects, settings: KustomizationSettings) {
    this.#cluster = cluster;
    this.#live = live;
    this.#settings = settings;
  }

  async of(kustomization: Kustomization, signal: AbortSignal): Promise<Target> {
    const { spec, metadata } = kustomization;
    const account = spec.serviceAccountName ?? this.#settings.defaultServiceAccount;
    const user = account === undefined || account === '' ? undefined : `system:serviceaccount:${metadata.namespace ?? ''}:${account}`;
    if (spec.kubeConfig === undefined) {
      return { cluster: user === undefined ? this.#cluster : this.#cluster.as({ user }), live: this.#live, key: user ?? '' };
    }
    const remote = await this.#remote(kustomization, signal);
    return { cluster: user === undefined ? remote.cluster : remote.cluster.as({ user }), key: `${remote.key} ${user ?? ''}` };
  }

  /** Whether there is (still) an account to delete as; without one a deletion would never end. */
  async canImpersonate({ spec, metadata }: Kustomization, signal: AbortSignal): Promise<boolean> {
    if (spec.kubeConfig !== undefined) {
      const name = spec.kubeConfig.secretRef?.name;
      return name !== undefined && (await this.#exists('Secret', metadata.namespace ?? '', name, signal));
    }
    const account = spec.serviceAccountName ?? this.#settings.defaultServiceAccount;
    return account === undefined || account === '' || (await this.#exists('ServiceAccount', metadata.namespace ?? '', account, signal));
  }

  stop(): void {
    for (const { close } of this.#remotes.values()) close();
    this.#remotes.clear();
  }

  async #exists(kind: string, namespace: string, name: string, signal: AbortSignal): Promise<boolean> {
    return (await this.#cluster.get({ apiVersion: 'v1', kind, namespace, name }, { as: 'metadata', signal })) !== undefined;
  }

  async #remote({ spec, metadata }: Kustomization, signal: AbortSignal): Promise<{ cluster: Cluster; key: string }> {
    const { secretRef } = spec.kubeConfig!;
    if (secretRef === undefined) {
      throw stalled(
        'ConfigMapRefNotSupported',
        'spec.kubeConfig.configMapRef is not supported by this version: use spec.kubeConfig.secretRef',
      );
    }
    const namespace = metadata.namespace ?? '';
    const id = `${namespace}/${secretRef.name}/${secretRef.key ?? ''}`;
    const secret = await this.#cluster.get({ apiVersion: 'v1', kind: 'Secret', namespace, name: secretRef.name }, { signal });
    if (secret === undefined)
      throw kubeClientFailed(
        `unable to read KubeConfig secret '${namespace}/${secretRef.name}' error: secrets ${JSON.stringify(secretRef.name)} not found`,
      );
    const version = `${secret.metadata.uid}/${secret.metadata.resourceVersion}`;
    const known = this.#remotes.get(id);
    if (known?.version === version) return { cluster: known.cluster, key: `${id}@${version}` };
    known?.close();
    const data = (secret['data'] ?? {}) as Readonly<Record<string, string>>;
    const encoded = secretRef.key === undefined ? (data['value'] ?? data['value.yaml']) : data[secretRef.key];
    if (encoded === undefined) {
      throw kubeClientFailed(
        `KubeConfig secret '${namespace}/${secretRef.name}' does not contain a '${secretRef.key ?? 'value'}' or 'value.yaml' key`,
      );
    }
    try {
      const config = resolveContext(parseKubeconfig(Buffer.from(encoded, 'base64').toString('utf8')));
      const fetch = networkFetch(config);
      const cluster = createCluster(fetch);
      this.#remotes.set(id, { version, cluster, close: () => void fetch.close() });
      return { cluster, key: `${id}@${version}` };
    } catch (error) {
      throw kubeClientFailed(errorMessage(error));
    }
  }
}

function kubeClientFailed(message: string): Error {
  return failed('ReconciliationFailed', `failed to build kube client: ${message}`);
}
