import type { Identity, Representation } from '../cluster.js';
import { headersOf, type HttpHeaders } from '../http.js';

/** The header sets of a client, built once: a call allocates none. */
export interface ClientHeaders {
  readonly json: HttpHeaders;
  readonly metadata: HttpHeaders;
  readonly metadataList: HttpHeaders;
  readonly send: Readonly<Record<ContentType, HttpHeaders>>;
}

export type ContentType = keyof typeof contentTypes;

const contentTypes = {
  json: 'application/json',
  'apply-patch': 'application/apply-patch+yaml',
  'json-patch': 'application/json-patch+json',
  'merge-patch': 'application/merge-patch+json',
  'strategic-patch': 'application/strategic-merge-patch+json',
} as const;

export function clientHeaders(userAgent: string, identity: Identity | undefined): ClientHeaders {
  const base: HttpHeaders = { 'user-agent': userAgent, ...(identity === undefined ? {} : impersonation(identity)) };
  const json: HttpHeaders = { accept: 'application/json', ...base };
  const sending = Object.entries(contentTypes).map(([name, type]) => [name, { 'content-type': type, ...json }]);
  return {
    json,
    metadata: { accept: partialObject('PartialObjectMetadata'), ...base },
    metadataList: { accept: partialObject('PartialObjectMetadataList'), ...base },
    send: Object.fromEntries(sending) as Record<ContentType, HttpHeaders>,
  };
}

/** Without the second choice, servers that can't do it answer 406. */
function partialObject(kind: string): string {
  return `application/json;as=${kind};g=meta.k8s.io;v=v1,application/json`;
}

export function acceptFor(headers: ClientHeaders, as: Representation | undefined, list: boolean): HttpHeaders {
  if (as !== 'metadata') return headers.json;
  return list ? headers.metadataList : headers.metadata;
}

/** The headers that make a request someone else's. */
export function impersonation({ user, uid, groups = [], extra = {} }: Identity): HttpHeaders {
  const headers: Record<string, string | readonly string[]> = { 'impersonate-user': user };
  if (uid !== undefined) headers['impersonate-uid'] = uid;
  if (groups.length > 0) headers['impersonate-group'] = groups;
  // The key is part of a header's name: what may not stand there is percent-encoded, as client-go does.
  for (const [key, values] of Object.entries(extra)) headers[`impersonate-extra-${headerKey(key)}`] = values;
  return headers;
}

function headerKey(key: string): string {
  return encodeURIComponent(key.toLowerCase()).replace(/[()]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** The texts of the `Warning: 299 - "…"` headers of an answer. */
export function warningsOf(headers: HttpHeaders): string[] {
  return headersOf(headers, 'warning').flatMap((value) =>
    [...value.matchAll(/\b\d{3} \S+ "((?:[^"\\]|\\.)*)"/g)].map(([, text = '']) => text.replace(/\\(.)/g, '$1')),
  );
}
