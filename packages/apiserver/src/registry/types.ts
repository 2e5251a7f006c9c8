import { applySchemaDefaults, pruneValue } from '@sluice/schema';
import type { KubeObject } from '@sluice/core';
import { builtinType, customType, type ObjectType, type Versions } from '../objects/index.js';
import { convertKind } from '../kinds/index.js';
import { definitionSpec, type DefinitionSpec } from './definition.js';
import { apiVersionOf, type CustomResourceVersion, type Resource } from './resource.js';

export interface ResourceTypes {
  readonly type: ObjectType;
  /** The types of the other versions, for managers that wrote through them. */
  readonly versions: Versions;
}

const builtIn = new Map<string, ResourceTypes>();
/** Compiled once for each state of a definition. */
const custom = new WeakMap<CustomResourceVersion, ObjectType>();

/** The type of a resource's objects. */
export function typeOf(resource: Resource): ResourceTypes {
  if (resource.custom !== undefined) return customTypes(definitionSpec(resource.custom.definition), resource.custom.version);
  const key = `${resource.apiVersion} ${resource.kind}`;
  let types = builtIn.get(key);
  if (types === undefined) {
    const type = builtinType(resource.apiVersion, resource.kind);
    if (type === undefined) throw new Error(`there is no type for ${key}`);
    types = { type, versions: { typeOf: (apiVersion) => builtinType(apiVersion, resource.kind), convert: convertKind } };
    builtIn.set(key, types);
  }
  return types;
}

function customTypes(spec: DefinitionSpec, version: CustomResourceVersion): ResourceTypes {
  return {
    type: customTypeOf(spec, version),
    versions: {
      typeOf(apiVersion) {
        const other = spec.versions.find(({ name, served }) => served && apiVersionOf(spec.group, name) === apiVersion);
        return other === undefined ? undefined : customTypeOf(spec, other);
      },
    },
  };
}

function customTypeOf({ group, names, preserveUnknownFields }: DefinitionSpec, version: CustomResourceVersion): ObjectType {
  let type = custom.get(version);
  if (type === undefined) {
    type = customType({
      group,
      version: version.name,
      kind: names.kind,
      schema: version.schema?.openAPIV3Schema ?? { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
      ...(preserveUnknownFields === undefined ? {} : { preserveUnknownFields }),
    });
    custom.set(version, type);
  }
  return type;
}

/** A stored custom resource as a version shows it: pruned to its schema, with its defaults. */
export function customInVersion(spec: DefinitionSpec, version: CustomResourceVersion, object: KubeObject): KubeObject {
  const { schema, apiVersion } = customTypeOf(spec, version);
  const renamed = { ...object, apiVersion };
  if (schema === undefined) return renamed;
  return applySchemaDefaults(schema, pruneValue(schema, renamed, { isResource: true }).value) as KubeObject;
}
