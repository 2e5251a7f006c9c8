import type { Json, OpenApiResource, OpenApiVersion } from './resource.js';
import { SchemaCollector } from './schemas.js';

/**
 * The OpenAPI document of one group and version, as `kubectl explain`, `apply` and `diff` read it: the schemas of its
 * kinds, and which operations take which parameters. Built anew on every call: keep the text.
 */
export function openApiV3(resources: readonly OpenApiResource[]): Json {
  const { paths, schemas } = describe(resources, 3);
  return { openapi: '3.0.0', info: { title: 'Kubernetes', version: 'v1.34.4' }, paths, components: { schemas } };
}

/** All groups and versions in one Swagger document, for older clients. */
export function openApiV2(resources: readonly OpenApiResource[]): Json {
  const { paths, schemas } = describe(resources, 2);
  return { swagger: '2.0', info: { title: 'Kubernetes', version: 'v1.34.4' }, paths, definitions: schemas };
}

function describe(resources: readonly OpenApiResource[], version: OpenApiVersion): { paths: Json; schemas: Json } {
  const collector = new SchemaCollector(version);
  const paths: Record<string, Json> = {};
  for (const resource of resources) {
    const schema = collector.add(resource);
    const root = `${resource.group === '' ? '/api' : `/apis/${resource.group}`}/${resource.version}`;
    const collection = `${root}${resource.namespaced ? '/namespaces/{namespace}' : ''}/${resource.resource}`;
    const operation = (verb: string): Json => describeOperation(resource, verb, '', schema, version);
    paths[collection] = pick(resource.verbs, { list: 'get', create: 'post', deletecollection: 'delete' }, operation);
    paths[`${collection}/{name}`] = pick(resource.verbs, { get: 'get', update: 'put', patch: 'patch', delete: 'delete' }, operation);
    if (resource.namespaced && resource.verbs.includes('list')) {
      paths[`${root}/${resource.resource}`] = { get: describeOperation(resource, 'list', 'ForAllNamespaces', schema, version) };
    }
    for (const [subresource, suffix] of subresources) {
      if (!resource.subresources.includes(subresource)) continue;
      const below = subresource === 'scale' ? collector.definition('autoscaling.v1.Scale') : schema;
      const verbs = { get: 'get', update: 'put', patch: 'patch' };
      paths[`${collection}/{name}/${subresource}`] = pick(Object.keys(verbs), verbs, (verb) =>
        describeOperation(resource, verb, suffix, below, version),
      );
    }
  }
  return { paths, schemas: collector.schemas };
}

const subresources = [
  ['status', 'Status'],
  ['scale', 'Scale'],
] as const;

function pick(verbs: readonly string[], methods: Readonly<Record<string, string>>, operation: (verb: string) => Json): Json {
  return Object.fromEntries(
    Object.entries(methods)
      .filter(([verb]) => verbs.includes(verb))
      .map(([verb, method]) => [method, operation(verb)]),
  );
}

const operationNames: Readonly<Record<string, string>> = {
  get: 'read',
  update: 'replace',
  deletecollection: 'deleteCollection',
};
const actions: Readonly<Record<string, string>> = { create: 'post', update: 'put' };
const queries: Readonly<Record<string, readonly string[]>> = {
  list: [
    'allowWatchBookmarks',
    'continue',
    'fieldSelector',
    'labelSelector',
    'limit',
    'resourceVersion',
    'resourceVersionMatch',
    'sendInitialEvents',
    'timeoutSeconds',
    'watch',
  ],
  create: ['dryRun', 'fieldManager', 'fieldValidation'],
  update: ['dryRun', 'fieldManager', 'fieldValidation'],
  patch: ['dryRun', 'fieldManager', 'fieldValidation', 'force'],
  delete: ['dryRun', 'gracePeriodSeconds', 'orphanDependents', 'propagationPolicy'],
};
const patchTypes = [
  'application/apply-patch+yaml',
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
];

function describeOperation(resource: OpenApiResource, verb: string, suffix: string, schema: Json, version: OpenApiVersion): Json {
  const { group, kind, namespaced } = resource;
  const scope = namespaced && suffix !== 'ForAllNamespaces' ? 'Namespaced' : '';
  const inQuery = (queries[verb] ?? []).map((name) => ({ name, in: 'query', ...parameterType(name, version) }));
  const body = verb === 'create' || verb === 'update' || verb === 'patch';
  const types = verb === 'patch' ? patchTypes.filter((type) => resource.schema === undefined || !type.includes('strategic')) : ['*/*'];
  const bodySchema = verb === 'patch' ? { type: 'object' } : schema;
  return {
    operationId: `${operationNames[verb] ?? verb}${groupId(group)}${title(resource.version)}${scope}${kind}${suffix}`,
    'x-kubernetes-action': actions[verb] ?? verb,
    'x-kubernetes-group-version-kind': { group, version: resource.version, kind },
    parameters: version === 2 && body ? [...inQuery, { name: 'body', in: 'body', required: true, schema: bodySchema }] : inQuery,
    ...(body && version === 2 ? { consumes: types } : {}),
    ...(body && version === 3 ? { requestBody: { content: Object.fromEntries(types.map((type) => [type, { schema: bodySchema }])) } } : {}),
    responses:
      version === 2
        ? { '200': { description: 'OK', schema } }
        : { '200': { description: 'OK', content: { 'application/json': { schema } } } },
  };
}

function parameterType(name: string, version: OpenApiVersion): Json {
  const isInteger = ['limit', 'timeoutSeconds', 'gracePeriodSeconds'].includes(name);
  const isBoolean = ['allowWatchBookmarks', 'sendInitialEvents', 'watch', 'force', 'orphanDependents'].includes(name);
  const type = { type: isInteger ? 'integer' : isBoolean ? 'boolean' : 'string' };
  return version === 2 ? { uniqueItems: true, ...type } : { schema: { uniqueItems: true, ...type } };
}

/** `apps` → `Apps`, `rbac.authorization.k8s.io` → `RbacAuthorization`, the core group → `Core`. */
function groupId(group: string): string {
  return group === ''
    ? 'Core'
    : group
        .replace(/\.k8s\.io$/, '')
        .split(/[.-]/)
        .map(title)
        .join('');
}

function title(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}
