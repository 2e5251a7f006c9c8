import type { KubeObject } from '@sluice/core';
import { createCluster, createSharedInformers, networkFetch, type Cluster } from '@sluice/kube';
import { keyOf, type Clock } from '@sluice/runtime';
import { createLiveObjects, type LiveObjects } from '../apply/live-objects.js';
import type { CloudIdentityPool } from '../source/cloud.js';
import { findKubeConfig, type KubeConfigPolicy, type KubeConfigReference } from './kube-configs.js';

/** A cluster that is reached by a kubeconfig. */
export interface RemoteCluster {
  readonly cluster: Cluster;
  /** What was applied there. */
  readonly live: LiveObjects;
  /** Another one when the kubeconfig is. */
  readonly key: string;
}

interface Connection extends RemoteCluster {
  readonly version: string;
  /** Where it leads to. */
  readonly way: string;
  /** When to look whether the way still leads there. */
  lookAt: number;
  /** Who applies there; without any it is closed. */
  readonly users: Set<string>;
  readonly close: () => void;
}

export interface RemoteClustersOptions {
  /** Where the kubeconfigs are. */
  readonly cluster: Cluster;
  readonly policy: KubeConfigPolicy;
  readonly identities: CloudIdentityPool;
  readonly clock: Pick<Clock, 'now'>;
  /** Told of each new connection; the result is called when it is closed. */
  readonly onOpen: (live: LiveObjects) => () => void;
}

/** How long what a cloud says of a cluster is taken for true. */
const LOOK_AGAIN_MS = 15 * 60_000;

/** Connections to other clusters: one a kubeconfig, shared by all that name it, closed when nobody does any more. */
export class RemoteClusters {
  readonly #options: RemoteClustersOptions;
  readonly #connections = new Map<string, Connection>();

  constructor(options: RemoteClustersOptions) {
    this.#options = options;
  }

  /** The cluster that an object's reference leads to. */
  async of(object: KubeObject, reference: KubeConfigReference, signal: AbortSignal): Promise<RemoteCluster> {
    const { cluster, policy, clock, identities } = this.#options;
    const { namespace = '' } = object.metadata;
    const user = keyOf(object);
    const { secretRef, configMapRef } = reference;
    const id =
      secretRef === undefined
        ? `ConfigMap/${namespace}/${configMapRef?.name ?? ''}`
        : `Secret/${namespace}/${secretRef.name}/${secretRef.key ?? ''}`;
    this.#leave(user, id);
    const source = await findKubeConfig(namespace, reference, { cluster, policy, identity: identities.of(object), signal });
    const known = this.#connections.get(id);
    if (known?.version === source.version && clock.now() < known.lookAt) {
      known.users.add(user);
      return known;
    }
    const way = await source.resolve();
    const lookAt = way.mayMove ? clock.now() + LOOK_AGAIN_MS : Infinity;
    if (known?.version === source.version && known.way === way.id && this.#connections.get(id) === known) {
      known.lookAt = lookAt;
      known.users.add(user);
      return known;
    }
    // Two that ask at once: the first one's connection serves both.
    const other = this.#connections.get(id);
    if (other !== undefined && other !== known && other.version === source.version) {
      other.users.add(user);
      return other;
    }
    known?.close();
    const fetch = networkFetch(way.config);
    const remote = createCluster(fetch);
    const informers = createSharedInformers(remote);
    const live = createLiveObjects(informers);
    const closed = this.#options.onOpen(live);
    const connection: Connection = {
      cluster: remote,
      live,
      key: `${id}@${source.version}${way.id}`,
      version: source.version,
      way: way.id,
      lookAt,
      users: new Set([...(known?.users ?? []), user]),
      close: () => {
        closed();
        live.stop();
        informers.stop();
        void fetch.close();
      },
    };
    this.#connections.set(id, connection);
    return connection;
  }

  /** The user needs no other cluster any more. */
  release(user: string): void {
    this.#leave(user, undefined);
  }

  stop(): void {
    for (const { close } of this.#connections.values()) close();
    this.#connections.clear();
  }

  #leave(user: string, but: string | undefined): void {
    for (const [id, { users, close }] of this.#connections) {
      if (id === but || !users.delete(user) || users.size > 0) continue;
      close();
      this.#connections.delete(id);
    }
  }
}
