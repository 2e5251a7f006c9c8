import { deepEqual } from '@sluice/core';
import { forbidden, invalid, type FieldError } from '@sluice/schema';
import {
  defaults,
  each,
  fieldsOf,
  isSet,
  itemsOf,
  numberOf,
  pipe,
  textOf,
  within,
  withField,
  zeroDefaults,
  type Fields,
} from '../common/index.js';
import { invalidShown } from '../common/faults.js';
import { checkOneOf } from '../common/selectors.js';
import { check, dns1123Label, labelNames } from '../common/names.js';
import type { KindRules } from '../context.js';
import { templateDefaults } from '../pod/defaults.js';
import { validateSelectorAndTemplate } from '../pod/spec.js';
import { templateWarnings } from '../pod/warnings.js';
import { claimDefaults, claimWarnings, validateClaimSpec } from '../storage/claim.js';
import { checkCounts, checkIntOrPercent } from './common.js';

const MUTABLE = [
  'replicas',
  'template',
  'updateStrategy',
  'minReadySeconds',
  'ordinals',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
];
const FORBIDDEN_UPDATE =
  "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";

export const statefulSet: KindRules = {
  namespaced: true,
  names: labelNames,
  hasStatus: true,
  generation: ['spec'],
  defaults: within(
    'spec',
    pipe(
      zeroDefaults({ podManagementPolicy: 'OrderedReady' }),
      within('updateStrategy', (strategy) => {
        const typed = textOf(strategy['type']) === '' ? { rollingUpdate: {}, ...strategy, type: 'RollingUpdate' } : strategy;
        if (typed['type'] !== 'RollingUpdate' || !isSet(typed['rollingUpdate'])) return typed;
        return within('rollingUpdate', defaults({ partition: 0 }))(typed);
      }),
      within('persistentVolumeClaimRetentionPolicy', zeroDefaults({ whenDeleted: 'Retain', whenScaled: 'Retain' })),
      defaults({ replicas: 1, revisionHistoryLimit: 10 }),
      templateDefaults,
      each('volumeClaimTemplates', pipe(defaults({ apiVersion: 'v1', kind: 'PersistentVolumeClaim' }), claimDefaults)),
    ),
  ),
  validate: (object, faults) => validateSpec(fieldsOf(object['spec']), faults),
  validateUpdate: (next, live, faults) => {
    const before = fieldsOf(live['spec']);
    const after = fieldsOf(next['spec']);
    const changed = [...new Set([...Object.keys(before), ...Object.keys(after)])].some(
      (field) => !MUTABLE.includes(field) && !deepEqual(before[field] ?? null, after[field] ?? null),
    );
    if (changed) faults.push(forbidden('spec', FORBIDDEN_UPDATE));
  },
  warnings: (object, live) => {
    const { volumeClaimTemplates, revisionHistoryLimit } = fieldsOf(object['spec']);
    const below = live === undefined ? '' : '.Spec';
    const claims = itemsOf(volumeClaimTemplates).flatMap((claim, index) =>
      claimWarnings(fieldsOf(claim['spec']), `spec.volumeClaimTemplates[${index}]${below}`),
    );
    const limit =
      numberOf(revisionHistoryLimit) < 0
        ? ['spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended']
        : [];
    return [...templateWarnings(object, live), ...claims, ...limit];
  },
};

function validateSpec(spec: Fields, faults: FieldError[]): void {
  const policy = textOf(spec['podManagementPolicy']);
  if (policy !== 'OrderedReady' && policy !== 'Parallel') {
    faults.push(invalid('spec.podManagementPolicy', policy, "must be 'OrderedReady' or 'Parallel'"));
  }
  const strategy = fieldsOf(spec['updateStrategy']);
  if (strategy['type'] === 'OnDelete') {
    if (isSet(strategy['rollingUpdate'])) {
      faults.push(
        invalid('spec.updateStrategy.rollingUpdate', strategy['rollingUpdate'], "only allowed for updateStrategy 'RollingUpdate'"),
      );
    }
  } else if (strategy['type'] === 'RollingUpdate') {
    const rolling = fieldsOf(strategy['rollingUpdate']);
    checkCounts(faults, 'spec.updateStrategy.rollingUpdate', rolling, 'partition');
    if (isSet(rolling['maxUnavailable']))
      checkIntOrPercent(faults, 'spec.updateStrategy.rollingUpdate.maxUnavailable', rolling['maxUnavailable']);
  } else {
    const rolling = fieldsOf(strategy['rollingUpdate']);
    const shown = JSON.stringify({
      Type: strategy['type'],
      RollingUpdate: isSet(strategy['rollingUpdate'])
        ? { Partition: rolling['partition'] ?? 0, MaxUnavailable: rolling['maxUnavailable'] ?? null }
        : null,
    });
    faults.push(invalidShown('spec.updateStrategy', shown, "must be 'RollingUpdate' or 'OnDelete'"));
  }
  checkCounts(faults, 'spec', spec, 'replicas', 'minReadySeconds');
  checkCounts(faults, 'spec.ordinals', fieldsOf(spec['ordinals']), 'start');
  for (const moment of ['whenDeleted', 'whenScaled']) {
    const policy = fieldsOf(spec['persistentVolumeClaimRetentionPolicy'])[moment];
    if (isSet(policy)) checkOneOf(faults, `spec.persistentVolumeClaimRetentionPolicy.${moment}`, textOf(policy), ['Retain', 'Delete']);
  }
  const service = textOf(spec['serviceName']);
  if (service !== '') check(faults, 'spec.serviceName', service, dns1123Label);
  for (const [index, claim] of itemsOf(spec['volumeClaimTemplates']).entries()) {
    validateClaimSpec(fieldsOf(claim['spec']), faults, `spec.volumeClaimTemplates[${index}].spec`);
  }
  validateSelectorAndTemplate(withClaimVolumes(spec), faults, {
    emptyText: 'empty selector is invalid for statefulset',
    kind: 'StatefulSet',
    invalidText: '',
  });
}

/** The template as its pods will have it: with the volumes of the claims, and without what each pod gets a value of its own for. */
function withClaimVolumes(spec: Fields): Fields {
  const claims = itemsOf(spec['volumeClaimTemplates']);
  const template = fieldsOf(spec['template']);
  const podSpec = fieldsOf(template['spec']);
  if (claims.length === 0 && !isSet(podSpec['hostname']) && !isSet(podSpec['subdomain'])) return spec;
  const names = new Set(claims.map((claim) => textOf(fieldsOf(claim['metadata'])['name'])));
  const volumes = [
    ...[...names].map((name) => ({ name, persistentVolumeClaim: { claimName: name } })),
    ...itemsOf(podSpec['volumes']).filter((volume) => !names.has(textOf(volume['name']))),
  ];
  const { hostname: _hostname, subdomain: _subdomain, ...rest } = podSpec;
  return withField(spec, 'template', { ...template, spec: { ...rest, volumes } });
}
