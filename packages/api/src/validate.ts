import { groupOf, isJsonObject, versionOf, type KubeObject } from '@sluice/core';
import { applySchemaDefaults, compileSchema, pruneValue, validateObject, type FieldError, type SchemaNode } from '@sluice/schema';
import { servedSchema, type CustomResource, type ResourceVersion } from './dsl/custom-resource.js';

/** An object of a kind of ours, as the API server would take it. */
export interface ValidatedResource {
  /** With defaults, and without the fields that its version does not know. */
  readonly object: KubeObject;
  /** The fields that its version does not know. */
  readonly unknown: readonly string[];
  readonly errors: readonly FieldError[];
  /** What the API server would warn of: an older version. */
  readonly warnings: readonly string[];
}

/** Looks kinds up by their objects, and checks objects without an API server. */
export function resourceValidator(definitions: readonly CustomResource[]): (object: KubeObject) => ValidatedResource | undefined {
  const compiled = new Map<ResourceVersion, SchemaNode>();
  const schemaOf = (definition: CustomResource, version: ResourceVersion): SchemaNode => {
    let schema = compiled.get(version);
    if (schema === undefined) {
      schema = compileSchema(servedSchema(definition, version));
      compiled.set(version, schema);
    }
    return schema;
  };
  return (object) => {
    const definition = definitions.find(({ group, kind }) => kind === object.kind && group === groupOf(object.apiVersion));
    const version = definition?.versions.find(({ name }) => name === versionOf(object.apiVersion));
    if (definition === undefined || version === undefined) return undefined;
    const schema = schemaOf(definition, version);
    const { value, unknown } = pruneValue(schema, object, { isResource: true });
    const complete = applySchemaDefaults(schema, value);
    return {
      object: isJsonObject(complete) ? (complete as KubeObject) : object,
      unknown,
      errors: validateObject(schema, complete),
      warnings: version.deprecationWarning === undefined ? [] : [version.deprecationWarning],
    };
  };
}
