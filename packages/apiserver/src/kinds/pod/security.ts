import { invalid, required, type FieldError } from '@sluice/schema';
import { fieldsOf, isSet, itemsOf, textOf } from '../common/index.js';
import { inclusiveRange } from '../common/names.js';
import { checkOneOf } from '../common/selectors.js';

const MAX_ID = 2 ** 31 - 1;
const SYSCTL_SHOWN = '^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$';
const SYSCTL = /^[a-z0-9](?:[-_a-z0-9]*[a-z0-9])?(?:[./][a-z0-9](?:[-_a-z0-9]*[a-z0-9])?)*$/;

/** Faults of a container's security context. */
export function validateSecurityContext(value: unknown, faults: FieldError[], path: string): void {
  if (!isSet(value)) return;
  const context = fieldsOf(value);
  checkId(context['runAsUser'], faults, `${path}.runAsUser`);
  checkId(context['runAsGroup'], faults, `${path}.runAsGroup`);
  validateSeccomp(context['seccompProfile'], faults, `${path}.seccompProfile`);
  const { add } = fieldsOf(context['capabilities']);
  const privileged = context['privileged'] === true || (Array.isArray(add) && add.includes('CAP_SYS_ADMIN'));
  if (context['allowPrivilegeEscalation'] !== false || !privileged) return;
  if (context['privileged'] === true) {
    faults.push(invalid(path, value, 'cannot set `allowPrivilegeEscalation` to false and `privileged` to true'));
  } else {
    faults.push(invalid(path, value, 'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN'));
  }
}

/** Faults of a pod's security context. */
export function validatePodSecurityContext(value: unknown, faults: FieldError[], path: string): void {
  if (!isSet(value)) return;
  const context = fieldsOf(value);
  for (const field of ['runAsUser', 'runAsGroup', 'fsGroup']) checkId(context[field], faults, `${path}.${field}`);
  const groups = context['supplementalGroups'];
  if (Array.isArray(groups)) for (const [index, group] of groups.entries()) checkId(group, faults, `${path}.supplementalGroups[${index}]`);
  if (isSet(context['fsGroupChangePolicy'])) {
    checkOneOf(faults, `${path}.fsGroupChangePolicy`, textOf(context['fsGroupChangePolicy']), ['Always', 'OnRootMismatch']);
  }
  validateSeccomp(context['seccompProfile'], faults, `${path}.seccompProfile`);
  const names = new Set<string>();
  for (const [index, sysctl] of itemsOf(context['sysctls']).entries()) {
    const name = textOf(sysctl['name']);
    const at = `${path}.sysctls[${index}].name`;
    if (name === '') faults.push(required(at));
    else if (name.length > 253 || !SYSCTL.test(name)) {
      faults.push(invalid(at, name, `must have at most 253 characters and match regex ${SYSCTL_SHOWN}`));
    }
    if (name !== '' && names.has(name))
      faults.push({
        reason: 'FieldValueDuplicate',
        field: `${path}.sysctls[${index}].name`,
        message: `Duplicate value: ${JSON.stringify(name)}`,
      });
    names.add(name);
  }
}

function validateSeccomp(value: unknown, faults: FieldError[], path: string): void {
  if (!isSet(value)) return;
  const { type, localhostProfile } = fieldsOf(value);
  if (textOf(type) === '') {
    faults.push(required(`${path}.type`, 'type is required when seccompProfile is set'));
    return;
  }
  checkOneOf(faults, `${path}.type`, textOf(type), ['Localhost', 'RuntimeDefault', 'Unconfined']);
  if (type === 'Localhost' && textOf(localhostProfile) === '') {
    faults.push({
      reason: 'FieldValueRequired',
      field: `${path}.localhostProfile`,
      message: 'Required value: must be set when seccomp type is Localhost',
    });
  } else if (type !== 'Localhost' && isSet(localhostProfile)) {
    faults.push(invalid(`${path}.localhostProfile`, localhostProfile, 'can only be set when seccomp type is Localhost'));
  }
}

function checkId(value: unknown, faults: FieldError[], path: string): void {
  if (typeof value === 'number' && (value < 0 || value > MAX_ID)) faults.push(invalid(path, value, inclusiveRange(0, MAX_ID)));
}
