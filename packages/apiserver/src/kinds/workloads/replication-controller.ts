import { invalid, required } from '@sluice/schema';
import { defaults, fieldsOf, isSet, mapOf, pipe, within, withField } from '../common/index.js';
import { metaOf } from '../common/meta.js';
import { shownLabels } from '../common/selectors.js';
import type { KindRules } from '../context.js';
import { templateDefaults } from '../pod/defaults.js';
import { validateTemplate } from '../pod/spec.js';
import { nameWarnings, templateWarnings } from '../pod/warnings.js';
import { checkCounts } from './common.js';

/** The oldest workload kind: a ReplicaSet whose selector is a plain map. */
export const replicationController: KindRules = {
  namespaced: true,
  hasStatus: true,
  generation: ['spec'],
  defaults: pipe(within('spec', pipe(defaults({ replicas: 1 }), templateDefaults)), (object) => {
    const spec = fieldsOf(object['spec']);
    const labels = fieldsOf(fieldsOf(spec['template'])['metadata'])['labels'];
    if (!isSet(labels)) return object;
    const meta = metaOf(object);
    let result = object;
    if (Object.keys(mapOf(spec['selector'])).length === 0) result = withField(result, 'spec', withField(spec, 'selector', labels));
    if (Object.keys(mapOf(meta['labels'])).length === 0) result = withField(result, 'metadata', withField(meta, 'labels', labels));
    return result;
  }),
  validate: (object, faults) => {
    const spec = fieldsOf(object['spec']);
    checkCounts(faults, 'spec', spec, 'replicas', 'minReadySeconds');
    const selector = mapOf(spec['selector']);
    const keys = Object.keys(selector);
    if (keys.length === 0) faults.push(required('spec.selector'));
    const template = fieldsOf(spec['template']);
    const labels = mapOf(fieldsOf(template['metadata'])['labels']);
    if (keys.some((key) => labels[key] !== selector[key])) {
      faults.push(invalid('spec.template.metadata.labels', shownLabels(labels), '`selector` does not match template `labels`'));
    }
    validateTemplate(template, faults, 'spec.template');
  },
  revalidate: true,
  warnings: (object, live) => [...nameWarnings(object, live), ...templateWarnings(object, live)],
};
