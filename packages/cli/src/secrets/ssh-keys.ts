import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { errorMessage, OPENSSH_KEY_MAGIC, SshReader, sshNumber, sshString } from '@sluice/core';
import type { FlagValues } from '../command-line/index.js';

export interface SshKeyPair {
  /** PEM, or OpenSSH's own format. */
  readonly privateKey: string;
  /** One line of an authorized_keys file. */
  readonly publicKey: string;
}

const CURVES: ReadonlyMap<string, string> = new Map([
  ['p256', 'P-256'],
  ['p384', 'P-384'],
  ['p521', 'P-521'],
]);

/** Makes a key pair as the flags have it. */
export function generateSshKeys(flags: FlagValues): SshKeyPair {
  switch (flags.string('ssh-key-algorithm')) {
    case 'rsa':
      return pairOf(generateKeyPairSync('rsa', { modulusLength: flags.number('ssh-rsa-bits') }).privateKey);
    case 'ed25519':
      return pairOf(generateKeyPairSync('ed25519').privateKey);
    default:
      return pairOf(generateKeyPairSync('ec', { namedCurve: CURVES.get(flags.string('ssh-ecdsa-curve')) ?? 'P-384' }).privateKey);
  }
}

function pairOf(key: KeyObject): SshKeyPair {
  // OpenSSH reads Ed25519 keys in no other format than its own.
  const privateKey = key.asymmetricKeyType === 'ed25519' ? opensshEd25519(key) : key.export({ type: 'pkcs8', format: 'pem' }).toString();
  return { privateKey, publicKey: publicKeyLine(publicKeyBlob(key)) };
}

/** Reads a private key that a person has; undefined when no file is named. */
export async function readSshKeys(path: string, passphrase: string): Promise<SshKeyPair | undefined> {
  if (path === '') return undefined;
  const privateKey = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new Error(`failed to open private key file: ${errorMessage(error)}`, { cause: error });
  });
  try {
    return { privateKey, publicKey: publicKeyLine(blobOf(privateKey, passphrase)) };
  } catch (error) {
    throw new Error(`${path}: ${errorMessage(error)}`, { cause: error });
  }
}

function blobOf(privateKey: string, passphrase: string): Buffer {
  if (privateKey.includes('BEGIN OPENSSH PRIVATE KEY')) return opensshPublicKey(privateKey, passphrase);
  if (!privateKey.includes('-----BEGIN ')) throw new Error('ssh: no key found: this is no private key in PEM or OpenSSH format');
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: privateKey, ...(passphrase === '' ? {} : { passphrase }) });
  } catch (error) {
    const isLocked = /ENCRYPTED/.test(privateKey);
    if (isLocked && passphrase === '')
      throw new Error('ssh: this private key is passphrase protected: give it with --password', { cause: error });
    if (isLocked) throw new Error('the passphrase of the private key is wrong', { cause: error });
    throw new Error('ssh: no key found: the private key does not parse', { cause: error });
  }
  return publicKeyBlob(key);
}

/** The public half, which stands in the clear before the private one, be that encrypted or not. */
function opensshPublicKey(text: string, passphrase: string): Buffer {
  const body = /-----BEGIN OPENSSH PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END OPENSSH PRIVATE KEY-----/.exec(text)?.[1];
  const bytes = Buffer.from(body ?? '', 'base64');
  const magic = OPENSSH_KEY_MAGIC;
  if (!bytes.subarray(0, magic.length).equals(magic)) throw new Error('ssh: no key found: the private key does not parse');
  const reader = new SshReader(bytes.subarray(magic.length), () => new Error('ssh: no key found: the private key ends early'));
  const cipher = reader.string().toString('latin1');
  if (cipher !== 'none' && passphrase === '') throw new Error('ssh: this private key is passphrase protected: give it with --password');
  reader.string();
  reader.string();
  reader.integer();
  return reader.string();
}

function publicKeyLine(blob: Buffer): string {
  const type = blob.subarray(4, 4 + blob.readUInt32BE(0)).toString('latin1');
  return `${type} ${blob.toString('base64')}\n`;
}

const raw = (text: string): Buffer => Buffer.from(text, 'base64url');

/** A public key as it goes over the wire. */
function publicKeyBlob(key: KeyObject): Buffer {
  const { kty, crv = '', x = '', y = '', e = '', n = '' } = createPublicKey(key).export({ format: 'jwk' }) as Record<string, string>;
  switch (kty) {
    case 'RSA':
      return Buffer.concat([sshString('ssh-rsa'), sshNumber(raw(e)), sshNumber(raw(n))]);
    case 'EC': {
      const curve = `nistp${crv.slice(2)}`;
      return Buffer.concat([
        sshString(`ecdsa-sha2-${curve}`),
        sshString(curve),
        sshString(Buffer.concat([Buffer.from([4]), raw(x), raw(y)])),
      ]);
    }
    default:
      if (crv !== 'Ed25519') throw new Error(`ssh: no SSH server takes keys of type ${kty ?? ''} ${crv}: use RSA, ECDSA or Ed25519`);
      return Buffer.concat([sshString('ssh-ed25519'), sshString(raw(x))]);
  }
}

/** An Ed25519 key in OpenSSH's format, without a passphrase. */
function opensshEd25519(key: KeyObject): string {
  const { d = '', x = '' } = key.export({ format: 'jwk' });
  const seed = Buffer.from(d, 'base64url');
  const point = Buffer.from(x, 'base64url');
  const check = randomBytes(4);
  const part = Buffer.concat([
    check,
    check,
    sshString('ssh-ed25519'),
    sshString(point),
    sshString(Buffer.concat([seed, point])),
    sshString(''),
  ]);
  const padding = Buffer.from(Array.from({ length: (8 - (part.length % 8)) % 8 }, (_, index) => index + 1));
  const whole = Buffer.concat([
    OPENSSH_KEY_MAGIC,
    sshString('none'),
    sshString('none'),
    sshString(''),
    Buffer.from([0, 0, 0, 1]),
    sshString(publicKeyBlob(key)),
    sshString(Buffer.concat([part, padding])),
  ]);
  const lines = whole.toString('base64').replace(/.{70}/g, '$&\n').trimEnd();
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines}\n-----END OPENSSH PRIVATE KEY-----\n`;
}
