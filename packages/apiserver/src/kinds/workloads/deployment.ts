import { forbidden, invalid, required, type FieldError } from '@sluice/schema';
import { defaults, fieldsOf, isSet, numberOf, pipe, textOf, within, withField, zeroDefaults, type Fields } from '../common/index.js';
import { notSupportedShown } from '../common/faults.js';
import { metaOf } from '../common/meta.js';
import { immutableSelector } from '../common/selectors.js';
import type { KindRules } from '../context.js';
import { templateDefaults } from '../pod/defaults.js';
import { validateSelectorAndTemplate } from '../pod/spec.js';
import { nameWarnings, templateWarnings } from '../pod/warnings.js';
import { checkCounts, checkIntOrPercent, checkNotOverHundred, isZero, shownRollingUpdate } from './common.js';

const rollingUpdate = within('rollingUpdate', defaults({ maxUnavailable: '25%', maxSurge: '25%' }));

export const deployment: KindRules = {
  namespaced: true,
  hasStatus: true,
  // Its annotations count, too: they go to the ReplicaSets.
  generation: ['spec', 'metadata.annotations'],
  defaults: within(
    'spec',
    pipe(
      defaults({ replicas: 1, revisionHistoryLimit: 10, progressDeadlineSeconds: 600 }),
      within(
        'strategy',
        pipe(zeroDefaults({ type: 'RollingUpdate' }), (strategy) =>
          strategy['type'] === 'RollingUpdate' ? rollingUpdate(strategy) : strategy,
        ),
      ),
      templateDefaults,
    ),
  ),
  validate: (object, faults) => {
    const spec = fieldsOf(object['spec']);
    checkCounts(faults, 'spec', spec, 'replicas', 'minReadySeconds', 'revisionHistoryLimit', 'progressDeadlineSeconds');
    validateSelectorAndTemplate(spec, faults, {
      emptyText: 'empty selector is invalid for deployment',
      invalidText: 'invalid label selector',
    });
    validateStrategy(fieldsOf(spec['strategy']), faults);
    const deadline = spec['progressDeadlineSeconds'];
    if (isSet(deadline) && numberOf(deadline) <= numberOf(spec['minReadySeconds'])) {
      faults.push(invalid('spec.progressDeadlineSeconds', deadline, 'must be greater than minReadySeconds'));
    }
  },
  validateUpdate: (next, live, faults) => {
    immutableSelector(fieldsOf(next['spec'])['selector'], fieldsOf(live['spec'])['selector'], faults, 'spec.selector');
  },
  updateStatus: (next, live) => ({
    ...withField(live, 'status', next['status']),
    metadata: withField(metaOf(next), 'labels', metaOf(live)['labels']),
  }),
  validateStatus: (next, _live, faults) => {
    const status = fieldsOf(next['status']);
    const counts = ['observedGeneration', 'replicas', 'updatedReplicas', 'readyReplicas', 'availableReplicas', 'unavailableReplicas'];
    checkCounts(faults, 'status', status, ...counts);
    for (const field of ['updatedReplicas', 'readyReplicas', 'availableReplicas']) {
      if (numberOf(status[field]) > numberOf(status['replicas'])) {
        faults.push(invalid(`status.${field}`, numberOf(status[field]), 'cannot be greater than status.replicas'));
      }
    }
    if (numberOf(status['availableReplicas']) > numberOf(status['readyReplicas'])) {
      faults.push(invalid('status.availableReplicas', numberOf(status['availableReplicas']), 'cannot be greater than readyReplicas'));
    }
  },
  warnings: (object, live) => [...nameWarnings(object, live), ...templateWarnings(object, live)],
};

function validateStrategy(strategy: Fields, faults: FieldError[]): void {
  const type = textOf(strategy['type']);
  if (type === 'Recreate') {
    if (isSet(strategy['rollingUpdate'])) {
      faults.push(forbidden('spec.strategy.rollingUpdate', "may not be specified when strategy `type` is 'Recreate'"));
    }
    return;
  }
  if (type !== 'RollingUpdate') {
    const shown = JSON.stringify({ Type: type, RollingUpdate: shownRollingUpdate(strategy['rollingUpdate']) });
    faults.push(notSupportedShown('spec.strategy', shown, ['Recreate', 'RollingUpdate']));
    return;
  }
  if (!isSet(strategy['rollingUpdate'])) {
    faults.push(required('spec.strategy.rollingUpdate', 'this should be defaulted and never be nil'));
    return;
  }
  const { maxUnavailable, maxSurge } = fieldsOf(strategy['rollingUpdate']);
  const path = 'spec.strategy.rollingUpdate';
  checkIntOrPercent(faults, `${path}.maxUnavailable`, maxUnavailable);
  checkIntOrPercent(faults, `${path}.maxSurge`, maxSurge);
  if (isZero(maxUnavailable) && isZero(maxSurge)) {
    faults.push(invalid(`${path}.maxUnavailable`, maxUnavailable ?? 0, 'may not be 0 when `maxSurge` is 0'));
  }
  checkNotOverHundred(faults, `${path}.maxUnavailable`, maxUnavailable);
}

export const replicaSet: KindRules = {
  namespaced: true,
  hasStatus: true,
  generation: ['spec'],
  defaults: within('spec', pipe(defaults({ replicas: 1 }), templateDefaults)),
  validate: (object, faults) => {
    const spec = fieldsOf(object['spec']);
    checkCounts(faults, 'spec', spec, 'replicas', 'minReadySeconds');
    validateSelectorAndTemplate(spec, faults, {
      emptyText: 'empty selector is invalid for deployment',
      invalidText: 'invalid label selector',
    });
  },
  validateUpdate: (next, live, faults) => {
    immutableSelector(fieldsOf(next['spec'])['selector'], fieldsOf(live['spec'])['selector'], faults, 'spec.selector');
  },
  revalidate: true,
  warnings: (object, live) => [...nameWarnings(object, live), ...templateWarnings(object, live)],
};
