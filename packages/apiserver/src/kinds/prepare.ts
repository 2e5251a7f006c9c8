import { deepEqual, type KubeObject } from '@sluice/core';
import type { FieldError } from '@sluice/schema';
import { isSet, textOf, withField, type Fields } from './common/index.js';
import { metaOf, validateCommonMeta, validateCoreFinalizers, validateMeta, validateMetaUpdate } from './common/meta.js';
import { segmentNames, subdomainNames } from './common/names.js';
import type { KindRules, Prepared, WriteContext } from './context.js';
import { builtinType, emptyObject } from '../objects/index.js';
import { quotaFault } from './core/quota.js';
import { rulesOf } from './registry.js';

/**
 * Fills in what the API server does when it decodes an object of a built-in kind. Comes before field tracking: who
 * writes an object owns these fields. Objects of other kinds, and complete ones, come back as they are.
 */
export function applyDefaults(object: KubeObject): KubeObject {
  return (rulesOf(object)?.defaults?.(object) ?? object) as KubeObject;
}

/**
 * Makes an object ready to be stored as a new one: admission, the kind's own resets and allocations, validation. Comes
 * after field tracking: what is filled in here belongs to nobody. `metadata` already has its uid, name and times.
 */
export function prepareCreate(object: KubeObject, context: WriteContext): Prepared {
  const rules = rulesOf(object) ?? customRules(context);
  const faults: FieldError[] = [];
  let next: Fields = object;
  const admitted = rules.admit?.(next, undefined, context);
  if (typeof admitted === 'string') return { object, errors: [], warnings: [], forbidden: admitted };
  if (admitted !== undefined) next = admitted;
  if (rules.hasStatus === true) next = withoutStatus(next);
  if (rules.create !== undefined) next = rules.create(next, context);
  next = withMeta(next, withField(withField(metaOf(next), 'deletionTimestamp', undefined), 'deletionGracePeriodSeconds', undefined));
  if (rules.generation !== undefined) next = withMeta(next, withField(metaOf(next), 'generation', 1));

  validateMeta(metaOf(next), rules.namespaced, rules.names ?? subdomainNames, faults);
  if (context.custom === undefined) validateCoreFinalizers(metaOf(next), faults);
  rules.validate?.(next, faults, context);
  rules.validateCreate?.(next, faults, context);
  if (faults.length === 0) validateCommonMeta(metaOf(next), rules.namespaced, faults);
  return finish(next, undefined, rules, faults, context);
}

/** Makes a change ready to be stored: like {@link prepareCreate}, with what may not change and what another path writes. */
export function prepareUpdate(changed: KubeObject, live: KubeObject, context: WriteContext): Prepared {
  const rules = rulesOf(changed) ?? customRules(context);
  const faults: FieldError[] = [];
  const status = context.subresource === 'status';
  let next: Fields = changed;
  if (context.subresource === undefined) {
    const admitted = rules.admit?.(next, live, context);
    if (typeof admitted === 'string') return { object: changed, errors: [], warnings: [], forbidden: admitted };
    if (admitted !== undefined) next = admitted;
  }
  next = withMeta(next, keptMeta(metaOf(next), metaOf(live)));
  if (status) {
    next = rules.updateStatus?.(next, live) ?? statusOnly(next, live, context);
  } else {
    if (rules.hasStatus === true) next = withField(next, 'status', live['status']);
    if (rules.update !== undefined) next = rules.update(next, live, context);
    if (rules.generation?.some((field) => !sameField(counted(next, field), counted(live, field))) === true)
      next = nextGeneration(next, live);
    else if (context.custom !== undefined && !sameSpec(next, live, context.custom.hasStatus)) next = nextGeneration(next, live);
  }

  validateMeta(metaOf(next), rules.namespaced, segmentNames, faults);
  validateMetaUpdate(metaOf(next), metaOf(live), faults);
  validateMetaUpdate(metaOf(next), metaOf(live), faults);
  if (context.custom === undefined) validateCoreFinalizers(metaOf(next), faults);
  if (status) {
    rules.validateStatus?.(next, live, faults);
    return { object: next as KubeObject, errors: faults, warnings: [] };
  }
  if (rules.revalidate === true) {
    validateMeta(metaOf(next), rules.namespaced, rules.names ?? subdomainNames, faults);
    if (context.custom === undefined) validateCoreFinalizers(metaOf(next), faults);
  }
  rules.validate?.(next, faults, context);
  rules.validateUpdate?.(next, live, faults, context);
  return finish(next, live, rules, faults, context);
}

