import { gvkKey, gvkText, type Gvk } from './gvk.js';

/** What stands for the namespace of a cluster-wide object. */
export const CLUSTER_WIDE = '_non_namespaceable_';
const DEFAULT_NAMESPACE = 'default';

/** What names a resource. */
export interface ResourceId {
  readonly gvk: Gvk;
  readonly name: string;
  /** As written; empty when it is not. */
  readonly namespace: string;
}

/** A namespace for comparing: not saying one means `default`. */
export function effectiveNamespace(namespace: string, isClusterWide: boolean): string {
  return isClusterWide ? CLUSTER_WIDE : namespace === '' ? DEFAULT_NAMESPACE : namespace;
}

/** As kustomize writes it: `Deployment.v1.apps/web.prod`. */
export function idText({ gvk, name, namespace }: ResourceId): string {
  return `${gvkText(gvk)}/${name === '' ? '[noName]' : name}.${namespace === '' ? '[noNs]' : namespace}`;
}

/** A key under which equal ids meet. */
export function idKey(gvk: Gvk, name: string, effectiveNs: string): string {
  return `${gvkKey(gvk)}\n${effectiveNs}\n${name}`;
}
