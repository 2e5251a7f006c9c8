import { createHash } from 'node:crypto';
import { SluiceError } from '@sluice/core';
import { decryptValue } from './cipher.js';
import { openDataKey } from './data-key.js';
import { sopsError } from './error.js';
import {
  printPlain,
  readEncrypted,
  readPlain,
  separateDocument,
  type EncryptedFile,
  type Layout,
  type SopsFormat,
} from './format/format.js';
import type { KeySource } from './keys/key-source.js';
import type { Metadata } from './metadata.js';
import { selector } from './rules.js';
import { Comment, scalarBytes, type Mapping } from './tree.js';
import { walk } from './walk.js';

export interface DecryptOptions {
  readonly format: SopsFormat;
  readonly keys: readonly KeySource[];
  /** The file's name, for errors. */
  readonly file?: string;
  /**
   * What a file whose MAC does not fit its content leads to: an error (`enforce`, the default), a result that says so
   * (`report`), or nothing at all (`ignore`).
   */
  readonly mac?: 'enforce' | 'report' | 'ignore';
  /** Documents of a YAML file that were encrypted one by one are read as such; SOPS itself takes a file as a whole. */
  readonly separateDocuments?: boolean;
  /** How many bytes a file may have: 5 MiB by default. */
  readonly maxBytes?: number;
  /** The format to print in: that of the file by default. */
  readonly output?: SopsFormat;
  readonly layout?: Layout;
}

export interface Decrypted {
  readonly plaintext: Uint8Array;
  readonly documents: readonly Mapping[];
  /** Why the content may not be what was encrypted: the MAC does not fit, or is missing. */
  readonly unverified?: SluiceError;
}

const DEFAULT_MAX_BYTES = 5 * 1024 * 1024;

/** What a SOPS file holds, in plain text. */
export async function decrypt(data: Uint8Array, options: DecryptOptions): Promise<Decrypted> {
  const { format, file, mac = 'enforce', maxBytes = DEFAULT_MAX_BYTES } = options;
  if (data.length > maxBytes) {
    throw sopsError(
      'SopsFileInvalid',
      `the file has ${data.length} bytes; up to ${maxBytes} are decrypted`,
      undefined,
      file === undefined ? {} : { file },
    );
  }
  try {
    const { documents, unverified } = await decryptDocuments(data, options);
    if (unverified !== undefined && mac === 'enforce') throw unverified;
    const plaintext = printPlain(documents, options.output ?? format, options.layout);
    return { plaintext, documents, ...(unverified === undefined || mac === 'ignore' ? {} : { unverified }) };
  } catch (error) {
    throw inFile(error, file);
  }
}

interface Opened {
  readonly documents: Mapping[];
  readonly unverified?: SluiceError;
}

async function decryptDocuments(data: Uint8Array, { format, keys, file, separateDocuments = false }: DecryptOptions): Promise<Opened> {
  if (format !== 'yaml' || !separateDocuments) return decryptFile(readEncrypted(data, format, file), keys);
  const documents = readPlain(data, format, file);
  const separate = documents.map(separateDocument);
  const together = new Set(separate.map((part) => part?.metadata.mac)).size <= 1;
  if (together) return decryptFile(readEncrypted(data, format, file), keys);
  const parts = await Promise.all(
    separate.map(async (part, index): Promise<Opened> =>
      part === undefined ? { documents: [documents[index]!] } : decryptFile(part, keys),
    ),
  );
  const unverified = parts.find((part) => part.unverified !== undefined)?.unverified;
  return { documents: parts.flatMap((part) => part.documents), ...(unverified === undefined ? {} : { unverified }) };
}

async function decryptFile({ documents, metadata }: EncryptedFile, keys: readonly KeySource[]): Promise<Opened> {
  const dataKey = await openDataKey(metadata, keys);
  const computed = decryptTree(documents, metadata, dataKey);
  const unverified = checkMac(metadata, dataKey, computed);
  return { documents, ...(unverified === undefined ? {} : { unverified }) };
}

