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

/** An address that is accepted, but not as it should be written. */
export function addressWarnings(path: string, value: string): readonly string[] {
  if (!isAddress(value) || !isIPv6(value)) return [];
  const canonical = canonicalIPv6(value);
  const number = addressNumber(value);
  if (number >> 32n === 0xffffn) {
    return [
      `${path}: non-standard IP address "${value}" will be considered invalid in a future Kubernetes release: use "${dottedAddress(number)}"`,
    ];
  }
  return canonical === value ? [] : [`${path}: IPv6 address "${value}" should be in RFC 5952 canonical format ("${canonical}")`];
}

/** A block that is accepted, but could be meant otherwise, or is not as it should be written. */
export function cidrWarnings(path: string, value: string): readonly string[] {
  if (!isCidr(value)) return [];
  const slash = value.indexOf('/');
  const address = value.slice(0, slash);
  const bits = Number(value.slice(slash + 1));
  const width = isIPv6(address) ? 128 : 32;
  const number = addressNumber(address);
  const mask = BigInt(width - bits);
  if ((number >> mask) << mask !== number) {
    const shown = isIPv6(address) ? canonicalIPv6(address) : address;
    const block = `${shownAddress((number >> mask) << mask, width)}/${bits}`;
    return [`${path}: CIDR value "${value}" is ambiguous in this context (should be "${block}" or "${shown}/${width}"?)`];
  }
  if (!isIPv6(address) || canonicalIPv6(address) === address) return [];
  return [`${path}: IPv6 CIDR value "${value}" should be in RFC 5952 canonical format ("${canonicalIPv6(address)}/${bits}")`];
}

/** As RFC 5952 would have it written, which is how the names of hosts in URLs are. */
function canonicalIPv6(address: string): string {
  return new URL(`http://[${address}]`).hostname.slice(1, -1);
}

function shownAddress(number: bigint, width: number): string {
  if (width === 32) return dottedAddress(number);
  const groups = Array.from({ length: 8 }, (_, index) => ((number >> BigInt(112 - 16 * index)) & 0xffffn).toString(16));
  return canonicalIPv6(groups.join(':'));
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

/** The last 32 bits of an address, as IPv4 is written. */
export function dottedAddress(number: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => (number >> shift) & 255n).join('.');
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
