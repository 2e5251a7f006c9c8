import { invalid, notSupported, required, type FieldError } from '@sluice/schema';
import { each, fieldsOf, isSet, itemsOf, stringsOf, textOf, within, withField, type Edit, type Fields } from '../common/index.js';
import { check, qualifiedName } from '../common/names.js';
import { isMore, quantityOf, shownQuantity } from '../common/quantities.js';
import type { KindRules } from '../context.js';
import { validateResourceAmount } from '../pod/resources.js';

/** Containers get the largest limit where none is set, and a request that fits. */
const limitDefaults: Edit = (limit) => {
  if (limit['type'] !== 'Container') return limit;
  const byDefault = fill(limit['default'], limit['max']);
  const request = fill(fill(limit['defaultRequest'], byDefault), limit['min']);
  let result = limit;
  if (Object.keys(byDefault).length > Object.keys(fieldsOf(limit['default'])).length) result = withField(result, 'default', byDefault);
  if (Object.keys(request).length > Object.keys(fieldsOf(limit['defaultRequest'])).length)
    result = withField(result, 'defaultRequest', request);
  return result;
};

export const limitRange: KindRules = {
  namespaced: true,
  defaults: within('spec', each('limits', limitDefaults)),
  validate: (object, faults) => {
    const types = new Set<string>();
    for (const [index, limit] of itemsOf(fieldsOf(object['spec'])['limits']).entries()) {
      const path = `spec.limits[${index}]`;
      const type = textOf(limit['type']);
      check(faults, `${path}.type`, type, qualifiedName);
      if (types.has(type))
        faults.push({ reason: 'FieldValueDuplicate', field: `${path}.type`, message: `Duplicate value: ${JSON.stringify(type)}` });
      types.add(type);
      validateLimit(limit, type, faults, path);
    }
  },
  revalidate: true,
};

function validateLimit(limit: Fields, type: string, faults: FieldError[], path: string): void {
  const lists = ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const;
  const [max, min, byDefault, request, ratio] = lists.map((list) => fieldsOf(limit[list])) as [Fields, Fields, Fields, Fields, Fields];
  for (const list of lists) {
    for (const name of Object.keys(fieldsOf(limit[list])))
      validateResourceAmount(name, fieldsOf(limit[list])[name], faults, `${path}.${list}[${name}]`);
  }
  if (type === 'Pod') {
    for (const list of ['default', 'defaultRequest']) {
      if (isSet(limit[list]) && Object.keys(fieldsOf(limit[list])).length > 0) {
        faults.push({
          reason: 'FieldValueForbidden',
          field: `${path}.${list}`,
          message: "Forbidden: may not be specified when `type` is 'Pod'",
        });
      }
    }
  }
  if (type === 'PersistentVolumeClaim' && !isSet(min['storage']) && !isSet(max['storage'])) {
    faults.push(required(`${path}.limits`, 'either minimum or maximum storage value is required, but neither was provided'));
  }
  const report = (list: string, name: string, value: unknown, text: string): void => {
    faults.push(invalid(`${path}.${list}[${name}]`, shownQuantity(value), text));
  };
  for (const name of new Set([max, min, byDefault, request, ratio].flatMap((list) => Object.keys(list)))) {
    const [maximum, minimum, fallback, wanted] = [max[name], min[name], byDefault[name], request[name]];
    const s = shownQuantity;
    if (above(minimum, maximum)) report('min', name, minimum, `min value ${s(minimum)} is greater than max value ${s(maximum)}`);
    if (above(minimum, wanted))
      report('defaultRequest', name, wanted, `min value ${s(minimum)} is greater than default request value ${s(wanted)}`);
    if (above(wanted, maximum))
      report('defaultRequest', name, wanted, `default request value ${s(wanted)} is greater than max value ${s(maximum)}`);
    if (above(wanted, fallback))
      report('defaultRequest', name, wanted, `default request value ${s(wanted)} is greater than default limit value ${s(fallback)}`);
    if (above(minimum, fallback)) report('default', name, minimum, `min value ${s(minimum)} is greater than default value ${s(fallback)}`);
    if (above(fallback, maximum)) report('default', name, maximum, `default value ${s(fallback)} is greater than max value ${s(maximum)}`);
    if (isSet(ratio[name]) && quantityOf(ratio[name]).nano < 1_000_000_000n) {
      report('maxLimitRequestRatio', name, ratio[name], `ratio ${s(ratio[name])} is less than 1`);
    }
  }
}

const QUOTA_SCOPES = [
  'BestEffort',
  'CrossNamespacePodAffinity',
  'NotBestEffort',
  'NotTerminating',
  'PriorityClass',
  'Terminating',
  'VolumeAttributesClass',
];

export const resourceQuota: KindRules = {
  namespaced: true,
  hasStatus: true,
  validate: (object, faults) => {
    const spec = fieldsOf(object['spec']);
    const hard = fieldsOf(spec['hard']);
    for (const name of Object.keys(hard)) {
      check(faults, `spec.hard[${name}]`, name, qualifiedName);
      if (quantityOf(hard[name]).nano < 0n)
        faults.push(invalid(`spec.hard[${name}]`, shownQuantity(hard[name]), 'must be greater than or equal to 0'));
    }
    for (const scope of stringsOf(spec['scopes'])) {
      if (!QUOTA_SCOPES.includes(scope)) faults.push(notSupported('spec.scopes', scope, QUOTA_SCOPES));
    }
  },
  validateUpdate: (next, live, faults) => {
    if (scopes(next) !== scopes(live)) faults.push(invalid('spec.scopes', fieldsOf(next['spec'])['scopes'] ?? null, 'field is immutable'));
  },
  revalidate: true,
};

function fill(target: unknown, source: unknown): Fields {
  return { ...fieldsOf(source), ...fieldsOf(target) };
}

function above(a: unknown, b: unknown): boolean {
  return isSet(a) && isSet(b) && isMore(a, b);
}

function scopes(object: Fields): string {
  return [...stringsOf(fieldsOf(object['spec'])['scopes'])].sort().join();
}
