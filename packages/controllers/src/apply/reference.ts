import { groupOf, versionOf, type KubeObject } from '@sluice/core';
import type { ObjectKey } from '@sluice/kube';

/** An object by group and kind, wherever and in whatever version it is served: what the inventory remembers. */
export interface ObjectReference {
  readonly group: string;
  readonly kind: string;
  /** Empty for cluster-scoped objects. */
  readonly namespace: string;
  readonly name: string;
}

/** A reference with the version that the object was applied in. */
export interface VersionedReference extends ObjectReference {
  readonly version: string;
}

export function referenceOf(object: KubeObject): VersionedReference {
  const { namespace = '', name = '' } = object.metadata;
  return { group: groupOf(object.apiVersion), version: versionOf(object.apiVersion), kind: object.kind, namespace, name };
}

/** `Deployment/apps/podinfo`, `ClusterRole/admin`: how messages and change logs name an object. */
export function subjectOf({ kind, namespace, name }: Pick<ObjectReference, 'kind' | 'namespace' | 'name'>): string {
  return namespace === '' ? `${kind}/${name}` : `${kind}/${namespace}/${name}`;
}

/** One text for one object; also the id in the inventory. */
export function inventoryId({ group, kind, namespace, name }: ObjectReference): string {
  return `${namespace}_${isRbac(group, kind) ? name.replaceAll(':', '__') : name}_${group}_${kind}`;
}

/**
 * The object of an inventory id: the namespace before the first underscore, the kind after the last, the group between
 * that and the one before; the rest is the name. Undefined for what is no id.
 */
export function parseInventoryId(id: string): ObjectReference | undefined {
  const first = id.indexOf('_');
  const last = id.lastIndexOf('_');
  const middle = id.lastIndexOf('_', last - 1);
  if (first < 0 || middle <= first) return undefined;
  return {
    namespace: id.slice(0, first),
    name: id.slice(first + 1, middle).replaceAll('__', ':'),
    group: id.slice(middle + 1, last),
    kind: id.slice(last + 1),
  };
}

/** Names of these may hold colons, which an inventory id of old could not. */
function isRbac(group: string, kind: string): boolean {
  return group === 'rbac.authorization.k8s.io' && ['Role', 'ClusterRole', 'RoleBinding', 'ClusterRoleBinding'].includes(kind);
}

export function objectKeyOf(reference: VersionedReference): ObjectKey {
  const { group, version, kind, namespace, name } = reference;
  return { apiVersion: apiVersionOf(group, version), kind, name, ...(namespace === '' ? {} : { namespace }) };
}

export function apiVersionOf(group: string, version: string): string {
  return group === '' ? version : `${group}/${version}`;
}
