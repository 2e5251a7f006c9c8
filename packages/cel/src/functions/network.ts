import { CelError } from '../error.js';
import { bool, type CelType, int, string } from '../types.js';
import { CelOpaque } from '../values.js';
import { LibraryBuilder } from './registry.js';

const ipType: CelType = { kind: 'ip' };
const cidrType: CelType = { kind: 'cidr' };

/** An address as a number. */
class Ip extends CelOpaque {
  override readonly kind = 'ip';
  readonly version: 4 | 6;
  readonly value: bigint;

  constructor(version: 4 | 6, value: bigint) {
    super();
    this.version = version;
    this.value = value;
  }

  override equals(other: CelOpaque): boolean {
    return other instanceof Ip && other.version === this.version && other.value === this.value;
  }

  override toText(): string {
    return this.version === 4 ? showIpv4(this.value) : showIpv6(this.value);
  }

  /** Whether the address is in the network that starts with `start` and has `bits` fixed bits. */
  isIn(start: bigint, bits: number): boolean {
    const shift = BigInt((this.version === 4 ? 32 : 128) - bits);
    return this.value >> shift === start >> shift;
  }
}

class Cidr extends CelOpaque {
  override readonly kind = 'cidr';
  readonly address: Ip;
  readonly bits: number;

  constructor(address: Ip, bits: number) {
    super();
    this.address = address;
    this.bits = bits;
  }

  override equals(other: CelOpaque): boolean {
    return other instanceof Cidr && other.bits === this.bits && other.address.equals(this.address);
  }

  override toText(): string {
    return `${this.address.toText()}/${this.bits}`;
  }

  contains(ip: Ip): boolean {
    return ip.version === this.address.version && ip.isIn(this.address.value, this.bits);
  }

  masked(): Cidr {
    const shift = BigInt((this.address.version === 4 ? 32 : 128) - this.bits);
    return new Cidr(new Ip(this.address.version, (this.address.value >> shift) << shift), this.bits);
  }
}

function parseIpv4(text: string): bigint | undefined {
  const match = /^(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})$/.exec(text);
  if (match === null) return undefined;
  const bytes = match.slice(1).map(Number);
  return bytes.some((byte) => byte > 255) ? undefined : bytes.reduce((value, byte) => value * 256n + BigInt(byte), 0n);
}

function parseIpv6(text: string): bigint | undefined {
  let groups = text;
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  if (dotted !== null) {
    const tail = parseIpv4(dotted[2] ?? '');
    if (tail === undefined) return undefined;
    groups = `${dotted[1] ?? ''}${(tail >> 16n).toString(16)}:${(tail & 0xffffn).toString(16)}`;
  }
  const halves = groups.split('::');
  if (halves.length > 2) return undefined;
  const [head = [], tail = []] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const all = [...head, ...Array.from({ length: missing }, () => '0'), ...tail];
  if (!all.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return undefined;
  return all.reduce((value, group) => value * 65536n + BigInt(`0x${group}`), 0n);
}

/** Addresses with a zone are none, and neither are IPv4 addresses written as IPv6. */
function parseIp(text: string): Ip | undefined {
  const v4 = parseIpv4(text);
  if (v4 !== undefined) return new Ip(4, v4);
  const v6 = parseIpv6(text);
  return v6 === undefined || v6 >> 32n === 0xffffn ? undefined : new Ip(6, v6);
}

function parseCidr(text: string): Cidr | undefined {
  const slash = text.indexOf('/');
  const address = slash < 0 ? undefined : parseIp(text.slice(0, slash));
  const bits = text.slice(slash + 1);
  if (address === undefined || !/^(0|[1-9]\d{0,2})$/.test(bits)) return undefined;
  return Number(bits) > (address.version === 4 ? 32 : 128) ? undefined : new Cidr(address, Number(bits));
}

function showIpv4(value: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join('.');
}

function showIpv6(value: bigint): string {
  const groups = Array.from({ length: 8 }, (_, index) => ((value >> BigInt(112 - index * 16)) & 0xffffn).toString(16));
  // The longest run of zeros, the first of several, is left out.
  let best = { start: -1, length: 1 };
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (groups[start + length] === '0') length++;
    if (length > best.length) best = { start, length };
  }
  if (best.start < 0) return groups.join(':');
  return `${groups.slice(0, best.start).join(':')}::${groups.slice(best.start + best.length).join(':')}`;
}

