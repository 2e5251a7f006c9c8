import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { OPENSSH_KEY_MAGIC, SshReader, sshNumber, sshString } from '@sluice/core';
import { sopsError } from '../error.js';

/** A private SSH key that age can use. */
export interface SshPrivateKey {
  readonly type: 'ssh-ed25519' | 'ssh-rsa';
  readonly key: KeyObject;
  /** The public key as it is in `authorized_keys`, decoded. */
  readonly publicBlob: Buffer;
  /** Of an Ed25519 key. */
  readonly seed?: Buffer;
}

/** Reads SSH's wire format. */
export const sshReader = (bytes: Buffer): SshReader => new SshReader(bytes, () => new Error('the key is cut off'));

/** Reads a private key in OpenSSH's format or in PEM. `origin` says in messages where it comes from. */
export function parseSshPrivateKey(text: string, origin: string): SshPrivateKey {
  const pem = text.trim();
  try {
    if (!pem.startsWith('-----BEGIN OPENSSH PRIVATE KEY-----')) return sshKeyOf(createPrivateKey(pem));
    return readOpenSsh(Buffer.from(pem.split('\n').slice(1, -1).join(''), 'base64'));
  } catch (error) {
    const why =
      error instanceof EncryptedKey || /passphrase/i.test(String(error))
        ? 'it is protected by a pass phrase'
        : 'it does not parse, or is no ed25519 or rsa key';
    throw sopsError('SopsKeyInvalid', `${origin}: the private SSH key can't be used: ${why}`, error);
  }
}

class EncryptedKey extends Error {}

function readOpenSsh(bytes: Buffer): SshPrivateKey {
  const magic = OPENSSH_KEY_MAGIC;
  if (!bytes.subarray(0, magic.length).equals(magic)) throw new Error('not an OpenSSH key');
  const reader = sshReader(bytes.subarray(magic.length));
  if (reader.string().toString() !== 'none') throw new EncryptedKey('protected by a pass phrase');
  reader.string();
  reader.string();
  reader.integer();
  reader.string();
  const key = sshReader(reader.string());
  if (key.integer() !== key.integer()) throw new Error('check numbers differ');
  const type = key.string().toString();
  if (type === 'ssh-ed25519') {
    key.string();
    return ed25519Key(key.string().subarray(0, 32));
  }
  if (type !== 'ssh-rsa') throw new Error('unsupported type');
  const [n, e, d, qi, p, q] = [key.string(), key.string(), key.string(), key.string(), key.string(), key.string()];
  return sshKeyOf(rsaKey({ n, e, d, qi, p, q }));
}

const ED25519_PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');

function ed25519Key(seed: Buffer): SshPrivateKey {
  return sshKeyOf(createPrivateKey({ key: Buffer.concat([ED25519_PKCS8, seed]), format: 'der', type: 'pkcs8' }));
}

function rsaKey(parts: Record<'n' | 'e' | 'd' | 'qi' | 'p' | 'q', Buffer>): KeyObject {
  const [d, p, q] = [number(parts.d), number(parts.p), number(parts.q)];
  const encoded = Object.fromEntries(Object.entries(parts).map(([name, bytes]) => [name, unsigned(bytes).toString('base64url')]));
  const jwk = { kty: 'RSA', ...encoded, dp: base64url(d % (p - 1n)), dq: base64url(d % (q - 1n)) };
  return createPrivateKey({ key: jwk, format: 'jwk' });
}

function sshKeyOf(key: KeyObject): SshPrivateKey {
  const jwk = createPublicKey(key).export({ format: 'jwk' });
  if (key.asymmetricKeyType === 'ed25519') {
    const seed = Buffer.from(key.export({ format: 'jwk' }).d ?? '', 'base64url');
    return {
      type: 'ssh-ed25519',
      key,
      seed,
      publicBlob: Buffer.concat([sshString('ssh-ed25519'), sshString(Buffer.from(jwk.x ?? '', 'base64url'))]),
    };
  }
  if (key.asymmetricKeyType !== 'rsa') throw new Error('unsupported type');
  const integers = [jwk.e, jwk.n].map((part) => sshNumber(Buffer.from(part ?? '', 'base64url')));
  return { type: 'ssh-rsa', key, publicBlob: Buffer.concat([sshString('ssh-rsa'), ...integers]) };
}

function unsigned(bytes: Buffer): Buffer {
  return bytes[0] === 0 ? bytes.subarray(1) : bytes;
}

function number(bytes: Buffer): bigint {
  return BigInt(`0x${bytes.toString('hex')}`);
}

function base64url(value: bigint): string {
  const hex = value.toString(16);
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex').toString('base64url');
}
