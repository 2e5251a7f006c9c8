import type { KubeObject } from '@sluice/core';
import type { Kustomization } from '@sluice/api';
import type { InformerLease, SharedInformers } from '@sluice/kube';
import { keyOf, objectKey, type Cause, type ObjectCache } from '@sluice/runtime';

interface Reference {
  readonly kind: 'ConfigMap' | 'Secret';
  readonly namespace: string;
  readonly name: string;
}

interface Watched {
  readonly lease: InformerLease;
  readonly unsubscribe: () => void;
  /** Who uses which object: the keys of Kustomizations by the object's name. */
  readonly users: Map<string, Set<string>>;
}

/**
 * Puts Kustomizations in line when a ConfigMap or Secret that they take something from changes. Watched are the metadata
 * in the namespaces where something is referred to, and nowhere else. The result ends it.
 */
export function watchReferences(
  kustomizations: ObjectCache<Kustomization>,
  informers: SharedInformers,
  enqueue: (key: string, cause: Cause) => void,
): () => void {
  const watched = new Map<string, Watched>();

  function watch(kind: Reference['kind'], namespace: string): Watched {
    const users: Watched['users'] = new Map();
    const changed = ({ metadata: { name = '' } }: KubeObject): void => {
      for (const key of users.get(name) ?? []) enqueue(key, { reason: 'reference', object: { kind, namespace, name } });
    };
    const lease = informers.acquire({ apiVersion: 'v1', kind, namespace }, { metadataOnly: true });
    let known = false;
    void lease.informer.whenSynced().then(
      () => (known = true),
      () => {},
    );
    // What is there when the watch begins has been read, or is read, by the pass that made it begin.
    const unsubscribe = lease.informer.subscribe({
      added: (object) => {
        if (known) changed(object);
      },
      modified: changed,
      deleted: changed,
    });
    return { lease, unsubscribe, users };
  }

  function add(kustomization: Kustomization): void {
    for (const { kind, namespace, name } of referencesOf(kustomization)) {
      const place = `${kind} ${namespace}`;
      let entry = watched.get(place);
      if (entry === undefined) watched.set(place, (entry = watch(kind, namespace)));
      const keys = entry.users.get(name) ?? new Set();
      entry.users.set(name, keys.add(keyOf(kustomization)));
    }
  }

  function remove(kustomization: Kustomization, references: readonly Reference[]): void {
    for (const { kind, namespace, name } of references) {
      const place = `${kind} ${namespace}`;
      const entry = watched.get(place);
      const keys = entry?.users.get(name);
      if (entry === undefined || keys === undefined) continue;
      keys.delete(keyOf(kustomization));
      if (keys.size === 0) entry.users.delete(name);
      if (entry.users.size > 0) continue;
      end(entry);
      watched.delete(place);
    }
  }

  const unsubscribe = kustomizations.subscribe({
    added: add,
    modified(kustomization, before) {
      if (kustomization.metadata.generation === before.metadata.generation) return;
      // In this order, so that a watch that goes on being needed is not ended and begun again.
      add(kustomization);
      const kept = new Set(referencesOf(kustomization).map(textOf));
      remove(
        kustomization,
        referencesOf(before).filter((reference) => !kept.has(textOf(reference))),
      );
    },
    deleted: (kustomization) => remove(kustomization, referencesOf(kustomization)),
  });
  return () => {
    unsubscribe();
    for (const entry of watched.values()) end(entry);
  };
}

function end({ unsubscribe, lease }: Watched): void {
  unsubscribe();
  lease.release();
}

function textOf({ kind, namespace, name }: Reference): string {
  return `${kind} ${objectKey(namespace, name)}`;
}

function referencesOf({ spec, metadata }: Kustomization): Reference[] {
  const namespace = metadata.namespace ?? '';
  const references: Reference[] = (spec.postBuild?.substituteFrom ?? []).map(({ kind, name }) => ({ kind, namespace, name }));
  const kubeConfig = spec.kubeConfig?.secretRef?.name;
  return kubeConfig === undefined ? references : [...references, { kind: 'Secret', namespace, name: kubeConfig }];
}
