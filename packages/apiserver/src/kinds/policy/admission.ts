import { invalid, notSupported, required, type FieldError } from '@sluice/schema';
import { at, defaults, each, fieldsOf, isSet, itemsOf, numberOf, pipe, stringsOf, textOf, within, type Fields } from '../common/index.js';
import { nameOf } from '../common/meta.js';
import { fullyQualifiedName, pathSegment } from '../common/names.js';
import { checkOneOf, validateSelector } from '../common/selectors.js';
import type { KindRules } from '../context.js';

const service = at('service', defaults({ port: 443 }));
const webhookDefaults = pipe(
  defaults({ failurePolicy: 'Fail', matchPolicy: 'Equivalent', namespaceSelector: {}, objectSelector: {}, timeoutSeconds: 10 }),
  within('clientConfig', service),
  each('rules', defaults({ scope: '*' })),
);

function webhookConfiguration(mutating: boolean): KindRules {
  const edit = mutating ? pipe(webhookDefaults, defaults({ reinvocationPolicy: 'Never' })) : webhookDefaults;
  return {
    namespaced: false,
    generation: ['webhooks'],
    defaults: each('webhooks', edit),
    validate: (object, faults) => {
      const names = new Set<string>();
      for (const [index, webhook] of itemsOf(object['webhooks']).entries()) {
        const path = `webhooks[${index}]`;
        const name = textOf(webhook['name']);
        if (names.has(name))
          faults.push({ reason: 'FieldValueDuplicate', field: `${path}.name`, message: `Duplicate value: ${JSON.stringify(name)}` });
        names.add(name);
        validateWebhook(webhook, mutating, faults, path);
      }
    },
  };
}

export const validatingWebhooks = webhookConfiguration(false);
export const mutatingWebhooks = webhookConfiguration(true);

function validateWebhook(webhook: Fields, mutating: boolean, faults: FieldError[], path: string): void {
  faults.push(...fullyQualifiedName(`${path}.name`, textOf(webhook['name'])));
  const versions = stringsOf(webhook['admissionReviewVersions']);
  if (versions.length === 0) faults.push(required(`${path}.admissionReviewVersions`, 'must specify one of v1, v1beta1'));
  else if (!versions.includes('v1') && !versions.includes('v1beta1')) {
    faults.push(invalid(`${path}.admissionReviewVersions`, versions, 'must include at least one of v1, v1beta1'));
  }
  for (const [index, rule] of itemsOf(webhook['rules']).entries()) validateRule(rule, faults, `${path}.rules[${index}]`);
  if (isSet(webhook['failurePolicy'])) checkOneOf(faults, `${path}.failurePolicy`, textOf(webhook['failurePolicy']), ['Fail', 'Ignore']);
  if (isSet(webhook['matchPolicy'])) checkOneOf(faults, `${path}.matchPolicy`, textOf(webhook['matchPolicy']), ['Equivalent', 'Exact']);
  if (mutating) checkOneOf(faults, `${path}.reinvocationPolicy`, textOf(webhook['reinvocationPolicy']), ['IfNeeded', 'Never']);
  const effects = webhook['sideEffects'];
  if (!isSet(effects)) faults.push(required(`${path}.sideEffects`, 'must specify one of None, NoneOnDryRun'));
  else checkOneOf(faults, `${path}.sideEffects`, textOf(effects), ['None', 'NoneOnDryRun']);
  const seconds = webhook['timeoutSeconds'];
  if (isSet(seconds) && (numberOf(seconds) < 1 || numberOf(seconds) > 30)) {
    faults.push(invalid(`${path}.timeoutSeconds`, seconds, 'the timeout value must be between 1 and 30 seconds'));
  }
  validateSelector(webhook['namespaceSelector'], faults, `${path}.namespaceSelector`);
  validateSelector(webhook['objectSelector'], faults, `${path}.objectSelector`);
  const client = fieldsOf(webhook['clientConfig']);
  if (isSet(client['url']) === isSet(client['service']))
    faults.push(required(`${path}.clientConfig`, 'exactly one of url or service is required'));
  else if (isSet(client['url'])) validateUrl(textOf(client['url']), faults, `${path}.clientConfig.url`);
  else {
    const target = fieldsOf(client['service']);
    for (const field of ['name', 'namespace']) {
      if (textOf(target[field]) === '') faults.push(required(`${path}.clientConfig.service.${field}`, `service ${field} is required`));
    }
  }
}

const OPERATIONS = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'];

