import type { KubeObject } from '@sluice/core';
import { invalid as invalidField } from '@sluice/schema';
import { definitionDefaults } from '../definitions/defaults.js';
import { applyDefaults } from '../kinds/index.js';
import { decodeChecked, decodeObject, internal, parseYamlBody, type DecodedObject } from '../objects/index.js';
import { decodeProtobuf } from '../protobuf/decode.js';
import type { Resource } from '../registry/resource.js';
import type { Call } from '../server/context.js';
import { bodyType } from '../server/negotiate.js';
import { badRequest, invalid } from '../server/status.js';
import { bodyBytes, bodyString, contentTypeOf } from './body.js';
import { typeOf } from '../registry/types.js';
import type { WriteOptions } from './write-options.js';

/** The object in a request's body, with the defaults of its kind. */
export function decodeBody(call: Call, resource: Resource, validation: WriteOptions['fieldValidation']): DecodedObject {
  const encoding = bodyType(contentTypeOf(call));
  const { type } = typeOf(resource);
  const text = encoding === 'protobuf' ? JSON.stringify(decodeProtobuf(bodyBytes(call), resource)) : bodyString(call);
  const decoded = decodeObject({ type, text, format: encoding === 'yaml' ? 'yaml' : 'json', validation });
  if (resource.custom !== undefined) checkCustomKind(call, resource, decoded);
  return withDefaults(decoded);
}

/** Bodies of custom resources are read without looking at their kind; it has to be the right one all the same. */
function checkCustomKind(call: Call, resource: Resource, { object, warnings }: DecodedObject): void {
  const { apiVersion, kind, metadata } = object;
  if (apiVersion !== resource.apiVersion) {
    // Nothing is known of the fields of a version that is not served.
    if (typeOf(resource).versions.typeOf(apiVersion) === undefined) call.warnings.push(...warnings);
    throw badRequest(`the API version in the data (${apiVersion}) does not match the expected API version (${resource.apiVersion})`);
  }
  if (kind !== resource.kind) {
    throw invalid({ group: resource.group, kind }, metadata.name ?? '', [invalidField('kind', kind, `must be ${resource.kind}`)]);
  }
}

export function withDefaults({ object, warnings }: DecodedObject): DecodedObject {
  return { object: definitionDefaults(applyDefaults(object)), warnings };
}

/** What an apply made of an object, with the defaults of its kind. */
export function completeApplied(resource: Resource, object: KubeObject): KubeObject {
  if (resource.custom === undefined) return definitionDefaults(applyDefaults(object));
  return decodeChecked({
    type: typeOf(resource).type,
    value: object,
    validation: 'Ignore',
    source: 'memory',
    refuse: (message) => {
      throw internal(message);
    },
  }).object;
}

/** The configuration in the body of an apply: YAML, the first document of it. */
export function readApplied(call: Call): ReturnType<typeof parseYamlBody> {
  return parseYamlBody(bodyString(call));
}
