import { invalid, notSupported, required, type FieldError } from '@sluice/schema';
import { defaults, fieldsOf, isSet, pipe, textOf, within, zeroDefaults } from '../common/index.js';
import { metaOf, nameOf } from '../common/meta.js';
import { checkOneOf } from '../common/selectors.js';
import type { KindRules } from '../context.js';
import { templateDefaults } from '../pod/defaults.js';
import { nameWarnings, podWarnings } from '../pod/warnings.js';
import { checkCounts } from './common.js';
import { isTimeZone, parseSchedule } from './cron-schedule.js';
import { validateJobSpec } from './job.js';

/** What the controller appends to the name has to fit. */
const NAME_LIMIT = 52;

export const cronJob: KindRules = {
  namespaced: true,
  hasStatus: true,
  generation: ['spec'],
  defaults: within(
    'spec',
    pipe(
      zeroDefaults({ concurrencyPolicy: 'Allow' }),
      defaults({ suspend: false, successfulJobsHistoryLimit: 3, failedJobsHistoryLimit: 1 }),
      within('jobTemplate', within('spec', templateDefaults)),
    ),
  ),
  validate: (object, faults) => {
    const spec = fieldsOf(object['spec']);
    const schedule = textOf(spec['schedule']);
    if (schedule === '') faults.push(required('spec.schedule'));
    else {
      const parsed = parseSchedule(schedule);
      if (typeof parsed === 'string') faults.push(invalid('spec.schedule', schedule, parsed));
      if (schedule.includes('TZ'))
        faults.push(invalid('spec.schedule', schedule, 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead'));
    }
    if (isSet(spec['timeZone'])) validateTimeZone(textOf(spec['timeZone']), faults);
    checkOneOf(faults, 'spec.concurrencyPolicy', textOf(spec['concurrencyPolicy']), ['Allow', 'Forbid', 'Replace']);
    checkCounts(faults, 'spec', spec, 'startingDeadlineSeconds', 'successfulJobsHistoryLimit', 'failedJobsHistoryLimit');
    const job = fieldsOf(fieldsOf(spec['jobTemplate'])['spec']);
    validateJobSpec(job, faults, 'spec.jobTemplate.spec');
    if (isSet(job['selector']))
      faults.push(invalid('spec.jobTemplate.spec.selector', job['selector'], '`selector` will be auto-generated'));
    if (job['manualSelector'] === true) faults.push(notSupported('spec.jobTemplate.spec.manualSelector', true, ['nil', 'false']));
  },
  // Only on creation: what was stored under an older rule can still be changed.
  validateCreate: (object, faults) => {
    const name = nameOf(object);
    if (name.length > NAME_LIMIT) faults.push(invalid('metadata.name', name, `must be no more than ${NAME_LIMIT} characters`));
  },
  warnings: (object, live) => {
    if (live !== undefined && metaOf(object)['generation'] === metaOf(live)['generation']) return [];
    const job = fieldsOf(fieldsOf(fieldsOf(object['spec'])['jobTemplate'])['spec']);
    const template = fieldsOf(job['template']);
    const pods = podWarnings(fieldsOf(template['spec']), fieldsOf(template['metadata']), 'spec.jobTemplate.spec.template.');
    return [...nameWarnings(object, live), ...pods];
  },
};

function validateTimeZone(zone: string, faults: FieldError[]): void {
  if (zone === '') faults.push(invalid('spec.timeZone', zone, 'timeZone must be nil or non-empty string'));
  else if (zone.toLowerCase() === 'local') {
    faults.push(invalid('spec.timeZone', zone, 'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones'));
  } else if (!isTimeZone(zone)) faults.push(invalid('spec.timeZone', zone, `unknown time zone ${zone}`));
}
