import type { SchemaNode } from '@sluice/schema';
import type { TypeNode } from './type-node.js';

/** A kind in one version, as the object engine sees it: built in, or defined by a CustomResourceDefinition. */
export interface ObjectType {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** `v1`, `apps/v1`. */
  readonly apiVersion: string;
  readonly root: TypeNode;
  /** Whether a CustomResourceDefinition defines it: its objects are JSON with a schema, not Go structs. */
  readonly custom: boolean;
  /** The schema of a custom resource; undefined for built-in kinds. */
  readonly schema?: SchemaNode;
}
