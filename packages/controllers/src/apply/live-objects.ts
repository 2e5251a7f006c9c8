import type { KubeObject } from '@sluice/core';
import type { Informer, InformerLease, SharedInformers } from '@sluice/kube';
import { apiVersionOf, type ObjectReference, type VersionedReference } from './reference.js';

/** What a watcher is told: the object's metadata as it is now, or undefined when it is gone. */
export type LiveListener = (reference: ObjectReference, metadata: KubeObject | undefined, before: KubeObject | undefined) => void;

/**
 * The metadata of the managed objects of a cluster, followed by one watch a kind. Only objects that carry the owner
 * label are in it, so that a cluster full of other things costs nothing.
 */
export interface LiveObjects {
  /** Follows a kind; resolves when what exists is known, or can't be known for now: without a watch every object is asked about. */
  follow(kind: { group: string; version: string; kind: string }): Promise<void>;
  /** Whether changes of a kind's objects are heard of. */
  follows(kind: { group: string; version: string; kind: string }): boolean;
  /** An object's metadata as the watch last showed it; undefined where it shows none. */
  get(reference: VersionedReference): KubeObject | undefined;
  listen(listener: LiveListener): () => void;
  stop(): void;
}

/** A watch that is refused, or a server that hangs, holds an apply up no longer than this. */
const SYNCED_WITHIN_MS = 5_000;

/** All objects of Kustomizations have this label. */
const OWNED = 'kustomize.toolkit.fluxcd.io/name';

export function createLiveObjects(informers: SharedInformers): LiveObjects {
  const leases = new Map<string, InformerLease>();
  const unsubscribes: (() => void)[] = [];
  const listeners = new Set<LiveListener>();
  /** Kinds that were waited for in vain: who may not watch them is not to wait each time. */
  const late = new Set<string>();

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
      if (lease.informer.synced || late.has(key)) return;
      if (!(await syncedWithin(lease.informer, SYNCED_WITHIN_MS))) late.add(key);
    },
    follows: ({ group, version, kind }) => leases.get(kindKey(group, version, kind))?.informer.synced === true,
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

/** Whether an informer knew in time what exists. */
async function syncedWithin(informer: Informer, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => (timer = setTimeout(() => resolve(false), ms)));
  const synced = informer.whenSynced().then(
    () => true,
    () => false,
  );
  const inTime = await Promise.race([synced, late]);
  clearTimeout(timer);
  return inTime;
}
