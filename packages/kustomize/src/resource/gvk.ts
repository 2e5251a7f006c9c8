/** A group, version and kind; empty parts are wildcards in selectors. */
export interface Gvk {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** Splits at the first slash: `apps/v1` is group and version, `v1` a version alone. */
export function gvkOf(apiVersion: string, kind: string): Gvk {
  const slash = apiVersion.indexOf('/');
  return slash < 0
    ? { group: '', version: apiVersion, kind }
    : { group: apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1), kind };
}

export function apiVersionOf({ group, version }: Gvk): string {
  return group === '' ? version : `${group}/${version}`;
}

export function gvkEquals(a: Gvk, b: Gvk): boolean {
  return a.kind === b.kind && a.group === b.group && a.version === b.version;
}

/** A key under which equal ones meet. */
export function gvkKey({ group, version, kind }: Gvk): string {
  return `${kind}\n${group}\n${version}`;
}

/** Whether `selector` picks `gvk`; its empty parts pick anything. */
export function isSelectedBy(gvk: Gvk, selector: Gvk): boolean {
  return (
    (selector.kind === '' || selector.kind === gvk.kind) &&
    (selector.group === '' || selector.group === gvk.group) &&
    (selector.version === '' || selector.version === gvk.version)
  );
}

/** As kustomize writes it: `Deployment.v1.apps`, `Pod.v1.[noGrp]`. */
export function gvkText({ group, version, kind }: Gvk): string {
  return `${kind === '' ? '[noKind]' : kind}.${version === '' ? '[noVer]' : version}.${group === '' ? '[noGrp]' : group}`;
}

const kindsFirst = [
  'Namespace',
  'ResourceQuota',
  'StorageClass',
  'CustomResourceDefinition',
  'ServiceAccount',
  'PodSecurityPolicy',
  'Role',
  'ClusterRole',
  'RoleBinding',
  'ClusterRoleBinding',
  'ConfigMap',
  'Secret',
  'Endpoints',
  'Service',
  'LimitRange',
  'PriorityClass',
  'PersistentVolume',
  'PersistentVolumeClaim',
  'Deployment',
  'StatefulSet',
  'CronJob',
  'PodDisruptionBudget',
];
const kindsLast = ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'];

/** Ranks kinds: those named first below zero, those named last above it, all others zero. */
export function rankKinds(first: readonly string[], last: readonly string[]): (kind: string) => number {
  const ranks = new Map<string, number>();
  for (const [index, kind] of first.entries()) ranks.set(kind, index - first.length);
  for (const [index, kind] of last.entries()) ranks.set(kind, index + 1);
  return (kind) => ranks.get(kind) ?? 0;
}

/** The rank that kinds have unless a kustomization says otherwise: what others depend on comes first. */
export const defaultRank = rankKinds(kindsFirst, kindsLast);

/** The text that orders kinds of the same rank. */
export function gvkSortKey({ group, version, kind }: Gvk): string {
  return `${group === '' ? '~G' : group}_${version === '' ? '~V' : version}_${kind === '' ? '~K' : kind}`;
}

/** Orders by rank, then by group, version and kind. */
export function compareGvks(a: Gvk, b: Gvk): number {
  const rank = defaultRank(a.kind) - defaultRank(b.kind);
  return rank !== 0 ? rank : compareText(gvkSortKey(a), gvkSortKey(b));
}

/** Orders texts by their code units, as Go orders by bytes. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