function validateRule(rule: Fields, faults: FieldError[], path: string): void {
  for (const field of ['apiGroups', 'apiVersions', 'resources', 'operations']) {
    const values = stringsOf(rule[field]);
    if (values.length === 0) faults.push(required(`${path}.${field}`));
    else if (field !== 'resources' && values.length > 1 && values.includes('*')) {
      faults.push(
        invalid(
          `${path}.${field}`,
          values,
          `if '*' is present, must not specify other ${field === 'apiGroups' ? 'API groups' : field === 'apiVersions' ? 'API versions' : 'operations'}`,
        ),
      );
    }
  }
  for (const [index, operation] of stringsOf(rule['operations']).entries()) {
    if (!OPERATIONS.includes(operation)) faults.push(notSupported(`${path}.operations[${index}]`, operation, OPERATIONS));
  }
  if (isSet(rule['scope'])) checkOneOf(faults, `${path}.scope`, textOf(rule['scope']), ['*', 'Cluster', 'Namespaced']);
}

function validateUrl(text: string, faults: FieldError[], path: string): void {
  const form = 'desired format: https://host[/path]';
  if (!URL.canParse(text)) {
    faults.push(required(path, `url must be a valid URL: ${form}`));
    return;
  }
  const url = new URL(text);
  if (url.protocol !== 'https:') faults.push(invalid(path, url.protocol.slice(0, -1), `'https' is the only allowed URL scheme; ${form}`));
  if (url.username !== '' || url.password !== '') faults.push(invalid(path, url.username, 'user information is not permitted in the URL'));
  if (url.hash !== '') faults.push(invalid(path, url.hash.slice(1), 'fragments are not permitted in the URL'));
  if (url.search !== '') faults.push(invalid(path, url.search.slice(1), 'query parameters are not permitted in the URL'));
}

const matchResources = pipe(
  defaults({ matchPolicy: 'Equivalent', namespaceSelector: {}, objectSelector: {} }),
  each('resourceRules', defaults({ scope: '*' })),
  each('excludeResourceRules', defaults({ scope: '*' })),
);

export const validatingPolicy: KindRules = {
  namespaced: false,
  hasStatus: true,
  generation: ['spec'],
  defaults: within('spec', pipe(defaults({ failurePolicy: 'Fail' }), at('matchConstraints', matchResources))),
  validate: (object, faults) => {
    const spec = fieldsOf(object['spec']);
    if (!isSet(spec['matchConstraints'])) faults.push(required('spec.matchConstraints'));
    else if (itemsOf(fieldsOf(spec['matchConstraints'])['resourceRules']).length === 0)
      faults.push(required('spec.matchConstraints.resourceRules'));
    if (itemsOf(spec['validations']).length === 0 && itemsOf(spec['auditAnnotations']).length === 0) {
      faults.push(required('spec.validations', 'validations or auditAnnotations must contain at least one item'));
    }
    for (const [index, validation] of itemsOf(spec['validations']).entries()) {
      if (textOf(validation['expression']).trim() === '')
        faults.push(required(`spec.validations[${index}].expression`, 'expression is not specified'));
    }
  },
};

export const validatingPolicyBinding: KindRules = {
  namespaced: false,
  generation: ['spec'],
  defaults: within('spec', at('matchResources', matchResources)),
  validate: (object, faults) => {
    const spec = fieldsOf(object['spec']);
    if (textOf(spec['policyName']) === '') faults.push(required('spec.policyName'));
    const actions = stringsOf(spec['validationActions']);
    if (actions.length === 0) faults.push(required('spec.validationActions', 'at least one validation action is required'));
    for (const action of actions) checkOneOf(faults, 'spec.validationActions', action, ['Audit', 'Deny', 'Warn']);
  },
};

export const apiService: KindRules = {
  namespaced: false,
  hasStatus: true,
  names: (name) => pathSegment(name),
  defaults: within('spec', service),
  validate: (object, faults) => {
    const spec = fieldsOf(object['spec']);
    const name = `${textOf(spec['version'])}.${textOf(spec['group'])}`;
    if (nameOf(object) !== name)
      faults.push(invalid('metadata.name', nameOf(object), `must be \`spec.version+"."+spec.group\`: ${JSON.stringify(name)}`));
    checkPriority(spec['groupPriorityMinimum'], 20_000, 'spec.groupPriorityMinimum', faults);
    checkPriority(spec['versionPriority'], 1000, 'spec.versionPriority', faults);
    if (!isSet(spec['service'])) {
      if (spec['insecureSkipTLSVerify'] === true) {
        faults.push(invalid('spec.insecureSkipTLSVerify', true, 'may not be true if service is not set'));
      }
      return;
    }
    const target = fieldsOf(spec['service']);
    if (textOf(target['namespace']) === '') faults.push(required('spec.service.namespace'));
    if (textOf(target['name']) === '') faults.push(required('spec.service.name'));
    if (spec['insecureSkipTLSVerify'] === true && textOf(spec['caBundle']) !== '') {
      faults.push(invalid('spec.insecureSkipTLSVerify', true, 'may not be true if caBundle is present'));
    }
  },
  revalidate: true,
};

function checkPriority(value: unknown, limit: number, path: string, faults: FieldError[]): void {
  const number = numberOf(value);
  if (number <= 0 || number > limit) faults.push(invalid(path, number, `must be positive and less than ${limit}`));
}
