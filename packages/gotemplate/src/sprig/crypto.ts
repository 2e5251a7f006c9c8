import { createCipheriv, createDecipheriv, createHash, createHmac, scryptSync } from 'node:crypto';
import { encodeBase64, hashSync } from 'bcryptjs';
import { goFunction } from '../exec/function.js';
import { bytesToString, stringToBytes } from '../parse/literals.js';
import { decodeBase64 } from './encoding.js';
import type { SprigHost } from './host.js';

function digest(algorithm: string): (text: string) => string {
  return (text) => createHash(algorithm).update(stringToBytes(text)).digest('hex');
}

function adler32(text: string): string {
  let a = 1;
  let b = 0;
  for (const byte of stringToBytes(text)) {
    a = (a + byte) % 65_521;
    b = (b + a) % 65_521;
  }
  return String(b * 65_536 + a);
}

const BCRYPT_COST = 10;
const BCRYPT_LONGEST = 72;

/** How many characters of a class a password of a type has, and where. */
const PASSWORD_TYPES: ReadonlyMap<string, readonly string[]> = new Map([
  ['maximum', ['anoxxxxxxxxxxxxxxxxx', 'axxxxxxxxxxxxxxxxxno']],
  [
    'long',
    (
      'CvcvnoCvcvCvcv CvcvCvcvnoCvcv CvcvCvcvCvcvno CvccnoCvcvCvcv CvccCvcvnoCvcv CvccCvcvCvcvno CvcvnoCvccCvcv ' +
      'CvcvCvccnoCvcv CvcvCvccCvcvno CvcvnoCvcvCvcc CvcvCvcvnoCvcc CvcvCvcvCvccno CvccnoCvccCvcv CvccCvccnoCvcv ' +
      'CvccCvccCvcvno CvcvnoCvccCvcc CvcvCvccnoCvcc CvcvCvccCvccno CvccnoCvcvCvcc CvccCvcvnoCvcc CvccCvcvCvccno'
    ).split(' '),
  ],
  ['medium', ['CvcnoCvc', 'CvcCvcno']],
  ['short', ['Cvcn']],
  ['basic', ['aaanaaan', 'aannaaan', 'aaannaaa']],
  ['pin', ['nnnn']],
]);

const PASSWORD_CHARACTERS: Readonly<Record<string, string>> = {
  V: 'AEIOU',
  C: 'BCDFGHJKLMNPQRSTVWXYZ',
  v: 'aeiou',
  c: 'bcdfghjklmnpqrstvwxyz',
  A: 'AEIOUBCDFGHJKLMNPQRSTVWXYZ',
  a: 'AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz',
  n: '0123456789',
  o: "@&%?,=[]_:-+*$#!'^~;()/.",
  x: 'AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz0123456789!@#$%^&*()',
};

const PASSWORD_SEED = 'com.lyndir.masterpassword';

/** The Master Password algorithm: the same password each time for a site, from one that is never stored. */
function derivePassword(counter: number, type: string, password: string, user: string, site: string): string {
  const templates = PASSWORD_TYPES.get(type);
  if (templates === undefined) return `cannot find password template ${type}`;
  const key = scryptSync(stringToBytes(password), Buffer.concat([Buffer.from(PASSWORD_SEED), counted(user)]), 64, {
    N: 32_768,
    r: 8,
    p: 2,
    maxmem: 128 * 1024 * 1024,
  });
  const seed = createHmac('sha256', key)
    .update(Buffer.concat([Buffer.from(PASSWORD_SEED), counted(site), uint32(counter)]))
    .digest();
  const template = templates[(seed[0] ?? 0) % templates.length] ?? '';
  return Array.from(template, (kind, index) => {
    const characters = PASSWORD_CHARACTERS[kind] ?? '';
    return characters.charAt((seed[index + 1] ?? 0) % characters.length);
  }).join('');
}

function counted(text: string): Buffer {
  const bytes = stringToBytes(text);
  return Buffer.concat([uint32(bytes.length), bytes]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

const AES = 'aes-256-cbc';
const AES_BLOCK = 16;

/** A password as a key: cut, or filled with zeros, to 32 bytes. */
function aesKey(password: string): Buffer {
  const key = Buffer.alloc(32);
  key.set(stringToBytes(password).subarray(0, 32));
  return key;
}

function decryptAes(password: string, text: string): string {
  if (text === '') return '';
  const bytes = decodeBase64(text);
  if (bytes.length < AES_BLOCK) {
    throw new Error(`runtime error: slice bounds out of range [:${AES_BLOCK}] with capacity ${Math.floor(text.length / 4) * 3}`);
  }
  if (bytes.length % AES_BLOCK !== 0) throw new Error('crypto/cipher: input not full blocks');
  const decipher = createDecipheriv(AES, aesKey(password), bytes.subarray(0, AES_BLOCK)).setAutoPadding(false);
  const plain = Buffer.concat([decipher.update(bytes.subarray(AES_BLOCK)), decipher.final()]);
  const last = plain.at(-1);
  if (last === undefined) throw new Error('runtime error: index out of range [-1]');
  // The padding is taken at its word: a wrong password gives wrong text, or this.
  if (last > plain.length) throw new Error(`runtime error: slice bounds out of range [:${plain.length - last}]`);
  return bytesToString(plain.subarray(0, plain.length - last));
}

export function cryptoFunctions({ randomBytes }: SprigHost) {
  const bcrypt = (password: string): string => {
    const { length } = stringToBytes(password);
    if (length > BCRYPT_LONGEST) return `failed to encrypt string with bcrypt: bcrypt: password length exceeds ${BCRYPT_LONGEST} bytes`;
    return hashSync(password, `$2a$${BCRYPT_COST}$${encodeBase64(randomBytes(16), 16)}`);
  };
  return {
    sha1sum: goFunction(['string'], 'string', digest('sha1')),
    sha256sum: goFunction(['string'], 'string', digest('sha256')),
    sha512sum: goFunction(['string'], 'string', digest('sha512')),
    adler32sum: goFunction(['string'], 'string', adler32),
    bcrypt: goFunction(['string'], 'string', bcrypt),
    htpasswd: goFunction(['string', 'string'], 'string', (user, password) =>
      user.includes(':') ? `invalid username: ${user}` : `${user}:${bcrypt(password)}`,
    ),
    derivePassword: goFunction(['uint32', 'string', 'string', 'string', 'string'], 'string', derivePassword),
    encryptAES: goFunction(['string', 'string'], 'string', (password, text) => {
      if (text === '') return '';
      const vector = randomBytes(AES_BLOCK);
      const cipher = createCipheriv(AES, aesKey(password), vector);
      return Buffer.concat([vector, cipher.update(stringToBytes(text)), cipher.final()]).toString('base64');
    }),
    decryptAES: goFunction(['string', 'string'], 'string', decryptAes),
  };
}
