import { duplicate, forbidden, invalid, required, type FieldError } from '@sluice/schema';
import { fieldsOf, isSet, itemsOf, mapOf, numberOf, stringsOf, textOf, type Fields } from '../common/index.js';
import { validateAnnotations, validateLabels } from '../common/meta.js';
import {
  check,
  dns1123Label,
  dns1123Subdomain,
  dns1123SubdomainWithUnderscore,
  inclusiveRange,
  labelValue,
  qualifiedName,
} from '../common/names.js';
import { checkOneOf, isEmptySelector, selects, shownLabels, shownSelector, validateSelector } from '../common/selectors.js';
import { validateAddress } from '../common/addresses.js';
import { validateContainers } from './containers.js';
import { validatePodSecurityContext } from './security.js';
import { validateVolumes } from './volumes.js';

/** Faults of a pod spec, in a Pod or in a template. */
export function validatePodSpec(spec: Fields, faults: FieldError[], path: string): void {
  const volumes = validateVolumes(itemsOf(spec['volumes']), faults, `${path}.volumes`);
  validateContainers(spec, volumes, faults, path);
  checkOneOf(faults, `${path}.restartPolicy`, textOf(spec['restartPolicy']), ['Always', 'OnFailure', 'Never']);
  checkOneOf(faults, `${path}.dnsPolicy`, textOf(spec['dnsPolicy']), ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None']);
  validateLabels(spec['nodeSelector'], faults, `${path}.nodeSelector`);
  validatePodSecurityContext(spec['securityContext'], faults, `${path}.securityContext`);
  validateDnsConfig(fieldsOf(spec['dnsConfig']), faults, `${path}.dnsConfig`);
  validateHostNetwork(spec, faults, path);
  validateAffinity(fieldsOf(spec['affinity']), faults, `${path}.affinity`);
  validateSpread(itemsOf(spec['topologySpreadConstraints']), faults, `${path}.topologySpreadConstraints`);
  validateTolerations(itemsOf(spec['tolerations']), faults, `${path}.tolerations`);
  for (const field of ['serviceAccountName', 'nodeName', 'priorityClassName', 'runtimeClassName']) {
    const value = textOf(spec[field]);
    if (value !== '') check(faults, `${path}.${field}`, value, dns1123Subdomain);
  }
  const deadline = spec['activeDeadlineSeconds'];
  if (typeof deadline === 'number' && (deadline < 1 || deadline > 2 ** 31 - 1)) {
    faults.push(invalid(`${path}.activeDeadlineSeconds`, deadline, inclusiveRange(1, 2 ** 31 - 1)));
  }
  for (const field of ['hostname', 'subdomain']) {
    const value = textOf(spec[field]);
    if (value !== '') check(faults, `${path}.${field}`, value, dns1123Label);
  }
  for (const [index, alias] of itemsOf(spec['hostAliases']).entries()) {
    validateAddress(textOf(alias['ip']), faults, `${path}.hostAliases[${index}].ip`);
    for (const [position, name] of stringsOf(alias['hostnames']).entries()) {
      check(faults, `${path}.hostAliases[${index}].hostnames[${position}]`, name, dns1123Subdomain);
    }
  }
  for (const [index, gate] of itemsOf(spec['readinessGates']).entries()) {
    check(faults, `${path}.readinessGates[${index}].conditionType`, textOf(gate['conditionType']), qualifiedName);
  }
}

/** Faults of a pod template. */
export function validateTemplate(template: Fields, faults: FieldError[], path: string): void {
  const meta = fieldsOf(template['metadata']);
  const spec = fieldsOf(template['spec']);
  validateLabels(meta['labels'], faults, `${path}.labels`);
  validateAnnotations(meta['annotations'], faults, `${path}.annotations`);
  validatePodSpec(spec, faults, `${path}.spec`);
  if (itemsOf(spec['ephemeralContainers']).length > 0) {
    faults.push(forbidden(`${path}.spec.ephemeralContainers`, 'ephemeral containers not allowed in pod template'));
  }
}

/** Faults of the selector and the template of a workload, which have to agree. */
export function validateSelectorAndTemplate(
  spec: Fields,
  faults: FieldError[],
  { emptyText, kind = 'ReplicaSet', invalidText }: { readonly emptyText: string; readonly kind?: string; readonly invalidText?: string },
): void {
  const selector = spec['selector'];
  const template = fieldsOf(spec['template']);
  const labels = fieldsOf(template['metadata'])['labels'];
  const before = faults.length;
  if (isSet(selector)) validateSelector(selector, faults, 'spec.selector');
  const broken = faults.length > before;
  if (!isSet(selector)) faults.push(required('spec.selector'));
  else {
    if (broken && invalidText !== undefined) {
      const shown = `Invalid value: ${JSON.stringify(shownSelector(selector))}`;
      faults.push({
        reason: 'FieldValueInvalid',
        field: 'spec.selector',
        message: invalidText === '' ? shown : `${shown}: ${invalidText}`,
      });
    }
    if (isEmptySelector(selector)) faults.push(invalid('spec.selector', selector, emptyText));
  }
  if (!broken && (!isEmptySelector(selector) || !isSet(selector))) {
    if (!selects(selector, mapOf(labels))) {
      faults.push(invalid('spec.template.metadata.labels', shownLabels(labels), '`selector` does not match template `labels`'));
    }
  }
  validateTemplate(template, faults, 'spec.template');
  const podSpec = fieldsOf(template['spec']);
  checkOneOf(faults, 'spec.template.spec.restartPolicy', textOf(podSpec['restartPolicy']), ['Always']);
  if (isSet(podSpec['activeDeadlineSeconds'])) {
    faults.push(forbidden('spec.template.spec.activeDeadlineSeconds', `activeDeadlineSeconds in ${kind} is not Supported`));
  }
}

function validateHostNetwork(spec: Fields, faults: FieldError[], path: string): void {
  if (spec['hostNetwork'] !== true) return;
  for (const list of ['containers', 'initContainers']) {
    for (const [index, container] of itemsOf(spec[list]).entries()) {
      for (const [position, port] of itemsOf(container['ports']).entries()) {
        const host = numberOf(port['hostPort']);
        if (host === 0 || host === numberOf(port['containerPort'])) continue;
        faults.push(
          invalid(
            `${path}.${list}[${index}].ports[${position}].containerPort`,
            port['containerPort'],
            'must match `hostPort` when `hostNetwork` is true',
          ),
        );
      }
    }
  }
}

function validateDnsConfig(config: Fields, faults: FieldError[], path: string): void {
  for (const [index, server] of stringsOf(config['nameservers']).entries())
    validateAddress(textOf(server), faults, `${path}.nameservers[${index}]`);
  for (const [index, search] of stringsOf(config['searches']).entries()) {
    // A dot at the end, or alone, is a root.
    const domain = textOf(search).replace(/(?<=.)\.$/, '');
    if (domain !== '.') check(faults, `${path}.searches[${index}]`, domain, dns1123SubdomainWithUnderscore);
  }
  for (const [index, option] of itemsOf(config['options']).entries())
    if (textOf(option['name']) === '') faults.push(required(`${path}.options[${index}]`, 'must not be empty'));
}

function validateAffinity(affinity: Fields, faults: FieldError[], path: string): void {
  const node = fieldsOf(affinity['nodeAffinity']);
  const requiredNodes = node['requiredDuringSchedulingIgnoredDuringExecution'];
  if (isSet(requiredNodes)) {
    const at = `${path}.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution`;
    const terms = itemsOf(fieldsOf(requiredNodes)['nodeSelectorTerms']);
    if (terms.length === 0) faults.push(required(`${at}.nodeSelectorTerms`, 'must have at least one node selector term'));
    for (const [index, term] of terms.entries()) validateNodeTerm(term, faults, `${at}.nodeSelectorTerms[${index}]`, true);
  }
  for (const [index, preferred] of itemsOf(node['preferredDuringSchedulingIgnoredDuringExecution']).entries()) {
    const at = `${path}.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[${index}]`;
    checkWeight(preferred, faults, at);
    validateNodeTerm(fieldsOf(preferred['preference']), faults, `${at}.preference`, false);
  }
  for (const kind of ['podAffinity', 'podAntiAffinity']) {
    const pods = fieldsOf(affinity[kind]);
    for (const [index, term] of itemsOf(pods['requiredDuringSchedulingIgnoredDuringExecution']).entries()) {
      validatePodTerm(term, faults, `${path}.${kind}.requiredDuringSchedulingIgnoredDuringExecution[${index}]`);
    }
    for (const [index, preferred] of itemsOf(pods['preferredDuringSchedulingIgnoredDuringExecution']).entries()) {
      const at = `${path}.${kind}.preferredDuringSchedulingIgnoredDuringExecution[${index}]`;
      checkWeight(preferred, faults, at);
      validatePodTerm(fieldsOf(preferred['podAffinityTerm']), faults, `${at}.podAffinityTerm`);
    }
  }
}

function checkWeight(preferred: Fields, faults: FieldError[], path: string): void {
  const weight = numberOf(preferred['weight']);
  if (weight < 1 || weight > 100) faults.push(invalid(`${path}.weight`, weight, 'must be in the range 1-100'));
}

/** What is only preferred may ask for values that no label can have. */
function validateNodeTerm(term: Fields, faults: FieldError[], path: string, isRequired: boolean): void {
  for (const [index, requirement] of itemsOf(term['matchExpressions']).entries()) {
    const at = `${path}.matchExpressions[${index}]`;
    const operator = textOf(requirement['operator']);
    const values = stringsOf(requirement['values']);
    if (operator === 'In' || operator === 'NotIn') {
      if (values.length === 0) faults.push(required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
    } else if (operator === 'Exists' || operator === 'DoesNotExist') {
      if (values.length > 0) faults.push(forbidden(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
    } else if (operator === 'Gt' || operator === 'Lt') {
      if (values.length !== 1) faults.push(required(`${at}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'"));
    } else {
      faults.push(invalid(`${at}.operator`, operator, 'not a valid selector operator'));
    }
    check(faults, `${at}.key`, textOf(requirement['key']), qualifiedName);
    if (!isRequired) continue;
    for (const [position, value] of values.entries()) check(faults, `${at}.values[${position}]`, value, labelValue);
  }
}

function validatePodTerm(term: Fields, faults: FieldError[], path: string): void {
  validateSelector(term['labelSelector'], faults, `${path}.labelSelector`);
  validateSelector(term['namespaceSelector'], faults, `${path}.namespaceSelector`);
  const key = textOf(term['topologyKey']);
  if (key === '') faults.push(required(`${path}.topologyKey`, 'can not be empty'));
  check(faults, `${path}.topologyKey`, key, qualifiedName);
}

function validateSpread(constraints: readonly Fields[], faults: FieldError[], path: string): void {
  const seen = new Map<string, string>();
  for (const [index, constraint] of constraints.entries()) {
    const at = `${path}[${index}]`;
    const skew = numberOf(constraint['maxSkew']);
    if (skew <= 0) faults.push(invalid(`${at}.maxSkew`, skew, 'must be greater than zero'));
    const key = textOf(constraint['topologyKey']);
    if (key === '') faults.push(required(`${at}.topologyKey`, 'can not be empty'));
    const action = textOf(constraint['whenUnsatisfiable']);
    checkOneOf(faults, `${at}.whenUnsatisfiable`, action, ['DoNotSchedule', 'ScheduleAnyway']);
    const pair = `{${key}, ${action}}`;
    // The first one of a pair is to blame.
    const before = seen.get(pair);
    if (before === undefined) seen.set(pair, at);
    else faults.push(duplicate(`${before}.{topologyKey, whenUnsatisfiable}`, pair));
    validateSelector(constraint['labelSelector'], faults, `${at}.labelSelector`);
  }
}

function validateTolerations(tolerations: readonly Fields[], faults: FieldError[], path: string): void {
  for (const [index, toleration] of tolerations.entries()) {
    const at = `${path}[${index}]`;
    const key = textOf(toleration['key']);
    const operator = textOf(toleration['operator']);
    const value = textOf(toleration['value']);
    const effect = textOf(toleration['effect']);
    if (key !== '') check(faults, `${at}.key`, key, qualifiedName);
    if (key === '' && operator !== 'Exists') {
      faults.push(
        invalid(`${at}.operator`, operator, 'operator must be Exists when `key` is empty, which means "match all values and all keys"'),
      );
    }
    if (isSet(toleration['tolerationSeconds']) && effect !== 'NoExecute') {
      faults.push(invalid(`${at}.effect`, effect, "effect must be 'NoExecute' when `tolerationSeconds` is set"));
    }
    if (operator === 'Equal' || operator === '') check(faults, `${at}.operator`, value, labelValue);
    else if (operator === 'Exists') {
      if (value !== '') faults.push(invalid(`${at}.operator`, value, "value must be empty when `operator` is 'Exists'"));
    } else checkOneOf(faults, `${at}.operator`, operator, ['Equal', 'Exists']);
    if (effect !== '') checkOneOf(faults, `${at}.effect`, effect, ['NoSchedule', 'PreferNoSchedule', 'NoExecute']);
  }
}
