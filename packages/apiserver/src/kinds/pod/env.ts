import { invalid, notSupported, required, type FieldError } from '@sluice/schema';
import { fieldsOf, isSet, textOf, type Fields } from '../common/index.js';
import { check, configKey, dns1123Subdomain, envVarName } from '../common/names.js';

const FIELD_PATHS = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
];
/** What can be asked of a pod at all, in some place. */
const KNOWN_FIELDS = new Set([
  ...FIELD_PATHS,
  'metadata.annotations',
  'metadata.labels',
  'spec.restartPolicy',
  'spec.schedulerName',
  'status.phase',
]);
const RESOURCE_FIELDS = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
];

/** Faults of environment variables. */
export function validateEnv(variables: readonly Fields[], faults: FieldError[], path: string): void {
  for (const [index, variable] of variables.entries()) {
    const at = `${path}[${index}]`;
    const name = textOf(variable['name']);
    if (name === '') faults.push(required(`${at}.name`));
    else check(faults, `${at}.name`, name, envVarName);
    if (isSet(variable['valueFrom'])) validateValueFrom(variable, faults, `${at}.valueFrom`);
  }
}

function validateValueFrom(variable: Fields, faults: FieldError[], path: string): void {
  const source = fieldsOf(variable['valueFrom']);
  let found = 0;
  if (isSet(source['fieldRef'])) {
    found++;
    validateFieldRef(fieldsOf(source['fieldRef']), FIELD_PATHS, faults, `${path}.fieldRef`);
  }
  if (isSet(source['resourceFieldRef'])) {
    found++;
    validateResourceFieldRef(fieldsOf(source['resourceFieldRef']), faults, `${path}.resourceFieldRef`);
  }
  for (const kind of ['configMapKeyRef', 'secretKeyRef', 'fileKeyRef']) {
    if (!isSet(source[kind])) continue;
    found++;
    if (kind === 'fileKeyRef') continue;
    const reference = fieldsOf(source[kind]);
    const key = textOf(reference['key']);
    check(faults, `${path}.${kind}.name`, textOf(reference['name']), dns1123Subdomain);
    if (key === '') faults.push(required(`${path}.${kind}.key`));
    else check(faults, `${path}.${kind}.key`, key, configKey);
  }
  if (found === 0)
    faults.push(invalid(path, '', 'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`'));
  if (textOf(variable['value']) !== '') {
    if (found > 0) faults.push(invalid(path, '', 'may not be specified when `value` is not empty'));
  } else if (found > 1) {
    faults.push(invalid(path, '', 'may not have more than one field specified at a time'));
  }
}

export function validateFieldRef(reference: Fields, allowed: readonly string[], faults: FieldError[], path: string): void {
  if (textOf(reference['apiVersion']) === '') faults.push(required(`${path}.apiVersion`));
  const fieldPath = textOf(reference['fieldPath']);
  if (fieldPath === '') {
    faults.push(required(`${path}.fieldPath`));
    return;
  }
  if (/^metadata\.(labels|annotations)\['.+'\]$/.test(fieldPath) || allowed.includes(fieldPath)) return;
  if (!KNOWN_FIELDS.has(fieldPath)) {
    faults.push(invalid(`${path}.fieldPath`, fieldPath, `error converting fieldPath: field label not supported: ${fieldPath}`));
  } else {
    faults.push(notSupported(`${path}.fieldPath`, fieldPath, allowed));
  }
}

export function validateResourceFieldRef(reference: Fields, faults: FieldError[], path: string): void {
  const resource = textOf(reference['resource']);
  if (resource === '') faults.push(required(`${path}.resource`));
  else if (!RESOURCE_FIELDS.includes(resource) && !/^(limits|requests)\.hugepages-/.test(resource)) {
    faults.push(notSupported(`${path}.resource`, resource, RESOURCE_FIELDS));
  }
}

/** Faults of whole ConfigMaps and Secrets in the environment. */
export function validateEnvFrom(sources: readonly Fields[], faults: FieldError[], path: string): void {
  for (const [index, source] of sources.entries()) {
    const at = `${path}[${index}]`;
    const prefix = textOf(source['prefix']);
    if (prefix !== '') check(faults, `${at}.prefix`, prefix, envVarName);
    const kinds = ['configMapRef', 'secretRef'].filter((kind) => isSet(source[kind]));
    for (const kind of kinds) {
      const name = textOf(fieldsOf(source[kind])['name']);
      if (name === '') faults.push(required(`${at}.${kind}.name`));
      else check(faults, `${at}.${kind}.name`, name, dns1123Subdomain);
    }
    if (kinds.length === 0) faults.push(invalid(path, '', 'must specify one of: `configMapRef` or `secretRef`'));
    else if (kinds.length > 1) faults.push(invalid(path, '', 'may not have more than one field specified at a time'));
  }
}
