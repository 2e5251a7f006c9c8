import { deepEqual } from '@sluice/core';
import { invalid, notSupported, required, type FieldError } from '@sluice/schema';
import {
  at,
  defaults,
  each,
  fieldsOf,
  isSet,
  mapOf,
  numberOf,
  pipe,
  textOf,
  within,
  withField,
  zeroDefaults,
  type Edit,
  type Fields,
} from '../common/index.js';
import { invalidShown } from '../common/faults.js';
import { internalPodSpec, printInternal } from '../common/go-print.js';
import { immutable, metaOf, nameOf } from '../common/meta.js';
import { dns1123Label } from '../common/names.js';
import { checkOneOf, immutableSelector, selects, shownLabels, shownSelector, validateSelector } from '../common/selectors.js';
import type { KindRules } from '../context.js';
import { templateDefaults } from '../pod/defaults.js';
import { validateTemplate } from '../pod/spec.js';
import { validateFailurePolicy } from './failure-policy.js';
import { nameWarnings, templateWarnings } from '../pod/warnings.js';
import { checkCounts } from './common.js';

const CONTROLLER_UID = 'batch.kubernetes.io/controller-uid';
const JOB_NAME = 'batch.kubernetes.io/job-name';

/** Defaults of a Job's spec, in the Job itself: a CronJob's template only gets those of its pods. */
const specDefaults: Edit = pipe(
  (spec) => (isSet(spec['completions']) || isSet(spec['parallelism']) ? spec : { ...spec, completions: 1, parallelism: 1 }),
  defaults({ parallelism: 1, completionMode: 'NonIndexed', suspend: false, manualSelector: false }),
  (spec) => defaults({ backoffLimit: isSet(spec['backoffLimitPerIndex']) ? 2 ** 31 - 1 : 6 })(spec),
  at('podFailurePolicy', each('rules', each('onPodConditions', zeroDefaults({ status: 'True' })))),
  (spec) => defaults({ podReplacementPolicy: isSet(spec['podFailurePolicy']) ? 'Failed' : 'TerminatingOrFailed' })(spec),
  templateDefaults,
);

export const job: KindRules = {
  namespaced: true,
  hasStatus: true,
  generation: ['spec'],
  defaults: pipe(within('spec', specDefaults), (object) => {
    const labels = mapOf(fieldsOf(fieldsOf(fieldsOf(object['spec'])['template'])['metadata'])['labels']);
    const meta = metaOf(object);
    if (Object.keys(labels).length === 0 || Object.keys(mapOf(meta['labels'])).length > 0) return object;
    return withField(object, 'metadata', withField(meta, 'labels', labels));
  }),
  create: withGeneratedSelector,
  validate: (object, faults) => {
    const spec = fieldsOf(object['spec']);
    if (textOf(metaOf(object)['uid']) !== '') validateGeneratedSelector(object, faults);
    if (spec['completionMode'] === 'Indexed' && numberOf(spec['completions']) > 0) {
      const pod = `${nameOf(object)}-${numberOf(spec['completions']) - 1}`;
      if (dns1123Label(pod).length > 0)
        faults.push(invalid('metadata.name', nameOf(object), `will not able to create pod with invalid DNS label: ${pod}`));
    }
    validateSelected(spec, faults);
  },
  validateUpdate: (next, live, faults) => {
    const after = fieldsOf(next['spec']);
    const before = fieldsOf(live['spec']);
    // The API server checks a changed spec twice, and lists what it finds as often.
    validateSelected(after, faults);
    validateCompletions(after, before, faults);
    immutableSelector(after['selector'], before['selector'], faults, 'spec.selector');
    validateTemplateChange(after, before, live, faults);
    for (const field of ['completionMode', 'podFailurePolicy', 'backoffLimitPerIndex', 'managedBy', 'successPolicy']) {
      immutable(after[field], before[field], faults, `spec.${field}`);
    }
  },
  revalidate: true,
  warnings: (object, live) => [...nameWarnings(object, live), ...templateWarnings(object, live)],
};

