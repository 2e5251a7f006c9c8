import { SluiceError } from '@sluice/core';
import { readCbor, writeBytes, writeList, writeText, type CborValue } from './cbor.js';
import { openSigned, type SignedContent } from './envelope.js';

export const coseType = 'application/cose';

/** Labels of COSE that have no names. */
const labels = { algorithm: '1', critical: '2', contentType: '3', chain: '33' } as const;

/** COSE's numbers of algorithms, by the names that JWS has for them. */
const algorithms: ReadonlyMap<CborValue, string> = new Map([
  [-37, 'PS256'],
  [-38, 'PS384'],
  [-39, 'PS512'],
  [-7, 'ES256'],
  [-35, 'ES384'],
  [-36, 'ES512'],
]);

/** Opens an envelope in COSE (one signer), and checks it as {@link openSigned} does. */
export function openCose(content: Buffer): SignedContent {
  const message = readCbor(content);
  const [protectedBytes, open, payload, signature] =
    Array.isArray(message) && message.length === 4 ? (message as readonly CborValue[]) : [];
  if (!Buffer.isBuffer(protectedBytes) || !Buffer.isBuffer(payload) || !Buffer.isBuffer(signature) || !(open instanceof Map)) {
    throw refuse('the signature envelope is no message of COSE with one signer');
  }
  const unprotected = open as ReadonlyMap<string, CborValue>;
  const attributes = readCbor(protectedBytes);
  if (!(attributes instanceof Map)) throw refuse('the protected header is no map');
  const signed = attributes as ReadonlyMap<string, CborValue>;
  const chain = unprotected.get(labels.chain);
  return openSigned({
    chain: (Array.isArray(chain) ? (chain as readonly CborValue[]) : [chain]).filter((each): each is Buffer => Buffer.isBuffer(each)),
    attributes: {
      ...named(signed),
      alg: algorithms.get(signed.get(labels.algorithm) ?? null),
      cty: signed.get(labels.contentType),
      crit: signed.get(labels.critical),
    },
    // What is signed is a list of its own: RFC 9052, section 4.4.
    signed: writeList([writeText('Signature1'), writeBytes(protectedBytes), writeBytes(Buffer.alloc(0)), writeBytes(payload)]),
    signature,
    payload,
    unprotected: [...unprotected.keys()],
  });
}

/** Notary's own attributes, in the form they have in JWS: times are texts there. */
function named(attributes: ReadonlyMap<string, CborValue>): Record<string, unknown> {
  return Object.fromEntries(
    [...attributes].map(([name, value]) => {
      const isTime = typeof value === 'number' && /^io\.cncf\.notary\.(?:expiry|signingTime|authenticSigningTime)$/.test(name);
      return [name, isTime ? new Date(value * 1000).toISOString() : value];
    }),
  );
}

function refuse(why: string): SluiceError {
  return new SluiceError('SignatureInvalid', why);
}
