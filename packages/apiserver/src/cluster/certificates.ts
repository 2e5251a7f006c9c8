import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import { isIPv4, isIPv6 } from 'node:net';
import { bits, boolean, context, implicit, integer, octets, oid, sequence, set, time, utf8, type Der } from './der.js';

export interface KeyPair {
  /** PEM. */
  readonly certificate: string;
  readonly key: string;
}

const DAY_MS = 24 * 3600 * 1000;
const VALID_DAYS = 3650;

/** A certificate authority of its own: for one cluster on one machine. */
export function createAuthority(name: string, now: number): KeyPair {
  const key = newKey();
  return issue({ key, subject: { name }, issuer: { name, key }, now, extensions: [basicConstraints(true), keyUsage(0x06, 1)] });
}

/** A certificate for the server under its names and addresses. */
export function createServerCertificate(authority: KeyPair, hosts: readonly string[], now: number): KeyPair {
  return issue({
    key: newKey(),
    subject: { name: 'kube-apiserver' },
    issuer: issuerOf(authority),
    now,
    extensions: [basicConstraints(false), keyUsage(0xa0, 5), extendedKeyUsage('1.3.6.1.5.5.7.3.1'), alternativeNames(hosts)],
  });
}

/** A certificate that says who its holder is: the common name is the user, the organizations are the groups. */
export function createClientCertificate(authority: KeyPair, user: string, groups: readonly string[], now: number): KeyPair {
  return issue({
    key: newKey(),
    subject: { name: user, organizations: groups },
    issuer: issuerOf(authority),
    now,
    extensions: [basicConstraints(false), keyUsage(0xa0, 5), extendedKeyUsage('1.3.6.1.5.5.7.3.2')],
  });
}

export function newKey(): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
}

export function keyPem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }) as string;
}

interface Subject {
  readonly name: string;
  readonly organizations?: readonly string[];
}

interface Issue {
  readonly key: KeyObject;
  readonly subject: Subject;
  readonly issuer: { readonly name: string; readonly key: KeyObject };
  readonly now: number;
  readonly extensions: readonly Der[];
}

/** The issuer's name is fixed: what is read back from disk need not be parsed for it. */
export const AUTHORITY_NAME = 'sluice-embedded-cluster';

function issuerOf({ key }: KeyPair): { name: string; key: KeyObject } {
  return { name: AUTHORITY_NAME, key: createPrivateKey(key) };
}

const ECDSA_SHA256 = sequence(oid('1.2.840.10045.4.3.2'));

function issue({ key, subject, issuer, now, extensions }: Issue): KeyPair {
  const serial = randomBytes(16);
  serial[0] = (serial[0]! & 0x7f) | 0x01;
  const publicKey = spki(key);
  const body = sequence(
    context(0, integer(2)),
    integer(serial),
    ECDSA_SHA256,
    distinguishedName({ name: issuer.name }),
    sequence(time(new Date(now - DAY_MS)), time(new Date(now + VALID_DAYS * DAY_MS))),
    distinguishedName(subject),
    publicKey,
    context(3, sequence(...extensions, keyIdentifier(publicKey), authorityKeyIdentifier(spki(issuer.key)))),
  );
  const certificate = sequence(body, ECDSA_SHA256, bits(sign('sha256', body, issuer.key)));
  const base64 = certificate.toString('base64').replace(/.{64}(?=.)/g, '$&\n');
  return { certificate: `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`, key: keyPem(key) };
}

function spki(key: KeyObject): Der {
  return createPublicKey(key).export({ type: 'spki', format: 'der' });
}

function distinguishedName({ name, organizations = [] }: Subject): Der {
  return sequence(...organizations.map((organization) => attribute('2.5.4.10', organization)), attribute('2.5.4.3', name));
}

function attribute(type: string, value: string): Der {
  return set(sequence(oid(type), utf8(value)));
}

function extension(id: string, isCritical: boolean, value: Der): Der {
  return sequence(oid(id), ...(isCritical ? [boolean(true)] : []), octets(value));
}

function basicConstraints(isAuthority: boolean): Der {
  return extension('2.5.29.19', true, sequence(...(isAuthority ? [boolean(true)] : [])));
}

function keyUsage(usage: number, unusedBits: number): Der {
  return extension('2.5.29.15', true, bits(Buffer.from([usage]), unusedBits));
}

function extendedKeyUsage(purpose: string): Der {
  return extension('2.5.29.37', false, sequence(oid(purpose)));
}

function keyIdentifier(publicKey: Der): Der {
  return extension('2.5.29.14', false, octets(sha1(publicKey)));
}

function authorityKeyIdentifier(publicKey: Der): Der {
  return extension('2.5.29.35', false, sequence(implicit(0, sha1(publicKey))));
}

/** SHA-1 as RFC 5280 names keys: an identifier, nothing rests on it. */
function sha1(content: Buffer): Buffer {
  return createHash('sha1').update(content).digest();
}

function alternativeNames(hosts: readonly string[]): Der {
  const names = [...new Set(hosts)].map((host) =>
    isIPv4(host) || isIPv6(host) ? implicit(7, addressBytes(host)) : implicit(2, Buffer.from(host)),
  );
  return extension('2.5.29.17', false, sequence(...names));
}

function addressBytes(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number));
  const [head = '', tail] = address.split('::');
  const before = addressGroups(head);
  const after = tail === undefined ? [] : addressGroups(tail);
  const all = [...before, ...Array.from({ length: 8 - before.length - after.length }, () => '0'), ...after];
  return Buffer.from(all.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]));
}

function addressGroups(text: string): string[] {
  return text === '' ? [] : text.split(':');
}
