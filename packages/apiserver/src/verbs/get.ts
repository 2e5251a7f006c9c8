import type { HttpResponse } from '@sluice/kube';
import { keyOf } from '../registry/resource.js';
import type { ResourceCall } from '../server/context.js';
import { renderStored } from '../server/render.js';
import { badRequest, notFound, unexpected } from '../server/status.js';
import type { Stored } from '../store/stored.js';
import { awaitRevision, parseRevision } from './revision.js';

export async function get(call: ResourceCall): Promise<HttpResponse> {
  const wanted = call.info.query.get('resourceVersion');
  if (wanted !== null && wanted !== '') await awaitRevision(call, parseRevision(wanted, unexpected));
  return renderStored(call, 200, find(call));
}

/** The object that the path names; throws a 404. */
export function find({ context, resource, path }: ResourceCall): Stored {
  const stored = context.store.table(resource.table).objects.get(keyOf(resource, path.namespace, path.name));
  if (stored === undefined) throw notFound(resource, path.name);
  return stored;
}

/** Names that no path may hold. */
export function checkPathName(name: string): void {
  if (name === '.' || name === '..') throw badRequest(`Name parameter invalid: ${JSON.stringify(name)}: may not be '${name}'`);
  const bad = ['/', '%'].find((char) => name.includes(char));
  if (bad !== undefined) throw badRequest(`Name parameter invalid: ${JSON.stringify(name)}: may not contain '${bad}'`);
}
