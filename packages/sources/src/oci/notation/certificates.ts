import { X509Certificate, type KeyObject } from 'node:crypto';
import { SluiceError, errorMessage, x509 } from '@sluice/core';

const extensions = { keyUsage: '2.5.29.15', revocationLists: '2.5.29.31', basicConstraints: '2.5.29.19' } as const;

/** Purposes that a certificate for signing code must not have: servers, clients, mail, timestamps, OCSP. */
const otherPurposes = new Set(['1', '2', '4', '8', '9'].map((last) => `1.3.6.1.5.5.7.3.${last}`));

const usageBits = { digitalSignature: 0x80, keyCertSign: 0x04 } as const;
/** All bits but the first two: a signing certificate is for nothing else. */
const otherUsages = 0x3f;

/** Certificates of a file in PEM (any number), or in DER (one). */
export function readCertificates(content: Uint8Array): X509Certificate[] {
  const text = Buffer.from(content).toString('latin1');
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g);
  try {
    return (blocks ?? [content]).map((each) => new X509Certificate(typeof each === 'string' ? each : Buffer.from(each)));
  } catch (error) {
    throw new SluiceError('SourceSettingsInvalid', `failed to parse certificate: ${errorMessage(error)}`, { cause: error });
  }
}

/** The certificates of an envelope: from the signer's up to a root that signed itself. Throws `SignatureInvalid`. */
export function checkChain(chain: readonly X509Certificate[]): void {
  const [leaf, ...authorities] = chain;
  if (leaf === undefined) throw refuse('certificate-chain not present or is empty');
  for (const [index, certificate] of chain.entries()) {
    const issuer = chain[index + 1] ?? certificate;
    // Not asked of one that signed itself: it need not be an authority.
    const isNamed = issuer === certificate ? certificate.subject === certificate.issuer : certificate.checkIssued(issuer);
    if (!isNamed || !certificate.verify(issuer.publicKey)) {
      throw refuse(
        issuer === certificate
          ? `certificate-chain is invalid, root certificate with subject ${shown(certificate)} is not self-signed. Certificate chain must end with a valid self-signed root certificate`
          : `certificate-chain is invalid, certificate with subject ${shown(certificate)} is not issued by ${shown(issuer)}`,
      );
    }
  }
  checkLeaf(leaf);
  authorities.forEach(checkAuthority);
}

function checkLeaf(leaf: X509Certificate): void {
  const wrong = (why: string): SluiceError => refuse(`certificate-chain is invalid, certificate with subject ${shown(leaf)}: ${why}`);
  if (constraints(leaf).isAuthority) throw wrong('if the basic constraints extension is present, the ca field must be set to false');
  const usage = keyUsage(leaf);
  if (usage === undefined) throw wrong('key usage extension must be present');
  if ((usage & usageBits.digitalSignature) === 0) throw wrong('The key usage must have the bit positions for "Digital Signature" set');
  if ((usage & otherUsages) !== 0) throw wrong('The key usage must be "Digital Signature" only');
  const purpose = (leaf.keyUsage ?? []).find((each) => otherPurposes.has(each));
  if (purpose !== undefined) throw wrong(`extended key usage must not contain ${purpose}`);
}

/** `below`: how many authorities stand between it and the signer. */
function checkAuthority(certificate: X509Certificate, below: number): void {
  const wrong = (why: string): SluiceError =>
    refuse(`certificate-chain is invalid, certificate with subject ${shown(certificate)}: ${why}`);
  const { isAuthority, pathLength } = constraints(certificate);
  if (!isAuthority) throw wrong('ca field in basic constraints must be present, critical, and set to true');
  const usage = keyUsage(certificate);
  if (usage === undefined || (usage & usageBits.keyCertSign) === 0) {
    throw wrong('key usage must have the bit positions for key cert sign set');
  }
  if (pathLength !== undefined && pathLength < below) {
    throw wrong(`expected path length of ${below} but certificate has path length ${pathLength} instead`);
  }
}

/** Whether there is somebody to ask if it was revoked. */
export function isRevocable(certificate: X509Certificate): boolean {
  return extension(certificate, extensions.revocationLists) !== undefined || /OCSP/i.test(certificate.infoAccess ?? '');
}

export function isValidAt(certificate: X509Certificate, time: number): boolean {
  return Date.parse(certificate.validFrom) <= time && time <= Date.parse(certificate.validTo);
}

/** The algorithm that goes with a signer's key: its strength decides. */
export function algorithmOf(key: KeyObject): string {
  const { modulusLength, namedCurve } = key.asymmetricKeyDetails ?? {};
  const algorithms: Readonly<Record<string, string>> = {
    'rsa 2048': 'PS256',
    'rsa 3072': 'PS384',
    'rsa 4096': 'PS512',
    'ec prime256v1': 'ES256',
    'ec secp384r1': 'ES384',
    'ec secp521r1': 'ES512',
  };
  const name = `${key.asymmetricKeyType} ${key.asymmetricKeyType === 'rsa' ? modulusLength : namedCurve}`;
  const algorithm = Object.hasOwn(algorithms, name) ? algorithms[name] : undefined;
  if (algorithm === undefined) throw refuse(`certificate-chain is invalid, the signer's key (${name}) is of an unsupported kind or size`);
  return algorithm;
}

export function shown({ subject }: X509Certificate): string {
  return JSON.stringify((subject ?? '').split('\n').reverse().join(','));
}

function keyUsage(certificate: X509Certificate): number | undefined {
  const [bits] = extension(certificate, extensions.keyUsage) ?? [];
  // The first byte counts the unused bits.
  return bits?.content[1];
}

/** What the certificate itself says; the `ca` of Node.js also looks at the usages of the key. */
function constraints(certificate: X509Certificate): { readonly isAuthority: boolean; readonly pathLength: number | undefined } {
  const [sequence] = extension(certificate, extensions.basicConstraints) ?? [];
  const values = x509.readAll(sequence?.content ?? Buffer.alloc(0));
  const length = values.find(({ tag }) => tag === 0x02)?.content;
  return {
    isAuthority: values.some(({ tag, content }) => tag === 0x01 && content[0] !== 0),
    pathLength: length === undefined ? undefined : length.readUIntBE(0, Math.min(length.length, 6)),
  };
}

/** The values in an extension of a certificate. */
function extension(certificate: X509Certificate, id: string): x509.DerValue[] | undefined {
  const [whole] = x509.readAll(certificate.raw);
  const [body] = x509.readAll(whole?.content ?? Buffer.alloc(0));
  const list = x509.readAll(body?.content ?? Buffer.alloc(0)).find(({ tag }) => tag === 0xa3);
  const [entries] = x509.readAll(list?.content ?? Buffer.alloc(0));
  const wanted = x509.oid(id);
  for (const { content } of x509.readAll(entries?.content ?? Buffer.alloc(0))) {
    const parts = x509.readAll(content);
    if (parts[0]?.bytes.equals(wanted) === true) return x509.readAll(parts.at(-1)?.content ?? Buffer.alloc(0));
  }
  return undefined;
}

function refuse(why: string): SluiceError {
  return new SluiceError('SignatureInvalid', why);
}
