import { SluiceError, deepEqual } from '@sluice/core';
import { toJson } from '../node/json.js';
import type { Resource } from '../resource/resource.js';
import type { ResourceList } from '../resource/resource-list.js';
import type { Transformer } from '../transformers/transformer.js';

/** The label by which a validator may leave its mark. */
const VALIDATED_BY = 'validated-by';

/** Runs a validator. It may fail; it must not change anything. */
export function checkUnchanged(resources: ResourceList, validator: Transformer): void {
  const before = resources.items.map(snapshot);
  validator.transform(resources);
  const after = resources.items.map(snapshot);
  if (deepEqual(before, after)) return;
  throw new SluiceError('KustomizationInvalid', "validator shouldn't modify the resource map");
}

function snapshot(resource: Resource): unknown {
  const copy = resource.copy();
  copy.labels?.delete(VALIDATED_BY);
  return toJson(copy.root);
}
