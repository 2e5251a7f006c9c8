import { invalid, type FieldError } from '@sluice/schema';
import { fieldsOf, isSet, numberOf, textOf } from '../common/index.js';
import { invalidShown } from '../common/faults.js';
import { printInternal } from '../common/go-print.js';
import { segmentNames } from '../common/names.js';
import { checkOneOf, validateSelector } from '../common/selectors.js';
import type { KindRules } from '../context.js';
import { checkIntOrPercent, checkNotOverHundred } from '../workloads/common.js';

export const podDisruptionBudget: KindRules = {
  namespaced: true,
  names: segmentNames,
  hasStatus: true,
  generation: ['spec'],
  validate: (object, faults) => {
    const spec = fieldsOf(object['spec']);
    if (isSet(spec['minAvailable']) && isSet(spec['maxUnavailable'])) {
      faults.push(
        invalidShown('spec', printInternal('PodDisruptionBudgetSpec', spec), 'minAvailable and maxUnavailable cannot be both set'),
      );
    }
    for (const field of ['minAvailable', 'maxUnavailable']) {
      if (!isSet(spec[field])) continue;
      checkIntOrPercent(faults, `spec.${field}`, spec[field]);
      checkNotOverHundred(faults, `spec.${field}`, spec[field]);
    }
    validateSelector(spec['selector'], faults, 'spec.selector');
    const eviction = textOf(spec['unhealthyPodEvictionPolicy']);
    if (eviction !== '') checkOneOf(faults, 'spec.unhealthyPodEvictionPolicy', eviction, ['AlwaysAllow', 'IfHealthyBudget']);
  },
  revalidate: true,
};

const HIGHEST_USER_PRIORITY = 1_000_000_000;
const SYSTEM_CLASSES = ['system-cluster-critical', 'system-node-critical'];

export const priorityClass: KindRules = {
  namespaced: false,
  generation: [],
  defaults: (object) => (isSet(object['preemptionPolicy']) ? object : { ...object, preemptionPolicy: 'PreemptLowerPriority' }),
  validate: (object, faults) => {
    const name = textOf(fieldsOf(object['metadata'])['name']);
    if (name.startsWith('system-')) {
      if (!SYSTEM_CLASSES.includes(name)) {
        const text = `priority class names with 'system-' prefix are reserved for system use only. error: ${name} is not a known system priority class`;
        faults.push({ reason: 'FieldValueForbidden', field: 'metadata.name', message: `Forbidden: ${text}` });
      }
    } else if (numberOf(object['value']) > HIGHEST_USER_PRIORITY) {
      const text = `maximum allowed value of a user defined priority is ${HIGHEST_USER_PRIORITY}`;
      faults.push({ reason: 'FieldValueForbidden', field: 'value', message: `Forbidden: ${text}` });
    }
    checkOneOf(faults, 'preemptionPolicy', textOf(object['preemptionPolicy']), ['PreemptLowerPriority', 'Never']);
  },
  validateUpdate: (next, live, faults) => {
    if (numberOf(next['value']) !== numberOf(live['value'])) changed('value', faults);
    if (textOf(next['preemptionPolicy']) !== textOf(live['preemptionPolicy'])) changed('preemptionPolicy', faults);
  },
};

function changed(field: string, faults: FieldError[]): void {
  faults.push({ reason: 'FieldValueForbidden', field, message: 'Forbidden: may not be changed in an update.' });
}

export const lease: KindRules = {
  namespaced: true,
  validate: (object, faults) => {
    const spec = fieldsOf(object['spec']);
    const duration = spec['leaseDurationSeconds'];
    const transitions = spec['leaseTransitions'];
    if (isSet(duration) && numberOf(duration) <= 0) faults.push(invalid('spec.leaseDurationSeconds', duration, 'must be greater than 0'));
    if (isSet(transitions) && numberOf(transitions) < 0)
      faults.push(invalid('spec.leaseTransitions', transitions, 'must be greater than or equal to 0'));
  },
};
