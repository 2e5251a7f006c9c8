import { headerOf, type Fetch, type HttpRequest, type HttpResponse } from '@sluice/kube';
import { Moved } from '../admission/index.js';
import { attributesOf, authorize } from '../auth/authorize.js';
import { impersonate, ImpersonationWithoutUser } from '../auth/impersonate.js';
import type { ConnectionUser, UserInfo } from '../auth/user.js';
import { Refusal } from '../objects/index.js';
import { MAX_BODY_BYTES, bodyTooLarge } from '../verbs/body.js';
import { create } from '../verbs/create.js';
import { removeCollection } from '../verbs/delete-collection.js';
import { remove } from '../verbs/delete.js';
import { checkPathName, get } from '../verbs/get.js';
import { list } from '../verbs/list.js';
import { patch } from '../verbs/patch.js';
import { compareVersions } from '../registry/custom.js';
import { bind } from '../subresources/binding.js';
import { subresource } from '../subresources/index.js';
import { update } from '../verbs/update.js';
import { watch } from '../verbs/watch.js';
import { review } from '../auth/reviews.js';
import type { Call, ResourceCall, ServerContext } from './context.js';
import { ListText } from './list-text.js';
import { negotiate } from './negotiate.js';
import { serveNonResource } from './non-resource.js';
import { readRequest } from './request-info.js';
import { errorResponse, plainText } from './respond.js';
import { methodNotAllowed, StatusError, unknownResource } from './status.js';

/** A handler that is told whom the connection belongs to, when that is proven. */
export type Handler = (request: HttpRequest, connectionUser?: ConnectionUser) => Promise<HttpResponse>;

/** The API server as a function: authentication, impersonation, authorization, then the request itself. */
export function createHandler(context: ServerContext): Handler {
  return async (request, connectionUser) => {
    for (let round = 1; ; round++) {
      const warnings: string[] = [];
      try {
        return await handle(context, request, connectionUser, warnings);
      } catch (error) {
        if (error instanceof Moved && round < MAX_ROUNDS) continue;
        return failure(request, error, warnings);
      }
    }
  };
}

/** How often a request is served again because what it is about changed while webhooks were asked. */
const MAX_ROUNDS = 5;

/** The handler as the admin sees it: for clients in the same process. */
export function fetchAs(handler: Handler, user: UserInfo): Fetch {
  return async (request) => {
    const answer = await handler(request, user);
    // Who is in the same process takes text as it is.
    return answer.body instanceof ListText ? { ...answer, body: answer.body.text } : answer;
  };
}

async function handle(
  context: ServerContext,
  request: HttpRequest,
  connectionUser: ConnectionUser | undefined,
  warnings: string[],
): Promise<HttpResponse> {
  const info = readRequest(request.method, request.path);
  const authenticated = context.authenticator.authenticate(request.headers, connectionUser);
  if (info === undefined) throw unknownResource();
  const user = impersonate(context.rbac, authenticated, request.headers);
  authorize(context.rbac, user, attributesOf(info));
  if (request.body !== undefined && request.body.length > MAX_BODY_BYTES) throw bodyTooLarge();
  const { method, headers, body } = request;
  const signal: Call['signal'] = () => request.signal;
  if (info.resource === undefined) return serveNonResource({ context, method, info, headers, body, user, signal, warnings });
  const { group, version, resource: name } = info.resource;
  const resource = context.registry.find(group, version, name);
  if (resource === undefined) {
    return notServed(context.registry.isBuiltInGroup(group));
  }
  const representation = negotiate(headerOf(headers, 'accept'));
  return serveResource({ context, method, info, headers, body, user, signal, warnings, path: info.resource, resource, representation });
}

/** Built-in groups answer with a Status, those of definitions with plain text. */
function notServed(isBuiltIn: boolean): HttpResponse {
  if (isBuiltIn) throw unknownResource();
  return plainText(404, '404 page not found\n');
}

async function serveResource(call: ResourceCall): Promise<HttpResponse> {
  const { method, path, resource, info } = call;
  const isNamespaceItself = resource.table === '/namespaces';
  const isMisplaced = resource.namespaced ? path.namespace === '' && path.name !== '' : path.namespace !== '' && !isNamespaceItself;
  if (isMisplaced) return notServed(resource.custom === undefined);
  if (path.rest !== '' && path.subresource !== 'proxy') throw unknownResource();
  if (method === 'HEAD') throw methodNotAllowed();
  if (path.name !== '') checkPathName(path.name);
  if (path.subresource !== '') return subresource(call);
  const deprecation = deprecations[resource.table];
  if (deprecation !== undefined) call.warnings.push(deprecation);
  const { version } = resource.custom ?? {};
  if (version?.deprecated === true) call.warnings.push(version.deprecationWarning ?? deprecationOf(call));
  const verb = info.verb;
  if (!resource.verbs.includes(verb)) throw methodNotAllowed();
  const needsNamespace = resource.namespaced && path.namespace === '';
  if (needsNamespace && verb !== 'list' && verb !== 'watch') throw methodNotAllowed();
  if (!resource.verbs.includes('get')) return resource.table === '/bindings' ? bind(call) : review(call);
  switch (`${method} ${path.name === '' ? 'collection' : 'object'}`) {
    case 'GET object':
      return get(call);
    case 'GET collection':
      return verb === 'watch' ? watch(call) : list(call);
    case 'POST collection':
      return create(call);
    case 'PUT object':
      return update(call);
    case 'PATCH object':
      return patch(call);
    case 'DELETE object':
      return remove(call);
    case 'DELETE collection':
      return removeCollection(call);
    default:
      throw methodNotAllowed();
  }
}

/** What is said of a deprecated version whose definition says nothing: which one to use instead. */
function deprecationOf({ resource, context }: ResourceCall): string {
  const { group, apiVersion, kind } = resource;
  const newer = context.registry
    .all()
    .filter((other) => other.group === group && other.resource === resource.resource && other.custom?.version.deprecated !== true)
    .find((other) => compareVersions(other.version, resource.version) < 0);
  return `${apiVersion} ${kind} is deprecated${newer === undefined ? '' : `; use ${newer.apiVersion} ${kind}`}`;
}

const deprecations: Readonly<Record<string, string>> = {
  '/endpoints': 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
  '/componentstatuses': 'v1 ComponentStatus is deprecated in v1.19+',
};

function failure(request: HttpRequest, error: unknown, warnings: readonly string[]): HttpResponse {
  if (error instanceof StatusError) return errorResponse(error, warnings);
  if (error instanceof Refusal) return errorResponse(refusal(error), warnings);
  if (error instanceof ImpersonationWithoutUser) {
    return plainText(500, `Internal Server Error: ${JSON.stringify(request.path)}: ${error.message}\n`);
  }
  const message = error instanceof Error ? error.message : String(error);
  return errorResponse(new StatusError(500, 'InternalError', `Internal error occurred: ${message}`, { causes: [{ message }] }));
}

/** What the object engine refused, as a Status. */
function refusal({ code, reason = '', message, causes }: Refusal): StatusError {
  if (code === 422 && causes.length === 0) return new StatusError(code, reason, message, {});
  return new StatusError(code, reason, message, causes.length === 0 ? undefined : { causes });
}
