import type { KubeObject } from '@sluice/core';
import { definitionDefaults } from '../definitions/defaults.js';
import { applyDefaults } from '../kinds/index.js';
import { decodeChecked, decodeObject, internal, parseYamlBody, type DecodedObject } from '../objects/index.js';
import { decodeProtobuf } from '../protobuf/decode.js';
import type { Resource } from '../registry/resource.js';
import type { Call } from '../server/context.js';
import { bodyType } from '../server/negotiate.js';
import { bodyBytes, bodyString, contentTypeOf } from './body.js';
import { typeOf } from '../registry/types.js';
import type { WriteOptions } from './write-options.js';

/** The object in a request's body, with the defaults of its kind. */
export function decodeBody(call: Call, resource: Resource, validation: WriteOptions['fieldValidation']): DecodedObject {
  const encoding = bodyType(contentTypeOf(call));
  const { type } = typeOf(resource);
  const text = encoding === 'protobuf' ? JSON.stringify(decodeProtobuf(bodyBytes(call), resource)) : bodyString(call);
  return withDefaults(decodeObject({ type, text, format: encoding === 'yaml' ? 'yaml' : 'json', validation }));
}

export function withDefaults({ object, warnings }: DecodedObject): DecodedObject {
  return { object: definitionDefaults(applyDefaults(object)), warnings };
}

/** What an apply made of an object, with the defaults of its kind. */
export function completeApplied(resource: Resource, object: KubeObject): KubeObject {
  if (resource.custom === undefined) return definitionDefaults(applyDefaults(object));
  return decodeChecked({
    type: typeOf(resource).type,
    value: object as Record<string, unknown>,
    validation: 'Ignore',
    refuse: (message) => {
      throw internal(message);
    },
  }).object;
}

/** The configuration in the body of an apply: YAML, the first document of it. */
export function readApplied(call: Call): ReturnType<typeof parseYamlBody> {
  return parseYamlBody(bodyString(call));
}
