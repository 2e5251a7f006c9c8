import { deepEqual, type KubeObject } from '@sluice/core';
import { forbidden, invalid, required } from '@sluice/schema';
import { defaults, fieldsOf, isSet, mapOf, numberOf, pipe, textOf, within, withField, zeroDefaults } from '../common/index.js';
import { notSupportedShown } from '../common/faults.js';
import { checkOneOf, immutableSelector, isEmptySelector, selects, shownLabels, validateSelector } from '../common/selectors.js';
import type { KindRules } from '../context.js';
import { templateDefaults } from '../pod/defaults.js';
import { validateTemplate } from '../pod/spec.js';
import { templateWarnings } from '../pod/warnings.js';
import { checkCounts, checkIntOrPercent, checkNotOverHundred, isZero, shownRollingUpdate } from './common.js';

const rollingUpdate = within('rollingUpdate', defaults({ maxUnavailable: 1, maxSurge: 0 }));
const TEMPLATE_GENERATION = 'deprecated.daemonset.template.generation';

export const daemonSet: KindRules = {
  namespaced: true,
  hasStatus: true,
  generation: ['spec'],
  defaults: pipe(
    (object) =>
      Object.hasOwn(mapOf(fieldsOf(object['metadata'])['annotations']), TEMPLATE_GENERATION) ? object : withTemplateGeneration(object, 0),
    within(
      'spec',
      pipe(
        defaults({ revisionHistoryLimit: 10 }),
        within(
          'updateStrategy',
          pipe(zeroDefaults({ type: 'RollingUpdate' }), (strategy) =>
            strategy['type'] === 'RollingUpdate' ? rollingUpdate(strategy) : strategy,
          ),
        ),
        templateDefaults,
      ),
    ),
  ),
  create: (object) => withTemplateGeneration(object, 1),
  update: (next, live) => {
    const before = numberOf(Number(mapOf(fieldsOf(live['metadata'])['annotations'])[TEMPLATE_GENERATION] ?? 0));
    const same = deepEqual(fieldsOf(next['spec'])['template'], fieldsOf(live['spec'])['template']);
    return withTemplateGeneration(next, same ? before : before + 1);
  },
  validate: (object, faults) => {
    const spec = fieldsOf(object['spec']);
    const template = fieldsOf(spec['template']);
    const labels = fieldsOf(template['metadata'])['labels'];
    const before = faults.length;
    validateSelector(spec['selector'], faults, 'spec.selector');
    if (faults.length === before && !selects(spec['selector'], mapOf(labels))) {
      faults.push(invalid('spec.template.metadata.labels', shownLabels(labels), '`selector` does not match template `labels`'));
    }
    if (isSet(spec['selector']) && isEmptySelector(spec['selector'])) {
      faults.push(invalid('spec.selector', spec['selector'], 'empty selector is invalid for daemonset'));
    }
    validateTemplate(template, faults, 'spec.template');
    const podSpec = fieldsOf(template['spec']);
    checkOneOf(faults, 'spec.template.spec.restartPolicy', textOf(podSpec['restartPolicy']), ['Always']);
    if (isSet(podSpec['activeDeadlineSeconds'])) {
      faults.push(forbidden('spec.template.spec.activeDeadlineSeconds', 'activeDeadlineSeconds in DaemonSet is not Supported'));
    }
    checkCounts(faults, 'spec', spec, 'minReadySeconds', 'revisionHistoryLimit');
    const strategy = fieldsOf(spec['updateStrategy']);
    if (strategy['type'] === 'RollingUpdate') {
      const path = 'spec.updateStrategy.rollingUpdate';
      if (!isSet(strategy['rollingUpdate'])) faults.push(required(path));
      const { maxUnavailable, maxSurge } = fieldsOf(strategy['rollingUpdate']);
      checkIntOrPercent(faults, `${path}.maxUnavailable`, maxUnavailable);
      checkIntOrPercent(faults, `${path}.maxSurge`, maxSurge);
      checkNotOverHundred(faults, `${path}.maxUnavailable`, maxUnavailable);
      checkNotOverHundred(faults, `${path}.maxSurge`, maxSurge);
      if (!isZero(maxUnavailable) && !isZero(maxSurge)) {
        faults.push(invalid(`${path}.maxSurge`, maxSurge, 'may not be set when maxUnavailable is non-zero'));
      } else if (isZero(maxUnavailable) && isZero(maxSurge)) {
        faults.push(required(`${path}.maxUnavailable`, 'cannot be 0 when maxSurge is 0'));
      }
    } else {
      if (strategy['type'] !== 'OnDelete') {
        const shown = JSON.stringify({ Type: strategy['type'], RollingUpdate: shownRollingUpdate(strategy['rollingUpdate']) });
        faults.push(notSupportedShown('spec.updateStrategy', shown, ['RollingUpdate', 'OnDelete']));
      }
    }
  },
  validateUpdate: (next, live, faults) => {
    immutableSelector(fieldsOf(next['spec'])['selector'], fieldsOf(live['spec'])['selector'], faults, 'spec.selector');
  },
  warnings: (object, live) => templateWarnings(object, live),
};

function withTemplateGeneration(object: Readonly<Record<string, unknown>>, generation: number): Readonly<Record<string, unknown>> {
  const meta = fieldsOf(object['metadata']);
  const annotations = withField(fieldsOf(meta['annotations']), TEMPLATE_GENERATION, String(generation));
  return withField(object, 'metadata', withField(meta, 'annotations', annotations));
}

/**
 * Metadata as the API server has it inside, where rows of Tables take it from: the annotation of a DaemonSet that
 * counts its templates comes about only when the object is shown whole.
 */
export function storedMetadata({ kind, metadata }: KubeObject): KubeObject['metadata'] {
  if (kind !== 'DaemonSet' || metadata.annotations?.[TEMPLATE_GENERATION] === undefined) return metadata;
  const { annotations, ...rest } = metadata;
  const { [TEMPLATE_GENERATION]: _generation, ...others } = annotations;
  return Object.keys(others).length === 0 ? rest : { ...rest, annotations: others };
}
