import { emptyObject } from '../objects/index.js';
import { typeOf } from '../registry/types.js';
import type { KubeObject } from '@sluice/core';
import type { Resource } from '../registry/resource.js';

/** What a bookmark carries: a kind, a resource version, and the empty structs that built-in types always show. */
export function bookmarkObject(resource: Resource, revision: number, endsInitial: boolean): KubeObject {
  const { kind, apiVersion } = resource;
  const metadata = {
    resourceVersion: String(revision),
    ...(endsInitial ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {}),
  };
  if (resource.custom !== undefined) return { kind, apiVersion, metadata };
  return { ...emptyObject(typeOf(resource).type), kind, apiVersion, metadata };
}
