import { isIP } from 'node:net';
import { forbidden, invalid, required, tooLong, type FieldError } from '@sluice/schema';
import {
  at,
  defaults,
  fieldsOf,
  isSet,
  itemsOf,
  mapOf,
  numberOf,
  stringsOf,
  textOf,
  within,
  withField,
  type Fields,
} from '../common/index.js';
import { immutable, metaOf, nameOf } from '../common/meta.js';
import { check, checkPort, dns1035Label, dns1123Subdomain, labelNames, portName, wildcardSubdomain } from '../common/names.js';
import { checkOneOf } from '../common/selectors.js';
import type { KindRules } from '../context.js';

const CLASS_ANNOTATION = 'kubernetes.io/ingress.class';
const DEFAULT_CLASS = 'ingressclass.kubernetes.io/is-default-class';

export const ingress: KindRules = {
  warnings: (object) =>
    Object.hasOwn(mapOf(metaOf(object)['annotations']), CLASS_ANNOTATION)
      ? [`annotation ${JSON.stringify(CLASS_ANNOTATION)} is deprecated, please use 'spec.ingressClassName' instead`]
      : [],
  namespaced: true,
  hasStatus: true,
  generation: ['spec'],
  validate: (object, faults) => validateIngress(fieldsOf(object['spec']), faults),
  validateCreate: (object, faults) => {
    const annotation = mapOf(metaOf(object)['annotations'])[CLASS_ANNOTATION];
    const name = fieldsOf(object['spec'])['ingressClassName'];
    if (annotation !== undefined && isSet(name) && annotation !== name) {
      faults.push(invalid(`annotations.${CLASS_ANNOTATION}`, annotation, 'must match `ingressClassName` when both are specified'));
    }
  },
  admit: (object, live, { lookup }) => {
    const spec = fieldsOf(object['spec']);
    if (live !== undefined || isSet(spec['ingressClassName']) || Object.hasOwn(mapOf(metaOf(object)['annotations']), CLASS_ANNOTATION))
      return object;
    const byDefault = lookup
      .list('networking.k8s.io/v1', 'IngressClass')
      .filter((item) => item.metadata.annotations?.[DEFAULT_CLASS] === 'true')
      .sort((a, b) => (a.metadata.creationTimestamp ?? '').localeCompare(b.metadata.creationTimestamp ?? ''))
      .at(-1);
    return byDefault === undefined ? object : withField(object, 'spec', withField(spec, 'ingressClassName', nameOf(byDefault)));
  },
};

function validateIngress(spec: Fields, faults: FieldError[]): void {
  const rules = itemsOf(spec['rules']);
  if (rules.length === 0 && !isSet(spec['defaultBackend'])) {
    faults.push(invalid('spec', spec['rules'] ?? null, 'either `defaultBackend` or `rules` must be specified'));
  }
  if (isSet(spec['defaultBackend'])) validateBackend(fieldsOf(spec['defaultBackend']), faults, 'spec.defaultBackend');
  for (const [index, rule] of rules.entries()) {
    const path = `spec.rules[${index}]`;
    const host = textOf(rule['host']);
    if (host !== '') {
      if (isIP(host) !== 0) faults.push(invalid(`${path}.host`, host, 'must be a DNS name, not an IP address'));
      check(faults, `${path}.host`, host, host.includes('*') ? wildcardSubdomain : dns1123Subdomain);
    }
    if (!isSet(rule['http'])) continue;
    const paths = itemsOf(fieldsOf(rule['http'])['paths']);
    if (paths.length === 0) faults.push(required(`${path}.http.paths`));
    for (const [position, item] of paths.entries()) validatePath(item, faults, `${path}.http.paths[${position}]`);
  }
  for (const [index, tls] of itemsOf(spec['tls']).entries()) {
    for (const [position, host] of stringsOf(tls['hosts']).entries()) {
      check(faults, `spec.tls[${index}].hosts[${position}]`, host, host.includes('*') ? wildcardSubdomain : dns1123Subdomain);
    }
    const secret = textOf(tls['secretName']);
    if (secret !== '') check(faults, `spec.tls[${index}].secretName`, secret, dns1123Subdomain);
  }
  if (isSet(spec['ingressClassName'])) check(faults, 'spec.ingressClassName', textOf(spec['ingressClassName']), dns1123Subdomain);
}

