import type { KubeObject } from '@sluice/core';
import type { Resource } from '../../registry/resource.js';
import { MANAGER, pathOf, type World } from '../world.js';

/**
 * Requests about objects of any kind, by their resource: no discovery needed. Each says which object it is about by
 * uid, and is content when that one is gone.
 */
export async function deleteObject(
  { cluster }: World,
  resource: Resource,
  object: KubeObject,
  propagationPolicy: 'Background' | 'Foreground' | 'Orphan',
): Promise<void> {
  const body = JSON.stringify({
    kind: 'DeleteOptions',
    apiVersion: 'v1',
    propagationPolicy,
    preconditions: { uid: object.metadata.uid },
  });
  check(await cluster.raw('DELETE', pathOf(resource, object), { body, headers: JSON_BODY }), 'delete', object);
}

/** Changes metadata by a merge patch, of exactly the object that was read. */
export async function patchMetadata({ cluster }: World, resource: Resource, object: KubeObject, metadata: object): Promise<void> {
  const { uid, resourceVersion } = object.metadata;
  const body = JSON.stringify({ metadata: { uid, resourceVersion, ...metadata } });
  const path = `${pathOf(resource, object)}?fieldManager=${MANAGER}`;
  check(await cluster.raw('PATCH', path, { body, headers: MERGE_PATCH }), 'patch', object);
}

const JSON_BODY = { 'content-type': 'application/json' };
const MERGE_PATCH = { 'content-type': 'application/merge-patch+json' };

function check({ status, body }: { status: number; body: string }, action: string, { kind, metadata }: KubeObject): void {
  if (status < 400 || status === 404) return;
  // Somebody else wrote first: their write brings the object up again.
  if (status === 409) return;
  throw new Error(`could not ${action} ${kind} ${metadata.namespace ?? ''}/${metadata.name ?? ''}: ${status} ${body.slice(0, 500)}`);
}
