import { deepEqual } from '@sluice/core';
import { forbidden, invalid, notSupported, required, type FieldError } from '@sluice/schema';
import { addressWarnings, cidrWarnings, isAddress, isIPv6, validateAddress, validateCidr } from '../common/addresses.js';
import { duplicateShown } from '../common/faults.js';
import {
  at,
  defaults,
  each,
  fieldsOf,
  isSet,
  itemsOf,
  mapOf,
  numberOf,
  pipe,
  stringsOf,
  textOf,
  within,
  withField,
  zeroDefaults,
  type Edit,
  type Fields,
} from '../common/index.js';
import { printInternal } from '../common/go-print.js';
import { metaOf, validateLabels } from '../common/meta.js';
import { check, checkPort, dns1035Names, dns1123Label, dns1123Subdomain, qualifiedName } from '../common/names.js';
import { checkOneOf } from '../common/selectors.js';
import type { KindRules } from '../context.js';
import { checkPortOrName } from '../pod/handlers.js';

const targetPort: Edit = (port) =>
  isSet(port['targetPort']) && port['targetPort'] !== 0 && port['targetPort'] !== '' ? port : withField(port, 'targetPort', port['port']);

const affinity: Edit = (spec) => {
  if (spec['sessionAffinity'] === 'None') return withField(spec, 'sessionAffinityConfig', undefined);
  const clientIP = fieldsOf(fieldsOf(spec['sessionAffinityConfig'])['clientIP']);
  if (spec['sessionAffinity'] !== 'ClientIP' || isSet(clientIP['timeoutSeconds'])) return spec;
  return withField(spec, 'sessionAffinityConfig', { clientIP: { timeoutSeconds: 10800 } });
};

/** A load balancer's addresses are virtual ones unless it says otherwise. */
const addressMode: Edit = each('ingress', (address) => (textOf(address['ip']) === '' ? address : defaults({ ipMode: 'VIP' })(address)));

const byType: Edit = (spec) => {
  const type = textOf(spec['type']);
  const external = type === 'NodePort' || type === 'LoadBalancer' || (type === 'ClusterIP' && stringsOf(spec['externalIPs']).length > 0);
  let result = external ? zeroDefaults({ externalTrafficPolicy: 'Cluster' })(spec) : spec;
  if (type !== 'ExternalName') result = defaults({ internalTrafficPolicy: 'Cluster' })(result);
  return type === 'LoadBalancer' ? defaults({ allocateLoadBalancerNodePorts: true })(result) : result;
};

export const service: KindRules = {
  validateStatus: (next, _live, faults) => {
    const ingress = itemsOf(fieldsOf(fieldsOf(next['status'])['loadBalancer'])['ingress']);
    if (ingress.length > 0 && fieldsOf(next['spec'])['type'] !== 'LoadBalancer')
      faults.push(forbidden('status.loadBalancer.ingress', "may only be used when `spec.type` is 'LoadBalancer'"));
  },
  namespaced: true,
  names: dns1035Names,
  hasStatus: true,
  defaults: pipe(
    within(
      'spec',
      pipe(
        zeroDefaults({ sessionAffinity: 'None', type: 'ClusterIP' }),
        affinity,
        each('ports', pipe(zeroDefaults({ protocol: 'TCP' }), targetPort)),
        byType,
      ),
    ),
    (object) => (fieldsOf(object['spec'])['type'] === 'LoadBalancer' ? at('status', at('loadBalancer', addressMode))(object) : object),
  ),
  create: (object) => withField(object, 'spec', withFamilies(withClusterIPs(fieldsOf(object['spec']), undefined))),
  update: (next, live) => {
    const before = fieldsOf(live['spec']);
    let spec = keepAllocated(fieldsOf(next['spec']), before);
    spec = withClusterIPs(spec, before);
    spec = dropByType(spec, before);
    const object = withField(next, 'spec', withFamilies(spec));
    return spec['type'] === 'LoadBalancer'
      ? object
      : withField(object, 'status', withField(fieldsOf(object['status']), 'loadBalancer', {}));
  },
  validate: (object, faults) => validateService(fieldsOf(object['spec']), faults),
  validateUpdate: (next, live, faults) => {
    // Families that the cluster does not have end the matter: nothing was allocated then.
    if (faults.some(({ field }) => field.startsWith('spec.ipFamil'))) return;
    validateClusterIPsChange(fieldsOf(next['spec']), fieldsOf(live['spec']), faults);
  },
  allocate: (object, live, { services }, faults) => services.allocate(object, live, faults),
  revalidate: true,
  warnings: (object) => serviceWarnings(object),
};

