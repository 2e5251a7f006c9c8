import type { KubeObject } from '@sluice/core';
import type { CustomResourceVersion } from './resource.js';

/** The table of CustomResourceDefinitions. */
export const DEFINITIONS = 'apiextensions.k8s.io/customresourcedefinitions';

/** The spec of a CustomResourceDefinition. */
export interface DefinitionSpec {
  readonly group: string;
  readonly scope: string;
  readonly names: DefinitionNames;
  readonly versions: readonly CustomResourceVersion[];
  readonly preserveUnknownFields?: boolean;
}

export interface DefinitionNames {
  readonly plural: string;
  readonly singular?: string;
  readonly kind: string;
  readonly listKind?: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
}

export function definitionSpec(definition: KubeObject): DefinitionSpec {
  return definition['spec'] as DefinitionSpec;
}
