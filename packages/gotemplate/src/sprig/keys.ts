import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { x509 } from '@sluice/core';

export function newKey(type: string): KeyObject | undefined {
  switch (type) {
    case '':
    case 'rsa':
      return newRsaKey(4096);
    case 'dsa':
      return generateKeyPairSync('dsa', { modulusLength: 2048, divisorLength: 256 }).privateKey;
    case 'ecdsa':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    case 'ed25519':
      return generateKeyPairSync('ed25519').privateKey;
    default:
      return undefined;
  }
}

export function newRsaKey(bits: number): KeyObject {
  return generateKeyPairSync('rsa', { modulusLength: bits }).privateKey;
}

/** A private key in PEM, in the format that is older than PKCS#8 where its type has one. */
export function keyPem(key: KeyObject): string {
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return key.export({ type: 'pkcs1', format: 'pem' }) as string;
    case 'ec':
      return key.export({ type: 'sec1', format: 'pem' }) as string;
    case 'dsa':
      return x509.pem('DSA PRIVATE KEY', dsaKey(key));
    default:
      return key.export({ type: 'pkcs8', format: 'pem' }) as string;
  }
}

/** Version, p, q, g, y, x: OpenSSL's own format, put together from the parts of the standard ones. */
function dsaKey(key: KeyObject): Buffer {
  const [, algorithm, secret] = inside(key.export({ type: 'pkcs8', format: 'der' }));
  const [, publicBits] = inside(x509.publicKeyInfo(key));
  const [, parameters] = x509.readAll(algorithm?.content ?? Buffer.alloc(0));
  // The bits of a bit string begin with how many of the last byte do not count.
  const shared = publicBits?.content.subarray(1) ?? Buffer.alloc(0);
  return x509.sequence(x509.integer(0), parameters?.content ?? Buffer.alloc(0), shared, secret?.content ?? Buffer.alloc(0));
}

function inside(bytes: Buffer): x509.DerValue[] {
  return x509.readAll(x509.readAll(bytes)[0]?.content ?? Buffer.alloc(0));
}

/** The private key of a PEM text. Throws with sprig's text. */
export function parseKey(text: string): KeyObject {
  const block = x509.readPem(text);
  if (block === undefined) throw new Error('no PEM data in input');
  const { type, bytes } = block;
  if (type !== 'PRIVATE KEY' && !type.endsWith(' PRIVATE KEY')) throw new Error(`no private key data in PEM block of type ${type}`);
  const family = type.slice(0, -' PRIVATE KEY'.length);
  try {
    if (type === 'PRIVATE KEY') return createPrivateKey({ key: bytes, format: 'der', type: 'pkcs8' });
    if (family === 'RSA') return createPrivateKey({ key: bytes, format: 'der', type: 'pkcs1' });
    if (family === 'EC') return createPrivateKey({ key: bytes, format: 'der', type: 'sec1' });
    if (family === 'DSA') return createPrivateKey(text);
  } catch (error) {
    const what = type === 'PRIVATE KEY' ? 'decoding PEM as PKCS#8' : `parsing ${family} private key from PEM`;
    throw new Error(`${what}: ${(error as Error).message}`, { cause: error });
  }
  throw new Error(`invalid private key type ${family}`);
}
