import type { JsonObject, KubeObject, ObjectMeta } from '@sluice/core';
import type { ObjectSchema, Schema, Static } from './schema.js';
import { widened } from './widened.js';

/** A column of `kubectl get`. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'date' | 'integer' | 'boolean';
  readonly jsonPath: string;
  readonly description?: string;
  readonly priority?: number;
}

/** One served version of a kind: its name and the shape of its spec and status. */
export interface ResourceVersion<V extends string = string, S extends Schema = Schema, T extends Schema = Schema> {
  readonly name: V;
  /** What the kind is for, in a sentence. */
  readonly about: string;
  readonly spec: S;
  /** Absent for a kind that records no state. */
  readonly status?: T;
  readonly columns: readonly PrinterColumn[];
  /** What the API server warns with when this version is used; present on versions that have a successor. */
  readonly deprecationWarning?: string;
}

/** A kind, with all versions it is served in. The first one is the one that is stored. */
export interface CustomResource {
  readonly group: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly versions: readonly [ResourceVersion, ...ResourceVersion[]];
}

/** The static type of the objects of a version. */
export type ResourceObject<G extends string, K extends string, R extends ResourceVersion> =
  R extends ResourceVersion<infer V, infer S, infer T>
    ? {
        readonly apiVersion: `${G}/${V}`;
        readonly kind: K;
        readonly metadata: ObjectMeta;
        readonly spec: Static<S>;
        readonly status?: Static<T>;
      }
    : never;

/** Defines a version; its literal types are kept. */
export function version<const V extends string, S extends ObjectSchema, T extends Schema = never>(
  definition: ResourceVersion<V, S, T>,
): ResourceVersion<V, S, T> {
  return definition;
}

/** The warning that the API server answers with for a version that has a successor. */
export function superseded(kind: string, from: string, to: string): { readonly deprecationWarning: string } {
  return { deprecationWarning: `${from} ${kind} is deprecated, upgrade to ${to}` };
}

/**
 * The CustomResourceDefinition of a kind. All versions convert by strategy None: what an older version has and the
 * stored one lacks either has no meaning any more or is refused by a rule of that version's schema
 * (docs/decisions/0050). What the stored one has, all versions declare (docs/decisions/0195).
 */
export function crdOf(definition: CustomResource): KubeObject {
  const { group, kind, plural, singular, shortNames, categories, versions } = definition;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${plural}.${group}`,
      // The descriptions and patterns may hold ${…}: not a variable of whoever installs this with post-build substitution.
      annotations: { 'kustomize.toolkit.fluxcd.io/substitute': 'disabled' },
    },
    spec: {
      group,
      names: {
        ...(categories !== undefined && { categories }),
        kind,
        listKind: `${kind}List`,
        plural,
        ...(shortNames !== undefined && { shortNames }),
        singular,
      },
      scope: 'Namespaced',
      versions: versions.map((each) => versionOfCrd(definition, each)),
    },
  };
}

function versionOfCrd(definition: CustomResource, each: ResourceVersion): JsonObject {
  return {
    ...(each.columns.length > 0 && { additionalPrinterColumns: each.columns as readonly JsonObject[] & readonly PrinterColumn[] }),
    ...(each.deprecationWarning !== undefined && { deprecated: true, deprecationWarning: each.deprecationWarning }),
    name: each.name,
    schema: { openAPIV3Schema: servedSchema(definition, each) },
    served: true,
    storage: each === definition.versions[0],
    subresources: each.status === undefined ? {} : { status: {} },
  };
}

/** The schema of a whole object of a version, as it is served: an older version has the stored one's fields, too. */
export function servedSchema({ versions: [stored] }: CustomResource, each: ResourceVersion): JsonObject {
  return each === stored ? rootSchema(each) : widened(rootSchema(each), rootSchema(stored));
}

/** The schema of a whole object of a version, as that version was when it was new. */
export function rootSchema(each: ResourceVersion): JsonObject {
  return {
    description: each.about,
    properties: {
      apiVersion: { description: 'The group and version this object is written in.', type: 'string' },
      kind: { description: 'The kind of this object.', type: 'string' },
      metadata: { type: 'object' },
      spec: each.spec.json,
      ...(each.status !== undefined && { status: each.status.json }),
    },
    type: 'object',
  };
}
