import { createCipheriv, createDecipheriv, type CipherGCMTypes } from 'node:crypto';
import { sopsError } from './error.js';
import { Comment, Timestamp, scalarBytes, textOf, type Scalar } from './tree.js';

/** `(size) -> that many random bytes`. */
export type Random = (size: number) => Uint8Array;

const PREFIX = 'ENC[AES256_GCM,data:';
const TAG_BYTES = 16;
const IV_BYTES = 32;
const MAX_INT64 = 2n ** 63n - 1n;
const MIN_INT64 = -(2n ** 63n);

/** The value behind `ENC[AES256_GCM,…]`, which was encrypted for a place: the additional data says which. */
export function decryptValue(text: string, key: Uint8Array, additionalData: string): Exclude<Scalar, null> | Comment {
  // What is empty is not encrypted.
  if (text === '') return '';
  const { data, iv, tag, type } = parseEncrypted(text);
  return typedValue(openGcm(key, iv, Buffer.concat([data, tag]), additionalData), type);
}

/** A scalar or comment encrypted for a place. */
export function encryptValue(value: Exclude<Scalar, null> | Comment, key: Uint8Array, additionalData: string, random: Random): string {
  const bytes = Buffer.from(value instanceof Comment ? value.text : scalarBytes(value));
  if (bytes.length === 0) return '';
  const iv = Buffer.from(random(IV_BYTES));
  const cipher = createCipheriv('aes-256-gcm', key, iv);
  cipher.setAAD(Buffer.from(additionalData));
  const data = Buffer.concat([cipher.update(bytes), cipher.final()]);
  const [dataText, ivText, tagText] = [data, iv, cipher.getAuthTag()].map((part) => part.toString('base64'));
  return `${PREFIX}${dataText},iv:${ivText},tag:${tagText},type:${typeOf(value)}]`;
}

function openGcm(key: Uint8Array, iv: Uint8Array, sealed: Buffer, additionalData: string): Buffer {
  if (sealed.length < TAG_BYTES || iv.length === 0) throw invalid('it is cut off');
  const decipher = createDecipheriv(algorithm(key), key, iv);
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
  decipher.setAAD(Buffer.from(additionalData));
  const plaintext = decipher.update(sealed.subarray(0, sealed.length - TAG_BYTES));
  try {
    decipher.final();
  } catch (error) {
    throw invalid('it was changed, moved to another key, or encrypted with another data key', error);
  }
  return plaintext;
}

function algorithm(key: Uint8Array): CipherGCMTypes {
  if (key.length === 32) return 'aes-256-gcm';
  if (key.length === 24) return 'aes-192-gcm';
  if (key.length === 16) return 'aes-128-gcm';
  throw sopsError('SopsKeyMissing', `the data key has ${key.length} bytes, and not 32`);
}

/** Reads the four parts, each to the last place where the next one may begin. */
function parseEncrypted(text: string): { data: Buffer; iv: Buffer; tag: Buffer; type: string } {
  const end = text.split('\n', 1)[0]!.lastIndexOf(']');
  const type = lastPart(text, ',type:', end);
  const tag = lastPart(text, ',tag:', type.from);
  const iv = lastPart(text, ',iv:', tag.from);
  const data = text.slice(PREFIX.length, iv.from);
  if (!text.startsWith(PREFIX) || iv.from <= PREFIX.length) throw notEncrypted();
  return { data: base64(data), iv: base64(iv.text), tag: base64(tag.text), type: type.text };
}

function lastPart(text: string, label: string, end: number): { from: number; text: string } {
  const from = end < label.length ? -1 : text.lastIndexOf(label, end - label.length - 1);
  if (from < 0) throw notEncrypted();
  return { from, text: text.slice(from + label.length, end) };
}

function base64(text: string): Buffer {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw invalid('it holds what is not base64');
  return Buffer.from(text, 'base64');
}

function typedValue(plaintext: Buffer, type: string): Exclude<Scalar, null> | Comment {
  switch (type) {
    case 'str':
    case 'bytes':
      return textOf(plaintext);
    case 'comment':
      return new Comment(plaintext.toString('utf8'));
    case 'int':
      return integer(plaintext.toString('utf8'));
    case 'float':
      return float(plaintext.toString('utf8'));
    case 'bool':
      return boolean(plaintext.toString('utf8'));
    case 'time':
      return new Timestamp(plaintext.toString('utf8'));
    default:
      throw invalid('its type is none that SOPS has');
  }
}

function typeOf(value: Exclude<Scalar, null> | Comment): string {
  if (value instanceof Comment) return 'comment';
  if (value instanceof Timestamp) return 'time';
  if (typeof value === 'bigint') return 'int';
  if (typeof value === 'number') return 'float';
  return typeof value === 'boolean' ? 'bool' : 'str';
}

function integer(text: string): bigint {
  const value = /^[-+]?[0-9]{1,19}$/.test(text) ? BigInt(text.replace('+', '')) : undefined;
  if (value === undefined || value > MAX_INT64 || value < MIN_INT64) throw invalid('it is no integer, as its type says');
  return value;
}

function float(text: string): number {
  if (/^[-+]?(?:inf|infinity)$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  if (/^nan$/i.test(text)) return Number.NaN;
  if (!/^[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?$/.test(text)) throw invalid('it is no number, as its type says');
  return Number(text);
}

function boolean(text: string): boolean {
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(text)) return true;
  if (['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(text)) return false;
  throw invalid('it is no boolean, as its type says');
}

function invalid(why: string, cause?: unknown): Error {
  return sopsError('SopsValueInvalid', `an encrypted value does not decrypt: ${why}`, cause);
}

function notEncrypted(): Error {
  return sopsError('SopsValueInvalid', 'a value that should be encrypted is not: it was written in plain text, or cut off');
}
