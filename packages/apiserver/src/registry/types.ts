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

/**
 * A stored custom resource as a version shows it: with the defaults of the version that it was written in, then pruned to
 * the schema of the one that is asked for. That one's own defaults are for what is written in it.
 */
export function customInVersion(spec: DefinitionSpec, version: CustomResourceVersion, object: KubeObject): KubeObject {
  const written = spec.versions.find(({ name }) => apiVersionOf(spec.group, name) === object.apiVersion);
  const complete = written === undefined ? object : withDefaults(customTypeOf(spec, written), object);
  return written === version ? complete : pruned(customTypeOf(spec, version), complete);
}

/** A custom resource as it is stored: as it will be read, with the defaults of the storage version. */
export function customAsStored(spec: DefinitionSpec, storage: CustomResourceVersion, object: KubeObject): KubeObject {
  return withDefaults(customTypeOf(spec, storage), object);
}

function pruned({ schema, apiVersion }: ObjectType, object: KubeObject): KubeObject {
  const renamed = { ...object, apiVersion };
  return schema === undefined ? renamed : (pruneValue(schema, renamed, { isResource: true }).value as KubeObject);
}

function withDefaults(type: ObjectType, object: KubeObject): KubeObject {
  return type.schema === undefined
    ? { ...object, apiVersion: type.apiVersion }
    : (applySchemaDefaults(type.schema, pruned(type, object)) as KubeObject);
}
