import { createHash } from 'node:crypto';
import { headerOf, type HttpResponse } from '@sluice/kube';
import type { Registry } from '../registry/registry.js';
import type { Resource } from '../registry/resource.js';
import type { Call } from '../server/context.js';
import { onlyAccepted, readAccept } from '../server/negotiate.js';
import { json, plainText } from '../server/respond.js';
import { unknownResource } from '../server/status.js';
import { aggregatedDiscovery } from './aggregated.js';
import { groupNames, versionsOf } from './groups.js';

const AGGREGATED_TYPE = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

/** What is served, and where: `/`, `/api`, `/apis` and what is below them. */
export function discovery(call: Call): HttpResponse | undefined {
  const { registry } = call.context;
  const [, root = '', group, version, ...more] = call.info.path.replace(/\/$/, '').split('/');
  if (more.length > 0) return undefined;
  if (root === '') return json(200, JSON.stringify({ paths: rootPaths(registry) }));
  if (root === 'api') {
    if (group === undefined) return wantsAggregated(call) ? aggregated(call, '/api') : json(200, JSON.stringify(apiVersions(call)));
    if (version !== undefined) return undefined;
    return resourceList(registry, '', group);
  }
  if (root !== 'apis') return undefined;
  if (group === undefined) {
    if (wantsAggregated(call)) return aggregated(call, '/apis');
    return json(
      200,
      JSON.stringify({ kind: 'APIGroupList', apiVersion: 'v1', groups: groupNames(registry).map((name) => groupEntry(registry, name)) }),
    );
  }
  checkPlain(call);
  if (version !== undefined) return resourceList(registry, group, version);
  if (group === '' || !groupNames(registry).includes(group)) return plainText(404, '404 page not found\n');
  return json(200, JSON.stringify({ kind: 'APIGroup', apiVersion: 'v1', ...groupEntry(registry, group) }));
}

function rootPaths(registry: Registry): string[] {
  const groups = groupNames(registry).flatMap((group) => [
    `/apis/${group}`,
    ...versionsOf(registry, group).map((version) => `/apis/${group}/${version}`),
  ]);
  return [
    '/api',
    '/api/v1',
    '/apis',
    ...groups,
    '/healthz',
    '/livez',
    '/metrics',
    '/openapi/v2',
    '/openapi/v3',
    '/openapi/v3/',
    '/readyz',
    '/version',
  ].sort();
}

function apiVersions(call: Call): object {
  const serverAddress = headerOf(call.headers, 'host') ?? headerOf(call.headers, ':authority') ?? '127.0.0.1';
  return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }] };
}

function groupEntry(registry: Registry, name: string): object {
  const versions = versionsOf(registry, name).map((version) => ({ groupVersion: `${name}/${version}`, version }));
  return { name, versions, preferredVersion: versions[0] };
}

function resourceList(registry: Registry, group: string, version: string): HttpResponse {
  const resources = registry.resourcesOf(group, version);
  if (resources.length === 0) {
    if (registry.isBuiltInGroup(group)) throw unknownResource();
    return plainText(404, '404 page not found\n');
  }
  const groupVersion = group === '' ? version : `${group}/${version}`;
  const body = {
    kind: 'APIResourceList',
    ...(group === '' ? {} : { apiVersion: 'v1' }),
    groupVersion,
    resources: resources.flatMap(resourceEntries),
  };
  return json(200, JSON.stringify(body));
}

function resourceEntries(resource: Resource): object[] {
  const { resource: name, singular, namespaced, kind, verbs, shortNames, categories } = resource;
  const main = {
    name,
    singularName: singular,
    namespaced,
    kind,
    verbs,
    ...(shortNames.length === 0 ? {} : { shortNames }),
    ...(categories.length === 0 ? {} : { categories }),
    ...(verbs.includes('list') && verbs.includes('create') ? { storageVersionHash: storageVersionHash(resource) } : {}),
  };
  const below = [...resource.subresources.values()].map((sub) => ({
    name: `${name}/${sub.name}`,
    singularName: '',
    namespaced,
    ...(sub.group === undefined ? {} : { group: sub.group }),
    ...(sub.version === undefined ? {} : { version: sub.version }),
    kind: sub.kind,
    verbs: sub.verbs,
  }));
  return [main, ...below];
}

function storageVersionHash({ hashedVersion, kind }: Resource): string {
  const full = hashedVersion.includes('/') ? hashedVersion : `/${hashedVersion}`;
  return createHash('sha256').update(`${full}/${kind}`).digest().subarray(0, 8).toString('base64');
}

/** Whether the first acceptable form is the aggregated one. */
function wantsAggregated(call: Call): boolean {
  const accept = headerOf(call.headers, 'accept');
  if (accept === undefined) return false;
  for (const { type, parameters } of readAccept(accept)) {
    if (type !== 'application/json' && type !== 'application/vnd.kubernetes.protobuf' && type !== 'application/yaml' && type !== '*/*')
      continue;
    const as = parameters.get('as');
    if (as === undefined) return false;
    if (
      type === 'application/json' &&
      as === 'APIGroupDiscoveryList' &&
      parameters.get('g') === 'apidiscovery.k8s.io' &&
      parameters.get('v') === 'v2'
    )
      return true;
  }
  throw onlyAccepted();
}

/** Below `/apis` there is no form but the plain one. */
function checkPlain(call: Call): void {
  const accept = headerOf(call.headers, 'accept');
  if (accept !== undefined && readAccept(accept).every(({ parameters }) => parameters.has('as'))) throw onlyAccepted();
}

function aggregated(call: Call, root: '/api' | '/apis'): HttpResponse {
  const { text, etag } = aggregatedDiscovery(call.context.registry, root);
  const response = json(200, text);
  const headers = { ...response.headers, 'content-type': AGGREGATED_TYPE, etag, vary: 'Accept' };
  if (headerOf(call.headers, 'if-none-match') !== etag) return { ...response, headers };
  const { 'content-type': _, ...rest } = headers;
  return { status: 304, headers: rest, body: '' };
}
