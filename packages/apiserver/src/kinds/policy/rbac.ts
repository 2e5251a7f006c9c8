import { invalid, notSupported, required, type FieldError } from '@sluice/schema';
import { each, fieldsOf, isSet, itemsOf, pipe, stringsOf, textOf, within, zeroDefaults, type Edit, type Fields } from '../common/index.js';
import { deepEqual } from '@sluice/core';
import { invalidShown } from '../common/faults.js';
import { printInternal } from '../common/go-print.js';
import { check, dns1123Subdomain, segmentNames } from '../common/names.js';
import { validateSelector } from '../common/selectors.js';
import type { KindRules } from '../context.js';

const GROUP = 'rbac.authorization.k8s.io';

export const role: KindRules = {
  namespaced: true,
  names: segmentNames,
  validate: (object, faults) => validateRules(itemsOf(object['rules']), true, faults),
  revalidate: true,
};

export const clusterRole: KindRules = {
  namespaced: false,
  names: segmentNames,
  validate: (object, faults) => {
    validateRules(itemsOf(object['rules']), false, faults);
    if (!isSet(object['aggregationRule'])) return;
    const selectors = itemsOf(fieldsOf(object['aggregationRule'])['clusterRoleSelectors']);
    if (selectors.length === 0) {
      faults.push(
        required('aggregationRule.clusterRoleSelectors', 'at least one clusterRoleSelector required if aggregationRule is non-nil'),
      );
    }
    for (const [index, selector] of selectors.entries())
      validateSelector(selector, faults, `aggregationRule.clusterRoleSelectors[${index}]`);
  },
  revalidate: true,
};

function validateRules(rules: readonly Fields[], namespaced: boolean, faults: FieldError[]): void {
  for (const [index, rule] of rules.entries()) {
    const path = `rules[${index}]`;
    const urls = stringsOf(rule['nonResourceURLs']);
    const groups = stringsOf(rule['apiGroups']);
    const resources = stringsOf(rule['resources']);
    if (stringsOf(rule['verbs']).length === 0) faults.push(required(`${path}.verbs`, 'verbs must contain at least one value'));
    if (urls.length > 0) {
      if (namespaced) faults.push(invalid(`${path}.nonResourceURLs`, urls, 'namespaced rules cannot apply to non-resource URLs'));
      if (groups.length > 0 || resources.length > 0 || stringsOf(rule['resourceNames']).length > 0) {
        faults.push(invalid(`${path}.nonResourceURLs`, urls, 'rules cannot apply to both regular resources and non-resource URLs'));
      }
      continue;
    }
    if (groups.length === 0) faults.push(required(`${path}.apiGroups`, 'resource rules must supply at least one api group'));
    if (resources.length === 0) faults.push(required(`${path}.resources`, 'resource rules must supply at least one resource'));
  }
}

const subject: Edit = (value) => (value['kind'] === 'User' || value['kind'] === 'Group' ? zeroDefaults({ apiGroup: GROUP })(value) : value);

const bindingDefaults: Edit = pipe(within('roleRef', zeroDefaults({ apiGroup: GROUP })), each('subjects', subject));

function binding(namespaced: boolean, roles: readonly string[]): KindRules {
  return {
    namespaced,
    names: segmentNames,
    defaults: bindingDefaults,
    validate: (object, faults) => {
      const roleRef = fieldsOf(object['roleRef']);
      if (roleRef['apiGroup'] !== GROUP) faults.push(notSupported('roleRef.apiGroup', textOf(roleRef['apiGroup']), [GROUP]));
      if (!roles.includes(textOf(roleRef['kind']))) faults.push(notSupported('roleRef.kind', textOf(roleRef['kind']), roles));
      const name = textOf(roleRef['name']);
      if (name === '') faults.push(required('roleRef.name'));
      else for (const fault of segmentNames(name, false)) faults.push(invalid('roleRef.name', name, fault));
      for (const [index, item] of itemsOf(object['subjects']).entries()) validateSubject(item, namespaced, faults, `subjects[${index}]`);
    },
    validateUpdate: (next, live, faults) => {
      if (deepEqual(next['roleRef'], live['roleRef'])) return;
      faults.push(invalidShown('roleRef', printInternal('RoleRef', next['roleRef']), 'cannot change roleRef'));
    },
    revalidate: true,
  };
}

export const roleBinding = binding(true, ['Role', 'ClusterRole']);
export const clusterRoleBinding = binding(false, ['ClusterRole']);

function validateSubject(subject: Fields, namespaced: boolean, faults: FieldError[], path: string): void {
  const name = textOf(subject['name']);
  const group = textOf(subject['apiGroup']);
  const namespace = textOf(subject['namespace']);
  if (name === '') faults.push(required(`${path}.name`));
  switch (textOf(subject['kind'])) {
    case 'ServiceAccount':
      if (name !== '') check(faults, `${path}.name`, name, dns1123Subdomain);
      if (group !== '') faults.push(notSupported(`${path}.apiGroup`, group, ['']));
      if (!namespaced && namespace === '') faults.push(required(`${path}.namespace`));
      break;
    case 'User':
    case 'Group':
      if (group !== GROUP) faults.push(notSupported(`${path}.apiGroup`, group, [GROUP]));
      break;
    default:
      faults.push(notSupported(`${path}.kind`, textOf(subject['kind']), ['ServiceAccount', 'User', 'Group']));
  }
}
