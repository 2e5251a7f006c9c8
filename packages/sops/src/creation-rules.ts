import { isJsonObject } from '@sluice/core';
import { parseYaml } from '@sluice/yaml';
import { sopsError } from './error.js';
import type { Layout, SopsFormat } from './format/format.js';
import { masterKeyName, type KeyGroup, type MasterKey } from './keys/master-key.js';
import { masterKey, masterKeys, type RecipientKind } from './keys/recipients.js';
import { matcher, type EncryptionRule } from './rules.js';

/** What `.sops.yaml` says about how a file is encrypted. */
export interface CreationRule {
  readonly groups: readonly KeyGroup[];
  readonly shamirThreshold: number;
  readonly rule: EncryptionRule;
  readonly macOnlyEncrypted: boolean;
}

export interface SopsConfig {
  /** The rule for a file, by its path below the directory of the configuration; undefined where there are no rules. */
  ruleFor(path: string, now: Date): CreationRule | undefined;
  /** How files of a format are laid out. */
  layoutOf(format: SopsFormat): Layout;
}

type Fields = Readonly<Record<string, unknown>>;

/** Reads `.sops.yaml`. */
export function readSopsConfig(text: string, file: string): SopsConfig {
  const content = parseYaml(text, { file, types: 'kyaml' }) ?? {};
  if (!isJsonObject(content)) throw invalid(file, 'it is not a mapping');
  const rules = content['creation_rules'];
  if (rules !== undefined && rules !== null && !Array.isArray(rules)) throw invalid(file, 'creation_rules is not a list');
  return {
    ruleFor(path, now) {
      if (!Array.isArray(rules)) return undefined;
      const rule = rules.find((candidate) => isJsonObject(candidate) && matches(candidate, path)) as Fields | undefined;
      if (rule === undefined)
        throw invalid(file, `none of its creation_rules is for ${path}: add one, or one without path_regex for all the rest`);
      return creationRule(rule, file, now);
    },
    layoutOf: (format) => layoutOf(content, format),
  };
}

function matches(rule: Fields, path: string): boolean {
  const pattern = rule['path_regex'] ?? '';
  return typeof pattern === 'string' && (pattern === '' || matcher(pattern)(path));
}

function creationRule(fields: Fields, file: string, now: Date): CreationRule {
  const groups = fields['key_groups'];
  const threshold = fields['shamir_threshold'] ?? 0;
  if (typeof threshold !== 'number') throw invalid(file, 'shamir_threshold is not a number');
  return {
    groups:
      Array.isArray(groups) && groups.length > 0 ? groups.map((group) => keyGroup(group, file, now)) : [plainGroup(fields, file, now)],
    shamirThreshold: threshold,
    rule: encryptionRule(fields, file),
    macOnlyEncrypted: fields['mac_only_encrypted'] === true,
  };
}

const ruleFields = {
  unencrypted_suffix: 'unencryptedSuffix',
  encrypted_suffix: 'encryptedSuffix',
  unencrypted_regex: 'unencryptedRegex',
  encrypted_regex: 'encryptedRegex',
  unencrypted_comment_regex: 'unencryptedCommentRegex',
  encrypted_comment_regex: 'encryptedCommentRegex',
} as const satisfies Record<string, keyof EncryptionRule>;

function encryptionRule(fields: Fields, file: string): EncryptionRule {
  const set = Object.entries(ruleFields).flatMap(([name, key]) => {
    const value = fields[name] ?? '';
    if (typeof value !== 'string') throw invalid(file, `${name} is not a text`);
    return value === '' ? [] : [[key, value] as const];
  });
  if (set.length > 1) throw invalid(file, `a rule may have only one of ${Object.keys(ruleFields).join(', ')}`);
  return Object.fromEntries(set);
}

/** The keys of a rule without groups: one text or list for each kind. */
const plainFields: readonly (readonly [field: string, kind: RecipientKind])[] = [
  ['age', 'age'],
  ['pgp', 'pgp'],
  ['kms', 'kms'],
  ['gcp_kms', 'gcp_kms'],
  ['hckms', 'hckms'],
  ['azure_keyvault', 'azure_kv'],
  ['hc_vault_transit_uri', 'hc_vault'],
];

