import type { KubeObject } from '@sluice/core';
import { type FieldError, validateDefinition, validateObject, validateScale } from '@sluice/schema';
import { DEFINITIONS } from '../registry/definition.js';
import { validateAnnotations, validateLabels } from '../kinds/common/meta.js';
import { validateEmbedded } from '../objects/index.js';
import type { Resource } from '../registry/resource.js';
import { typeOf } from '../registry/types.js';

/** What a custom resource's definition, or the rules for definitions themselves, have to say of an object. */
export function schemaFaults(resource: Resource, next: KubeObject, live: KubeObject | undefined): readonly FieldError[] {
  if (resource.table === DEFINITIONS) return validateDefinition(next, live);
  if (resource.custom === undefined) return [];
  const { schema } = typeOf(resource).type;
  const scale = resource.custom.version.subresources?.scale;
  return [
    ...(schema === undefined ? [] : [...validateObject(schema, next, live), ...validateEmbedded(schema, next, embeddedMetadataFaults)]),
    ...(scale === undefined ? [] : validateScale(next, scale)),
  ];
}

/** Objects inside of objects have metadata of their own; what it is called is their owner's business. */
function embeddedMetadataFaults(metadata: Readonly<Record<string, unknown>>, path: string): FieldError[] {
  const faults: FieldError[] = [];
  validateLabels(metadata['labels'], faults, `${path}.labels`);
  validateAnnotations(metadata['annotations'], faults, `${path}.annotations`);
  return faults;
}
