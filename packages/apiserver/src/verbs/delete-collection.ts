import type { HttpResponse } from '@sluice/kube';
import type { ResourceCall } from '../server/context.js';
import { renderList } from '../server/render.js';
import { admitRemoval, readDeleteOptions, removeStored, warnOfOrphans } from './delete.js';
import { readListOptions, selects } from './list-options.js';

/** Deletes what a list with the same query would show, and answers with it. */
export async function removeCollection(call: ResourceCall): Promise<HttpResponse> {
  const { context, resource, path } = call;
  const deleteOptions = readDeleteOptions(call);
  warnOfOrphans(call, deleteOptions);
  const options = readListOptions(call, false);
  const { objects } = context.store.table(resource.table);
  const chosen = objects.list(path.namespace === '' ? undefined : path.namespace).filter((stored) => selects(options, stored));
  if (context.admission.isAsked) for (const stored of chosen) await admitRemoval(call, stored, deleteOptions);
  const removals = chosen.map((stored) => ({ stored, ...removeStored(call, stored, deleteOptions) }));
  for (const { done } of removals) await done;
  return renderList(
    call,
    removals.map(({ stored, after }) => after ?? stored),
    { resourceVersion: String(context.store.revision) },
  );
}