function ipOf(text: string): Ip {
  const ip = parseIp(text);
  if (ip === undefined)
    throw new CelError(
      `IP Address ${JSON.stringify(text)} parse error during conversion from string: ParseAddr(${JSON.stringify(text)}): unable to parse IP`,
    );
  return ip;
}

function cidrOf(text: string): Cidr {
  const cidr = parseCidr(text);
  if (cidr === undefined)
    throw new CelError(`network address parse error during conversion from string: netip.ParsePrefix(${JSON.stringify(text)})`);
  return cidr;
}

function inNetwork(ip: Ip, v4: readonly [bigint, number] | undefined, v6: readonly [bigint, number] | undefined): boolean {
  const network = ip.version === 4 ? v4 : v6;
  return network !== undefined && ip.isIn(network[0], network[1]);
}

const isLoopback = (ip: Ip): boolean => inNetwork(ip, [127n << 24n, 8], [1n, 128]);
const isLinkLocalUnicast = (ip: Ip): boolean => inNetwork(ip, [0xa9fe0000n, 16], [0xfe80n << 112n, 10]);
const isMulticast = (ip: Ip): boolean => inNetwork(ip, [224n << 24n, 4], [0xffn << 120n, 8]);
const isLinkLocalMulticast = (ip: Ip): boolean => inNetwork(ip, [0xe0000000n, 24], [0xff02n << 112n, 16]);

/** Kubernetes' addresses and networks: `cidr('10.0.0.0/8').containsIP('10.1.2.3')`. */
export const networkLibrary = new LibraryBuilder()
  .fn('isIP', ['string'], bool, ([text]: [string]) => parseIp(text) !== undefined)
  .fn('ip', ['string'], ipType, ([text]: [string]) => ipOf(text))
  .fn('ip.isCanonical', ['string'], bool, ([text]: [string]) => ipOf(text).toText() === text)
  .method('family', ['ip'], int, ([ip]: [Ip]) => BigInt(ip.version))
  .method('isUnspecified', ['ip'], bool, ([ip]: [Ip]) => ip.value === 0n)
  .method('isLoopback', ['ip'], bool, ([ip]: [Ip]) => isLoopback(ip))
  .method('isLinkLocalUnicast', ['ip'], bool, ([ip]: [Ip]) => isLinkLocalUnicast(ip))
  .method('isLinkLocalMulticast', ['ip'], bool, ([ip]: [Ip]) => isLinkLocalMulticast(ip))
  .method('isGlobalUnicast', ['ip'], bool, ([ip]: [Ip]) => {
    const isBroadcast = ip.version === 4 && ip.value === 0xffffffffn;
    return ip.value !== 0n && !isBroadcast && !isLoopback(ip) && !isMulticast(ip) && !isLinkLocalUnicast(ip);
  })
  .fn('isCIDR', ['string'], bool, ([text]: [string]) => parseCidr(text) !== undefined)
  .fn('cidr', ['string'], cidrType, ([text]: [string]) => cidrOf(text))
  .method('containsIP', ['cidr', 'string'], bool, ([cidr, text]: [Cidr, string]) => cidr.contains(ipOf(text)))
  .method('containsIP', ['cidr', 'ip'], bool, ([cidr, ip]: [Cidr, Ip]) => cidr.contains(ip))
  .method('containsCIDR', ['cidr', 'string'], bool, ([cidr, text]: [Cidr, string]) => containsNetwork(cidr, cidrOf(text)))
  .method('containsCIDR', ['cidr', 'cidr'], bool, ([cidr, other]: [Cidr, Cidr]) => containsNetwork(cidr, other))
  .method('ip', ['cidr'], ipType, ([cidr]: [Cidr]) => cidr.address)
  .method('masked', ['cidr'], cidrType, ([cidr]: [Cidr]) => cidr.masked())
  .method('prefixLength', ['cidr'], int, ([cidr]: [Cidr]) => BigInt(cidr.bits))
  .fn('string', ['ip'], string, ([ip]: [Ip]) => ip.toText())
  .fn('string', ['cidr'], string, ([cidr]: [Cidr]) => cidr.toText())
  .build();

function containsNetwork(cidr: Cidr, other: Cidr): boolean {
  return other.bits >= cidr.bits && cidr.contains(other.masked().address);
}
