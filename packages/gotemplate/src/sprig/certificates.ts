import { X509Certificate, type KeyObject } from 'node:crypto';
import { parseIpAddress, x509 } from '@sluice/core';
import { goFunction } from '../exec/function.js';
import { textOfValue } from '../fmt/printf.js';
import { bytesToString } from '../parse/literals.js';
import { GoStruct, isNilCollection, type GoSlice, type GoValue } from '../values/values.js';
import { decodeBase64 } from './encoding.js';
import type { SprigHost } from './host.js';
import { keyPem, newKey, newRsaKey, parseKey } from './keys.js';

const DAY_MS = 24 * 3600 * 1000;

/** What a certificate is made for. */
interface Subject {
  readonly name: string;
  readonly addresses?: GoSlice;
  readonly hosts?: GoSlice;
  readonly days: number;
  readonly key: KeyObject;
  readonly isAuthority?: boolean;
}

/** Who signs it: itself, when nobody does. */
interface Signer {
  readonly name: x509.Der;
  readonly key: KeyObject;
  readonly keyId: Buffer | undefined;
}

function certificate(cert: string, key: string): GoStruct {
  return new GoStruct('sprig.certificate', { fields: { Cert: cert, Key: key } });
}

function field(value: GoStruct, name: string): string {
  const text = value.fields.get(name);
  return typeof text === 'string' ? text : '';
}

function addressesOf(list: GoSlice | undefined): string[] {
  return textsOf(list, (shown) => `error parsing ip: ${shown} is not a string`).map((address) => {
    if (parseIpAddress(address) === undefined) throw new Error(`error parsing ip: ${address}`);
    return address;
  });
}

function textsOf(list: GoSlice | undefined, complaint: (shown: string) => string): string[] {
  if (list === undefined || isNilCollection(list)) return [];
  return list.map((item: GoValue) => {
    if (typeof item !== 'string') throw new Error(complaint(textOfValue(item)));
    return item;
  });
}

function parseCertificate(text: string): { parsed: X509Certificate; subject: x509.Der; keyId: Buffer | undefined } {
  const block = x509.readPem(text);
  if (block === undefined) throw new Error('unable to decode certificate');
  try {
    const parsed = new X509Certificate(block.bytes);
    return { parsed, ...signerParts(parsed.raw) };
  } catch (error) {
    throw new Error('error parsing certificate: decodedCert.Bytes: x509: malformed certificate', { cause: error });
  }
}

/** The name and the key identifier of a certificate, as those that it signs repeat them. */
function signerParts(raw: Buffer): { subject: x509.Der; keyId: Buffer | undefined } {
  const [whole] = x509.readAll(raw);
  const [body] = x509.readAll(whole?.content ?? Buffer.alloc(0));
  const fields = x509.readAll(body?.content ?? Buffer.alloc(0));
  // The version, in front of everything else, may be missing.
  const subject = fields[fields[0]?.tag === VERSION ? 5 : 4];
  if (subject === undefined) throw new RangeError('no subject');
  return { subject: subject.bytes, keyId: keyIdOf(fields.find(({ tag }) => tag === EXTENSIONS)) };
}

const VERSION = 0xa0;
const EXTENSIONS = 0xa3;

function keyIdOf(extensions: x509.DerValue | undefined): Buffer | undefined {
  const [list] = x509.readAll(extensions?.content ?? Buffer.alloc(0));
  const wanted = x509.oid(x509.SUBJECT_KEY_IDENTIFIER);
  for (const { content } of x509.readAll(list?.content ?? Buffer.alloc(0))) {
    const parts = x509.readAll(content);
    const value = parts.at(-1);
    if (parts[0]?.bytes.equals(wanted) === true && value !== undefined) return x509.readAll(value.content)[0]?.content;
  }
  return undefined;
}

function signerOf(authority: GoStruct): Signer {
  const { subject, keyId } = parseCertificate(field(authority, 'Cert'));
  return { name: subject, key: orError('error parsing private key', () => parseKey(field(authority, 'Key'))), keyId };
}

