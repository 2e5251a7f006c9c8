import { isIP } from 'node:net';
import { invalid, type FieldError } from '@sluice/schema';

/** An IP address. Leading zeros in IPv4 are read as decimal by old fields; nobody writes them. */
export function validateAddress(value: string, faults: FieldError[], path: string): void {
  if (!isAddress(value)) faults.push(invalid(path, value, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'));
}

export function isAddress(value: string): boolean {
  return isIP(value) !== 0 && !value.includes('%');
}

export function isIPv6(value: string): boolean {
  return isIP(value) === 6;
}

export function validateCidr(value: string, faults: FieldError[], path: string): void {
  if (!isCidr(value)) faults.push(invalid(path, value, 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'));
}

function isCidr(value: string): boolean {
  const slash = value.indexOf('/');
  const address = value.slice(0, slash);
  const bits = value.slice(slash + 1);
  return slash > 0 && isAddress(address) && /^(0|[1-9][0-9]{0,2})$/.test(bits) && Number(bits) <= (isIPv6(address) ? 128 : 32);
}

/** Whether an address lies in a block, both as people write them. */
export function cidrContains(cidr: string, address: string): boolean {
  const slash = cidr.indexOf('/');
  const base = cidr.slice(0, slash);
  if (isIPv6(base) !== isIPv6(address)) return false;
  const width = isIPv6(base) ? 128n : 32n;
  const shift = width - BigInt(cidr.slice(slash + 1));
  return addressNumber(base) >> shift === addressNumber(address) >> shift;
}

/** An address as a number. */
export function addressNumber(address: string): bigint {
  if (!isIPv6(address)) return address.split('.').reduce((total, part) => total * 256n + BigInt(part), 0n);
  const [head = '', tail] = withoutDotted(address).split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups = tail === undefined ? left : [...left, ...Array.from({ length: 8 - left.length - right.length }, () => '0'), ...right];
  return groups.reduce((total, group) => total * 65536n + BigInt(`0x${group}`), 0n);
}

function withoutDotted(address: string): string {
  const match = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  if (match === null) return address;
  const [, head, a, b, c, d] = match;
  return `${head}${(Number(a) * 256 + Number(b)).toString(16)}:${(Number(c) * 256 + Number(d)).toString(16)}`;
}
