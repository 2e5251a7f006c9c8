import { groups } from '@sluice/api';
import type { KubeObject } from '@sluice/core';
import { accountsOf } from './deployments.js';
import type { InstallOptions } from './options.js';

const RBAC = 'rbac.authorization.k8s.io';
const apiGroups = [...Object.values(groups), 'source.extensions.fluxcd.io'].toSorted();
const everything = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'];

/** ServiceAccounts, what they may do, and the roles that give people their part of the custom resources. */
export function accessObjects(options: InstallOptions): readonly KubeObject[] {
  const { namespace } = options;
  const accounts = accountsOf(options);
  return [
    ...accounts.map(({ account, component }) => ({
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: account, namespace, labels: { 'app.kubernetes.io/component': component } },
    })),
    clusterRole(`crd-controller-${namespace}`, controllerRules()),
    clusterRole(`flux-edit-${namespace}`, peopleRules(['create', 'delete', 'deletecollection', 'patch', 'update']), ['edit', 'admin']),
    clusterRole(`flux-view-${namespace}`, peopleRules(['get', 'list', 'watch']), ['admin', 'edit', 'view']),
    binding(
      `crd-controller-${namespace}`,
      `crd-controller-${namespace}`,
      namespace,
      accounts.map(({ account }) => account),
    ),
    // Who applies for everybody may do everything; what a tenant may do is what the ServiceAccount in the tenant's object may.
    binding(
      `cluster-reconciler-${namespace}`,
      'cluster-admin',
      namespace,
      accounts.filter(({ applies }) => applies).map(({ account }) => account),
    ),
  ].filter((object) => !(isBinding(object) && object.subjects.length === 0));
}

function controllerRules(): readonly object[] {
  return [
    ...apiGroups.map((group) => ({ apiGroups: [group], resources: ['*'], verbs: ['*'] })),
    { apiGroups: [''], resources: ['namespaces', 'secrets', 'configmaps', 'serviceaccounts'], verbs: ['get', 'list', 'watch'] },
    { apiGroups: [''], resources: ['events'], verbs: ['create', 'patch'] },
    { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: everything },
    // Objects may name the ServiceAccount whose identity is shown to a cloud or to another cluster.
    { apiGroups: [''], resources: ['serviceaccounts/token'], verbs: ['create'] },
    { nonResourceURLs: ['/livez/ping'], verbs: ['head'] },
  ];
}

function peopleRules(verbs: readonly string[]): readonly object[] {
  return [{ apiGroups, resources: ['*'], verbs }];
}

function clusterRole(name: string, rules: readonly object[], aggregateTo: readonly string[] = []): KubeObject {
  const labels = Object.fromEntries(aggregateTo.map((role) => [`${RBAC}/aggregate-to-${role}`, 'true']));
  return { apiVersion: `${RBAC}/v1`, kind: 'ClusterRole', metadata: { name, labels }, rules };
}

interface Binding extends KubeObject {
  readonly subjects: readonly object[];
}

function isBinding(object: KubeObject): object is Binding {
  return object.kind === 'ClusterRoleBinding';
}

function binding(name: string, role: string, namespace: string, accounts: readonly string[]): Binding {
  return {
    apiVersion: `${RBAC}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name },
    roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: role },
    subjects: accounts.map((account) => ({ kind: 'ServiceAccount', name: account, namespace })),
  };
}