const TOPOLOGY_HINTS = 'service.kubernetes.io/topology-aware-hints';

/** Fields that mean nothing in a service like this, and addresses that are not as they should be written. */
function serviceWarnings(object: Fields): readonly string[] {
  const spec = fieldsOf(object['spec']);
  const isExternal = spec['type'] === 'ExternalName';
  const isHeadless = spec['type'] === 'ClusterIP' && spec['clusterIP'] === 'None';
  const externalIPs = stringsOf(spec['externalIPs']);
  const balancer = textOf(spec['loadBalancerIP']);
  const warnings: string[] = [];
  const warnIf = (applies: boolean, ...texts: readonly string[]): void => {
    if (applies) warnings.push(...texts);
  };
  const hinted = Object.hasOwn(mapOf(metaOf(object)['annotations']), TOPOLOGY_HINTS);
  warnIf(hinted, `annotation ${TOPOLOGY_HINTS} is deprecated, please use service.kubernetes.io/topology-mode instead`);
  const given = stringsOf(spec['clusterIPs']);
  warnIf(!isExternal && !isHeadless, ...given.flatMap((ip, index) => addressWarnings(`spec.clusterIPs[${index}]`, ip)));
  warnIf(isHeadless && balancer !== '', 'spec.loadBalancerIP is ignored for headless services');
  warnIf(isHeadless && externalIPs.length > 0, 'spec.externalIPs is ignored for headless services');
  warnIf(isHeadless && spec['sessionAffinity'] !== 'None', 'spec.SessionAffinity is ignored for headless services');
  warnings.push(...externalIPs.flatMap((ip, index) => addressWarnings(`spec.externalIPs[${index}]`, ip)));
  warnings.push(...addressWarnings('spec.loadBalancerIP', balancer));
  const ranges = stringsOf(spec['loadBalancerSourceRanges']);
  warnings.push(...ranges.flatMap((range, index) => cidrWarnings(`spec.loadBalancerSourceRanges[${index}]`, range)));
  warnIf(isExternal && externalIPs.length > 0, 'spec.externalIPs is ignored when spec.type is "ExternalName"');
  warnIf(!isExternal && textOf(spec['externalName']) !== '', 'spec.externalName is ignored when spec.type is not "ExternalName"');
  return warnings;
}

/** The single and the plural field say the same; whoever writes one of them means both. */
function withClusterIPs(spec: Fields, before: Fields | undefined): Fields {
  const single = textOf(spec['clusterIP']);
  const plural = stringsOf(spec['clusterIPs']);
  if (before === undefined) return single !== '' && plural.length === 0 ? withField(spec, 'clusterIPs', [single]) : spec;
  const changedSingle = single !== textOf(before['clusterIP']);
  const samePlural = deepEqual(plural, stringsOf(before['clusterIPs']));
  if (changedSingle && samePlural) {
    if (single === '') return withField(withField(spec, 'clusterIP', undefined), 'clusterIPs', undefined);
    return withField(spec, 'clusterIPs', [single, ...plural.slice(1)]);
  }
  return spec;
}

/** What the server chose stays when an update leaves it out. */
function keepAllocated(spec: Fields, before: Fields): Fields {
  let result = spec;
  if (hasAddress(spec) && hasAddress(before)) {
    if (textOf(spec['clusterIP']) === '') result = withField(result, 'clusterIP', before['clusterIP']);
    if (stringsOf(spec['clusterIPs']).length === 0 && result['clusterIP'] === before['clusterIP']) {
      result = withField(result, 'clusterIPs', before['clusterIPs']);
    }
    for (const field of ['ipFamilies', 'ipFamilyPolicy']) if (!isSet(result[field])) result = withField(result, field, before[field]);
  }
  if (usesNodePorts(spec) && usesNodePorts(before)) {
    const had = new Map(
      itemsOf(before['ports']).map((port) => [`${textOf(port['protocol'])}/${numberOf(port['port'])}`, numberOf(port['nodePort'])]),
    );
    const used = new Set(itemsOf(spec['ports']).map((port) => numberOf(port['nodePort'])));
    result = each('ports', (port) => {
      const previous = had.get(`${textOf(port['protocol'])}/${numberOf(port['port'])}`) ?? 0;
      if (numberOf(port['nodePort']) !== 0 || previous === 0 || used.has(previous)) return port;
      return withField(port, 'nodePort', previous);
    })(result);
  }
  if (needsHealthCheck(spec) && needsHealthCheck(before) && !isSet(spec['healthCheckNodePort'])) {
    result = withField(result, 'healthCheckNodePort', before['healthCheckNodePort']);
  }
  return result;
}

