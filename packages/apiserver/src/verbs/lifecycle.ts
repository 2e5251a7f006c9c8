import type { Call } from '../server/context.js';
import { forbidden, notFound } from '../server/status.js';
import type { Resource } from '../registry/resource.js';

const NAMESPACES = { group: '', resource: 'namespaces' };

/** Nothing is created in a namespace that is not there, or that is being deleted. */
export function checkNamespace({ context }: Call, resource: Resource, namespace: string, name: string): void {
  if (!resource.namespaced) return;
  const found = context.store.table('/namespaces').objects.get(`/${namespace}`)?.object;
  if (found === undefined) throw notFound(NAMESPACES, namespace);
  if (found.metadata.deletionTimestamp === undefined) return;
  const message = `namespace ${namespace} is being terminated`;
  throw forbidden(resource, name, `unable to create new content in namespace ${namespace} because it is being terminated`, [
    { reason: 'NamespaceTerminating', message, field: 'metadata.namespace' },
  ]);
}
