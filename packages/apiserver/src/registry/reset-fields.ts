import { FieldSet } from '../objects/index.js';
import { DEFINITIONS } from './definition.js';
import type { Resource } from './resource.js';

const status = FieldSet.fromFieldsV1({ 'f:status': {} });
const spec = FieldSet.fromFieldsV1({ 'f:spec': {} });
const specAndMetadata = FieldSet.fromFieldsV1({ 'f:spec': {}, 'f:metadata': {} });
const specAndLabels = FieldSet.fromFieldsV1({ 'f:spec': {}, 'f:metadata': { 'f:labels': {} } });

/** The fields that a write cannot change, and therefore does not own: the status for most, everything else for a write to the status. */
export function resetFieldsOf(resource: Resource, subresource?: string): FieldSet | undefined {
  if (subresource === undefined) return resource.subresources.has('status') ? status : undefined;
  if (subresource !== 'status') return undefined;
  if (resource.table === DEFINITIONS) return specAndMetadata;
  return resource.table === 'apps/deployments' ? specAndLabels : spec;
}
