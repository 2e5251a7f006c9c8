import { createHash } from 'node:crypto';
import { encryptValue, type Random } from './cipher.js';
import { sealDataKey } from './data-key.js';
import { MAC_ONLY_ENCRYPTED_PREFIX, inFile } from './decrypt.js';
import { sopsError } from './error.js';
import { hasMetadata, printEncrypted, readPlain, type Layout, type SopsFormat } from './format/format.js';
import { ageSealer } from './keys/age.js';
import type { KeySealer } from './keys/key-source.js';
import type { KeyGroup } from './keys/master-key.js';
import type { Metadata } from './metadata.js';
import { DEFAULT_UNENCRYPTED_SUFFIX, matcher, selector, type EncryptionRule } from './rules.js';
import { Comment, scalarBytes, type Mapping } from './tree.js';
import { walk } from './walk.js';

/** The version of SOPS whose files are written. */
const SOPS_VERSION = '3.13.3';

export interface EncryptOptions {
  readonly format: SopsFormat;
  /** Whom to encrypt for, as `readMasterKeys` and the creation rules give them. */
  readonly groups: readonly KeyGroup[];
  /** Of how many groups a key is needed: of all by default. */
  readonly shamirThreshold?: number;
  readonly rule?: EncryptionRule;
  readonly macOnlyEncrypted?: boolean;
  /** What encrypts for keys that are not age recipients. */
  readonly sealers?: readonly KeySealer[];
  readonly now: Date;
  readonly random: Random;
  readonly file?: string;
  readonly output?: SopsFormat;
  readonly layout?: Layout;
}

/** A file encrypted for the keys of some groups. */
export async function encrypt(data: Uint8Array, options: EncryptOptions): Promise<Uint8Array> {
  const { format, file, groups, random, now, macOnlyEncrypted = false } = options;
  // A binary file is one value: there is nothing to choose.
  const rule = format === 'binary' ? {} : ruleOrDefault(options.rule);
  try {
    const documents = readPlain(data, format, file);
    if (documents.length === 0) throw sopsError('SopsFileInvalid', 'the file is empty: there is nothing to encrypt');
    if (format !== 'binary' && documents.some((document) => hasMetadata(document, format))) {
      throw sopsError(
        'SopsFileInvalid',
        'the file has an entry "sops" already: it is encrypted, or uses the name that SOPS needs for itself',
      );
    }
    const shamirThreshold = groups.length > 1 ? (options.shamirThreshold ?? 0) || groups.length : 0;
    const dataKey = random(32);
    const sealed = await sealDataKey(dataKey, groups, shamirThreshold, [ageSealer(random), ...(options.sealers ?? [])], random);
    const lastModified = now.toISOString().replace(/\.\d+Z$/, 'Z');
    const mac = encryptTree(documents, rule, macOnlyEncrypted, dataKey, random);
    const metadata: Metadata = {
      groups: sealed,
      shamirThreshold,
      lastModified,
      mac: encryptValue(mac, dataKey, lastModified, random),
      macOnlyEncrypted,
      rule,
      version: SOPS_VERSION,
    };
    return printEncrypted(documents, metadata, options.output ?? format, options.layout);
  } catch (error) {
    throw inFile(error, file);
  }
}

function ruleOrDefault(rule: EncryptionRule = {}): EncryptionRule {
  return Object.keys(rule).length === 0 ? { unencryptedSuffix: DEFAULT_UNENCRYPTED_SUFFIX } : rule;
}

/** Encrypts every value in its place, and gives the MAC of what was there. */
function encryptTree(
  documents: readonly Mapping[],
  rule: EncryptionRule,
  macOnlyEncrypted: boolean,
  dataKey: Uint8Array,
  random: Random,
): string {
  const isEncrypted = selector(rule);
  const forbidden = rule.unencryptedCommentRegex === undefined ? undefined : matcher(rule.unencryptedCommentRegex);
  const hash = createHash('sha512');
  if (macOnlyEncrypted) hash.update(MAC_ONLY_ENCRYPTED_PREFIX);
  for (const document of documents) {
    walk(document, (value, path, comments) => {
      const isComment = value instanceof Comment;
      const encrypted = isEncrypted(path, comments, isComment);
      if (!isComment && (encrypted || !macOnlyEncrypted)) hash.update(scalarBytes(value));
      if (!encrypted) return value;
      const text = encryptValue(value, dataKey, `${path.join(':')}:`, random);
      if (isComment && forbidden?.(text) === true) {
        throw sopsError(
          'SopsSettingsInvalid',
          'unencrypted_comment_regex matches comments that are encrypted: the file could not be decrypted again',
        );
      }
      return text;
    });
  }
  return hash.digest('hex').toUpperCase();
}
