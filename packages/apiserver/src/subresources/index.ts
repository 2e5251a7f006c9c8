import type { HttpResponse } from '@sluice/kube';
import type { ResourceCall } from '../server/context.js';
import { methodNotAllowed, unknownResource } from '../server/status.js';
import { get } from '../verbs/get.js';
import { patch } from '../verbs/patch.js';
import { update } from '../verbs/update.js';

/** Serves what hangs below an object: its status, its scale, a pod's log. */
export async function subresource(call: ResourceCall): Promise<HttpResponse> {
  const { resource, path, method, info } = call;
  const found = resource.subresources.get(path.subresource);
  if (found === undefined) throw unknownResource();
  if (!found.verbs.includes(info.verb)) throw methodNotAllowed();
  switch (method) {
    case 'GET':
      return get(call);
    case 'PUT':
      return update(call, path.subresource);
    case 'PATCH':
      return patch(call, path.subresource);
    default:
      throw methodNotAllowed();
  }
}
