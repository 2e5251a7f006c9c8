import { createHash, createPublicKey, sign, type KeyObject } from 'node:crypto';
import { parseIpAddress } from '../ip-address.js';
import { bits, boolean, context, implicit, integer, octets, oid, sequence, set, time, utf8, type Der } from './der.js';
import { pem } from './pem.js';

export interface CertificateRequest {
  readonly serial: Buffer;
  /** A distinguished name, as are those of issuers. */
  readonly subject: Der;
  /** The key that the certificate is for; only its public half goes into it. */
  readonly key: KeyObject;
  readonly issuer: { readonly name: Der; readonly key: KeyObject };
  readonly from: Date;
  readonly until: Date;
  readonly extensions: readonly Der[];
}

/** Signs a certificate: version 3, in PEM. */
export function issueCertificate({ serial, subject, key, issuer, from, until, extensions }: CertificateRequest): string {
  const { algorithm, digest } = signatureOf(issuer.key);
  const body = sequence(
    context(0, integer(2)),
    integer(serial),
    algorithm,
    issuer.name,
    sequence(time(from), time(until)),
    subject,
    publicKeyInfo(key),
    context(3, sequence(...extensions)),
  );
  return pem('CERTIFICATE', sequence(body, algorithm, bits(sign(digest, body, issuer.key))));
}

/** How a key signs: with the digest that is as strong as it. */
function signatureOf(key: KeyObject): { algorithm: Der; digest: string | null } {
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return { algorithm: sequence(oid('1.2.840.113549.1.1.11'), Buffer.from([5, 0])), digest: 'sha256' };
    case 'ed25519':
      return { algorithm: sequence(oid('1.3.101.112')), digest: null };
    case 'ec': {
      const curve = key.asymmetricKeyDetails?.namedCurve;
      if (curve === 'secp521r1') return { algorithm: sequence(oid('1.2.840.10045.4.3.4')), digest: 'sha512' };
      if (curve === 'secp384r1') return { algorithm: sequence(oid('1.2.840.10045.4.3.3')), digest: 'sha384' };
      return { algorithm: sequence(oid('1.2.840.10045.4.3.2')), digest: 'sha256' };
    }
    default:
      throw new Error(`x509: cannot sign with a key of type ${key.asymmetricKeyType ?? 'unknown'}`);
  }
}

/** The public half of a key, as certificates have it. */
export function publicKeyInfo(key: KeyObject): Der {
  const publicKey = key.type === 'public' ? key : createPublicKey(key);
  return publicKey.export({ type: 'spki', format: 'der' });
}

export function distinguishedName({ name, organizations = [] }: { name: string; organizations?: readonly string[] }): Der {
  const common = name === '' ? [] : [attribute('2.5.4.3', name)];
  return sequence(...organizations.map((organization) => attribute('2.5.4.10', organization)), ...common);
}

function attribute(type: string, value: string): Der {
  return set(sequence(oid(type), utf8(value)));
}

function extension(id: string, isCritical: boolean, value: Der): Der {
  return sequence(oid(id), ...(isCritical ? [boolean(true)] : []), octets(value));
}

export function basicConstraints(isAuthority: boolean): Der {
  return extension('2.5.29.19', true, sequence(...(isAuthority ? [boolean(true)] : [])));
}

const USAGES = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
] as const;

export function keyUsage(...usages: readonly (typeof USAGES)[number][]): Der {
  const places = usages.map((usage) => USAGES.indexOf(usage));
  const byte = places.reduce((sum, place) => sum | (0x80 >> place), 0);
  return extension('2.5.29.15', true, bits(Buffer.from([byte]), 7 - Math.max(...places)));
}

const PURPOSES = { serverAuth: '1.3.6.1.5.5.7.3.1', clientAuth: '1.3.6.1.5.5.7.3.2' };

export function extendedKeyUsage(...purposes: readonly (keyof typeof PURPOSES)[]): Der {
  return extension('2.5.29.37', false, sequence(...purposes.map((purpose) => oid(PURPOSES[purpose]))));
}

/** What a public key is called by. SHA-1 as RFC 5280 has it: an identifier, nothing rests on it. */
export function keyId(publicKey: Der): Buffer {
  return createHash('sha1').update(publicKey).digest();
}

export function subjectKeyIdentifier(id: Buffer): Der {
  return extension(SUBJECT_KEY_IDENTIFIER, false, octets(id));
}

export const SUBJECT_KEY_IDENTIFIER = '2.5.29.14';

export function authorityKeyIdentifier(id: Buffer): Der {
  return extension('2.5.29.35', false, sequence(implicit(0, id)));
}

export function alternativeNames(names: readonly string[], addresses: readonly string[]): Der {
  return extension(
    '2.5.29.17',
    false,
    sequence(
      ...names.map((name) => implicit(2, Buffer.from(name))),
      ...addresses.map((address) => implicit(7, parseIpAddress(address) ?? Buffer.alloc(0))),
    ),
  );
}
