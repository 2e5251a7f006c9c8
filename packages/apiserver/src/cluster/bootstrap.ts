import { randomUUID } from 'node:crypto';
import type { KubeObject } from '@sluice/core';
import { builtinType, trackUpdate } from '../objects/index.js';
import type { Store } from '../store/store.js';
import { timestamp } from '../server/context.js';
import { readData } from '../data.js';

interface Defaults {
  readonly clusterRoles: readonly Role[];
  readonly clusterRoleBindings: readonly Binding[];
}

interface Role {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly rules?: readonly object[];
  readonly aggregationRule?: object;
}

interface Binding {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly roleRef: object;
  readonly subjects?: readonly object[];
}

const RBAC = 'rbac.authorization.k8s.io/v1';

/** What every cluster has from its first moment: namespaces, default roles, the Service of the API itself. Missing ones are put back at each start. */
export async function bootstrap(store: Store, now: number): Promise<void> {
  const writes: Promise<void>[] = [];
  const ensure = (table: string, object: KubeObject): void => {
    const key = `${object.metadata.namespace ?? ''}/${object.metadata.name ?? ''}`;
    if (store.table(table).objects.get(key) !== undefined) return;
    const created = { ...object, metadata: { ...object.metadata, uid: randomUUID(), creationTimestamp: timestamp(now) } };
    const { status: _, ...owned } = created as KubeObject;
    const type = builtinType(object.apiVersion, object.kind)!;
    const { metadata } = trackUpdate({ live: undefined, next: owned, manager: 'kube-apiserver', type, now: timestamp(now) });
    writes.push(store.put(table, key, { ...created, metadata }).done);
  };
  for (const name of ['default', 'kube-node-lease', 'kube-public', 'kube-system']) ensure('/namespaces', namespace(name));
  const { clusterRoles, clusterRoleBindings } = defaults();
  for (const { name, labels, rules, aggregationRule } of clusterRoles) {
    ensure('rbac.authorization.k8s.io/clusterroles', {
      kind: 'ClusterRole',
      apiVersion: RBAC,
      metadata: named(name, labels),
      rules: rules ?? [],
      ...(aggregationRule === undefined ? {} : { aggregationRule }),
    });
  }
  for (const { name, labels, roleRef, subjects } of clusterRoleBindings) {
    ensure('rbac.authorization.k8s.io/clusterrolebindings', {
      kind: 'ClusterRoleBinding',
      apiVersion: RBAC,
      metadata: named(name, labels),
      ...(subjects === undefined ? {} : { subjects }),
      roleRef,
    });
  }
  for (const [name, value, description] of priorityClasses) {
    ensure('scheduling.k8s.io/priorityclasses', {
      kind: 'PriorityClass',
      apiVersion: 'scheduling.k8s.io/v1',
      metadata: { name, generation: 1 },
      value,
      description,
      preemptionPolicy: 'PreemptLowerPriority',
    });
  }
  ensure('/services', apiService);
  await Promise.all(writes);
}

const priorityClasses: readonly (readonly [name: string, value: number, description: string])[] = [
  ['system-cluster-critical', 2_000_000_000, 'For Pods that the cluster needs, wherever they run.'],
  ['system-node-critical', 2_000_001_000, 'For Pods that their node needs.'],
];

/** The address under which workloads reach the API. */
const apiService: KubeObject = {
  kind: 'Service',
  apiVersion: 'v1',
  metadata: { name: 'kubernetes', namespace: 'default', labels: { component: 'apiserver', provider: 'kubernetes' } },
  spec: {
    ports: [{ name: 'https', protocol: 'TCP', port: 443, targetPort: 6443 }],
    clusterIP: '10.96.0.1',
    clusterIPs: ['10.96.0.1'],
    type: 'ClusterIP',
    sessionAffinity: 'None',
    ipFamilies: ['IPv4'],
    ipFamilyPolicy: 'SingleStack',
    internalTrafficPolicy: 'Cluster',
  },
  status: { loadBalancer: {} },
};

function defaults(): Defaults {
  return readData('rbac-defaults') as Defaults;
}

function named(name: string, labels: Readonly<Record<string, string>> | undefined): KubeObject['metadata'] {
  return {
    name,
    labels: labels ?? { 'kubernetes.io/bootstrapping': 'rbac-defaults' },
    annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'true' },
  };
}

function namespace(name: string): KubeObject {
  return {
    kind: 'Namespace',
    apiVersion: 'v1',
    metadata: { name, labels: { 'kubernetes.io/metadata.name': name } },
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  };
}
