import type { ObjectReference, VersionedReference } from './reference.js';

/** The kinds that others stand on, in the order in which they are applied. Then all others, then {@link LAST_KINDS}. */
const FIRST_KINDS = [
  'CustomResourceDefinition',
  'Namespace',
  'ClusterRole',
  'ClusterClass',
  'RuntimeClass',
  'PriorityClass',
  'StorageClass',
  'VolumeSnapshotClass',
  'IngressClass',
  'GatewayClass',
  'ClusterRoleBinding',
  'ResourceQuota',
  'ServiceAccount',
  'Role',
  'RoleBinding',
  'ConfigMap',
  'Secret',
  'Service',
  'LimitRange',
  'Deployment',
  'StatefulSet',
  'CronJob',
  'PodDisruptionBudget',
];

/** Webhooks come last: they would stop what they are not ready for. */
const LAST_KINDS = ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'];

const RANKS = new Map([
  ...FIRST_KINDS.map((kind, index) => [kind, index] as const),
  ...LAST_KINDS.map((kind, index) => [kind, FIRST_KINDS.length + 1 + index] as const),
]);

/** Where a kind stands in the order of applying. Kinds of equal rank do not depend on each other. */
export function kindRank(kind: string): number {
  return RANKS.get(kind) ?? FIRST_KINDS.length;
}

/** Compares by the order of applying; deleting goes the other way round. */
export function byApplyOrder(a: ObjectReference, b: ObjectReference): number {
  return (
    kindRank(a.kind) - kindRank(b.kind) ||
    compare(a.group, b.group) ||
    compare(a.kind, b.kind) ||
    compare(a.namespace, b.namespace) ||
    compare(a.name, b.name)
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The stages of an apply, in order. The first two are waited for before the next begins. */
export const STAGES = ['definitions', 'classes', 'custom', 'resources'] as const;
export type Stage = (typeof STAGES)[number];

/** `group/Kind` of the kinds that the operator wants applied before the rest. */
export type CustomStageKinds = ReadonlySet<string>;

export function stageOf(reference: VersionedReference, customKinds: CustomStageKinds): Stage {
  if (isDefinition(reference)) return 'definitions';
  if (reference.kind.endsWith('Class')) return 'classes';
  return customKinds.has(`${reference.group}/${reference.kind}`) ? 'custom' : 'resources';
}

/** Kinds of definitions are compared without regard to case. */
function isDefinition({ group, version, kind }: VersionedReference): boolean {
  switch (kind.toLowerCase()) {
    case 'customresourcedefinition':
      return group === 'apiextensions.k8s.io';
    case 'namespace':
      return group === '' && version === 'v1';
    case 'clusterrole':
      return group === 'rbac.authorization.k8s.io';
    default:
      return false;
  }
}

/** Reads the option `--custom-apply-stage-kinds`: `group/Kind`, separated by commas; without a group, the core one. */
export function parseStageKinds(text: string): CustomStageKinds {
  if (text === '') return new Set();
  return new Set(text.split(',').map((item) => (item.includes('/') ? item.trim() : `/${item.trim()}`)));
}