function finish(next: Fields, live: KubeObject | undefined, rules: KindRules, errors: FieldError[], context: WriteContext): Prepared {
  if (errors.length > 0) return { object: next as KubeObject, errors, warnings: [] };
  const exceeded = quotaFault(next as KubeObject, live, context.lookup);
  if (exceeded !== undefined) return { object: next as KubeObject, errors, warnings: [], forbidden: exceeded };
  const allocation = rules.allocate?.(next, live, context, errors);
  const prepared = allocation?.object ?? next;
  // What was filled in may call for more defaults; the API server gives them when it reads the object back.
  const object = (rules.defaults?.(prepared) ?? prepared) as KubeObject;
  return {
    object,
    errors,
    warnings: rules.warnings?.(object, live) ?? [],
    ...(allocation !== undefined && { settle: allocation.settle }),
  };
}

/** What a write can't take away or set: identity and the marks of deletion. */
function keptMeta(next: Fields, live: Fields): Fields {
  let meta = next;
  if (textOf(meta['uid']) === '') meta = withField(meta, 'uid', live['uid']);
  for (const field of ['creationTimestamp', 'generation']) meta = withField(meta, field, live[field]);
  if (isSet(live['deletionTimestamp'])) meta = withField(meta, 'deletionTimestamp', live['deletionTimestamp']);
  if (isSet(live['deletionGracePeriodSeconds']) && !isSet(meta['deletionGracePeriodSeconds'])) {
    meta = withField(meta, 'deletionGracePeriodSeconds', live['deletionGracePeriodSeconds']);
  }
  return meta;
}

/** A write to /status: everything but the status stays; metadata is the caller's, except for custom resources. */
function statusOnly(next: Fields, live: Fields, context: WriteContext): Fields {
  const result: Record<string, unknown> = { ...live, metadata: next['metadata'] };
  if (next['status'] === undefined) delete result['status'];
  else result['status'] = next['status'];
  if (context.custom !== undefined) {
    const { managedFields, resourceVersion } = metaOf(next);
    result['metadata'] = withField(withField(metaOf(live), 'managedFields', managedFields), 'resourceVersion', resourceVersion);
  }
  return result;
}

function nextGeneration(next: Fields, live: Fields): Fields {
  const before = metaOf(live)['generation'];
  return withMeta(next, withField(metaOf(next), 'generation', (typeof before === 'number' ? before : 0) + 1));
}

function counted(object: Fields, field: string): unknown {
  return field === 'metadata.annotations' ? metaOf(object)['annotations'] : object[field];
}

function sameField(a: unknown, b: unknown): boolean {
  return a === b || deepEqual(a ?? null, b ?? null);
}

/** Custom resources count every change outside of metadata, and of status when that has a path of its own. */
function sameSpec(next: Fields, live: Fields, hasStatus: boolean): boolean {
  const counted = (key: string): boolean => key !== 'metadata' && key !== 'apiVersion' && !(hasStatus && key === 'status');
  return [...new Set([...Object.keys(next), ...Object.keys(live)])].every((key) => !counted(key) || sameField(next[key], live[key]));
}

function customRules({ custom }: WriteContext): KindRules {
  if (custom === undefined) return { namespaced: true };
  return { namespaced: custom.namespaced, hasStatus: custom.hasStatus, generation: [], revalidate: true };
}

function withMeta(object: Fields, meta: Fields): Fields {
  return withField(object, 'metadata', meta);
}

/** A new object has no status yet: what its type always has, empty. */
function withoutStatus(object: Fields): Fields {
  const { apiVersion, kind } = object as KubeObject;
  const type = builtinType(apiVersion, kind);
  return withField(object, 'status', type === undefined ? undefined : emptyObject(type)['status']);
}
