import type { KubeObject } from '@sluice/core';
import type { HttpResponse } from '@sluice/kube';
import { trackUpdate } from '../objects/index.js';
import { servedObject } from '../registry/served.js';
import { keyOf } from '../registry/resource.js';
import { timestamp, type ResourceCall } from '../server/context.js';
import { conflict, notFound, unexpected } from '../server/status.js';
import type { Stored } from '../store/stored.js';
import { change, checkIdentity, requireRevision } from './change.js';
import { store } from './create.js';
import { decodeBody } from './decode.js';
import { resetFieldsOf } from '../registry/reset-fields.js';
import { typeOf } from '../registry/types.js';
import { readWriteOptions } from './write-options.js';

/** Resources that a PUT may create. */
const createdByPut = new Set([
  '/endpoints',
  '/events',
  '/limitranges',
  '/services',
  'coordination.k8s.io/leases',
  'rbac.authorization.k8s.io/clusterrolebindings',
  'rbac.authorization.k8s.io/clusterroles',
  'rbac.authorization.k8s.io/rolebindings',
  'rbac.authorization.k8s.io/roles',
]);

export async function update(call: ResourceCall, subresource?: string): Promise<HttpResponse> {
  const { context, resource, path } = call;
  const options = readWriteOptions(call, 'UpdateOptions');
  const { object, warnings } = decodeBody(call, resource, options.fieldValidation);
  call.warnings.push(...warnings);
  const next = checkIdentity(call, object);
  const live = context.store.table(resource.table).objects.get(keyOf(resource, path.namespace, path.name));
  const { type, versions } = typeOf(resource);
  const now = timestamp(context.now());
  if (live === undefined) {
    if (!createdByPut.has(resource.table) || subresource !== undefined) throw notFound(resource, path.name);
    return store(call, next, options, (created) =>
      trackUpdate({ live: undefined, next: created, manager: options.manager, type, versions, now, resetFields: resetFieldsOf(resource) }),
    );
  }
  requireRevision(call, next);
  checkPrecondition(call, next, live);
  const before = servedObject(live, resource);
  const tracked = trackUpdate({
    live: before,
    next,
    manager: options.manager,
    type,
    versions,
    resetFields: resetFieldsOf(resource, subresource),
    now,
    ...(subresource === undefined ? {} : { subresource }),
  });
  return change(call, { live, next: tracked, dryRun: options.dryRun, ...(subresource === undefined ? {} : { subresource }) });
}

/** A PUT that names another object's uid, or a version that is none, fails where objects are stored. */
function checkPrecondition({ resource, path }: ResourceCall, { metadata }: KubeObject, live: Stored): void {
  const { uid, resourceVersion = '' } = metadata;
  if (!/^\d*$/.test(resourceVersion)) throw unexpected(`strconv.ParseUint: parsing ${JSON.stringify(resourceVersion)}: invalid syntax`);
  const found = live.object.metadata.uid;
  if (resource.custom !== undefined || uid === undefined || uid === '' || uid === found) return;
  const key = ['/registry', resource.resource, path.namespace, path.name].filter((part) => part !== '').join('/');
  const why = `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${uid}, UID in object meta: ${found}`;
  throw conflict(resource, path.name, why);
}
