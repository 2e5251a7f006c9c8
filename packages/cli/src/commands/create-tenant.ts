import { deepEqual, type KubeObject } from '@sluice/core';
import type { Cluster } from '@sluice/kube';
import { printYaml } from '@sluice/yaml';
import type { Invocation } from '../command-line/index.js';
import { connect } from '../connection.js';
import { createdName, parseLabels, qualifiedNameFault } from '../create/index.js';
import { deadlineOf } from '../deadline.js';
import { FIELD_MANAGER } from '../install/apply-objects.js';

const RBAC = 'rbac.authorization.k8s.io';
const TITLES: Readonly<Record<string, string>> = { Namespace: 'namespace', ServiceAccount: 'service account', RoleBinding: 'role binding' };

/** `create tenant NAME`: namespaces, and in each a service account that may do there what a role allows. */
export async function run(invocation: Invocation): Promise<void> {
  const { flags, terminal } = invocation;
  const objects = tenantObjects(invocation);
  if (flags.bool('export')) {
    for (const object of objects) terminal.out(`---\n${printYaml(object)}`);
    return;
  }
  const signal = deadlineOf(invocation);
  const { cluster, close } = await connect(invocation);
  try {
    for (const object of objects) {
      terminal.action(`applying ${TITLES[object.kind] ?? object.kind} ${object.metadata.name ?? ''}`);
      await replaceRole(cluster, object, signal);
      await cluster.apply(object, { fieldManager: FIELD_MANAGER, force: true, signal });
    }
  } finally {
    await close();
  }
  terminal.success('tenant setup completed');
}

/** The role of a binding can't be changed: one with another role makes way. */
async function replaceRole(cluster: Cluster, { apiVersion, kind, metadata, roleRef }: KubeObject, signal: AbortSignal): Promise<void> {
  if (kind !== 'RoleBinding') return;
  const { name = '', namespace = '' } = metadata;
  const key = { apiVersion, kind, name, namespace };
  const existing = await cluster.get(key, { signal });
  if (existing !== undefined && !deepEqual(existing['roleRef'], roleRef)) await cluster.delete(key, { signal });
}

function tenantObjects(invocation: Invocation): KubeObject[] {
  const { flags } = invocation;
  const tenant = createdName(invocation);
  const role = flags.string('cluster-role');
  if (role === '') throw new Error('cluster-role is required');
  const namespaces = flags.list('with-namespace');
  if (namespaces.length === 0) throw new Error('with-namespace is required');
  const account = flags.string('with-service-account') || tenant;
  const labels = { ...parseLabels(flags.list('label')), 'toolkit.fluxcd.io/tenant': tenant };
  return namespaces.flatMap((namespace) => {
    checkName(namespace, 'namespace');
    checkName(account, 'service-account name');
    const made: KubeObject[] = [
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: account, namespace, labels } },
      {
        apiVersion: `${RBAC}/v1`,
        kind: 'RoleBinding',
        metadata: { name: `${tenant}-reconciler`, namespace, labels },
        roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: role },
        subjects: [
          { apiGroup: RBAC, kind: 'User', name: `gotk:${namespace}:reconciler` },
          { kind: 'ServiceAccount', name: account, namespace },
        ],
      },
    ];
    const namespaceObject: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels } };
    return flags.bool('skip-namespace') ? made : [namespaceObject, ...made];
  });
}

function checkName(name: string, what: string): void {
  const fault = qualifiedNameFault(name);
  if (fault !== undefined) throw new Error(`invalid ${what} '${name}': [${fault}]`);
}
