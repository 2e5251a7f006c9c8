import { createPrivateKey, generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto';
import { isIP } from 'node:net';
import { x509 } from '@sluice/core';

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
  return issue({
    key,
    subject: { name },
    issuer: { name, key },
    now,
    extensions: [x509.basicConstraints(true), x509.keyUsage('keyCertSign', 'cRLSign')],
  });
}

/** A certificate for the server under its names and addresses. */
export function createServerCertificate(authority: KeyPair, hosts: readonly string[], now: number): KeyPair {
  return issue({
    key: newKey(),
    subject: { name: 'kube-apiserver' },
    issuer: issuerOf(authority),
    now,
    extensions: [...leafUsage, x509.extendedKeyUsage('serverAuth'), alternativeNames(hosts)],
  });
}

/** A certificate that says who its holder is: the common name is the user, the organizations are the groups. */
export function createClientCertificate(authority: KeyPair, user: string, groups: readonly string[], now: number): KeyPair {
  return issue({
    key: newKey(),
    subject: { name: user, organizations: groups },
    issuer: issuerOf(authority),
    now,
    extensions: [...leafUsage, x509.extendedKeyUsage('clientAuth')],
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
  readonly extensions: readonly x509.Der[];
}

/** The issuer's name is fixed: what is read back from disk need not be parsed for it. */
export const AUTHORITY_NAME = 'sluice-embedded-cluster';

function issuerOf({ key }: KeyPair): { name: string; key: KeyObject } {
  return { name: AUTHORITY_NAME, key: createPrivateKey(key) };
}

const leafUsage = [x509.basicConstraints(false), x509.keyUsage('digitalSignature', 'keyEncipherment')];

function issue({ key, subject, issuer, now, extensions }: Issue): KeyPair {
  const serial = randomBytes(16);
  serial[0] = (serial[0]! & 0x7f) | 0x01;
  const certificate = x509.issueCertificate({
    serial,
    subject: x509.distinguishedName(subject),
    key,
    issuer: { name: x509.distinguishedName({ name: issuer.name }), key: issuer.key },
    from: new Date(now - DAY_MS),
    until: new Date(now + VALID_DAYS * DAY_MS),
    extensions: [
      ...extensions,
      x509.subjectKeyIdentifier(x509.keyId(x509.publicKeyInfo(key))),
      x509.authorityKeyIdentifier(x509.keyId(x509.publicKeyInfo(issuer.key))),
    ],
  });
  return { certificate, key: keyPem(key) };
}

function alternativeNames(hosts: readonly string[]): x509.Der {
  const unique = [...new Set(hosts)];
  return x509.alternativeNames(
    unique.filter((host) => isIP(host) === 0),
    unique.filter((host) => isIP(host) !== 0),
  );
}
