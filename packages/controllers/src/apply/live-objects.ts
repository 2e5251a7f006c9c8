import type { KubeObject } from '@sluice/core';
import type { InformerLease, SharedInformers } from '@sluice/kube';
import { apiVersionOf, type ObjectReference, type VersionedReference } from './reference.js';

/** What a watcher is told: the object's metadata as it is now, or undefined when it is gone. */
export type LiveListener = (reference: ObjectReference, metadata: KubeObject | undefined, before: KubeObject | undefined) => void;

/**
 * The metadata of the managed objects of a cluster, followed by one watch a kind. Only objects that carry the owner
 * label are in it, so that a cluster full of other things costs nothing.
 */
export interface LiveObjects {
  /** Follows a kind; resolves when what exists is known. */
  follow(kind: { group: string; version: string; kind: string }): Promise<void>;
  /** Whether changes of a kind's objects are heard of. */
  follows(kind: { group: string; version: string; kind: string }): boolean;
  /** An object's metadata as the watch last showed it; undefined where it shows none. */
  get(reference: VersionedReference): KubeObject | undefined;
  listen(listener: LiveListener): () => void;
  stop(): void;
}

/** All objects of Kustomizations have this label. */
const OWNED = 'kustomize.toolkit.fluxcd.io/name';

export function createLiveObjects(informers: SharedInformers): LiveObjects {
  const leases = new Map<string, InformerLease>();
  const unsubscribes: (() => void)[] = [];
  const listeners = new Set<LiveListener>();

  function tell(reference: ObjectReference, metadata: KubeObject | undefined, before: KubeObject | undefined): void {
    for (const listener of listeners) listener(reference, metadata, before);
  }

  return {
    async follow({ group, version, kind }) {
      const key = kindKey(group, version, kind);
      let lease = leases.get(key);
      if (lease === undefined) {
        lease = informers.acquire({ apiVersion: apiVersionOf(group, version), kind }, { metadataOnly: true, labelSelector: OWNED });
        leases.set(key, lease);
        const of = ({ metadata: { namespace = '', name = '' } }: KubeObject): ObjectReference => ({ group, kind, namespace, name });
        unsubscribes.push(
          lease.informer.subscribe({
            added: (object) => tell(of(object), object, undefined),
            modified: (object, before) => tell(of(object), object, before),
            deleted: (object) => tell(of(object), undefined, object),
          }),
        );
      }
      if (!lease.informer.synced) await lease.informer.whenSynced();
    },
    follows: ({ group, version, kind }) => leases.has(kindKey(group, version, kind)),
    get({ group, version, kind, namespace, name }) {
      return leases.get(kindKey(group, version, kind))?.informer.get(namespace === '' ? undefined : namespace, name);
    },
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    stop() {
      for (const unsubscribe of unsubscribes) unsubscribe();
      for (const lease of leases.values()) lease.release();
    },
  };
}

function kindKey(group: string, version: string, kind: string): string {
  return `${group}/${version}/${kind}`;
}
