/** A resource as an OpenAPI document describes it. */
export interface OpenApiResource {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** The plural, as in paths. */
  readonly resource: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  readonly subresources: readonly string[];
  /** The `openAPIV3Schema` of a custom resource; absent for built-in kinds. */
  readonly schema?: Readonly<Record<string, unknown>>;
  /** The kind of its list. */
  readonly listKind?: string;
}

/** `2` for Swagger documents, `3` for OpenAPI. */
export type OpenApiVersion = 2 | 3;

export type Json = Readonly<Record<string, unknown>>;
