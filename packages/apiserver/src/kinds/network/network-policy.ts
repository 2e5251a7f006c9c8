import { forbidden, invalid, notSupported, required, type FieldError } from '@sluice/schema';
import { cidrContains, cidrWarnings, validateCidr } from '../common/addresses.js';
import {
  defaults,
  each,
  fieldsOf,
  isSet,
  itemsOf,
  numberOf,
  pipe,
  stringsOf,
  textOf,
  within,
  withField,
  type Edit,
  type Fields,
} from '../common/index.js';
import { check, checkPort, portName } from '../common/names.js';
import { validateSelector } from '../common/selectors.js';
import type { KindRules } from '../context.js';

const ports = each('ports', defaults({ protocol: 'TCP' }));

/** A policy says at least something about incoming traffic, and about outgoing when it has rules for it. */
const policyTypes: Edit = (spec) => {
  if (stringsOf(spec['policyTypes']).length > 0) return spec;
  return withField(spec, 'policyTypes', itemsOf(spec['egress']).length > 0 ? ['Ingress', 'Egress'] : ['Ingress']);
};

/** Rules for traffic, and where they have the other end of it. */
const DIRECTIONS = [
  ['ingress', 'from'],
  ['egress', 'to'],
] as const;

export const networkPolicy: KindRules = {
  namespaced: true,
  generation: ['spec'],
  defaults: within('spec', pipe(policyTypes, each('ingress', ports), each('egress', ports))),
  validate: (object, faults) => {
    const spec = fieldsOf(object['spec']);
    validateSelector(spec['podSelector'], faults, 'spec.podSelector');
    for (const [direction, peers] of DIRECTIONS) {
      for (const [index, rule] of itemsOf(spec[direction]).entries()) {
        const path = `spec.${direction}[${index}]`;
        for (const [position, port] of itemsOf(rule['ports']).entries()) validatePort(port, faults, `${path}.ports[${position}]`);
        for (const [position, peer] of itemsOf(rule[peers]).entries()) validatePeer(peer, faults, `${path}.${peers}[${position}]`);
      }
    }
    const types = stringsOf(spec['policyTypes']);
    if (types.length > 2) faults.push(invalid('spec.policyTypes', types, 'may not specify more than two policyTypes'));
    else {
      for (const [index, type] of types.entries()) {
        if (type !== 'Ingress' && type !== 'Egress') faults.push(notSupported(`spec.policyTypes[${index}]`, type, ['Ingress', 'Egress']));
      }
    }
  },
  warnings: (object) =>
    DIRECTIONS.flatMap(([direction, peers]) =>
      itemsOf(fieldsOf(object['spec'])[direction]).flatMap((rule, index) =>
        itemsOf(rule[peers]).flatMap((peer, position) =>
          blockWarnings(fieldsOf(peer['ipBlock']), `spec.${direction}[${index}].${peers}[${position}].ipBlock`),
        ),
      ),
    ),
};

function validatePort(port: Fields, faults: FieldError[], path: string): void {
  const protocol = textOf(port['protocol']);
  if (!['TCP', 'UDP', 'SCTP'].includes(protocol)) faults.push(notSupported(`${path}.protocol`, protocol, ['TCP', 'UDP', 'SCTP']));
  const number = port['port'];
  const end = port['endPort'];
  if (typeof number === 'string') {
    if (isSet(end)) faults.push(invalid(`${path}.endPort`, end, 'may not be specified when `port` is non-numeric'));
    check(faults, `${path}.port`, number, portName);
  } else if (isSet(number)) {
    checkPort(faults, `${path}.port`, numberOf(number));
    if (!isSet(end)) return;
    if (numberOf(end) < numberOf(number)) faults.push(invalid(`${path}.endPort`, number, 'must be greater than or equal to `port`'));
    checkPort(faults, `${path}.endPort`, numberOf(end));
  } else if (isSet(end)) faults.push(invalid(`${path}.endPort`, end, 'may not be specified when `port` is not specified'));
}

function validatePeer(peer: Fields, faults: FieldError[], path: string): void {
  const kinds = ['podSelector', 'namespaceSelector', 'ipBlock'].filter((kind) => isSet(peer[kind]));
  validateSelector(peer['podSelector'], faults, `${path}.podSelector`);
  validateSelector(peer['namespaceSelector'], faults, `${path}.namespaceSelector`);
  if (isSet(peer['ipBlock'])) validateBlock(fieldsOf(peer['ipBlock']), faults, `${path}.ipBlock`);
  if (kinds.length === 0) faults.push(required(path, 'must specify a peer'));
  else if (kinds.length > 1 && kinds.includes('ipBlock')) faults.push(forbidden(path, 'may not specify both ipBlock and another peer'));
}

function blockWarnings({ cidr, except }: Fields, path: string): readonly string[] {
  return [
    ...cidrWarnings(`${path}.cidr`, textOf(cidr)),
    ...stringsOf(except).flatMap((block, index) => cidrWarnings(`${path}.except[${index}]`, block)),
  ];
}

function validateBlock(block: Fields, faults: FieldError[], path: string): void {
  const cidr = textOf(block['cidr']);
  if (cidr === '') {
    faults.push(required(`${path}.cidr`));
    return;
  }
  const before = faults.length;
  validateCidr(cidr, faults, `${path}.cidr`);
  if (faults.length > before) return;
  for (const [index, except] of stringsOf(block['except']).entries()) {
    const known = faults.length;
    validateCidr(except, faults, `${path}.except[${index}]`);
    if (faults.length > known) continue;
    const [address = '', bits = ''] = except.split('/');
    if (!cidrContains(cidr, address) || Number(cidr.split('/')[1]) >= Number(bits)) {
      faults.push(invalid(`${path}.except[${index}]`, except, 'must be a strict subset of `cidr`'));
    }
  }
}
