import type { HelmVersion } from '../version.js';

const INSTALL_ORDER: readonly string[] = [
  'PriorityClass',
  'Namespace',
  'NetworkPolicy',
  'ResourceQuota',
  'LimitRange',
  'PodSecurityPolicy',
  'PodDisruptionBudget',
  'ServiceAccount',
  'Secret',
  'SecretList',
  'ConfigMap',
  'StorageClass',
  'PersistentVolume',
  'PersistentVolumeClaim',
  'CustomResourceDefinition',
  'ClusterRole',
  'ClusterRoleList',
  'ClusterRoleBinding',
  'ClusterRoleBindingList',
  'Role',
  'RoleList',
  'RoleBinding',
  'RoleBindingList',
  'Service',
  'DaemonSet',
  'Pod',
  'ReplicationController',
  'ReplicaSet',
  'Deployment',
  'HorizontalPodAutoscaler',
  'StatefulSet',
  'Job',
  'CronJob',
  'IngressClass',
  'Ingress',
  'APIService',
];

const UNINSTALL_ORDER: readonly string[] = [
  'APIService',
  'Ingress',
  'IngressClass',
  'Service',
  'CronJob',
  'Job',
  'StatefulSet',
  'HorizontalPodAutoscaler',
  'Deployment',
  'ReplicaSet',
  'ReplicationController',
  'Pod',
  'DaemonSet',
  'RoleBindingList',
  'RoleBinding',
  'RoleList',
  'Role',
  'ClusterRoleBindingList',
  'ClusterRoleBinding',
  'ClusterRoleList',
  'ClusterRole',
  'CustomResourceDefinition',
  'PersistentVolumeClaim',
  'PersistentVolume',
  'StorageClass',
  'ConfigMap',
  'SecretList',
  'Secret',
  'ServiceAccount',
  'PodDisruptionBudget',
  'PodSecurityPolicy',
  'LimitRange',
  'ResourceQuota',
  'NetworkPolicy',
  'Namespace',
  'PriorityClass',
];

/** Webhooks come last, so that they don't stop what comes before them. Helm 3 knows no place for them. */
const MUTATING = 'MutatingWebhookConfiguration';
const VALIDATING = 'ValidatingWebhookConfiguration';

const RANKS = {
  install: {
    3: ranks(INSTALL_ORDER),
    4: ranks([...INSTALL_ORDER, MUTATING, VALIDATING]),
  },
  uninstall: {
    3: ranks(UNINSTALL_ORDER),
    4: ranks([VALIDATING, MUTATING, ...UNINSTALL_ORDER]),
  },
} as const;

export type KindOrder = 'install' | 'uninstall';

/** Sorts by kind: known kinds in their order, then the others by name. What is of one kind keeps its order. */
export function sortByKind<T extends { readonly kind: string }>(items: readonly T[], order: KindOrder, helm: HelmVersion): T[] {
  const rank = RANKS[order][helm];
  return items.toSorted((a, b) => {
    const left = rank.get(a.kind) ?? Infinity;
    const right = rank.get(b.kind) ?? Infinity;
    if (left !== right) return left - right;
    return a.kind === b.kind ? 0 : a.kind < b.kind ? -1 : 1;
  });
}

function ranks(order: readonly string[]): ReadonlyMap<string, number> {
  return new Map(order.map((kind, index) => [kind, index]));
}
