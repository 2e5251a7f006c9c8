import type { KubeObject } from '@sluice/core';
import type { HttpResponse } from '@sluice/kube';
import { invalid as invalidField } from '@sluice/schema';
import { keepUnchanged } from '../objects/index.js';
import { Moved } from '../admission/index.js';
import { keyOf } from '../registry/resource.js';
import { servedObject } from '../registry/served.js';
import type { ResourceCall } from '../server/context.js';
import { renderObject, renderStored } from '../server/render.js';
import { badRequest, conflict, invalid, MODIFIED } from '../server/status.js';
import type { Stored } from '../store/stored.js';
import { toStorage } from './commit.js';
import { withNamespace } from './create.js';
import { prepareChange, type Ready } from './prepare.js';

export interface Change {
  readonly live: Stored;
  /** What the object is to become, with its owners; `live` itself when nothing changes. */
  readonly next: KubeObject;
  readonly dryRun: boolean;
  readonly subresource?: string;
  /** What webhooks see of the object, when that is another kind, and how their changes come back. */
  readonly view?: { show: (object: KubeObject) => KubeObject; take: (object: KubeObject, shown: KubeObject) => KubeObject };
}

/** Ends every write to an object that is there: checks it, stores it, and lets it go when its last finalizer went. */
export async function change(call: ResourceCall, { live, next, dryRun, subresource }: Change): Promise<HttpResponse> {
  const wanted = { live, next, dryRun, ...(subresource === undefined ? {} : { subresource }) };
  const { object, stored, done } = call.context.admission.isAsked ? await admitChange(call, wanted) : applyChange(call, wanted);
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

export function applyChange(call: ResourceCall, wanted: Change): Changed {
  return commitChange(call, wanted, readyChange(call, wanted));
}

/** {@link applyChange} with the webhooks asked before and after validation. */
export async function admitChange(call: ResourceCall, wanted: Change): Promise<Changed> {
  const { context, resource } = call;
  const { live, dryRun, view } = wanted;
  const show = view?.show ?? ((object: KubeObject) => object);
  const before = servedObject(live, resource);
  const write = { operation: 'UPDATE' as const, oldObject: show(before), dryRun };
  const shown = show(wanted.next);
  const mutated = await context.admission.mutate(call, { ...write, object: shown });
  const next = mutated === undefined || mutated === shown ? wanted.next : view === undefined ? mutated : view.take(wanted.next, mutated);
  const ready = readyChange(call, { ...wanted, next });
  try {
    await context.admission.validate(call, { ...write, object: show(ready.object) });
    checkStill(call, live);
  } catch (error) {
    ready.settle(false);
    throw error;
  }
  return commitChange(call, { ...wanted, next }, ready);
}

/** Throws when an object, or what its kind is, changed while webhooks were asked. */
export function checkStill({ context, resource }: ResourceCall, live: Stored): void {
  const isServed = context.registry.find(resource.group, resource.version, resource.resource) === resource;
  if (!isServed || context.store.table(resource.table).objects.get(live.key) !== live) throw new Moved(resource, live.name);
}

function readyChange(call: ResourceCall, { live, next, subresource }: Change): Ready {
  checkRevision(call, next, live);
  return prepareChange(call, next, servedObject(live, call.resource), subresource);
}

function commitChange(call: ResourceCall, { live, dryRun }: Change, { object, settle }: Ready): Changed {
  const { context, resource } = call;
  const before = servedObject(live, resource);
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
