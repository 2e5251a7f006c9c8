import { isJsonObject, setOwn, type KubeObject } from '@sluice/core';
import type { HttpResponse } from '@sluice/kube';
import { invalid as invalidField } from '@sluice/schema';
import { scaleOf } from '../kinds/index.js';
import { applyObject, builtinType, decodeObject, patchObject, trackUpdate, type ObjectType } from '../objects/index.js';
import { servedObject } from '../registry/served.js';
import { typeOf } from '../registry/types.js';
import type { CustomResourceVersion } from '../registry/resource.js';
import { timestamp, type ResourceCall } from '../server/context.js';
import { bodyType, patchKind } from '../server/negotiate.js';
import { renderObject } from '../server/render.js';
import { badRequest, internalError, invalid, methodNotAllowed } from '../server/status.js';
import type { Stored } from '../store/stored.js';
import { bodyString, contentTypeOf } from '../verbs/body.js';
import { admitChange, applyChange, checkIdentity, type Change } from '../verbs/change.js';
import { readApplied } from '../verbs/decode.js';
import { find } from '../verbs/get.js';
import { readWriteOptions } from '../verbs/write-options.js';

type ScalePaths = NonNullable<NonNullable<CustomResourceVersion['subresources']>['scale']>;

/** `/scale`: how many, of anything that can be many, under one kind. */
export async function scale(call: ResourceCall): Promise<HttpResponse> {
  const live = find(call);
  switch (call.method) {
    case 'GET':
      return renderObject(call, 200, scaleObject(call, servedObject(live, call.resource)));
    case 'PUT':
    case 'PATCH':
      return write(call, live);
    default:
      throw methodNotAllowed();
  }
}

async function write(call: ResourceCall, live: Stored): Promise<HttpResponse> {
  const { context, resource, method, path } = call;
  const patchType = method === 'PUT' ? undefined : patchKind(contentTypeOf(call));
  const options = readWriteOptions(call, method === 'PUT' ? 'UpdateOptions' : 'PatchOptions', patchType === 'apply');
  const before = servedObject(live, resource);
  const { type, versions } = typeOf(resource);
  const request = { live: before, manager: options.manager, type, versions, subresource: 'scale', now: timestamp(context.now()) };
  let next: KubeObject;
  if (patchType === 'apply') {
    const applied = readScale(call);
    next = withoutScaleTimes(
      applyObject({ ...request, applied: asApplied(call, applied), force: options.force, shownVersion: 'autoscaling/v1' }),
    );
  } else {
    const text = bodyString(call);
    const current = scaleObject(call, before);
    const { object, warnings } =
      patchType === undefined
        ? decodeObject({
            type: scaleType(call),
            text,
            format: bodyType(contentTypeOf(call)) === 'yaml' ? 'yaml' : 'json',
            validation: options.fieldValidation,
          })
        : patchObject({ type: scaleType(call), live: current, patchType, text, validation: options.fieldValidation });
    call.warnings.push(...warnings);
    const wanted = checkIdentity(call, object);
    const { resourceVersion } = wanted.metadata;
    const replicas = replicasOf(wanted) ?? 0;
    if (replicas < 0 && resource.custom === undefined) {
      throw invalid({ group: 'autoscaling', kind: 'Scale' }, path.name, [
        invalidField('spec.replicas', replicas, 'must be greater than or equal to 0'),
      ]);
    }
    // A Scale to zero has no replicas in its text: whoever writes it owns nothing, nor does anybody else any more.
    const scaled = withReplicas(call, before, replicas === 0 ? undefined : replicas);
    const revised = { ...scaled, metadata: { ...scaled.metadata, ...(resourceVersion === undefined ? {} : { resourceVersion }) } };
    const tracked = hasScaler(call, before) ? trackUpdate({ ...request, next: revised }) : revised;
    next = withoutScaleTimes(withReplicas(call, tracked, replicas));
  }
  const wanted: Change = {
    live,
    next,
    dryRun: options.dryRun,
    subresource: 'scale',
    view: {
      show: (object) => scaleObject(call, object),
      take: (object, shown) => withReplicas(call, object, replicasOf(shown) ?? 0),
    },
  };
  const { object, done } = context.admission.isAsked ? await admitChange(call, wanted) : applyChange(call, wanted);
  await done;
  const after = options.dryRun ? object : servedObject(find(call), resource);
  return renderObject(call, 200, scaleObject(call, after));
}

/** Whether anybody owns the replicas: an object without managers is not tracked, and so is the Scale of one whose replicas have none. */
function hasScaler({ resource }: ResourceCall, { metadata }: KubeObject): boolean {
  const path = split(pathsOf(resource.custom?.version)?.specReplicasPath ?? '.spec.replicas').map((name) => `f:${name}`);
  return (metadata.managedFields ?? []).some(({ fieldsV1 }) => valueAt(fieldsV1, path) !== undefined);
}

