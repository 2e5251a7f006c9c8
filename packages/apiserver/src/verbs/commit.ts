import type { KubeObject } from '@sluice/core';
import type { Resource } from '../registry/resource.js';

/** An object in the version in which it is stored. */
export function toStorage(resource: Resource, object: KubeObject): KubeObject {
  return resource.apiVersion === resource.storageVersion ? object : resource.toStorage(object);
}
