import { createHash } from 'node:crypto';
import { headerOf, type HttpResponse } from '@sluice/kube';
import { encodeOpenApi, type OpenApiResource, openApiV2, openApiV3 } from '../objects/index.js';
import type { Registry } from '../registry/registry.js';
import type { CustomResourceVersion, Resource } from '../registry/resource.js';
import type { Call } from '../server/context.js';
import { json, plainText } from '../server/respond.js';

/**
 * `/openapi/v3` (an index, and a document per group and version) and `/openapi/v2` (everything in one document). Built
 * when they are asked for, and kept as long as they hold.
 */
export function openApi(call: Call): HttpResponse | undefined {
  const { path } = call.info;
  if (path !== '/openapi/v2' && path !== '/openapi/v3' && !path.startsWith('/openapi/v3/')) return undefined;
  const { registry } = call.context;
  const documents = documentsOf(registry);
  if (path === '/openapi/v3') return plainText(200, JSON.stringify({ paths: Object.fromEntries(documents.map(indexEntry)) }));
  const document =
    path === '/openapi/v2' ? wholeDocument(registry, documents) : documents.find(({ name }) => `/openapi/v3/${name}` === path);
  if (document === undefined) return json(404, '');
  const etag = `"${document.hash}"`;
  if (headerOf(call.headers, 'if-none-match') === etag) return withHeaders(json(304, ''), { etag });
  const protobuf = protobufType(headerOf(call.headers, 'accept'));
  if (protobuf === undefined) return withHeaders(json(200, textOf(registry, document)), { etag, vary: 'Accept' });
  return { ...withHeaders(json(200, ''), { etag, vary: 'Accept', 'content-type': protobuf }), body: encodeOpenApi(document.build()) };
}

function withHeaders(response: HttpResponse, headers: Readonly<Record<string, string>>): HttpResponse {
  return { ...response, headers: { ...response.headers, ...headers } };
}

/** The protobuf type that a client wants when it does not take JSON; old ones write it with an `@`. */
function protobufType(accept = '*/*'): string | undefined {
  const match = /application\/com\.github\.proto-openapi\.spec\.(v[23])[.@]v1\.0\+protobuf/.exec(accept);
  if (match === null || /application\/json|\*\/\*/.test(accept)) return undefined;
  return `application/com.github.proto-openapi.spec.${match[1] ?? ''}.v1.0+protobuf`;
}

interface Document {
  /** `apis/apps/v1` */
  readonly name: string;
  readonly hash: string;
  readonly build: () => Readonly<Record<string, unknown>>;
}

function indexEntry({ name, hash }: Document): [string, object] {
  return [name, { serverRelativeURL: `/openapi/v3/${name}?hash=${hash}` }];
}

function documentsOf(registry: Registry): Document[] {
  const groups = new Map<string, Resource[]>();
  for (const resource of registry.all()) {
    const name = resource.group === '' ? `api/${resource.version}` : `apis/${resource.group}/${resource.version}`;
    const known = groups.get(name);
    if (known === undefined) groups.set(name, [resource]);
    else known.push(resource);
  }
  const documents = [...groups].map(([name, resources]): Document => ({
    name,
    hash: hash(resources.map(tokenOf)),
    build: () => openApiV3(resources.map(described)),
  }));
  return [...documents, { name: 'version', hash: hash(['version']), build: () => openApiV3([]) }];
}

function wholeDocument(registry: Registry, parts: readonly Document[]): Document {
  return { name: 'v2', hash: hash(parts.map((part) => part.hash)), build: () => openApiV2(registry.all().map(described)) };
}

function described(resource: Resource): OpenApiResource {
  const { group, version, kind, namespaced, verbs, listKind, custom } = resource;
  return {
    group,
    version,
    kind,
    listKind,
    resource: resource.resource,
    namespaced,
    verbs,
    subresources: [...resource.subresources.keys()],
    ...(custom === undefined ? {} : { schema: custom.version.schema?.openAPIV3Schema ?? { type: 'object' } }),
  };
}

const schemaHashes = new WeakMap<CustomResourceVersion, string>();

/** What tells one state of a resource from another: built-in ones have one, the others their version's definition. */
function tokenOf({ resource, kind, custom }: Resource): string {
  if (custom === undefined) return `${resource} ${kind}`;
  let token = schemaHashes.get(custom.version);
  if (token === undefined) {
    token = hash([resource, kind, JSON.stringify(custom.version)]);
    schemaHashes.set(custom.version, token);
  }
  return token;
}

function hash(parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 32).toUpperCase();
}

const texts = new WeakMap<Registry, Map<string, { hash: string; text: string }>>();

function textOf(registry: Registry, { name, hash, build }: Document): string {
  const known = texts.get(registry) ?? new Map<string, { hash: string; text: string }>();
  texts.set(registry, known);
  let document = known.get(name);
  if (document?.hash !== hash) {
    document = { hash, text: JSON.stringify(build()) };
    known.set(name, document);
  }
  return document.text;
}
