import type { HttpResponse } from '@sluice/kube';
import type { ResourceCall } from '../server/context.js';
import { renderList, type ListMeta } from '../server/render.js';
import { badRequest, expired, StatusError } from '../server/status.js';
import type { Table } from '../store/store.js';
import type { Stored } from '../store/stored.js';
import { readListOptions, selects, type ListOptions } from './list-options.js';
import { awaitRevision, parseRevision } from './revision.js';

export async function list(call: ResourceCall): Promise<HttpResponse> {
  const options = readListOptions(call, false);
  const { items, meta } = await page(call, options);
  return renderList(call, items, meta);
}

interface Page {
  readonly items: readonly Stored[];
  readonly meta: ListMeta;
}

async function page(call: ResourceCall, options: ListOptions): Promise<Page> {
  const { store } = call.context;
  const table = store.table(call.resource.table);
  const namespace = call.path.namespace === '' ? undefined : call.path.namespace;
  let at = store.revision;
  let after: string | undefined;
  if (options.continueToken !== '') {
    if (options.resourceVersion !== '' && options.resourceVersion !== '0')
      throw badRequest('specifying resource version is not allowed when using continue');
    const token = decodeToken(options.continueToken);
    after = namespace === undefined ? token.start : `${namespace}/${token.start}`;
    if (token.rv > 0) {
      if (token.rv < table.changes.forgotten) throw tooOldToContinue(token.start);
      at = token.rv;
    }
  } else if (options.resourceVersion !== '' && options.resourceVersion !== '0') {
    const revision = parseRevision(options.resourceVersion, (message) => badRequest(`invalid resource version: ${message}`));
    await awaitRevision(call, revision);
    if (options.resourceVersionMatch === 'Exact') {
      if (revision < table.changes.forgotten) throw expired('The resourceVersion for the provided list is too old.');
      at = revision;
    } else {
      at = store.revision;
    }
  }
  const objects = objectsAt(table, at, namespace, after);
  return cut(objects, options, at, namespace);
}

/** The objects as they were at a revision that is not forgotten. */
function objectsAt(table: Table, revision: number, namespace: string | undefined, after: string | undefined): readonly Stored[] {
  const current = table.objects.list(namespace, after);
  const later = table.changes.since(revision);
  if (later.length === 0) return current;
  const byKey = new Map(current.map((stored) => [stored.key, stored]));
  for (const { stored, previous } of later.reverse()) {
    if ((namespace !== undefined && !stored.key.startsWith(`${namespace}/`)) || (after !== undefined && stored.key <= after)) continue;
    if (previous === undefined) byKey.delete(stored.key);
    else byKey.set(stored.key, previous);
  }
  return [...byKey.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
}

function cut(objects: readonly Stored[], options: ListOptions, revision: number, namespace: string | undefined): Page {
  const isSelective = options.labels !== undefined || options.fields !== undefined;
  const resourceVersion = String(revision);
  if (options.limit === 0)
    return { items: isSelective ? objects.filter((stored) => selects(options, stored)) : objects, meta: { resourceVersion } };
  const items: Stored[] = [];
  for (const [index, stored] of objects.entries()) {
    if (!selects(options, stored)) continue;
    if (items.length < options.limit) {
      items.push(stored);
      continue;
    }
    const last = items.at(-1)!.key;
    const start = namespace === undefined ? last : last.slice(namespace.length + 1);
    const meta = { resourceVersion, continue: encodeToken(start, revision) };
    return { items, meta: isSelective ? meta : { ...meta, remainingItemCount: objects.length - index } };
  }
  return { items, meta: { resourceVersion } };
}

interface ContinueToken {
  /** The last key that was sent, within the namespace asked for. */
  readonly start: string;
  /** The revision of the first page; -1 when the rest need not be of it. */
  readonly rv: number;
}

function encodeToken(start: string, rv: number): string {
  return Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv, start: `${start}\u0000` })).toString('base64url');
}

function decodeToken(text: string): ContinueToken {
  if (!/^[\w-]+$/.test(text))
    throw badRequest(`invalid continue token: continue key is not valid: illegal base64 data at input byte ${text.search(/[^\w-]/)}`);
  const bytes = Buffer.from(text, 'base64url');
  let token: { v?: unknown; rv?: unknown; start?: unknown };
  try {
    token = JSON.parse(bytes.toString('utf8')) as typeof token;
  } catch {
    const first = bytes[0] ?? 0;
    const shown =
      (first >= 0x20 && first < 0x7f) || (first > 0xa0 && first !== 0xad)
        ? String.fromCharCode(first)
        : `\\u${first.toString(16).padStart(4, '0')}`;
    throw badRequest(`invalid continue token: continue key is not valid: invalid character '${shown}' looking for beginning of value`);
  }
  if (token.v !== 'meta.k8s.io/v1')
    throw badRequest('invalid continue token: continue key is not valid: server does not recognize this encoded version');
  if (typeof token.start !== 'string' || token.start === '')
    throw badRequest('invalid continue token: continue key is not valid: encoded start key empty (version meta.k8s.io/v1)');
  if (typeof token.rv !== 'number' || token.rv === 0)
    throw badRequest('invalid continue token: continue key is not valid: incorrect encoded start resourceVersion (version meta.k8s.io/v1)');
  return { start: withoutEnds(token.start), rv: token.rv };
}

/** The key between a leading slash and the zero byte that puts the next page after it. */
function withoutEnds(start: string): string {
  const end = start.endsWith('\u0000') ? -1 : undefined;
  return start.slice(start.startsWith('/') ? 1 : 0, end);
}

function tooOldToContinue(start: string): StatusError {
  return new ExpiredContinue(encodeToken(start, -1));
}

/** The 410 that brings a token with which the rest can be had, of whatever revision it then is. */
class ExpiredContinue extends StatusError {
  readonly #token: string;

  constructor(token: string) {
    super(
      410,
      'Expired',
      'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.',
    );
    this.#token = token;
  }

  override get body(): string {
    return JSON.stringify({ ...(JSON.parse(super.body) as object), metadata: { continue: this.#token } });
  }
}