/** Fields that the new type has no use for go, when the client did not touch them. */
function dropByType(spec: Fields, before: Fields): Fields {
  let result = spec;
  const drop = (field: string): void => {
    if (deepEqual(result[field] ?? null, before[field] ?? null)) result = withField(result, field, undefined);
  };
  if (textOf(before['type']) !== 'ExternalName' && textOf(spec['type']) === 'ExternalName') {
    for (const field of ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy', 'internalTrafficPolicy']) drop(field);
  }
  if (usesNodePorts(before) && !usesNodePorts(spec)) {
    const had = new Set(itemsOf(before['ports']).map((port) => numberOf(port['nodePort'])));
    if (itemsOf(spec['ports']).every((port) => had.has(numberOf(port['nodePort'])) || numberOf(port['nodePort']) === 0)) {
      result = each('ports', (port) => withField(port, 'nodePort', undefined))(result);
    }
  }
  if (needsHealthCheck(before) && !needsHealthCheck(spec)) drop('healthCheckNodePort');
  if (before['type'] === 'LoadBalancer' && spec['type'] !== 'LoadBalancer') {
    drop('allocateLoadBalancerNodePorts');
    drop('loadBalancerClass');
  }
  if (isExternal(before) && !isExternal(spec)) drop('externalTrafficPolicy');
  return result;
}

function usesNodePorts(spec: Fields): boolean {
  return spec['type'] === 'NodePort' || spec['type'] === 'LoadBalancer';
}

function needsHealthCheck(spec: Fields): boolean {
  return spec['type'] === 'LoadBalancer' && spec['externalTrafficPolicy'] === 'Local';
}

function isExternal(spec: Fields): boolean {
  return usesNodePorts(spec) || (spec['type'] === 'ClusterIP' && stringsOf(spec['externalIPs']).length > 0);
}

/** The cluster speaks IPv4 only. A headless Service without selector may still name both: its endpoints are its own affair. */
function withFamilies(spec: Fields): Fields {
  if (textOf(spec['type']) === 'ExternalName') return spec;
  if (isSelectorlessHeadless(spec)) return defaults({ ipFamilyPolicy: 'RequireDualStack', ipFamilies: ['IPv4', 'IPv6'] })(spec);
  return defaults({ ipFamilyPolicy: 'SingleStack', ipFamilies: ['IPv4'] })(spec);
}

function isSelectorlessHeadless(spec: Fields): boolean {
  return textOf(spec['clusterIP']) === 'None' && Object.keys(fieldsOf(spec['selector'])).length === 0;
}

function validateService(spec: Fields, faults: FieldError[]): void {
  const type = textOf(spec['type']);
  const headless = stringsOf(spec['clusterIPs'])[0] === 'None';
  const ports = itemsOf(spec['ports']);
  if (ports.length === 0 && !headless && type !== 'ExternalName') faults.push(required('spec.ports'));
  if ((type === 'LoadBalancer' || type === 'NodePort') && headless) {
    faults.push(invalid('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${type} services`));
  }
  if (type === 'ExternalName') validateExternalName(spec, faults);
  const names = new Set<string>();
  const nodePorts = new Set<string>();
  const portKeys = new Set<string>();
  for (const [index, port] of ports.entries()) {
    const path = `spec.ports[${index}]`;
    validatePort(port, ports.length > 1, names, faults, path);
    const protocol = textOf(port['protocol']);
    const number = numberOf(port['nodePort']);
    if (number !== 0) {
      if (type === 'ClusterIP') faults.push(forbidden(`${path}.nodePort`, "may not be used when `type` is 'ClusterIP'"));
      const key = `${protocol}/${number}`;
      if (usesNodePorts(spec) && nodePorts.has(key))
        faults.push(duplicateShown(path, printInternal('ServicePort', { protocol, nodePort: number })));
      nodePorts.add(key);
    }
    const key = `${protocol}/${numberOf(port['port'])}`;
    if (portKeys.has(key)) faults.push(duplicateShown(path, printInternal('ServicePort', { protocol, port: port['port'] })));
    portKeys.add(key);
  }
  validateLabels(spec['selector'], faults, 'spec.selector');
  checkOneOf(faults, 'spec.sessionAffinity', textOf(spec['sessionAffinity']), ['ClientIP', 'None']);
  const timeout = fieldsOf(fieldsOf(spec['sessionAffinityConfig'])['clientIP'])['timeoutSeconds'];
  if (spec['sessionAffinity'] === 'ClientIP' && isSet(timeout) && (numberOf(timeout) <= 0 || numberOf(timeout) > 86400)) {
    faults.push(invalid('spec.sessionAffinityConfig.clientIP.timeoutSeconds', timeout, 'must be greater than 0 and less than 86400'));
  }
  checkOneOf(faults, 'spec.type', type, ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort']);
  validateClusterIPs(spec, faults);
  for (const [index, ip] of stringsOf(spec['externalIPs']).entries()) validateAddress(ip, faults, `spec.externalIPs[${index}]`);
  for (const [index, range] of stringsOf(spec['loadBalancerSourceRanges']).entries()) {
    if (type === 'LoadBalancer') validateCidr(range.trim(), faults, `spec.LoadBalancerSourceRanges[${index}]`);
  }
  if (stringsOf(spec['loadBalancerSourceRanges']).length > 0 && type !== 'LoadBalancer') {
    faults.push(forbidden('spec.LoadBalancerSourceRanges', "may only be used when `type` is 'LoadBalancer'"));
  }
  if (isSet(spec['allocateLoadBalancerNodePorts']) && type !== 'LoadBalancer') {
    faults.push(forbidden('spec.allocateLoadBalancerNodePorts', "may only be used when `type` is 'LoadBalancer'"));
  }
  if (isSet(spec['loadBalancerClass']) && type !== 'LoadBalancer') {
    faults.push(forbidden('spec.loadBalancerClass', "may only be used when `type` is 'LoadBalancer'"));
  } else if (isSet(spec['loadBalancerClass'])) {
    check(faults, 'spec.loadBalancerClass', textOf(spec['loadBalancerClass']), qualifiedName);
  }
  validateTraffic(spec, faults);
}

function validateExternalName(spec: Fields, faults: FieldError[]): void {
  if (stringsOf(spec['clusterIPs']).length > 0) faults.push(forbidden('spec.clusterIPs', 'may not be set for ExternalName services'));
  if (stringsOf(spec['ipFamilies']).length > 0) faults.push(forbidden('spec.ipFamilies', 'may not be set for ExternalName services'));
  if (isSet(spec['ipFamilyPolicy'])) faults.push(forbidden('spec.ipFamilyPolicy', 'may not be set for ExternalName services'));
  const name = textOf(spec['externalName']).replace(/\.$/, '');
  if (name === '') faults.push(required('spec.externalName'));
  else check(faults, 'spec.externalName', name, dns1123Subdomain);
}

function validatePort(port: Fields, needsName: boolean, names: Set<string>, faults: FieldError[], path: string): void {
  const name = textOf(port['name']);
  if (needsName && name === '') faults.push(required(`${path}.name`));
  else if (name !== '') {
    check(faults, `${path}.name`, name, dns1123Label);
    if (names.has(name)) faults.push(duplicateShown(`${path}.name`, JSON.stringify(name)));
    names.add(name);
  }
  checkPort(faults, `${path}.port`, numberOf(port['port']));
  const protocol = textOf(port['protocol']);
  if (protocol === '') faults.push(required(`${path}.protocol`));
  else checkOneOf(faults, `${path}.protocol`, protocol, ['SCTP', 'TCP', 'UDP']);
  checkPortOrName(faults, `${path}.targetPort`, port['targetPort']);
  if (isSet(port['appProtocol'])) check(faults, `${path}.appProtocol`, textOf(port['appProtocol']), qualifiedName);
}

function validateClusterIPs(spec: Fields, faults: FieldError[]): void {
  if (textOf(spec['type']) === 'ExternalName') return;
  const single = textOf(spec['clusterIP']);
  const plural = stringsOf(spec['clusterIPs']);
  if (single !== '') {
    if (plural.length === 0) faults.push(required('spec.clusterIPs'));
    else if (plural[0] !== single) faults.push(invalid('spec.clusterIPs', plural, 'first value must match `clusterIP`'));
  } else if (plural.length > 0) {
    faults.push(invalid('spec.clusterIPs', plural, 'must be empty when `clusterIP` is not specified'));
  }
  const families = stringsOf(spec['ipFamilies']);
  for (const [index, family] of families.entries()) checkOneOf(faults, `spec.ipFamilies[${index}]`, family, ['IPv4', 'IPv6']);
  const policy = textOf(spec['ipFamilyPolicy']);
  if (policy !== '') checkOneOf(faults, 'spec.ipFamilyPolicy', policy, ['PreferDualStack', 'RequireDualStack', 'SingleStack']);
  if (!isSelectorlessHeadless(spec)) {
    for (const [index, family] of families.entries()) {
      if (family === 'IPv6') faults.push(invalid(`spec.ipFamilies[${index}]`, family, 'not configured on this cluster'));
    }
    if (policy === 'RequireDualStack')
      faults.push(invalid('spec.ipFamilyPolicy', policy, 'this cluster is not configured for dual-stack services'));
  }
  for (const [index, ip] of plural.entries()) {
    if (index === 0 && ip === 'None') {
      if (plural.length > 1) faults.push(invalid('spec.clusterIPs', plural, "'None' must be the first and only value"));
    } else validateAddress(ip, faults, `spec.clusterIPs[${index}]`);
  }
  if (plural.length > 2) faults.push(invalid('spec.clusterIPs', plural, 'may only hold up to 2 values'));
  else if (plural.length === 2 && plural.every(isAddress) && plural.every(isIPv6) === plural.some(isIPv6)) {
    faults.push(invalid('spec.clusterIPs', plural, 'may specify no more than one IP for each IP family'));
  }
}

function validateClusterIPsChange(after: Fields, before: Fields, faults: FieldError[]): void {
  if (textOf(after['type']) === 'ExternalName' || textOf(before['type']) === 'ExternalName') return;
  const next = stringsOf(after['clusterIPs']);
  const live = stringsOf(before['clusterIPs']);
  if (live[0] === 'None' && next[0] === 'None') return;
  if (live.length === next.length) {
    for (const [index, ip] of live.entries()) {
      if (ip !== next[index]) faults.push(invalid(`spec.clusterIPs[${index}]`, next, 'may not change once set'));
    }
  } else if (next.length === 0) faults.push(invalid('spec.clusterIPs[0]', next, 'primary clusterIP can not be unset'));
  else if (live.length > 0 && next[0] !== live[0]) faults.push(invalid('spec.clusterIPs[0]', next, 'may not change once set'));
}

function validateTraffic(spec: Fields, faults: FieldError[]): void {
  const external = textOf(spec['externalTrafficPolicy']);
  if (!isExternal(spec)) {
    if (external !== '') faults.push(invalid('spec.externalTrafficPolicy', external, 'may only be set for externally-accessible services'));
  } else if (external !== 'Cluster' && external !== 'Local') {
    faults.push(
      external === '' ? required('spec.externalTrafficPolicy') : notSupported('spec.externalTrafficPolicy', external, ['Cluster', 'Local']),
    );
  }
  const health = numberOf(spec['healthCheckNodePort']);
  if (!needsHealthCheck(spec) && health !== 0) {
    const text = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
    faults.push(invalid('spec.healthCheckNodePort', health, text));
  }
  const internal = spec['internalTrafficPolicy'];
  if (isSet(internal)) checkOneOf(faults, 'spec.internalTrafficPolicy', textOf(internal), ['Cluster', 'Local']);
  else if (textOf(spec['type']) !== 'ExternalName') faults.push(required('spec.internalTrafficPolicy'));
  if (isSet(spec['trafficDistribution']))
    checkOneOf(faults, 'spec.trafficDistribution', textOf(spec['trafficDistribution']), ['PreferClose']);
}

function hasAddress(spec: Fields): boolean {
  return textOf(spec['type']) !== 'ExternalName';
}
