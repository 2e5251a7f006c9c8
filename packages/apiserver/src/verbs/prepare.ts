import type { KubeObject } from '@sluice/core';
import { prepareCreate, prepareUpdate } from '../kinds/index.js';
import type { Prepared, WriteContext } from '../kinds/index.js';
import { checkEscalation } from '../auth/escalation.js';
import { DEFINITIONS } from '../definitions/definitions.js';
import { timestamp, type ResourceCall } from '../server/context.js';
import { forbidden, invalid } from '../server/status.js';

/** An object that may be stored; `settle` says whether it was. */
export interface Ready {
  readonly object: KubeObject;
  readonly settle: (stored: boolean) => void;
}

export function prepareNew(call: ResourceCall, object: KubeObject): Ready {
  checkEscalation(call, object, undefined);
  return ready(call, prepareCreate(object, writeContext(call, undefined)), object);
}

export function prepareChange(call: ResourceCall, next: KubeObject, live: KubeObject, subresource: string | undefined): Ready {
  checkEscalation(call, next, live);
  return ready(call, prepareUpdate(next, live, writeContext(call, subresource)), next);
}

function ready(call: ResourceCall, prepared: Prepared, object: KubeObject): Ready {
  const name = object.metadata.name ?? '';
  if (prepared.forbidden !== undefined) throw forbidden(call.resource, name, prepared.forbidden);
  if (prepared.errors.length > 0) {
    prepared.settle?.(false);
    throw invalid(call.resource, name, prepared.errors);
  }
  call.warnings.push(...prepared.warnings);
  return { object: prepared.object, settle: prepared.settle ?? doNothing };
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