function validateSelected(spec: Fields, faults: FieldError[]): void {
  const selector = spec['selector'];
  const labels = fieldsOf(fieldsOf(spec['template'])['metadata'])['labels'];
  if (!isSet(selector)) faults.push(required('spec.selector'));
  else {
    validateSelector(selector, faults, 'spec.selector');
    if (!selects(selector, mapOf(labels))) {
      faults.push(invalid('spec.template.metadata.labels', shownLabels(labels), '`selector` does not match template `labels`'));
    }
  }
  validateJobSpec(spec, faults, 'spec');
}

/** Labels the pods with the Job's name and uid, and selects them by it, unless the user selects. */
function withGeneratedSelector(object: Fields): Fields {
  const spec = fieldsOf(object['spec']);
  if (spec['manualSelector'] === true) return object;
  const { name, uid } = metaOf(object);
  const template = fieldsOf(spec['template']);
  const meta = fieldsOf(template['metadata']);
  const labels = { 'job-name': name, [JOB_NAME]: name, 'controller-uid': uid, [CONTROLLER_UID]: uid, ...mapOf(meta['labels']) };
  const selector = fieldsOf(spec['selector']);
  const matchLabels = { [CONTROLLER_UID]: uid, ...mapOf(selector['matchLabels']) };
  // Labels that came from the template by default go on being those of the template.
  const own = metaOf(object);
  const shared = own['labels'] !== undefined && own['labels'] === meta['labels'];
  return withField(shared ? withField(object, 'metadata', withField(own, 'labels', labels)) : object, 'spec', {
    ...spec,
    selector: { ...selector, matchLabels },
    template: { ...template, metadata: { ...meta, labels } },
  });
}

function validateGeneratedSelector(object: Fields, faults: FieldError[]): void {
  const spec = fieldsOf(object['spec']);
  if (spec['manualSelector'] === true) return;
  const { uid, name } = metaOf(object);
  const selector = fieldsOf(spec['selector']);
  const labels = mapOf(fieldsOf(fieldsOf(spec['template'])['metadata'])['labels']);
  for (const [key, value] of [
    ['controller-uid', uid],
    ['job-name', name],
    [CONTROLLER_UID, uid],
    [JOB_NAME, name],
  ] as const) {
    if (labels[key] === value) continue;
    const path = `spec.template.metadata.labels[${key}]`;
    if (!Object.hasOwn(labels, key)) faults.push(required(path, `must be '${textOf(value)}'`));
    else faults.push(invalid(path, labels, `must be '${textOf(value)}'`));
  }
  const expected = { matchLabels: { [CONTROLLER_UID]: uid } };
  if (isSet(spec['selector']) && !deepEqual(selector, expected)) {
    faults.push(invalid('spec.selector', shownSelector(selector), '`selector` not auto-generated'));
  }
}

