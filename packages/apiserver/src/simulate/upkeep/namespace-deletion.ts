import type { KubeObject } from '@sluice/core';
import type { Resource } from '../../registry/resource.js';
import { setConditions, type Condition } from '../conditions.js';
import { WorkQueue } from '../work-queue.js';
import { pathOf, MANAGER, type Controller, type World } from '../world.js';
import { deleteObject } from './requests.js';

/**
 * Empties namespaces that are being deleted, says in their status what is left and what holds it, and lets them go when
 * nothing is.
 */
export function namespaceDeletion(world: World): Controller {
  /** Namespaces on their way out: every change in them counts. */
  const going = new Set<string>();
  const queue = new WorkQueue(empty, world);
  return {
    tables: undefined,
    changed({ resource, namespace, name, after }) {
      if (resource.table === '/namespaces') {
        if (after?.metadata.deletionTimestamp === undefined) going.delete(name);
        else {
          going.add(name);
          queue.add(name);
        }
      } else if (going.has(namespace)) queue.add(namespace);
    },
    stop: () => queue.stop(),
  };

  function find(name: string): KubeObject | undefined {
    return world.lookup.get('v1', 'Namespace', undefined, name);
  }

  async function empty(name: string): Promise<void> {
    const namespace = find(name);
    if (namespace?.metadata.deletionTimestamp === undefined) return;
    const finalizers = (namespace['spec'] as { finalizers?: readonly string[] } | undefined)?.finalizers ?? [];
    if (!finalizers.includes('kubernetes')) return;
    for (const { resource, objects } of contents(name)) {
      for (const object of objects)
        if (object.metadata.deletionTimestamp === undefined) await deleteObject(world, resource, object, 'Background');
    }
    const remaining = contents(name);
    await writeConditions(name, remaining);
    if (remaining.length > 0) return;
    const current = find(name);
    if (current?.metadata.deletionTimestamp === undefined) return;
    const spec = { ...(current['spec'] as object), finalizers: finalizers.filter((item) => item !== 'kubernetes') };
    const resource = world.resources().find((item) => item.table === '/namespaces') as Resource;
    const body = JSON.stringify({ ...current, spec });
    const { status, body: answer } = await world.cluster.raw('PUT', pathOf(resource, current, 'finalize'), {
      body,
      headers: { 'content-type': 'application/json' },
    });
    if (status === 409) queue.add(name);
    else if (status >= 400 && status !== 404) throw new Error(`could not finalize namespace ${name}: ${status} ${answer}`);
  }

  function contents(namespace: string): { resource: Resource; objects: readonly KubeObject[] }[] {
    const found: { resource: Resource; objects: readonly KubeObject[] }[] = [];
    const tables = new Set<string>();
    for (const resource of world.resources()) {
      if (!resource.namespaced || !resource.verbs.includes('delete') || tables.has(resource.table)) continue;
      tables.add(resource.table);
      const objects = world.lookup.list(resource.apiVersion, resource.kind, namespace);
      if (objects.length > 0) found.push({ resource, objects });
    }
    return found;
  }

  async function writeConditions(
    name: string,
    remaining: readonly { resource: Resource; objects: readonly KubeObject[] }[],
  ): Promise<void> {
    const namespace = find(name);
    if (namespace === undefined) return;
    const held = new Map<string, number>();
    for (const { objects } of remaining) {
      for (const { metadata } of objects)
        for (const finalizer of metadata.finalizers ?? []) held.set(finalizer, (held.get(finalizer) ?? 0) + 1);
    }
    const status = namespace['status'] as { phase?: string; conditions?: readonly Condition[] } | undefined;
    const conditions = setConditions(status?.conditions ?? [], [...FINE, contentLeft(remaining), finalizersLeft(held)], world.timers.now());
    if (conditions === status?.conditions) return;
    // A namespace that goes at once has no need of conditions.
    if (remaining.length === 0 && status?.conditions === undefined) return;
    await world.cluster.patch(
      { apiVersion: 'v1', kind: 'Namespace', name },
      'merge',
      { status: { conditions: conditions as never } },
      { subresource: 'status', fieldManager: MANAGER },
    );
  }
}

const FINE: readonly Condition[] = [
  condition('NamespaceDeletionDiscoveryFailure', false, 'ResourcesDiscovered', 'All resources successfully discovered'),
  condition('NamespaceDeletionGroupVersionParsingFailure', false, 'ParsedGroupVersions', 'All legacy kube types successfully parsed'),
  condition('NamespaceDeletionContentFailure', false, 'ContentDeleted', 'All content successfully deleted, may be waiting on finalization'),
];

function contentLeft(remaining: readonly { resource: Resource; objects: readonly KubeObject[] }[]): Condition {
  if (remaining.length === 0) return condition('NamespaceContentRemaining', false, 'ContentRemoved', 'All content successfully removed');
  const parts = remaining.map(({ resource, objects }) => {
    const name = resource.group === '' ? resource.resource : `${resource.resource}.${resource.group}`;
    return resource.group === '' ? `${name}. has ${objects.length} resource instances` : `${name} has ${objects.length} resource instances`;
  });
  return condition('NamespaceContentRemaining', true, 'SomeResourcesRemain', `Some resources are remaining: ${parts.sort().join(', ')}`);
}

function finalizersLeft(held: ReadonlyMap<string, number>): Condition {
  if (held.size === 0)
    return condition('NamespaceFinalizersRemaining', false, 'ContentHasNoFinalizers', 'All content-preserving finalizers finished');
  const parts = [...held].map(([finalizer, count]) => `${finalizer} in ${count} resource instances`).sort();
  const message = `Some content in the namespace has finalizers remaining: ${parts.join(', ')}`;
  return condition('NamespaceFinalizersRemaining', true, 'SomeFinalizersRemain', message);
}

function condition(type: string, status: boolean, reason: string, message: string): Condition {
  return { type, status: status ? 'True' : 'False', reason, message };
}
