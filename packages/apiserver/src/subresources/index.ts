import type { HttpResponse } from '@sluice/kube';
import type { ResourceCall } from '../server/context.js';
import { methodNotAllowed, notFound, unknownResource } from '../server/status.js';
import { get } from '../verbs/get.js';
import { patch } from '../verbs/patch.js';
import { update } from '../verbs/update.js';
import { bind } from './binding.js';
import { evict } from './eviction.js';
import { podLog } from './log.js';
import { attach, proxy } from './node.js';
import { scale } from './scale.js';
import { issueToken } from './token.js';

type Handler = (call: ResourceCall) => Promise<HttpResponse>;

/** Subresources that are not the object in another light. */
const special: Readonly<Record<string, Handler>> = {
  scale,
  log: podLog,
  eviction: evict,
  binding: bind,
  token: issueToken,
  exec: attach,
  attach,
  portforward: attach,
  proxy,
};

/** Serves what hangs below an object: its status, its scale, a pod's log. */
export async function subresource(call: ResourceCall): Promise<HttpResponse> {
  const { resource, path, method, info } = call;
  const found = resource.subresources.get(path.subresource);
  if (found === undefined) throw resource.custom === undefined ? unknownResource() : notFound(resource, path.name);
  if (!found.verbs.includes(info.verb)) throw methodNotAllowed();
  const handler = special[path.subresource];
  if (handler !== undefined) return handler(call);
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
