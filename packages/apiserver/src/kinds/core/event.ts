import { invalid, required, type FieldError } from '@sluice/schema';
import { fieldsOf, isSet, numberOf, textOf, type Fields } from '../common/index.js';
import { immutable, metaOf, namespaceOf } from '../common/meta.js';
import { check, dns1123Subdomain, qualifiedName, segmentNames } from '../common/names.js';
import type { KindRules } from '../context.js';

/** Events as core recorders write them: hardly checked, for old clients. */
export const event: KindRules = {
  namespaced: true,
  names: segmentNames,
  validate: (object, faults) => validateLegacy(object, 'reportingComponent', faults),
};

/** Events of events.k8s.io: new ones are checked, and what happened does not change. */
export const eventsEvent: KindRules = {
  namespaced: true,
  validate: (object, faults) => validateLegacy(asCore(object), 'reportingController', faults),
  validateCreate: (object, faults) => {
    const core = asCore(object);
    const series = core['series'];
    if (isSet(series)) {
      if (numberOf(fieldsOf(series)['count']) < 2) faults.push(invalid('series.count', '', 'should be at least 2'));
      if (!isSet(fieldsOf(series)['lastObservedTime'])) faults.push(required('series.lastObservedTime'));
    }
    if (!isSet(core['eventTime'])) faults.push(required('eventTime'));
    const type = textOf(core['type']);
    if (type !== 'Normal' && type !== 'Warning') faults.push(invalid('type', '', `has invalid value: ${type}`));
    for (const field of ['firstTimestamp', 'lastTimestamp', 'count', 'source']) {
      if (isUsed(core[field])) faults.push(invalid(field, '', 'needs to be unset'));
    }
  },
  validateUpdate: (next, live, faults) => {
    const after = asCore(next);
    const before = asCore(live);
    const fields = ['involvedObject', 'reason', 'message', 'source', 'firstTimestamp', 'lastTimestamp', 'count', 'type', 'eventTime'];
    fields.push('action', 'related', 'reportingComponent', 'reportingInstance');
    for (const field of fields)
      immutable(after[field], before[field], faults, field === 'reportingComponent' ? 'reportingController' : field);
  },
};

function isUsed(value: unknown): boolean {
  return isSet(value) && value !== 0 && (typeof value !== 'object' || Object.keys(fieldsOf(value)).length > 0);
}

const RENAMED: readonly (readonly [string, string])[] = [
  ['regarding', 'involvedObject'],
  ['note', 'message'],
  ['deprecatedSource', 'source'],
  ['deprecatedFirstTimestamp', 'firstTimestamp'],
  ['deprecatedLastTimestamp', 'lastTimestamp'],
  ['deprecatedCount', 'count'],
  ['reportingController', 'reportingComponent'],
];

/** An events.k8s.io Event with the names of the core one. */
export function asCore(object: Fields): Fields {
  return renamed(object, RENAMED, 'v1');
}

/** A core Event with the names of events.k8s.io. */
export function asEvents(object: Fields): Fields {
  return renamed(
    object,
    RENAMED.map(([events, core]) => [core, events] as const),
    'events.k8s.io/v1',
  );
}

function renamed(object: Fields, names: readonly (readonly [string, string])[], apiVersion: string): Fields {
  const result: Record<string, unknown> = { ...object, apiVersion };
  for (const [from, to] of names) {
    if (!Object.hasOwn(result, from)) continue;
    result[to] = result[from];
    delete result[from];
  }
  return result;
}

function validateLegacy(object: Fields, controllerField: string, faults: FieldError[]): void {
  const namespace = namespaceOf(object);
  const involved = textOf(fieldsOf(object['involvedObject'])['namespace']);
  const mismatch = (): void => void faults.push(invalid('involvedObject.namespace', involved, 'does not match event.namespace'));
  if (!isSet(object['eventTime'])) {
    if (involved === '' ? namespace !== '' && namespace !== 'default' : namespace !== involved) mismatch();
  } else {
    if (involved === '' && namespace !== 'default' && namespace !== 'kube-system') mismatch();
    const controller = textOf(object['reportingComponent']);
    if (controller === '') faults.push(required(controllerField));
    check(faults, controllerField, controller, qualifiedName);
    checkText(object['reportingInstance'], 'reportingInstance', 128, faults);
    checkText(object['action'], 'action', 128, faults);
    checkText(object['reason'], 'reason', 128, faults);
    if (Buffer.byteLength(textOf(object['message'])) > 1024) faults.push(invalid('message', '', 'can have at most 1024 characters'));
  }
  check(faults, 'namespace', textOf(metaOf(object)['namespace']), dns1123Subdomain);
}

function checkText(value: unknown, field: string, limit: number, faults: FieldError[]): void {
  const text = textOf(value);
  if (text === '') faults.push(required(field));
  else if (Buffer.byteLength(text) > limit) faults.push(invalid(field, '', `can have at most ${limit} characters`));
}
