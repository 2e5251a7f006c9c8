import type { KubeObject } from '@sluice/core';
import type { SelectableFields } from '../selectors/fields.js';
import { textHead } from '../store/stored.js';

/** One resource in one version, as requests reach it. */
export interface Resource {
  readonly group: string;
  readonly version: string;
  readonly apiVersion: string;
  readonly kind: string;
  readonly listKind: string;
  /** The plural, as in paths. */
  readonly resource: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  readonly subresources: ReadonlyMap<string, SubresourceInfo>;
  /** Where its objects are: the same table for all versions of a resource, and for resources that share their objects. */
  readonly table: string;
  /** The version in which objects are written to the store. */
  readonly storageVersion: string;
  /** The version behind discovery's `storageVersionHash`. */
  readonly hashedVersion: string;
  readonly fields: SelectableFields;
  readonly refuseField: (field: string) => string;
  /** Set for custom resources. */
  readonly custom: CustomResource | undefined;
  /** Turns an object of another version, or from before the schema changed, into one of this resource. */
  readonly convert: (object: KubeObject) => KubeObject;
  /** Turns an object of this resource into its storage version. */
  readonly toStorage: (object: KubeObject) => KubeObject;
  /** What its text begins with. */
  readonly head: string;
}

export interface SubresourceInfo {
  readonly name: string;
  readonly kind: string;
  readonly group: string | undefined;
  readonly version: string | undefined;
  readonly verbs: readonly string[];
}

/** What a CustomResourceDefinition says about one of its versions. */
export interface CustomResource {
  readonly definition: KubeObject;
  readonly version: CustomResourceVersion;
  /** Objects written before this revision may not have this version's defaults. */
  readonly schemaRevision: number;
  /** Whether all versions have one schema, so that objects of another version only need another apiVersion. */
  readonly uniformSchema: boolean;
}

export interface CustomResourceVersion {
  readonly name: string;
  readonly served: boolean;
  readonly storage: boolean;
  readonly deprecated?: boolean;
  readonly deprecationWarning?: string;
  readonly schema?: { readonly openAPIV3Schema?: Readonly<Record<string, unknown>> };
  readonly subresources?: {
    readonly status?: object;
    readonly scale?: { readonly specReplicasPath: string; readonly statusReplicasPath: string; readonly labelSelectorPath?: string };
  };
  readonly additionalPrinterColumns?: readonly PrinterColumn[];
  readonly selectableFields?: readonly { readonly jsonPath: string }[];
}

export interface PrinterColumn {
  readonly name: string;
  readonly type: string;
  readonly format?: string;
  readonly description?: string;
  readonly priority?: number;
  readonly jsonPath: string;
}

export function apiVersionOf(group: string, version: string): string {
  return group === '' ? version : `${group}/${version}`;
}

export function defineResource(parts: Omit<Resource, 'apiVersion' | 'head' | 'listKind'> & { readonly listKind?: string }): Resource {
  const apiVersion = apiVersionOf(parts.group, parts.version);
  return { ...parts, apiVersion, listKind: parts.listKind ?? `${parts.kind}List`, head: textHead(parts.kind, apiVersion) };
}

/** The key of an object in its table. */
export function keyOf(resource: Resource, namespace: string, name: string): string {
  return resource.namespaced ? `${namespace}/${name}` : `/${name}`;
}
