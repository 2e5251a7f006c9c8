import type { KubeObject } from '@sluice/core';
import { deepEqual } from '@sluice/core';
import type { ResourceCall } from '../server/context.js';
import { forbidden, notFound } from '../server/status.js';
import type { RoleRef } from './rbac.js';
import { notCovered, ruleText, type PolicyRule } from './rbac-rules.js';

const GROUP = 'rbac.authorization.k8s.io';

/** Nobody grants what they do not have: called before a role or a binding is stored. Throws a 403 that says what is missing. */
export function checkEscalation(call: ResourceCall, next: KubeObject, live: KubeObject | undefined): void {
  switch (call.resource.table) {
    case `${GROUP}/roles`:
    case `${GROUP}/clusterroles`:
      checkRole(call, next, live);
      return;
    case `${GROUP}/rolebindings`:
    case `${GROUP}/clusterrolebindings`:
      checkBinding(call, next, live);
      return;
    default:
  }
}

function checkRole(call: ResourceCall, next: KubeObject, live: KubeObject | undefined): void {
  const rules = (next['rules'] ?? []) as readonly PolicyRule[];
  const isAggregated = next['aggregationRule'] !== undefined && next['aggregationRule'] !== null;
  if (live !== undefined && deepEqual(rules, live['rules'] ?? []) && deepEqual(next['aggregationRule'], live['aggregationRule'])) return;
  if (may(call, 'escalate', call.resource.resource, next.metadata.name ?? '')) return;
  // What an aggregated role will hold, nobody can say.
  const wanted: readonly PolicyRule[] = isAggregated
    ? [...rules, { verbs: ['*'], apiGroups: ['*'], resources: ['*'] }, { verbs: ['*'], nonResourceURLs: ['*'] }]
    : rules;
  checkGrant(call, next, wanted);
}

function checkBinding(call: ResourceCall, next: KubeObject, live: KubeObject | undefined): void {
  const roleRef = next['roleRef'] as RoleRef | undefined;
  if (roleRef === undefined) return;
  if (live !== undefined && deepEqual(roleRef, live['roleRef']) && deepEqual(next['subjects'] ?? [], live['subjects'] ?? [])) return;
  if (may(call, 'bind', roleRef.kind === 'ClusterRole' ? 'clusterroles' : 'roles', roleRef.name)) return;
  const rules = call.context.rbac.rulesOfRole(roleRef, call.path.namespace);
  if (rules === undefined) throw notFound(call.resource, next.metadata.name ?? '');
  checkGrant(call, next, rules);
}

function may({ context, user, path }: ResourceCall, verb: string, resource: string, name: string): boolean {
  return context.rbac.authorize(user, { verb, resource: { group: GROUP, resource, subresource: '', namespace: path.namespace, name } })
    .allowed;
}

function checkGrant({ context, user, resource, path }: ResourceCall, next: KubeObject, wanted: readonly PolicyRule[]): void {
  const missing = notCovered(wanted, context.rbac.grantableBy(user, path.namespace));
  if (missing.length === 0) return;
  const groups = user.groups.map((group) => JSON.stringify(group)).join(' ');
  const lines = missing.map(ruleText).join('\n');
  throw forbidden(
    resource,
    next.metadata.name ?? '',
    `user ${JSON.stringify(user.name)} (groups=[${groups}]) is attempting to grant RBAC permissions not currently held:\n${lines}`,
  );
}