function plainGroup(fields: Fields, file: string, now: Date): MasterKey[] {
  const profile = fields['aws_profile'];
  return plainFields.flatMap(([field, kind]) => {
    const value = fields[field] ?? '';
    if (typeof value !== 'string' && !isTexts(value)) throw invalid(file, `${field} is not a text, and no list of texts`);
    const keys = masterKeys(kind, value, now);
    return typeof profile === 'string' ? keys.map((key) => (key.type === 'kms' ? { ...key, profile } : key)) : keys;
  });
}

/** How deep groups may be merged into each other. */
const MAX_MERGES = 20;

function keyGroup(group: unknown, file: string, now: Date, depth = 0): MasterKey[] {
  if (!isJsonObject(group) || depth > MAX_MERGES) throw invalid(file, 'an entry of key_groups is not a mapping');
  const list = (field: string): unknown[] => {
    const value = group[field] ?? [];
    if (!Array.isArray(value)) throw invalid(file, `${field} of a key group is not a list`);
    return value;
  };
  const keys = [
    ...list('merge').flatMap((part) => keyGroup(part, file, now, depth + 1)),
    ...texts(list('age'), file).flatMap((text) => masterKeys('age', text, now)),
    ...texts(list('pgp'), file).map((text) => masterKey('pgp', text, now)),
    ...list('kms').map((entry) => awsKey(fieldsOf(entry, file), file, now)),
    ...list('gcp_kms').map((entry) => masterKey('gcp_kms', text(fieldsOf(entry, file), 'resource_id', file), now)),
    ...list('hckms').map((entry) => masterKey('hckms', text(fieldsOf(entry, file), 'key_id', file), now)),
    ...list('azure_keyvault').map((entry) => azureKey(fieldsOf(entry, file), file, now)),
    ...texts(list('hc_vault'), file).map((uri) => masterKey('hc_vault', uri, now)),
  ];
  return [...new Map(keys.map((key) => [`${key.type} ${masterKeyName(key)}`, key])).values()];
}

function awsKey(entry: Fields, file: string, now: Date): MasterKey {
  const context = entry['context'] ?? {};
  if (!isJsonObject(context)) throw invalid(file, 'context of a kms key is not a mapping');
  const key = masterKey('kms', text(entry, 'arn', file), now);
  if (key.type !== 'kms') return key;
  const pairs = Object.entries(context).map(([name, value]) => [name, String(value)] as const);
  return { ...key, role: text(entry, 'role', file), profile: text(entry, 'aws_profile', file), context: new Map(pairs) };
}

function azureKey(entry: Fields, file: string, now: Date): MasterKey {
  const url = text(entry, 'vaultUrl', file).replace(/\/$/, '');
  const version = text(entry, 'version', file);
  return masterKey('azure_kv', `${url}/keys/${text(entry, 'key', file)}${version === '' ? '' : `/${version}`}`, now);
}

function layoutOf(content: Fields, format: SopsFormat): Layout {
  const stores = content['stores'];
  const store = isJsonObject(stores) ? stores[format === 'binary' ? 'json_binary' : format] : undefined;
  const indent = isJsonObject(store) ? store['indent'] : undefined;
  return typeof indent === 'number' && indent >= 0 && !(format === 'yaml' && indent === 0) ? { indent } : {};
}

function fieldsOf(entry: unknown, file: string): Fields {
  if (!isJsonObject(entry)) throw invalid(file, 'a key of a key group is not a mapping');
  return entry;
}

function text(entry: Fields, field: string, file: string): string {
  const value = entry[field] ?? '';
  if (typeof value !== 'string') throw invalid(file, `${field} of a key is not a text`);
  return value;
}

function texts(list: readonly unknown[], file: string): string[] {
  if (!isTexts(list)) throw invalid(file, 'a key of a key group is not a text');
  return list;
}

function isTexts(list: unknown): list is string[] {
  return Array.isArray(list) && list.every((item) => typeof item === 'string');
}

function invalid(file: string, why: string): Error {
  return sopsError('SopsSettingsInvalid', `${file}: ${why}`, undefined, { file });
}
