import type { KubeObject } from '@sluice/core';
import type { HttpResponse } from '@sluice/kube';
import { invalid as invalidField, type FieldError } from '@sluice/schema';
import { ISSUER, type TokenClaims } from '../auth/service-account-tokens.js';
import { trackUpdate } from '../objects/index.js';
import { defineResource } from '../registry/resource.js';
import { typeOf } from '../registry/types.js';
import { timestamp, type ResourceCall } from '../server/context.js';
import { renderObject } from '../server/render.js';
import { badRequest, conflict, invalid, notFound } from '../server/status.js';
import { decodeBody } from '../verbs/decode.js';
import { find } from '../verbs/get.js';
import { readWriteOptions } from '../verbs/write-options.js';

const DEFAULT_SECONDS = 3600;
const MIN_SECONDS = 600;
const MAX_SECONDS = 2 ** 32;

interface TokenRequestSpec {
  readonly audiences?: readonly string[] | null;
  readonly expirationSeconds?: number;
  readonly boundObjectRef?: null | { readonly kind?: string; readonly apiVersion?: string; readonly name?: string; readonly uid?: string };
}

const tokenRequests = defineResource({
  group: 'authentication.k8s.io',
  version: 'v1',
  kind: 'TokenRequest',
  resource: 'tokenrequests',
  singular: 'tokenrequest',
  shortNames: [],
  categories: [],
  namespaced: true,
  verbs: ['create'],
  subresources: new Map(),
  table: '',
  storageVersion: 'authentication.k8s.io/v1',
  hashedVersion: 'authentication.k8s.io/v1',
  fields: new Map(),
  refuseField: (field) => field,
  custom: undefined,
  convert: (object) => object,
  toStorage: (object) => object,
});

/** A token for a service account, bound to the life of the account, and of an object if the request names one. */
export async function issueToken(call: ResourceCall): Promise<HttpResponse> {
  const { context, path, resource } = call;
  const options = readWriteOptions(call, 'CreateOptions');
  const account = find(call).object;
  const { object, warnings } = decodeBody(call, tokenRequests, options.fieldValidation);
  call.warnings.push(...warnings);
  const { metadata } = object;
  if (metadata.name !== undefined && metadata.name !== '' && metadata.name !== path.name) {
    throw badRequest(`metadata.name: Invalid value: ${JSON.stringify(metadata.name)}: must match the service account name if specified`);
  }
  const spec = (object['spec'] ?? {}) as TokenRequestSpec;
  const expirationSeconds = spec.expirationSeconds ?? DEFAULT_SECONDS;
  const named = spec.audiences ?? [];
  const audiences = named.length === 0 ? [ISSUER] : named;
  const faults: FieldError[] = [];
  if (expirationSeconds < MIN_SECONDS)
    faults.push(invalidField('spec.expirationSeconds', expirationSeconds, 'may not specify a duration less than 10 minutes'));
  if (expirationSeconds > MAX_SECONDS)
    faults.push(invalidField('spec.expirationSeconds', expirationSeconds, 'may not specify a duration larger than 2^32 seconds'));
  if (faults.length > 0) throw invalid({ group: 'authentication.k8s.io', kind: 'TokenRequest' }, metadata.name ?? '', faults);
  const now = context.now();
  const uid = account.metadata.uid ?? '';
  const request = {
    ...object,
    metadata: { name: path.name, namespace: path.namespace, uid, creationTimestamp: timestamp(now) },
    spec: { ...spec, expirationSeconds },
  };
  const { type, versions } = typeOf(tokenRequests);
  const tracked = trackUpdate({
    live: undefined,
    next: request,
    manager: options.manager,
    type,
    versions,
    subresource: 'token',
    now: timestamp(now),
  });
  const bound = boundObject(call, spec);
  if (bound !== undefined && account.metadata.deletionTimestamp !== undefined)
    throw conflict(resource, path.name, 'the service account is being deleted');
  const token = context.tokens.issue(
    { namespace: path.namespace, name: path.name, uid },
    { audiences, expirationSeconds, now, ...(bound === undefined ? {} : { bound }) },
  );
  return renderObject({ ...call, resource: tokenRequests }, 201, {
    kind: 'TokenRequest',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: tracked.metadata,
    spec: { audiences, expirationSeconds, boundObjectRef: spec.boundObjectRef ?? null },
    status: { token, expirationTimestamp: timestamp(now + expirationSeconds * 1000) },
  } satisfies KubeObject);
}

const boundTables: Readonly<Record<string, { table: string; field: 'pod' | 'secret' | 'node'; resource: string; namespaced: boolean }>> = {
  Pod: { table: '/pods', field: 'pod', resource: 'pods', namespaced: true },
  Secret: { table: '/secrets', field: 'secret', resource: 'secrets', namespaced: true },
  Node: { table: '/nodes', field: 'node', resource: 'nodes', namespaced: false },
};

function boundObject(
  { context, path }: ResourceCall,
  { boundObjectRef }: TokenRequestSpec,
): Pick<TokenClaims['kubernetes.io'], 'pod' | 'secret' | 'node'> | undefined {
  if (boundObjectRef === undefined || boundObjectRef === null) return undefined;
  const { kind = '', name = '', uid = '', apiVersion = 'v1' } = boundObjectRef;
  const bound = Object.hasOwn(boundTables, kind) && apiVersion === 'v1' ? boundTables[kind] : undefined;
  if (bound === undefined)
    throw badRequest(`cannot bind token for serviceaccount ${JSON.stringify(path.name)} to object of type ${apiVersion}, Kind=${kind}`);
  const object = context.store.table(bound.table).objects.get(`${bound.namespaced ? path.namespace : ''}/${name}`)?.object;
  const resource = { group: '', resource: bound.resource };
  if (object === undefined) throw notFound(resource, name);
  const found = object.metadata.uid ?? '';
  if (uid !== '' && uid !== found)
    throw conflict(
      resource,
      name,
      `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`,
    );
  return { [bound.field]: { name, uid: found } };
}
