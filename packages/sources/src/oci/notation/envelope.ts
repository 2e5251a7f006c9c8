import { X509Certificate, constants, verify } from 'node:crypto';
import { SluiceError, errorMessage, isJsonObject } from '@sluice/core';
import { algorithmOf, checkChain } from './certificates.js';

export const jwsType = 'application/jose+json';

/** What an envelope says, once its signature is good. */
export interface SignedContent {
  readonly target: { readonly mediaType: unknown; readonly digest: unknown; readonly size: unknown };
  readonly scheme: 'notary.x509' | 'notary.x509.signingAuthority';
  /** In milliseconds. Of the signing authority's scheme it can be relied on. */
  readonly signingTime: number;
  readonly expiry: number | undefined;
  /** From the signer's certificate up to its root. */
  readonly chain: readonly X509Certificate[];
  readonly hasTimestamp: boolean;
}

const header = (name: string): string => `io.cncf.notary.${name}`;
const payloadType = 'application/vnd.cncf.notary.payload.v1+json';

/** An envelope, taken apart. */
export interface Envelope {
  /** Certificates in DER, that of the signer first. */
  readonly chain: readonly Buffer[];
  /** The attributes that are signed, by their names in JWS. */
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly signed: Buffer;
  readonly signature: Buffer;
  readonly payload: Buffer;
  /** The names of attributes that are not signed. */
  readonly unprotected: readonly string[];
}

/** Opens an envelope in JWS, and checks it as {@link openSigned} does. */
export function openJws(content: Buffer): SignedContent {
  const envelope = parse(content.toString('utf8'), 'the signature envelope');
  const { payload, protected: encoded, signature, header: open } = envelope;
  if (typeof payload !== 'string' || typeof encoded !== 'string' || typeof signature !== 'string') {
    throw refuse('signature not present or is empty');
  }
  const unprotected = isJsonObject(open) ? open : {};
  return openSigned({
    chain: Array.isArray(unprotected.x5c) ? unprotected.x5c.map((each) => Buffer.from(String(each), 'base64')) : [],
    attributes: parse(decode(encoded).toString('utf8'), 'the protected header'),
    signed: Buffer.from(`${encoded}.${payload}`),
    signature: decode(signature),
    payload: decode(payload),
    unprotected: Object.keys(unprotected),
  });
}

/** Checks the signature of an envelope, its certificates, and what must be in it. Throws `SignatureInvalid`. */
export function openSigned({ chain: der, attributes, signed, signature, payload, unprotected }: Envelope): SignedContent {
  if (signature.length === 0) throw refuse('signature not present or is empty');
  const chain = readChain(der);
  checkSignature(chain, attributes.alg, signed, signature);
  const times = readTimes(attributes);
  if (attributes.cty !== payloadType) throw refuse(`the payload is of the type ${JSON.stringify(attributes.cty)}`);
  const { targetArtifact } = parse(payload.toString('utf8'), 'the payload');
  const { mediaType, digest, size } = isJsonObject(targetArtifact) ? targetArtifact : {};
  return { target: { mediaType, digest, size }, ...times, chain, hasTimestamp: unprotected.includes(header('timestampSignature')) };
}

function readChain(der: readonly Buffer[]): X509Certificate[] {
  let chain: X509Certificate[];
  try {
    chain = der.slice(0, 20).map((each) => new X509Certificate(each));
  } catch (error) {
    throw refuse(`malformed certificate: ${errorMessage(error)}`);
  }
  checkChain(chain);
  return chain;
}

function checkSignature([leaf]: readonly X509Certificate[], algorithm: unknown, signed: Buffer, signature: Buffer): void {
  if (leaf === undefined) throw refuse('certificate chain is not present');
  const key = leaf.publicKey;
  const expected = algorithmOf(key);
  if (algorithm !== expected) {
    throw refuse(
      `mismatch between signature algorithm derived from signing certificate (${expected}) and signing algorithm specified (${String(algorithm)})`,
    );
  }
  const hash = `sha${expected.slice(2)}`;
  const options = expected.startsWith('PS')
    ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO }
    : { key, dsaEncoding: 'ieee-p1363' as const };
  let isGood = false;
  try {
    isGood = verify(hash, signed, options, signature);
  } catch {
    // A signature that is none.
  }
  if (!isGood) throw refuse('signature is invalid');
}

/** The attributes that are signed; what is marked as critical must be understood. */
function readTimes(attributes: Readonly<Record<string, unknown>>): Pick<SignedContent, 'scheme' | 'signingTime' | 'expiry'> {
  const scheme = attributes[header('signingScheme')];
  if (scheme !== 'notary.x509' && scheme !== 'notary.x509.signingAuthority')
    throw refuse(`unsupported SigningScheme: ${JSON.stringify(scheme)}`);
  const isAuthority = scheme === 'notary.x509.signingAuthority';
  const [wanted, other] = isAuthority ? ['authenticSigningTime', 'signingTime'] : ['signingTime', 'authenticSigningTime'];
  if (attributes[header(other ?? '')] !== undefined) {
    throw refuse(`"${header(other ?? '')}" header must not be present for ${scheme} signing scheme`);
  }
  const signingTime = time(attributes[header(wanted ?? '')]);
  if (signingTime === undefined) throw refuse('signing-time not present');
  const expiry = time(attributes[header('expiry')]);
  if (expiry !== undefined && expiry <= signingTime) throw refuse('expiry cannot be equal or before the signing time');
  const needed = [
    header('signingScheme'),
    ...(expiry === undefined ? [] : [header('expiry')]),
    ...(isAuthority ? [header('authenticSigningTime')] : []),
  ];
  const critical = Array.isArray(attributes.crit) ? attributes.crit.map(String) : [];
  const unmarked = needed.filter((name) => !critical.includes(name));
  if (unmarked.length > 0) throw refuse(`these required headers are not marked as critical: [${unmarked.join(' ')}]`);
  const unknown = critical.find((name) => !needed.includes(name));
  if (unknown !== undefined)
    throw refuse(`the header ${JSON.stringify(unknown)} is marked critical and not known here: it takes a plug-in`);
  return { scheme, signingTime, expiry };
}

function time(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined;
  const parsed = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(parsed)) throw refuse(`${JSON.stringify(value)} is no time`);
  return parsed;
}

function decode(text: string): Buffer {
  return Buffer.from(text, 'base64url');
}

function parse(text: string, what: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (isJsonObject(value)) return value;
  } catch {
    // said below
  }
  throw refuse(`${what} is not a JSON object`);
}

function refuse(why: string): SluiceError {
  return new SluiceError('SignatureInvalid', why);
}
