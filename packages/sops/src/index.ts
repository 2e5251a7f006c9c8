/**
 * SOPS files: data in, data out. Keys come in as {@link KeySource}s: texts with age identities or OpenPGP keys, or services.
 *
 * ```ts
 * const { plaintext } = await decrypt(bytes, { format: 'yaml', keys: [ageKeys(text, 'keys.txt')] });
 * ```
 *
 * {@link readSopsConfig}: whom to encrypt for, by `.sops.yaml`.
 *
 * @module
 */
export { decrypt, looksEncrypted, type DecryptOptions, type Decrypted } from './decrypt.js';
export { readSopsConfig, type CreationRule, type SopsConfig } from './creation-rules.js';
export { encrypt, type EncryptOptions } from './encrypt.js';
export { valueAt } from './extract.js';
export { formatOfPath, printValue, type Layout, type SopsFormat } from './format/format.js';
export { ageKeys, ageRecipients, generateAgeKey } from './keys/age.js';
export type { KeySealer, KeySource } from './keys/key-source.js';
export {
  masterKeyName,
  type AgeKey,
  type AwsKmsKey,
  type AzureKey,
  type GcpKmsKey,
  type KeyGroup,
  type MasterKey,
  type PgpKey,
  type VaultKey,
} from './keys/master-key.js';
export { masterKeys, type RecipientKind } from './keys/recipients.js';
export { pgpKeys, pgpSealer } from './keys/pgp.js';
export type { EncryptionRule } from './rules.js';
export { Mapping, type Value } from './tree.js';
