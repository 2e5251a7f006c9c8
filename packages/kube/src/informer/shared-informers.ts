import type { KubeObject } from '@sluice/core';
import type { Cluster, KindKey } from '../cluster.js';
import { createInformer, type Informer, type InformerOptions } from './informer.js';

/** What of a kind is followed. Informers that ask for the same share one watch. */
export type SharedInformerOptions = Pick<InformerOptions<KubeObject>, 'metadataOnly' | 'labelSelector' | 'fieldSelector'>;

/** An informer that others may be using too. */
export interface InformerLease<T extends KubeObject = KubeObject> {
  readonly informer: Informer<T>;
  /** Says that it is no longer needed. The watch ends with its last user. Subscriptions are ended by who made them. */
  release(): void;
}

/** One watch for each kind and selection on a cluster, whoever asks. */
export interface SharedInformers {
  acquire<T extends KubeObject = KubeObject>(kind: KindKey, options?: SharedInformerOptions): InformerLease<T>;
  stop(): void;
}

export function createSharedInformers(
  cluster: Cluster,
  options: Omit<InformerOptions<KubeObject>, keyof SharedInformerOptions | 'indexes' | 'transform'> = {},
): SharedInformers {
  const running = new Map<string, { readonly informer: Informer; users: number }>();
  return {
    acquire<T extends KubeObject>(kind: KindKey, selection: SharedInformerOptions = {}): InformerLease<T> {
      const { metadataOnly = false, labelSelector = '', fieldSelector = '' } = selection;
      const key = JSON.stringify([kind.apiVersion, kind.kind, kind.namespace ?? '', metadataOnly, labelSelector, fieldSelector]);
      const entry = running.get(key) ?? { informer: createInformer(cluster, kind, { ...options, ...selection }), users: 0 };
      running.set(key, entry);
      entry.users++;
      let released = false;
      return {
        informer: entry.informer as Informer<T>,
        release() {
          if (released) return;
          released = true;
          if (--entry.users > 0) return;
          entry.informer.stop();
          if (running.get(key) === entry) running.delete(key);
        },
      };
    },
    stop() {
      for (const { informer } of running.values()) informer.stop();
      running.clear();
    },
  };
}
