import type { KubeObject } from '@sluice/core';
import type { HttpResponse } from '@sluice/kube';
import { servedObject, servedText } from '../registry/served.js';
import type { Resource } from '../registry/resource.js';
import type { Stored } from '../store/stored.js';
import { tableOf } from '../table/table.js';
import type { ResourceCall } from './context.js';
import { ListText } from './list-text.js';
import { checkShape, type Representation } from './negotiate.js';
import { isTrue } from './request-info.js';
import { encoded, json } from './respond.js';
import { badRequest } from './status.js';

/** Answers with one stored object, as it was asked for. */
export function renderStored(call: ResourceCall, status: number, stored: Stored): HttpResponse {
  checkShape(call.representation, false, call.resource.kind);
  if (call.representation.as === 'object') return respond(call, status, servedText(stored, call.resource));
  return renderObject(call, status, servedObject(stored, call.resource));
}

/** Answers with an object that is not in the store: of a dry run, a subresource, a review. */
export function renderObject(call: ResourceCall, status: number, object: object): HttpResponse {
  checkShape(call.representation, false, call.resource.kind);
  const { as, metaVersion } = call.representation;
  const body =
    as === 'PartialObjectMetadata'
      ? JSON.stringify(partial(object as KubeObject, metaVersion))
      : as === 'Table' && 'metadata' in object && (object as KubeObject).kind === call.resource.kind
        ? tableText(call, [object as KubeObject], (object as KubeObject).metadata.resourceVersion ?? '')
        : JSON.stringify(object);
  return respond(call, status, body);
}

/** Answers with a Status, which has no other representation. */
export function renderStatus(call: ResourceCall, status: number, body: object): HttpResponse {
  return respond(call, status, JSON.stringify(body));
}

export interface ListMeta {
  readonly resourceVersion: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

export function renderList(call: ResourceCall, items: readonly Stored[], meta: ListMeta): HttpResponse {
  const { representation, resource } = call;
  checkShape(representation, true, resource.kind);
  switch (representation.as) {
    case 'Table':
      return respond(
        call,
        200,
        tableText(
          call,
          items.map((stored) => servedObject(stored, resource)),
          meta.resourceVersion,
          meta,
        ),
      );
    case 'PartialObjectMetadataList': {
      const apiVersion = `meta.k8s.io/${representation.metaVersion}`;
      const partials =
        items.length === 0 ? null : items.map((stored) => partial(servedObject(stored, resource), representation.metaVersion));
      return respond(call, 200, JSON.stringify({ kind: 'PartialObjectMetadataList', apiVersion, metadata: meta, items: partials }));
    }
    default: {
      const metadata = JSON.stringify(resource.custom === undefined ? meta : { continue: '', ...meta });
      const head = `{"kind":"${resource.listKind}","apiVersion":"${resource.apiVersion}","metadata":${metadata},"items":[`;
      // Items of built-in lists have neither kind nor apiVersion; those of custom resources have.
      const isBare = resource.custom === undefined && items.length > 0;
      const list = new ListText(
        isBare ? `${head}{` : head,
        items.map((stored) => (isBare ? servedText(stored, resource).slice(resource.head.length) : servedText(stored, resource))),
        isBare ? ',{' : ',',
        ']}',
      );
      const isPlain = representation.encoding === 'json' && !isTrue(call.info.query.get('pretty'));
      return isPlain && items.length >= STREAMED_FROM ? { ...json(200, '', call.warnings), body: list } : respond(call, 200, list.text);
    }
  }
}

/** From how many items on a list goes out in pieces. */
const STREAMED_FROM = 200;

/** One event of a watch as it goes over the wire, before encoding: the object in its representation. */
export function watchedText(stored: Stored, resource: Resource, representation: Representation): string {
  if (representation.as === 'PartialObjectMetadata' || representation.as === 'PartialObjectMetadataList') {
    return JSON.stringify(partial(servedObject(stored, resource), representation.metaVersion));
  }
  return servedText(stored, resource);
}

export function partial(object: KubeObject, metaVersion: string): object {
  return { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${metaVersion}`, metadata: object.metadata };
}

function tableText(call: ResourceCall, objects: readonly KubeObject[], resourceVersion: string, meta?: ListMeta): string {
  const { metaVersion } = call.representation;
  return JSON.stringify(
    tableOf(call.resource, objects, {
      metadata: meta ?? { resourceVersion },
      metaVersion,
      includeObject: includeObjectOf(call.info.query),
      now: call.context.now(),
      withColumns: true,
    }),
  );
}

export type IncludeObject = 'None' | 'Metadata' | 'Object';

export function includeObjectOf(query: URLSearchParams): IncludeObject {
  const value = query.get('includeObject') ?? '';
  if (value === '' || value === 'Metadata') return 'Metadata';
  if (value === 'None' || value === 'Object') return value;
  throw badRequest(
    `Unable to convert to Table as requested: includeObject: Invalid value: ${JSON.stringify(value)}: must be 'Metadata', 'Object', 'None', or empty`,
  );
}

function respond(call: ResourceCall, status: number, body: string): HttpResponse {
  return encoded(status, body, call.representation, call.warnings, isTrue(call.info.query.get('pretty')));
}
