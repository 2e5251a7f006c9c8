import { deepEqual } from '@sluice/core';
import { forbidden, invalid, type FieldError } from '@sluice/schema';
import { fieldsOf, isSet, itemsOf, mapOf, numberOf, textOf, withField, type Fields } from '../common/index.js';
import { diffInternal, internalPodSpec } from '../common/go-print.js';
import { metaOf } from '../common/meta.js';
import { inclusiveRange } from '../common/names.js';
import type { KindRules } from '../context.js';
import { admitPod } from './admission.js';
import { podDefaults, templateDefaults } from './defaults.js';
import { qosClass } from './qos.js';
import { validatePodSpec, validateTemplate } from './spec.js';
import { nameWarnings, podWarnings } from './warnings.js';

const UPDATE_FORBIDDEN =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

export const pod: KindRules = {
  namespaced: true,
  generation: ['spec'],
  defaults: podDefaults,
  create: (object) => ({
    ...withField(object, 'spec', positiveGrace(fieldsOf(object['spec']))),
    status: { phase: 'Pending', qosClass: qosClass(fieldsOf(object['spec'])) },
  }),
  update: (next, live) => withField(next, 'status', live['status']),
  updateStatus: (next, live) => {
    const status = fieldsOf(next['status']);
    const qos = textOf(status['qosClass']) === '' ? fieldsOf(live['status'])['qosClass'] : status['qosClass'];
    const meta = withField(metaOf(next), 'deletionTimestamp', metaOf(live)['deletionTimestamp']);
    return {
      ...next,
      metadata: withField(meta, 'ownerReferences', metaOf(live)['ownerReferences']),
      spec: live['spec'],
      status: withField(status, 'qosClass', qos),
    };
  },
  admit: admitPod,
  validate: (object, faults) => validatePodSpec(fieldsOf(object['spec']), faults, 'spec'),
  validateUpdate: (next, live, faults, { subresource }) => {
    if (subresource === undefined) validateUpdate(fieldsOf(next['spec']), fieldsOf(live['spec']), faults);
    const before = qosClass(fieldsOf(live['spec']));
    if (subresource === 'resize' && qosClass(fieldsOf(next['spec'])) !== before) {
      faults.push(invalid('spec', before, 'Pod QOS Class may not change as a result of resizing'));
    }
  },
  revalidate: true,
  warnings: (object, live) => {
    if (live !== undefined && deepEqual(object['spec'], live['spec'])) return [];
    return [...nameWarnings(object, live, "the Pod's hostname"), ...podWarnings(fieldsOf(object['spec']), metaOf(object), '')];
  },
};

/** Less than no time is a second. */
function positiveGrace(spec: Fields): Fields {
  return numberOf(spec['terminationGracePeriodSeconds']) < 0 ? withField(spec, 'terminationGracePeriodSeconds', 1) : spec;
}

/** Of a running pod little may change: images, deadlines, more tolerations. */
function validateUpdate(after: Fields, before: Fields, faults: FieldError[]): void {
  for (const list of ['containers', 'initContainers']) {
    if (itemsOf(after[list]).length === itemsOf(before[list]).length) continue;
    faults.push(forbidden(`spec.${list}`, 'pod updates may not add or remove containers'));
    return;
  }
  const [deadline, previous] = [after['activeDeadlineSeconds'], before['activeDeadlineSeconds']];
  if (isSet(deadline)) {
    if (numberOf(deadline) < 0 || numberOf(deadline) > 2 ** 31 - 1) {
      faults.push(invalid('spec.activeDeadlineSeconds', deadline, inclusiveRange(0, 2 ** 31 - 1)));
      return;
    }
    if (isSet(previous) && numberOf(previous) < numberOf(deadline)) {
      faults.push(invalid('spec.activeDeadlineSeconds', deadline, 'must be less than or equal to previous value'));
      return;
    }
  } else if (isSet(previous))
    faults.push(invalid('spec.activeDeadlineSeconds', null, 'must not update from a positive integer to nil value'));
  const tolerations = itemsOf(after['tolerations']);
  const kept = itemsOf(before['tolerations']).every((old) => tolerations.some((toleration) => sameToleration(toleration, old)));
  if (!kept) faults.push(forbidden('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds'));
  const removed = itemsOf(after['schedulingGates']).every((gate) =>
    itemsOf(before['schedulingGates']).some((old) => old['name'] === gate['name']),
  );
  if (!removed) faults.push(forbidden('spec.schedulingGates', 'only deletion is allowed'));
  if (deepEqual(after, before)) return;

  let allowed = after;
  for (const list of ['containers', 'initContainers']) {
    if (!isSet(allowed[list])) continue;
    const old = itemsOf(before[list]);
    allowed = withField(
      allowed,
      list,
      itemsOf(allowed[list]).map((container, index) => withField(container, 'image', old[index]?.['image'])),
    );
  }
  for (const field of ['activeDeadlineSeconds', 'schedulingGates', 'tolerations']) allowed = withField(allowed, field, before[field]);
  if (numberOf(before['terminationGracePeriodSeconds']) < 0 && after['terminationGracePeriodSeconds'] === 1) {
    allowed = withField(allowed, 'terminationGracePeriodSeconds', before['terminationGracePeriodSeconds']);
  }
  if (itemsOf(before['schedulingGates']).length > 0) {
    const labels = mapOf(before['nodeSelector']);
    const selector = mapOf(after['nodeSelector']);
    if (Object.keys(labels).every((key) => selector[key] === labels[key]))
      allowed = withField(allowed, 'nodeSelector', before['nodeSelector']);
  }
  if (deepEqual(allowed, before)) return;
  const diff = diffInternal('PodSpec', internalPodSpec(before), internalPodSpec(allowed));
  faults.push(forbidden('spec', `${UPDATE_FORBIDDEN}\n${diff}`));
}

function sameToleration(a: Fields, b: Fields): boolean {
  return deepEqual(withField(a, 'tolerationSeconds', undefined), withField(b, 'tolerationSeconds', undefined));
}

/** A template on its own, as the oldest workload API has it. */
export const podTemplate: KindRules = {
  namespaced: true,
  generation: ['template'],
  defaults: templateDefaults,
  validate: (object, faults) => validateTemplate(fieldsOf(object['template']), faults, 'template'),
};

const MOUNTABLE_SECRETS = 'kubernetes.io/enforce-mountable-secrets';

export const serviceAccount: KindRules = {
  namespaced: true,
  warnings: (object, live) => {
    const isSetIn = (found: Fields): boolean => Object.hasOwn(mapOf(metaOf(found)['annotations']), MOUNTABLE_SECRETS);
    if (!isSetIn(object) || (live !== undefined && isSetIn(live))) return [];
    const advice = 'prefer separate namespaces to isolate access to mounted secrets';
    return [`metadata.annotations[${MOUNTABLE_SECRETS}]: deprecated in v1.32+; ${advice}`];
  },
};
