import { isJsonObject, type KubeObject } from '@sluice/core';
import type { HttpResponse } from '@sluice/kube';
import { applyObject, patchObject, trackUpdate } from '../objects/index.js';
import { keyOf } from '../registry/resource.js';
import { servedObject } from '../registry/served.js';
import { timestamp, type ResourceCall } from '../server/context.js';
import { patchKind } from '../server/negotiate.js';
import { badRequest, conflict, notFound, StatusError } from '../server/status.js';
import type { Stored } from '../store/stored.js';
import { bodyString, contentTypeOf } from './body.js';
import { change, checkIdentity } from './change.js';
import { store } from './create.js';
import { completeApplied, readApplied, withDefaults } from './decode.js';
import { resetFieldsOf } from '../registry/reset-fields.js';
import { typeOf } from '../registry/types.js';
import { readWriteOptions, type WriteOptions } from './write-options.js';

export async function patch(call: ResourceCall, subresource?: string): Promise<HttpResponse> {
  const patchType = patchKind(contentTypeOf(call));
  const { context, resource, path } = call;
  if (patchType === 'strategic' && resource.custom !== undefined) {
    throw new StatusError(
      415,
      'UnsupportedMediaType',
      'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
    );
  }
  const options = readWriteOptions(call, 'PatchOptions', patchType === 'apply');
  const live = context.store.table(resource.table).objects.get(keyOf(resource, path.namespace, path.name));
  if (patchType === 'apply') return apply(call, live, options, subresource);
  if (live === undefined) throw notFound(resource, path.name);
  const before = servedObject(live, resource);
  const { type, versions } = typeOf(resource);
  const patched = patchObject({ type, live: before, patchType, text: bodyString(call), validation: options.fieldValidation });
  const { object, warnings } = withDefaults(patched);
  call.warnings.push(...warnings);
  const next = trackUpdate({
    live: before,
    next: checkIdentity(call, object),
    manager: options.manager,
    type,
    versions,
    resetFields: resetFieldsOf(resource, subresource),
    now: timestamp(context.now()),
    ...(subresource === undefined ? {} : { subresource }),
  });
  return change(call, { live, next, dryRun: options.dryRun, ...(subresource === undefined ? {} : { subresource }) });
}

/** Server-side apply: creates what is not there. */
async function apply(
  call: ResourceCall,
  live: Stored | undefined,
  options: WriteOptions,
  subresource: string | undefined,
): Promise<HttpResponse> {
  const { context, resource, path } = call;
  const applied = appliedObject(call);
  const { type, versions } = typeOf(resource);
  const before = live === undefined ? undefined : servedObject(live, resource);
  const request = {
    applied,
    manager: options.manager,
    force: options.force,
    type,
    versions,
    resetFields: resetFieldsOf(resource, subresource),
    now: timestamp(context.now()),
    ...(subresource === undefined ? {} : { subresource }),
  };
  if (live === undefined || before === undefined) {
    if (subresource !== undefined) throw notFound(resource, path.name);
    const created = checkIdentity(call, applyObject({ ...request, live: undefined }));
    const { uid } = applied.metadata ?? {};
    if (uid !== undefined && uid !== '') {
      throw conflict(resource, path.name, `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`);
    }
    return store(call, completeApplied(resource, created), options, (next) => next);
  }
  const result = applyObject({ ...request, live: before });
  const next = result === before ? before : completeApplied(resource, checkIdentity(call, result));
  return change(call, { live, next, dryRun: options.dryRun, ...(subresource === undefined ? {} : { subresource }) });
}

function appliedObject(call: ResourceCall): KubeObject {
  const body = readApplied(call);
  if (body.error !== undefined) throw badRequest(`error decoding YAML: error converting YAML to JSON: ${body.error}`);
  call.warnings.push(...body.duplicates);
  const value = body.value ?? {};
  if (isJsonObject(value)) return value as unknown as KubeObject;
  const type = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
  throw badRequest(
    `error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${type} into Go value of type map[string]interface {}`,
  );
}
