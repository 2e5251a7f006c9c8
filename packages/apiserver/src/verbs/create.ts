import type { KubeObject } from '@sluice/core';
import type { HttpResponse } from '@sluice/kube';
import { Moved } from '../admission/index.js';
import { keyOf } from '../registry/resource.js';
import { timestamp, type ResourceCall } from '../server/context.js';
import { renderObject, renderStored } from '../server/render.js';
import { alreadyExists, badRequest, unexpected, StatusError } from '../server/status.js';
import { trackUpdate } from '../objects/index.js';
import { decodeBody } from './decode.js';
import { checkNamespace } from './lifecycle.js';
import { prepareNew } from './prepare.js';
import { readWriteOptions, type WriteOptions } from './write-options.js';
import { resetFieldsOf } from '../registry/reset-fields.js';
import { typeOf } from '../registry/types.js';
import { toStorage } from './commit.js';

export async function create(call: ResourceCall): Promise<HttpResponse> {
  const options = readWriteOptions(call, 'CreateOptions');
  const { object, warnings } = decodeBody(call, call.resource, options.fieldValidation);
  call.warnings.push(...warnings);
  return store(call, named(call, object), options, (next) => tracked(call, next, options));
}

/** Apply and create end here: what is new gets its identity, is checked and stored. */
export async function store(
  call: ResourceCall,
  object: KubeObject,
  options: WriteOptions,
  track: (next: KubeObject) => KubeObject,
): Promise<HttpResponse> {
  const { context, resource, path } = call;
  checkNamespace(call, resource, path.namespace, object.metadata.name ?? '');
  let next = track(withIdentity(call, object));
  const { isAsked } = context.admission;
  if (isAsked) next = await mutateNew(call, next, options);
  const name = next.metadata.name ?? '';
  const { object: ready, settle } = prepareNew(call, next);
  if (isAsked) await validateNew(call, ready, options, settle);
  const { objects } = context.store.table(resource.table);
  const key = keyOf(resource, path.namespace, name);
  const existing = objects.get(key);
  if (existing !== undefined) {
    settle(false);
    const { message, details } = alreadyExists(resource, name);
    throw new StatusError(
      409,
      'AlreadyExists',
      existing.object.metadata.deletionTimestamp === undefined ? message : `object is being deleted: ${message}`,
      details,
    );
  }
  if (options.dryRun) {
    settle(false);
    return renderObject(call, 201, ready);
  }
  const write = context.store.put(resource.table, key, toStorage(resource, ready));
  settle(true);
  context.afterWrite(resource, undefined, write.stored);
  await write.done;
  return renderStored(call, 201, write.stored);
}

async function mutateNew(call: ResourceCall, object: KubeObject, { dryRun }: WriteOptions): Promise<KubeObject> {
  const mutated = await call.context.admission.mutate(call, { operation: 'CREATE', object, oldObject: undefined, dryRun });
  return withNamespace(call, mutated ?? object);
}

/** Asks the webhooks whether the object may be stored, and looks again at what may have changed meanwhile. */
async function validateNew(
  call: ResourceCall,
  object: KubeObject,
  { dryRun }: WriteOptions,
  settle: (stored: boolean) => void,
): Promise<void> {
  const { context, resource, path } = call;
  const name = object.metadata.name ?? '';
  try {
    await context.admission.validate(call, { operation: 'CREATE', object, oldObject: undefined, dryRun });
    checkNamespace(call, resource, path.namespace, name);
    if (context.registry.find(resource.group, resource.version, resource.resource) !== resource) throw new Moved(resource, name);
  } catch (error) {
    settle(false);
    throw error;
  }
}

/** The object under the name and the namespace that the path says. */
function named(call: ResourceCall, object: KubeObject): KubeObject {
  const { metadata } = object;
  if (metadata.resourceVersion !== undefined && metadata.resourceVersion !== '' && metadata.resourceVersion !== '0') {
    throw unexpected('resourceVersion should not be set on objects to be created');
  }
  const { generateName } = metadata;
  const name =
    metadata.name !== undefined && metadata.name !== ''
      ? metadata.name
      : generateName === undefined || generateName === ''
        ? ''
        : generatedName(generateName);
  return withNamespace(call, name === '' ? object : { ...object, metadata: { ...metadata, name } });
}

/** Checks the namespace of a body against the path's, and fills it in. */
export function withNamespace({ resource, path }: ResourceCall, object: KubeObject): KubeObject {
  const { namespace } = object.metadata;
  if (!resource.namespaced) {
    if (namespace === undefined) return object;
    const { namespace: _, ...metadata } = object.metadata;
    return { ...object, metadata };
  }
  if (namespace !== undefined && namespace !== '' && namespace !== path.namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  return namespace === path.namespace ? object : { ...object, metadata: { ...object.metadata, namespace: path.namespace } };
}

const SUFFIX_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';
const MAX_GENERATED_BASE = 58;

function generatedName(base: string): string {
  let name = base.slice(0, MAX_GENERATED_BASE);
  for (let i = 0; i < 5; i++) name += SUFFIX_ALPHABET[Math.floor(Math.random() * SUFFIX_ALPHABET.length)];
  return name;
}

/** What only the server says about a new object. */
function withIdentity({ context }: ResourceCall, object: KubeObject): KubeObject {
  const {
    resourceVersion: _,
    deletionTimestamp: _d,
    deletionGracePeriodSeconds: _g,
    selfLink: _s,
    ...metadata
  } = object.metadata as KubeObject['metadata'] & { selfLink?: string };
  return { ...object, metadata: { ...metadata, uid: context.uuid(), creationTimestamp: timestamp(context.now()) } };
}

function tracked(call: ResourceCall, next: KubeObject, { manager }: WriteOptions): KubeObject {
  const { type, versions } = typeOf(call.resource);
  return trackUpdate({
    live: undefined,
    next,
    manager,
    type,
    versions,
    now: timestamp(call.context.now()),
    resetFields: resetFieldsOf(call.resource),
  });
}
