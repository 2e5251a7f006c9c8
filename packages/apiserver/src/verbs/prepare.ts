import type { KubeObject } from '@sluice/core';
import { type FieldError, validateDefinition, validateObject } from '@sluice/schema';
import { prepareCreate, prepareUpdate } from '../kinds/index.js';
import type { Prepared, WriteContext } from '../kinds/index.js';
import { checkEscalation } from '../auth/escalation.js';
import { DEFINITIONS } from '../definitions/definitions.js';
import { typeOf } from '../registry/types.js';
import { timestamp, type ResourceCall } from '../server/context.js';
import { forbidden, invalid } from '../server/status.js';

/** An object that may be stored; `settle` says whether it was. */
export interface Ready {
  readonly object: KubeObject;
  readonly settle: (stored: boolean) => void;
}

export function prepareNew(call: ResourceCall, object: KubeObject): Ready {
  checkEscalation(call, object, undefined);
  const prepared = prepareCreate(object, writeContext(call, undefined));
  return ready(call, prepared, object, schemaFaults(call, prepared.object, undefined));
}

export function prepareChange(call: ResourceCall, next: KubeObject, live: KubeObject, subresource: string | undefined): Ready {
  checkEscalation(call, next, live);
  const prepared = prepareUpdate(next, live, writeContext(call, subresource));
  return ready(call, prepared, next, schemaFaults(call, prepared.object, live));
}

function ready(call: ResourceCall, prepared: Prepared, object: KubeObject, faults: readonly FieldError[]): Ready {
  const name = object.metadata.name ?? '';
  if (prepared.forbidden !== undefined) throw forbidden(call.resource, name, prepared.forbidden);
  if (prepared.errors.length + faults.length > 0) {
    prepared.settle?.(false);
    throw invalid(call.resource, name, [...prepared.errors, ...faults]);
  }
  call.warnings.push(...prepared.warnings);
  return { object: prepared.object, settle: prepared.settle ?? doNothing };
}

/** What the schema of a custom resource says, or the rules for definitions. */
function schemaFaults({ resource }: ResourceCall, object: KubeObject, live: KubeObject | undefined): FieldError[] {
  if (resource.table === DEFINITIONS) return validateDefinition(object, live);
  if (resource.custom === undefined) return [];
  const { schema } = typeOf(resource).type;
  return schema === undefined ? [] : validateObject(schema, object, live);
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