/** Who scales is remembered without a time. */
function withoutScaleTimes(object: KubeObject): KubeObject {
  const managedFields = object.metadata.managedFields?.map((entry) => {
    if (entry.subresource !== 'scale') return entry;
    const { time: _, ...timeless } = entry;
    return timeless;
  });
  return managedFields === undefined ? object : { ...object, metadata: { ...object.metadata, managedFields } };
}

function scaleType(call: ResourceCall): ObjectType {
  if (call.method === 'PUT') checkScaleVersion(bodyString(call));
  return builtinType('autoscaling/v1', 'Scale')!;
}

function checkScaleVersion(text: string): void {
  const version = /"apiVersion"\s*:\s*"([^"]*)"/.exec(text)?.[1];
  if (version === undefined || version === 'autoscaling/v1') return;
  throw badRequest(
    `no kind is registered for the type ${version.includes('/') ? version.split('/')[1] : version}.Scale in scheme "pkg/runtime/scheme.go:110"`,
  );
}

/** The configuration of an apply to the scale. */
function readScale(call: ResourceCall): KubeObject {
  const body = readApplied(call);
  const value = body.error === undefined ? body.value : undefined;
  if (!isJsonObject(value)) throw badRequest(`error decoding YAML: ${body.error ?? 'not an object'}`);
  if (value['kind'] !== 'Scale' || value['apiVersion'] !== 'autoscaling/v1') {
    const { apiVersion, kind } = value as Partial<KubeObject>;
    throw badRequest(`invalid object type: ${apiVersion ?? '/'}, Kind=${kind ?? ''}`);
  }
  checkIdentity(call, value as KubeObject);
  return value as KubeObject;
}

/** A Scale as configuration of the object that it scales: the replicas, and nothing else. */
function asApplied(call: ResourceCall, applied: KubeObject): KubeObject {
  const { apiVersion, kind } = call.resource;
  const { name, namespace } = applied.metadata;
  const metadata = { ...(name === undefined ? {} : { name }), ...(namespace === undefined ? {} : { namespace }) };
  return withReplicas(call, { apiVersion, kind, metadata }, replicasOf(applied));
}

function replicasOf(scaleOrObject: KubeObject): number | undefined {
  const { spec } = scaleOrObject;
  const replicas = isJsonObject(spec) ? spec['replicas'] : undefined;
  return typeof replicas === 'number' ? replicas : undefined;
}

function withReplicas({ resource }: ResourceCall, object: KubeObject, replicas: number | undefined): KubeObject {
  const path = pathsOf(resource.custom?.version)?.specReplicasPath ?? '.spec.replicas';
  return setAt(object, split(path), replicas) as KubeObject;
}

function scaleObject({ resource }: ResourceCall, object: KubeObject): KubeObject {
  const paths = pathsOf(resource.custom?.version);
  if (paths === undefined) return scaleOf(object);
  const replicas = valueAt(object, split(paths.specReplicasPath));
  if (replicas === undefined) throw internalError(`the spec replicas field ${JSON.stringify(paths.specReplicasPath)} does not exist`);
  const selector = paths.labelSelectorPath === undefined ? undefined : valueAt(object, split(paths.labelSelectorPath));
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const current = valueAt(object, split(paths.statusReplicasPath));
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: JSON.parse(JSON.stringify({ name, namespace, uid, resourceVersion, creationTimestamp })) as KubeObject['metadata'],
    spec: replicas === 0 ? {} : { replicas },
    status: {
      replicas: typeof current === 'number' ? current : 0,
      ...(typeof selector === 'string' && selector !== '' ? { selector } : {}),
    },
  };
}

function pathsOf(version: CustomResourceVersion | undefined): ScalePaths | undefined {
  return version?.subresources?.scale;
}

function split(path: string): string[] {
  return path.replace(/^\./, '').split('.');
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  let found = value;
  for (const step of path) found = isJsonObject(found) && Object.hasOwn(found, step) ? found[step] : undefined;
  return found;
}

function setAt(value: unknown, [step, ...rest]: readonly string[], wanted: unknown): unknown {
  if (step === undefined) return wanted;
  const copy: Record<string, unknown> = isJsonObject(value) ? { ...value } : {};
  if (rest.length === 0 && wanted === undefined) delete copy[step];
  else setOwn(copy, step, setAt(Object.hasOwn(copy, step) ? copy[step] : undefined, rest, wanted));
  return copy;
}
