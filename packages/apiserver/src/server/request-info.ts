/**
 * What a request is about, read off its method and path as the API server does for authorization: also for resources
 * that are not there.
 */
export interface RequestInfo {
  readonly verb: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** Absent for paths outside of `/api/v1/…` and `/apis/group/version/…`. */
  readonly resource?: ResourcePath;
}

export interface ResourcePath {
  readonly group: string;
  readonly version: string;
  readonly namespace: string;
  readonly resource: string;
  readonly name: string;
  readonly subresource: string;
  /** What comes after the subresource (proxies). */
  readonly rest: string;
}

const verbs: Readonly<Record<string, string>> = {
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
  GET: 'get',
  HEAD: 'get',
};
const namespaceSubresources = new Set(['status', 'finalize']);

/** Undefined when the path is not one: bad escapes, empty segments inside. */
export function readRequest(method: string, target: string): RequestInfo | undefined {
  const question = target.indexOf('?');
  const path = question < 0 ? target : target.slice(0, question);
  const query = question < 0 ? noQuery : new URLSearchParams(target.slice(question + 1));
  const resource = readResourcePath(path);
  if (resource === null) return undefined;
  if (resource === undefined) return { verb: method.toLowerCase(), path, query };
  const verb = verbOf(method, resource, query);
  return { verb, path, query, resource };
}

const noQuery = new URLSearchParams();

function verbOf(method: string, { name }: ResourcePath, query: URLSearchParams): string {
  const verb = verbs[method] ?? '';
  if (name === '' && verb === 'delete') return 'deletecollection';
  if (name !== '' || verb !== 'get') return verb;
  return isTrue(query.get('watch')) ? 'watch' : 'list';
}

/** Any value but `false` and `0` counts as true, a bare `?watch` included. */
export function isTrue(value: string | null): boolean {
  return value !== null && value !== 'false' && value !== '0';
}

/** Undefined for a path outside of the resources, null for one that nothing can serve. */
function readResourcePath(path: string): ResourcePath | undefined | null {
  const raw = path.split('/');
  const isCore = raw[1] === 'api';
  if ((!isCore && raw[1] !== 'apis') || raw[0] !== '') return undefined;
  const first = isCore ? 3 : 4;
  if (raw.length > first && raw.at(-1) === '') raw.pop();
  if (raw.length <= first) return undefined;
  const parts: string[] = [];
  for (const part of raw) {
    const decoded = part.includes('%') ? decode(part) : part;
    if (decoded === undefined) return null;
    parts.push(decoded);
  }
  const group = isCore ? '' : parts[2]!;
  const version = parts[first - 1]!;
  const rest = parts.slice(first);
  if (rest.some((part) => part === '' || part.includes('/'))) return null;
  let namespace = '';
  if (rest[0] === 'namespaces' && rest.length > 1) {
    namespace = rest[1]!;
    if (rest.length > 2 && !namespaceSubresources.has(rest[2]!)) rest.splice(0, 2);
  }
  const [resource = '', name = '', subresource = '', ...more] = rest;
  return { group, version, namespace, resource, name, subresource, rest: more.join('/') };
}

function decode(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}
