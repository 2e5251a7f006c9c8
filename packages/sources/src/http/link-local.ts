import { lookup } from 'node:dns';
import { lookup as lookUp } from 'node:dns/promises';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { SluiceError } from '@sluice/core';

// Where clouds keep the credentials of their machines.
const linkLocal = new BlockList();
linkLocal.addSubnet('169.254.0.0', 16, 'ipv4');
linkLocal.addSubnet('fe80::', 10, 'ipv6');
linkLocal.addAddress('fd00:ec2::254', 'ipv6');

function isLinkLocal(address: string): boolean {
  const family = isIP(address);
  return family !== 0 && linkLocal.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

function refused(host: string): SluiceError {
  return new SluiceError('SourceSettingsInvalid', `${host} is a link-local address, where machines keep credentials: it is refused`);
}

/** Refuses a host that is written as such an address. */
export function refuseLinkLocal({ hostname }: URL): void {
  const host = hostname.replace(/^\[|\]$/g, '');
  if (isLinkLocal(host)) throw refused(host);
}

/** Names are judged by what they resolve to, at the moment of the connection: what they resolve to may change. */
export const guardedLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    const bad = error === null ? addresses.find(({ address }) => isLinkLocal(address)) : undefined;
    const [first] = addresses ?? [];
    if (error !== null) callback(error, '', 0);
    else if (bad !== undefined) callback(refused(`${hostname} (${bad.address})`), '', 0);
    else if (options.all === true) callback(null, addresses);
    else callback(null, first?.address ?? '', first?.family ?? 0);
  });
};

/**
 * The addresses of a host for a program that is then held to them; none where it is written as one, or is not known:
 * whoever connects to it says so. Throws when one of them is link-local.
 */
export async function guardedAddresses(url: URL): Promise<readonly string[]> {
  refuseLinkLocal(url);
  // A file on this machine has no host; Node warns of who looks that up.
  if (url.hostname === '' || isIP(url.hostname.replace(/^\[|\]$/g, '')) !== 0) return [];
  const addresses = await lookUp(url.hostname, { all: true }).catch(() => []);
  const bad = addresses.find(({ address }) => isLinkLocal(address));
  if (bad !== undefined) throw refused(`${url.hostname} (${bad.address})`);
  return addresses.map(({ address }) => address);
}
