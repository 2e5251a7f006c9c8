import { constants, createCipheriv, createHash, createPublicKey, privateDecrypt, publicEncrypt, type KeyObject } from 'node:crypto';
import type { Random } from '../cipher.js';
import { sopsError } from '../error.js';
import { sshReader, type SshPrivateKey } from './ssh-format.js';
import { derive, NONCE, openSealed, TAG_BYTES, x25519, x25519Private, x25519PublicBytes } from './x25519.js';

/** A part of an age header: its type and arguments, and a body. */
export interface AgeStanza {
  readonly args: string[];
  readonly body: Uint8Array;
}

const RSA_LABEL = Buffer.from('age-encryption.org/v1/ssh-rsa');
const ED25519_LABEL = 'age-encryption.org/v1/ssh-ed25519';
const MIN_RSA_BITS = 2048;

/** Opens the file keys that were wrapped for an SSH key, as the Go implementation of age does. */
export function unwrapWithSshKey(key: SshPrivateKey, stanzas: readonly AgeStanza[]): Uint8Array | null {
  for (const { args, body } of stanzas) {
    if (args[0] !== key.type || args[1] !== fingerprint(key.publicBlob)) continue;
    const fileKey = key.type === 'ssh-rsa' ? unwrapRsa(key.key, body) : unwrapEd25519(key, args[2], body);
    if (fileKey !== undefined) return fileKey;
  }
  return null;
}

/** Wraps a file key for `ssh-ed25519 AAAA…` or `ssh-rsa AAAA…`. */
export function wrapForSshKey(recipient: string, fileKey: Uint8Array, random: Random): AgeStanza {
  const [type, encoded = ''] = recipient.trim().split(/\s+/);
  const blob = Buffer.from(encoded, 'base64');
  const reader = sshReader(blob);
  if (reader.string().toString() !== type) throw sopsError('SopsSettingsInvalid', 'an SSH public key is not what its type says');
  if (type === 'ssh-ed25519') return wrapEd25519(reader.string(), blob, fileKey, random);
  if (type !== 'ssh-rsa')
    throw sopsError('SopsSettingsInvalid', `age can't encrypt for SSH keys of the type ${type}: use ssh-ed25519 or ssh-rsa`);
  const e = reader.string();
  const key = createPublicKey({ key: { kty: 'RSA', n: base64url(reader.string()), e: base64url(e) }, format: 'jwk' });
  if ((key.asymmetricKeyDetails?.modulusLength ?? 0) < MIN_RSA_BITS) {
    throw sopsError('SopsSettingsInvalid', `an RSA key for age must have ${MIN_RSA_BITS} bits or more`);
  }
  const body = publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256', oaepLabel: RSA_LABEL }, fileKey);
  return { args: ['ssh-rsa', fingerprint(blob)], body };
}

function unwrapRsa(key: KeyObject, body: Uint8Array): Uint8Array | undefined {
  try {
    return privateDecrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256', oaepLabel: RSA_LABEL }, body);
  } catch {
    // A fingerprint has four bytes: it may be another key's.
    return undefined;
  }
}

function wrapEd25519(edwards: Uint8Array, blob: Uint8Array, fileKey: Uint8Array, random: Random): AgeStanza {
  const theirs = montgomeryOf(edwards);
  const ephemeral = x25519Private(random(32));
  const ours = x25519PublicBytes(ephemeral);
  const shared = tweaked(blob, x25519(ephemeral, theirs));
  const cipher = createCipheriv('chacha20-poly1305', wrappingKey(shared, ours, theirs), NONCE, { authTagLength: TAG_BYTES });
  const body = Buffer.concat([cipher.update(fileKey), cipher.final(), cipher.getAuthTag()]);
  return { args: ['ssh-ed25519', fingerprint(blob), base64nopad(ours)], body };
}

function unwrapEd25519({ seed, publicBlob }: SshPrivateKey, share: string | undefined, body: Uint8Array): Uint8Array | undefined {
  const theirs = Buffer.from(share ?? '', 'base64');
  if (seed === undefined || theirs.length !== 32) return undefined;
  const secret = x25519Private(createHash('sha512').update(seed).digest().subarray(0, 32));
  const shared = tweaked(publicBlob, x25519(secret, theirs));
  const key = wrappingKey(shared, theirs, x25519PublicBytes(secret));
  return openSealed(key, body);
}

/** Binds a shared secret to the SSH key, so that the same curve point in another key's blob does not open it. */
function tweaked(blob: Uint8Array, shared: Uint8Array): Uint8Array {
  return x25519(x25519Private(derive(new Uint8Array(), blob, ED25519_LABEL)), shared);
}

function wrappingKey(shared: Uint8Array, ephemeral: Uint8Array, recipient: Uint8Array): Uint8Array {
  return derive(shared, Buffer.concat([ephemeral, recipient]), ED25519_LABEL);
}

const P = 2n ** 255n - 19n;

/** The place of an Ed25519 point on Curve25519: u = (1 + y) / (1 - y). */
function montgomeryOf(edwards: Uint8Array): Buffer {
  const bytes = Buffer.from(edwards).reverse();
  const y = BigInt(`0x${bytes.toString('hex')}`) & (2n ** 255n - 1n);
  const u = ((1n + y) * power((P + 1n - y) % P, P - 2n)) % P;
  return Buffer.from(u.toString(16).padStart(64, '0'), 'hex').reverse();
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let square = base % P, rest = exponent; rest > 0n; rest >>= 1n, square = (square * square) % P) {
    if ((rest & 1n) === 1n) result = (result * square) % P;
  }
  return result;
}

function fingerprint(blob: Uint8Array): string {
  return base64nopad(createHash('sha256').update(blob).digest().subarray(0, 4));
}

function base64nopad(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replaceAll('=', '');
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}
