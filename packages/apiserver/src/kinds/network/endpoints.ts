import { invalid, required, type FieldError } from '@sluice/schema';
import { isAddress, validateAddress } from '../common/addresses.js';
import { defaults, each, fieldsOf, isSet, itemsOf, numberOf, stringsOf, textOf, zeroDefaults, type Fields } from '../common/index.js';
import { immutable } from '../common/meta.js';
import { check, checkPort, dns1123Label, dns1123Subdomain } from '../common/names.js';
import { checkOneOf } from '../common/selectors.js';
import type { KindRules } from '../context.js';

const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];

export const endpoints: KindRules = {
  namespaced: true,
  defaults: each('subsets', each('ports', zeroDefaults({ protocol: 'TCP' }))),
  validate: (object, faults) => {
    for (const [index, subset] of itemsOf(object['subsets']).entries()) {
      const path = `subsets[${index}]`;
      const addresses = itemsOf(subset['addresses']);
      const notReady = itemsOf(subset['notReadyAddresses']);
      if (addresses.length === 0 && notReady.length === 0) faults.push(required(path, 'must specify `addresses` or `notReadyAddresses`'));
      for (const [position, address] of addresses.entries()) validateEndpointAddress(address, faults, `${path}.addresses[${position}]`);
      for (const [position, address] of notReady.entries())
        validateEndpointAddress(address, faults, `${path}.notReadyAddresses[${position}]`);
      const ports = itemsOf(subset['ports']);
      for (const [position, port] of ports.entries()) {
        const at = `${path}.ports[${position}]`;
        const name = textOf(port['name']);
        if (ports.length > 1 && name === '') faults.push(required(`${at}.name`));
        else if (name !== '') check(faults, `${at}.name`, name, dns1123Label);
        checkPort(faults, `${at}.port`, numberOf(port['port']));
        checkOneOf(faults, `${at}.protocol`, textOf(port['protocol']), PROTOCOLS);
      }
    }
  },
  revalidate: true,
};

function validateEndpointAddress(address: Fields, faults: FieldError[], path: string): void {
  const ip = textOf(address['ip']);
  validateAddress(ip, faults, `${path}.ip`);
  validateReachable(ip, faults, `${path}.ip`);
  const host = textOf(address['hostname']);
  if (host !== '') check(faults, `${path}.hostname`, host, dns1123Label);
}

/** Addresses that can't be another machine's. */
function validateReachable(ip: string, faults: FieldError[], path: string): void {
  if (!isAddress(ip)) faults.push(invalid(path, ip, 'must be a valid IP address'));
  else if (ip === '0.0.0.0' || ip === '::') faults.push(invalid(path, ip, `may not be unspecified (${ip})`));
  else if (ip.startsWith('127.') || ip === '::1') faults.push(invalid(path, ip, 'may not be in the loopback range (127.0.0.0/8, ::1/128)'));
  else if (ip.startsWith('169.254.') || /^fe[89ab]/i.test(ip)) {
    faults.push(invalid(path, ip, 'may not be in the link-local range (169.254.0.0/16, fe80::/10)'));
  } else if (ip.startsWith('224.0.0.') || /^ff02:/i.test(ip)) {
    faults.push(invalid(path, ip, 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)'));
  }
}

export const endpointSlice: KindRules = {
  namespaced: true,
  generation: ['endpoints', 'ports', 'addressType'],
  defaults: each('ports', defaults({ name: '', protocol: 'TCP' })),
  validate: (object, faults) => {
    const type = textOf(object['addressType']);
    if (type === '') faults.push(required('addressType'));
    else checkOneOf(faults, 'addressType', type, ['FQDN', 'IPv4', 'IPv6']);
    const endpoints = itemsOf(object['endpoints']);
    if (endpoints.length > 1000) {
      faults.push({
        reason: 'FieldValueTooMany',
        field: 'endpoints',
        message: `Too many: ${endpoints.length}: must have at most 1000 items`,
      });
    }
    for (const [index, endpoint] of endpoints.entries()) {
      const path = `endpoints[${index}]`;
      const addresses = stringsOf(endpoint['addresses']);
      if (addresses.length === 0) faults.push(required(`${path}.addresses`, 'must contain at least 1 address'));
      for (const [position, address] of addresses.entries()) {
        const at = `${path}.addresses[${position}]`;
        if (type === 'FQDN') check(faults, at, address, dns1123Subdomain);
        else if (type !== '') {
          validateAddress(address, faults, at);
          if (isAddress(address)) validateReachable(address, faults, at);
        }
      }
      const host = textOf(endpoint['hostname']);
      if (host !== '') check(faults, `${path}.hostname`, host, dns1123Label);
    }
    const names = new Set<string>();
    for (const [index, port] of itemsOf(object['ports']).entries()) {
      const path = `ports[${index}]`;
      const name = textOf(port['name']);
      if (name !== '') check(faults, `${path}.name`, name, dns1123Label);
      if (names.has(name))
        faults.push({ reason: 'FieldValueDuplicate', field: `${path}.name`, message: `Duplicate value: ${JSON.stringify(name)}` });
      names.add(name);
      if (isSet(port['port'])) checkPort(faults, `${path}.port`, numberOf(port['port']));
      checkOneOf(faults, `${path}.protocol`, textOf(port['protocol']), PROTOCOLS);
    }
  },
  validateUpdate: (next, live, faults) => {
    immutable(next['addressType'], live['addressType'], faults, 'addressType');
  },
  revalidate: true,
  warnings: (object) => (fieldsOf(object)['addressType'] === 'FQDN' ? ['addressType: FQDN endpoints are deprecated'] : []),
};