function orError<T>(what: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw new Error(`${what}: ${(error as Error).message}`, { cause: error });
  }
}

function decoded(text: string, what: string): string {
  try {
    return bytesToString(decodeBase64(text));
  } catch (error) {
    throw new Error(`unable to decode base64 ${what}`, { cause: error });
  }
}

function buildCustom(certificateBase64: string, keyBase64: string): GoStruct {
  const cert = decoded(certificateBase64, 'certificate');
  const key = decoded(keyBase64, 'private key');
  parseCertificate(cert);
  orError('error parsing private key', () => parseKey(key));
  return certificate(cert, key);
}

function givenKey(text: string): KeyObject {
  return orError('parsing private key', () => parseKey(text));
}

export function certificateFunctions({ now, randomBytes }: SprigHost) {
  const issue = (subject: Subject, signer?: Signer): GoStruct => {
    const { name, days, key, isAuthority = false } = subject;
    const addresses = addressesOf(subject.addresses);
    const hosts = textsOf(subject.hosts, (shown) => `error processing alternate dns name: ${shown} is not a string`);
    const ownName = x509.distinguishedName({ name });
    const serial = randomBytes(16);
    // Positive, and not empty.
    serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x01;
    const from = now();
    const cert = x509.issueCertificate({
      serial,
      subject: ownName,
      key,
      issuer: signer ?? { name: ownName, key },
      from,
      until: new Date(from.getTime() + days * DAY_MS),
      extensions: [
        x509.keyUsage('digitalSignature', 'keyEncipherment', ...(isAuthority ? (['keyCertSign'] as const) : [])),
        x509.extendedKeyUsage('serverAuth', 'clientAuth'),
        x509.basicConstraints(isAuthority),
        ...(isAuthority ? [x509.subjectKeyIdentifier(x509.keyId(x509.publicKeyInfo(key)))] : []),
        ...(signer?.keyId === undefined ? [] : [x509.authorityKeyIdentifier(signer.keyId)]),
        ...(hosts.length + addresses.length > 0 ? [x509.alternativeNames(hosts, addresses)] : []),
      ],
    });
    return certificate(cert, keyPem(key));
  };

  return {
    genPrivateKey: goFunction(['string'], 'string', (type) => {
      const key = newKey(type);
      return key === undefined ? `Unknown type ${type}` : keyPem(key);
    }),
    buildCustomCert: goFunction(['string', 'string'], 'struct', buildCustom),
    genCA: goFunction(['string', 'int'], 'struct', (name, days) => issue({ name, days, key: newRsaKey(2048), isAuthority: true })),
    genCAWithKey: goFunction(['string', 'int', 'string'], 'struct', (name, days, key) =>
      issue({ name, days, key: givenKey(key), isAuthority: true }),
    ),
    genSelfSignedCert: goFunction(['string', '[]any', '[]any', 'int'], 'struct', (name, addresses, hosts, days) =>
      issue({ name, addresses, hosts, days, key: newRsaKey(2048) }),
    ),
    genSelfSignedCertWithKey: goFunction(['string', '[]any', '[]any', 'int', 'string'], 'struct', (name, addresses, hosts, days, key) =>
      issue({ name, addresses, hosts, days, key: givenKey(key) }),
    ),
    genSignedCert: goFunction(
      ['string', '[]any', '[]any', 'int', 'sprig.certificate'],
      'struct',
      (name, addresses, hosts, days, authority) => issue({ name, addresses, hosts, days, key: newRsaKey(2048) }, signerOf(authority)),
    ),
    genSignedCertWithKey: goFunction(
      ['string', '[]any', '[]any', 'int', 'sprig.certificate', 'string'],
      'struct',
      (name, addresses, hosts, days, authority, key) => issue({ name, addresses, hosts, days, key: givenKey(key) }, signerOf(authority)),
    ),
  };
}