function validatePath(item: Fields, faults: FieldError[], path: string): void {
  if (!isSet(item['pathType'])) {
    faults.push(required(`${path}.pathType`, 'pathType must be specified'));
    return;
  }
  const type = textOf(item['pathType']);
  const value = textOf(item['path']);
  const at = `${path}.path`;
  if (type === 'Exact' || type === 'Prefix') {
    if (!value.startsWith('/')) faults.push(invalid(at, value, 'must be an absolute path'));
    for (const part of ['//', '/./', '/../', '%2f', '%2F'])
      if (value.includes(part)) faults.push(invalid(at, value, `must not contain '${part}'`));
    for (const end of ['/..', '/.']) if (value.endsWith(end)) faults.push(invalid(at, value, `cannot end with '${end}'`));
  } else if (type === 'ImplementationSpecific') {
    if (value !== '' && !value.startsWith('/')) faults.push(invalid(at, value, 'must be an absolute path'));
  } else checkOneOf(faults, `${path}.pathType`, type, ['Exact', 'ImplementationSpecific', 'Prefix']);
  validateBackend(fieldsOf(item['backend']), faults, `${path}.backend`);
}

function validateBackend(backend: Fields, faults: FieldError[], path: string): void {
  const hasResource = isSet(backend['resource']);
  const hasService = isSet(backend['service']);
  if (hasResource && hasService) faults.push(invalid(path, '', 'cannot set both resource and service backends'));
  else if (hasResource) validateTypedReference(fieldsOf(backend['resource']), faults, `${path}.resource`);
  else if (hasService) {
    const service = fieldsOf(backend['service']);
    const name = textOf(service['name']);
    const port = fieldsOf(service['port']);
    if (name === '') faults.push(required(`${path}.service.name`));
    else check(faults, `${path}.service.name`, name, dns1035Label);
    const byName = textOf(port['name']);
    const number = numberOf(port['number']);
    if (byName !== '' && number !== 0) faults.push(invalid(path, '', 'cannot set both port name & port number'));
    else if (byName !== '') check(faults, `${path}.service.port.name`, byName, portName);
    else if (number !== 0) checkPort(faults, `${path}.service.port.number`, number);
    else faults.push(required(path, 'port name or number is required'));
  } else faults.push(invalid(path, '', 'resource or service backend is required'));
}

function validateTypedReference(reference: Fields, faults: FieldError[], path: string): void {
  const group = textOf(reference['apiGroup']);
  if (group !== '') check(faults, `${path}.apiGroup`, group, dns1123Subdomain);
  for (const field of ['kind', 'name']) if (textOf(reference[field]) === '') faults.push(required(`${path}.${field}`));
}

export const ingressClass: KindRules = {
  namespaced: false,
  generation: ['spec'],
  defaults: within('spec', at('parameters', defaults({ scope: 'Cluster' }))),
  validate: (object, faults) => {
    const spec = fieldsOf(object['spec']);
    const controller = textOf(spec['controller']);
    if (Buffer.byteLength(controller) > 250) faults.push(tooLong('spec.controller', 250));
    validateDomainPath(controller, faults, 'spec.controller');
    if (!isSet(spec['parameters'])) return;
    const parameters = fieldsOf(spec['parameters']);
    const path = 'spec.parameters';
    validateTypedReference(parameters, faults, path);
    const scope = textOf(parameters['scope']);
    const namespace = parameters['namespace'];
    checkOneOf(faults, `${path}.scope`, scope, ['Cluster', 'Namespace']);
    if (scope === 'Namespace') {
      if (!isSet(namespace)) faults.push(required(`${path}.namespace`, "`parameters.scope` is set to 'Namespace'"));
      else for (const fault of labelNames(textOf(namespace), false)) faults.push(invalid(`${path}.namespace`, namespace, fault));
    } else if (scope === 'Cluster' && isSet(namespace))
      faults.push(forbidden(`${path}.namespace`, "`parameters.scope` is set to 'Cluster'"));
  },
  validateUpdate: (next, live, faults) => {
    immutable(fieldsOf(next['spec'])['controller'], fieldsOf(live['spec'])['controller'], faults, 'spec.controller');
  },
  revalidate: true,
};

/** `example.com/controller`. */
export function validateDomainPath(value: string, faults: FieldError[], path: string): void {
  if (value === '') {
    faults.push(required(path));
    return;
  }
  const slash = value.indexOf('/');
  if (slash <= 0 || slash === value.length - 1) {
    faults.push(invalid(path, value, 'must be a domain-prefixed path (such as "acme.io/foo")'));
    return;
  }
  for (const fault of dns1123Subdomain(value.slice(0, slash))) faults.push(invalid(path, value.slice(0, slash), fault));
  const rest = value.slice(slash + 1);
  if (!/^[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/.test(rest)) {
    faults.push(invalid(path, rest, "Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')"));
  }
}
