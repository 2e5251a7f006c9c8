import { createDecipheriv, createPrivateKey, createPublicKey, diffieHellman, hkdfSync, type KeyObject } from 'node:crypto';

/** The curve that age agrees on keys with, and its ciphers, by Node's own code: the library's is ten times slower. */
const PKCS8 = Buffer.from('302e020100300506032b656e04220420', 'hex');

export function x25519Private(scalar: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PKCS8, scalar]), format: 'der', type: 'pkcs8' });
}

export function x25519PublicBytes(secret: KeyObject): Buffer {
  return Buffer.from(createPublicKey(secret).export({ format: 'jwk' }).x ?? '', 'base64url');
}

export function x25519(privateKey: KeyObject, point: Uint8Array): Buffer {
  // As JWK: DER takes OpenSSL several times as long to read.
  const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x: Buffer.from(point).toString('base64url') }, format: 'jwk' });
  return diffieHellman({ privateKey, publicKey });
}

export function derive(secret: Uint8Array, salt: Uint8Array, info: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, salt, info, 32));
}

export const NONCE: Buffer = Buffer.alloc(12);
export const TAG_BYTES = 16;

/** Opens a file key that was sealed with a key made for it alone; undefined where it was another key. */
export function openSealed(key: Uint8Array, body: Uint8Array): Uint8Array | undefined {
  if (body.length < TAG_BYTES) return undefined;
  const decipher = createDecipheriv('chacha20-poly1305', key, NONCE, { authTagLength: TAG_BYTES });
  decipher.setAuthTag(body.subarray(body.length - TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(body.subarray(0, body.length - TAG_BYTES)), decipher.final()]);
  } catch {
    return undefined;
  }
}
