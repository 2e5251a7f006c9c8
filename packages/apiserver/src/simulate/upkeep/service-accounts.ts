import type { KubeObject } from '@sluice/core';
import { isAlreadyExists, isForbidden, isNotFound } from '@sluice/kube';
import { WorkQueue } from '../work-queue.js';
import { MANAGER, type Controller, type World } from '../world.js';

/** An object that every living namespace has; it comes back when somebody deletes it. */
function inEveryNamespace(world: World, table: string, make: (namespace: string) => KubeObject): Controller {
  const sample = make('');
  const name = sample.metadata.name ?? '';
  const queue = new WorkQueue(ensure, world);
  return {
    tables: ['/namespaces', table],
    changed({ resource, before, after }) {
      if (resource.table === '/namespaces') {
        if (after !== undefined && after.metadata.deletionTimestamp === undefined && before === undefined)
          queue.add(after.metadata.name ?? '');
      } else if (after === undefined && before?.metadata.name === name) queue.add(before.metadata.namespace ?? '');
    },
    stop: () => queue.stop(),
  };

  async function ensure(namespace: string): Promise<void> {
    const owner = world.lookup.get('v1', 'Namespace', undefined, namespace);
    if (owner === undefined || owner.metadata.deletionTimestamp !== undefined) return;
    if (world.lookup.get(sample.apiVersion, sample.kind, namespace, name) !== undefined) return;
    try {
      await world.cluster.create(make(namespace), { fieldManager: MANAGER });
    } catch (error) {
      // The namespace went meanwhile, or somebody else was faster.
      if (!isAlreadyExists(error) && !isForbidden(error) && !isNotFound(error)) throw error;
    }
  }
}

/** The account that pods run as when they name none. */
export function defaultServiceAccounts(world: World): Controller {
  return inEveryNamespace(world, '/serviceaccounts', (namespace) => ({
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'default', namespace },
  }));
}

/** The certificate by which pods know the API. */
export function rootCertificates(world: World, certificate: string): Controller {
  return inEveryNamespace(world, '/configmaps', (namespace) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: 'kube-root-ca.crt',
      namespace,
      annotations: {
        'kubernetes.io/description':
          'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.',
      },
    },
    data: { 'ca.crt': certificate },
  }));
}
