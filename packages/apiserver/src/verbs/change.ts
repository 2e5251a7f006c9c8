import type { KubeObject } from '@sluice/core';
import type { HttpResponse } from '@sluice/kube';
import { invalid as invalidField } from '@sluice/schema';
import { keepUnchanged } from '../objects/index.js';
import { keyOf } from '../registry/resource.js';
import { servedObject } from '../registry/served.js';
import type { ResourceCall } from '../server/context.js';
import { renderObject, renderStored } from '../server/render.js';
import { badRequest, conflict, invalid, MODIFIED } from '../server/status.js';
import type { Stored } from '../store/stored.js';
import { toStorage } from './commit.js';
import { withNamespace } from './create.js';
import { prepareChange } from './prepare.js';

export interface Change {
  readonly live: Stored;
  /** What the object is to become, with its owners; `live` itself when nothing changes. */
  readonly next: KubeObject;
  readonly dryRun: boolean;
  readonly subresource?: string;
}

/** Ends every write to an object that is there: checks it, stores it, and lets it go when its last finalizer went. */
export async function change(call: ResourceCall, { live, next, dryRun, subresource }: Change): Promise<HttpResponse> {
  const { object, stored, done } = applyChange(call, { live, next, dryRun, ...(subresource === undefined ? {} : { subresource }) });
  if (stored === undefined) return renderObject(call, 200, object);
  await done;
  return renderStored(call, 200, stored);
}

interface Changed {
  readonly object: KubeObject;
  /** Undefined when the answer is not what is in the store. */
  readonly stored: Stored | undefined;
  readonly done: Promise<void> | undefined;
}

export function applyChange(call: ResourceCall, { live, next, dryRun, subresource }: Change): Changed {
  const { context, resource } = call;
  const before = servedObject(live, resource);
  checkRevision(call, next, live);
  const { object, settle } = prepareChange(call, next, before, subresource);
  const versioned = withRevision(object, before);
  const kept = keepUnchanged(versioned, before);
  if (kept === before || dryRun) {
    settle(false);
    return kept === before ? { object: before, stored: live, done: undefined } : { object: kept, stored: undefined, done: undefined };
  }
  const key = keyOf(resource, before.metadata.namespace ?? '', before.metadata.name ?? '');
  if (isReleased(kept)) {
    // The answer shows the change under the old revision; watchers are told the last state that was stored, under a new one.
    settle(false);
    const write = context.store.remove(resource.table, key, live.object);
    context.afterWrite(resource, live, undefined);
    return { object: kept, stored: undefined, done: write.done };
  }
  const write = context.store.put(resource.table, key, toStorage(resource, kept));
  settle(true);
  context.afterWrite(resource, live, write.stored);
  return { object: kept, stored: write.stored, done: write.done };
}

/** Whether a marked object has nothing left that holds it. */
export function isReleased({ apiVersion, kind, metadata, ...rest }: KubeObject): boolean {
  if (metadata.deletionTimestamp === undefined || (metadata.finalizers?.length ?? 0) > 0) return false;
  if (kind === 'Namespace' && apiVersion === 'v1')
    return ((rest['spec'] as { finalizers?: unknown[] } | undefined)?.finalizers?.length ?? 0) === 0;
  return (metadata.deletionGracePeriodSeconds ?? 0) === 0;
}

/** Optimistic concurrency: who says which version they read must have read the newest. */
function checkRevision({ resource }: ResourceCall, next: KubeObject, live: Stored): void {
  const { resourceVersion, name = '' } = next.metadata;
  if (resourceVersion !== undefined && resourceVersion !== '' && resourceVersion !== String(live.revision))
    throw conflict(resource, name, MODIFIED);
}

function withRevision(object: KubeObject, live: KubeObject): KubeObject {
  const { resourceVersion } = live.metadata;
  return object.metadata.resourceVersion === resourceVersion
    ? object
    : { ...object, metadata: { ...object.metadata, ...(resourceVersion === undefined ? {} : { resourceVersion }) } };
}

/** Kinds whose PUT has to say which version it replaces. */
export function requireRevision({ resource }: ResourceCall, next: KubeObject): void {
  const { resourceVersion, name = '' } = next.metadata;
  if (resource.custom === undefined && resource.kind !== 'CustomResourceDefinition') return;
  if (resourceVersion !== undefined && resourceVersion !== '' && resourceVersion !== '0') return;
  throw invalid({ group: resource.group, kind: resource.resource }, name, [
    { ...invalidField('metadata.resourceVersion', 0, 'must be specified for an update') },
  ]);
}

/** Checks a body's name and namespace against the path. */
export function checkIdentity(call: ResourceCall, object: KubeObject): KubeObject {
  const { name } = object.metadata;
  const wanted = call.path.name;
  if (name === undefined || name === '')
    throw badRequest(`the name of the object (${wanted} based on URL) was undeterminable: name must be provided`);
  if (name !== wanted) throw badRequest(`the name of the object (${name}) does not match the name on the URL (${wanted})`);
  return withNamespace(call, object);
}
