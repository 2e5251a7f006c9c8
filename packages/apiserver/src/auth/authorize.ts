import type { RequestInfo } from '../server/request-info.js';
import { forbidden, StatusError } from '../server/status.js';
import type { Rbac } from './rbac.js';
import type { Attributes } from './rbac-rules.js';
import type { UserInfo } from './user.js';

export function attributesOf({ verb, path, query, resource }: RequestInfo): Attributes {
  if (resource === undefined) return { verb, path };
  if (resource.name !== '' || query.size === 0) return { verb, resource };
  // A list or a watch of one name is about that object.
  const name = /^metadata\.name==?([^,=!\\]+)$/.exec(query.get('fieldSelector') ?? '')?.[1];
  return name === undefined ? { verb, resource } : { verb, resource: { ...resource, name } };
}

/** Throws a 403 in the API server's words unless the user may do it. */
export function authorize(rbac: Rbac, user: UserInfo, attributes: Attributes): void {
  const { allowed, reason } = rbac.authorize(user, attributes);
  if (!allowed) throw refusal(user, attributes, reason);
}

function refusal(user: UserInfo, { verb, resource, path }: Attributes, reason: string): StatusError {
  const who = `User ${JSON.stringify(user.name)}`;
  const why = reason === '' ? '' : `: ${reason}`;
  if (resource === undefined)
    return new StatusError(403, 'Forbidden', `forbidden: ${who} cannot ${verb} path ${JSON.stringify(path)}${why}`, {});
  const { group, namespace, subresource, name } = resource;
  const full = subresource === '' ? resource.resource : `${resource.resource}/${subresource}`;
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(namespace)}`;
  return forbidden(
    resource,
    name,
    `${who} cannot ${verb} resource ${JSON.stringify(full)} in API group ${JSON.stringify(group)} ${where}${why}`,
  );
}