/** Faults of a Job's spec, also within a CronJob. */
export function validateJobSpec(spec: Fields, faults: FieldError[], path: string): void {
  checkCounts(
    faults,
    path,
    spec,
    'parallelism',
    'completions',
    'activeDeadlineSeconds',
    'backoffLimit',
    'ttlSecondsAfterFinished',
    'backoffLimitPerIndex',
    'maxFailedIndexes',
  );
  if (isSet(spec['maxFailedIndexes']) && !isSet(spec['backoffLimitPerIndex'])) {
    faults.push(required(`${path}.backoffLimitPerIndex`, 'when maxFailedIndexes is specified'));
  }
  const mode = textOf(spec['completionMode']);
  const indexed = mode === 'Indexed';
  if (isSet(spec['completionMode'])) checkOneOf(faults, `${path}.completionMode`, mode, ['NonIndexed', 'Indexed']);
  if (indexed) {
    if (!isSet(spec['completions'])) faults.push(required(`${path}.completions`, 'when completion mode is Indexed'));
    if (numberOf(spec['parallelism']) > 100_000) {
      faults.push(
        invalid(`${path}.parallelism`, spec['parallelism'], 'must be less than or equal to 100000 when completion mode is Indexed'),
      );
    }
  } else {
    for (const field of ['backoffLimitPerIndex', 'maxFailedIndexes', 'successPolicy']) {
      if (isSet(spec[field])) faults.push(invalid(`${path}.${field}`, spec[field], 'requires indexed completion mode'));
    }
  }
  const replacement = textOf(spec['podReplacementPolicy']);
  if (replacement !== '') {
    const allowed = isSet(spec['podFailurePolicy']) ? ['Failed'] : ['Failed', 'TerminatingOrFailed'];
    checkOneOf(faults, `${path}.podReplacementPolicy`, replacement, allowed);
  }
  validateFailurePolicy(spec, faults, `${path}.podFailurePolicy`);
  validateTemplate(fieldsOf(spec['template']), faults, `${path}.template`);
  const restart = textOf(fieldsOf(fieldsOf(spec['template'])['spec'])['restartPolicy']);
  const restartPath = `${path}.template.spec.restartPolicy`;
  if (restart === 'Always' || restart === '') faults.push(required(restartPath, 'valid values: "OnFailure", "Never"'));
  else if (restart !== 'OnFailure' && restart !== 'Never') faults.push(notSupported(restartPath, restart, ['OnFailure', 'Never']));
  else if (isSet(spec['podFailurePolicy']) && restart !== 'Never') {
    faults.push(invalid(restartPath, restart, 'only "Never" is supported when podFailurePolicy is specified'));
  }
}

function validateCompletions(after: Fields, before: Fields, faults: FieldError[]): void {
  if (after['completionMode'] !== 'Indexed') {
    immutable(after['completions'], before['completions'], faults, 'spec.completions');
    return;
  }
  if (deepEqual(after['completions'] ?? null, before['completions'] ?? null)) return;
  if (!isSet(after['completions'])) immutable(after['completions'], before['completions'], faults, 'spec.completions');
  else if (!isSet(before['completions'])) immutable(after['completions'], before['completions'], faults, 'spec.completions');
  else if (after['completions'] !== after['parallelism']) {
    faults.push(invalid('spec.completions', after['completions'], `can only be modified in tandem with spec.parallelism`));
  }
}

/** While a Job is suspended and has not started, where its pods may run can still be changed. */
function validateTemplateChange(after: Fields, before: Fields, live: Fields, faults: FieldError[]): void {
  const next = fieldsOf(after['template']);
  let previous = fieldsOf(before['template']);
  if (before['suspend'] === true && !isSet(fieldsOf(live['status'])['startTime'])) {
    const nextSpec = fieldsOf(next['spec']);
    let spec = fieldsOf(previous['spec']);
    for (const field of ['affinity', 'nodeSelector', 'tolerations', 'schedulingGates']) spec = withField(spec, field, nextSpec[field]);
    const nextMeta = fieldsOf(next['metadata']);
    const meta = withField(withField(fieldsOf(previous['metadata']), 'labels', nextMeta['labels']), 'annotations', nextMeta['annotations']);
    previous = { ...previous, spec, metadata: meta };
  }
  if (deepEqual(next, previous)) return;
  const { labels, annotations } = fieldsOf(next['metadata']);
  const meta = JSON.stringify({
    labels: isSet(labels) ? shownLabels(labels) : undefined,
    annotations: isSet(annotations) ? shownLabels(annotations) : undefined,
  }).slice(1, -1);
  const spec = printInternal('PodSpec', internalPodSpec(next['spec']));
  faults.push(invalidShown('spec.template', `{${meta === '' ? '' : `${meta},`}"Spec":${spec}}`, 'field is immutable'));
}