/** Sets the MAC over encrypted values alone apart from the one over all. */
export const MAC_ONLY_ENCRYPTED_PREFIX = createHash('sha256').update('sops').digest();

/** Decrypts every value in its place, and gives the MAC of what came out. */
function decryptTree(documents: readonly Mapping[], metadata: Metadata, dataKey: Uint8Array): string {
  const isEncrypted = selector(metadata.rule);
  const { macOnlyEncrypted } = metadata;
  const hash = createHash('sha512');
  if (macOnlyEncrypted) hash.update(MAC_ONLY_ENCRYPTED_PREFIX);
  for (const document of documents) {
    walk(document, (value, path, comments) => {
      const encrypted = isEncrypted(path, comments, value instanceof Comment);
      const result = encrypted ? decryptLeaf(value, dataKey, path) : value;
      if (!(result instanceof Comment) && (encrypted || !macOnlyEncrypted)) hash.update(scalarBytes(result));
      return result;
    });
  }
  return hash.digest('hex').toUpperCase();
}

type Leaf = Parameters<Parameters<typeof walk>[1]>[0];

function decryptLeaf(value: Leaf, dataKey: Uint8Array, path: readonly string[]): Leaf {
  const additionalData = `${path.join(':')}:`;
  if (value instanceof Comment) {
    try {
      return decryptComment(value, dataKey, additionalData);
    } catch {
      // Old files have comments in plain text.
      return value;
    }
  }
  try {
    if (typeof value === 'string') return decryptValue(value, dataKey, additionalData);
  } catch (error) {
    if (error instanceof SluiceError) throw sopsError(error.reason, `${error.message} (at ${placeOf(path)})`, error.cause);
    throw error;
  }
  throw sopsError('SopsValueInvalid', `the value at ${placeOf(path)} should be encrypted and is not`);
}

function decryptComment(comment: Comment, dataKey: Uint8Array, additionalData: string): Comment {
  const value = decryptValue(comment.text, dataKey, additionalData);
  if (value instanceof Comment) return value;
  return typeof value === 'string' ? new Comment(value, comment.inline) : comment;
}

function placeOf(path: readonly string[]): string {
  return path.length === 0 ? 'the top' : path.join('.');
}

function checkMac({ mac, lastModified }: Metadata, dataKey: Uint8Array, computed: string): SluiceError | undefined {
  let expected: unknown;
  try {
    expected = decryptValue(mac, dataKey, lastModified);
  } catch (error) {
    return sopsError(
      'SopsValueInvalid',
      'the MAC of the file does not decrypt: it or the time of the last change was changed by hand',
      error,
    );
  }
  if (expected === computed) return undefined;
  if (expected === '') return sopsError('SopsMacMismatch', 'the file has no MAC: nothing shows that its content is what was encrypted');
  return sopsError('SopsMacMismatch', 'the MAC of the file does not fit its content: something was changed, added or removed without SOPS');
}

/** Whether a file looks like one that SOPS has written: cheap, before it is parsed. */
export function looksEncrypted(data: Uint8Array, format: SopsFormat): boolean {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.length);
  switch (format) {
    case 'yaml':
      return bytes.includes('mac: ENC[') || (bytes.includes('sops') && bytes.includes('ENC[AES256_GCM'));
    case 'dotenv':
      return bytes.includes('sops_mac=ENC[');
    case 'ini':
      return bytes.includes('[sops]');
    default:
      return bytes.includes('"mac": "ENC[') || (bytes.includes('"sops"') && bytes.includes('ENC[AES256_GCM'));
  }
}

/** Says in which file something failed. */
export function inFile(error: unknown, file: string | undefined): unknown {
  if (file === undefined || !(error instanceof SluiceError) || error.place.file !== undefined) return error;
  return new SluiceError(error.reason, `${file}: ${error.message}`, { place: { ...error.place, file }, cause: error.cause });
}
