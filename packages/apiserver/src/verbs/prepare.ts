import { deepEqual, isJsonObject, type KubeObject } from '@sluice/core';
import { prepareCreate, prepareUpdate } from '../kinds/index.js';
import type { Prepared, WriteContext } from '../kinds/index.js';
import { checkEscalation } from '../auth/escalation.js';
import type { FieldError } from '@sluice/schema';
import { newDefinition, withStoredVersions } from '../definitions/definitions.js';
import { DEFINITIONS } from '../registry/definition.js';
import type { Resource } from '../registry/resource.js';
import { timestamp, type ResourceCall } from '../server/context.js';
import { forbidden, invalid } from '../server/status.js';
import { completeApplied } from './decode.js';
import { schemaFaults } from './schema-faults.js';

/** An object that may be stored; `settle` says whether it was. */
export interface Ready {
  readonly object: KubeObject;
  readonly settle: (stored: boolean) => void;
}

export function prepareNew(call: ResourceCall, given: KubeObject): Ready {
  const object = withSingleOwners(call, given);
  checkEscalation(call, object, undefined);
  const { resource } = call;
  if (resource.custom?.definition.metadata.deletionTimestamp !== undefined) {
    throw forbidden(resource, object.metadata.name ?? '', 'create not allowed while custom resource definition is terminating');
  }
  const prepared = prepareCreate(object, writeContext(call, undefined));
  return ready(
    call,
    prepared,
    object,
    schemaFaults(resource, prepared.object, undefined),
    resource.table === DEFINITIONS ? newDefinition : statusDefaults(resource),
  );
}

/** A status can not be created; its defaults are there all the same, as a real server adds those of the stored version to what it reads. */
function statusDefaults(resource: Resource): ((object: KubeObject) => KubeObject) | undefined {
  if (resource.apiVersion !== resource.storageVersion) return undefined;
  const properties = resource.custom?.version.schema?.openAPIV3Schema?.['properties'];
  const status = isJsonObject(properties) ? properties['status'] : undefined;
  if (!isJsonObject(status) || status['default'] === undefined || !resource.subresources.has('status')) return undefined;
  return (object) => completeApplied(resource, object);
}

export function prepareChange(call: ResourceCall, given: KubeObject, live: KubeObject, subresource: string | undefined): Ready {
  const next = withSingleOwners(call, given);
  checkEscalation(call, next, live);
  const { resource } = call;
  let prepared = prepareUpdate(next, live, writeContext(call, subresource));
  // A definition's status is written with its metadata; that of what it defines is not.
  if (resource.table === DEFINITIONS && subresource === 'status')
    prepared = { ...prepared, object: { ...prepared.object, metadata: next.metadata } };
  return ready(
    call,
    prepared,
    next,
    schemaFaults(resource, prepared.object, live),
    resource.table === DEFINITIONS ? withStoredVersions : undefined,
  );
}

/** An owner that is named twice, in the same words, is one. */
function withSingleOwners({ warnings }: ResourceCall, object: KubeObject): KubeObject {
  const { ownerReferences } = object.metadata;
  if (ownerReferences === undefined || ownerReferences.length < 2) return object;
  const single = ownerReferences.filter((owner, index) => ownerReferences.findIndex((other) => deepEqual(other, owner)) === index);
  if (single.length === ownerReferences.length) return object;
  const uids = new Set(ownerReferences.filter((owner) => !single.includes(owner)).map(({ uid }) => uid));
  warnings.push(
    `.metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ${[...uids].join(', ')}`,
  );
  return { ...object, metadata: { ...object.metadata, ownerReferences: single } };
}

function ready(
  call: ResourceCall,
  prepared: Prepared,
  object: KubeObject,
  schemaErrors: readonly FieldError[],
  finish: ((object: KubeObject) => KubeObject) | undefined,
): Ready {
  const name = object.metadata.name ?? '';
  if (prepared.forbidden !== undefined) throw forbidden(call.resource, name, prepared.forbidden);
  const errors = schemaErrors.length === 0 ? prepared.errors : [...prepared.errors, ...schemaErrors];
  if (errors.length > 0) {
    prepared.settle?.(false);
    // Both groups serve the Events of one, and faults are told as of that.
    throw invalid(call.resource.table === '/events' ? { group: '', kind: 'Event' } : call.resource, name, errors);
  }
  call.warnings.push(...prepared.warnings);
  return { object: finish === undefined ? prepared.object : finish(prepared.object), settle: prepared.settle ?? doNothing };
}

function doNothing(): void {}

function writeContext({ context, user, resource }: ResourceCall, subresource: string | undefined): WriteContext {
  return {
    now: timestamp(context.now()),
    lookup: context.lookup,
    services: context.services,
    user: { name: user.name, groups: user.groups },
    ...(subresource === undefined ? {} : { subresource }),
    ...(resource.custom === undefined && resource.table !== DEFINITIONS
      ? {}
      : { custom: { namespaced: resource.namespaced, hasStatus: resource.subresources.has('status') } }),
  };
}
