import { fieldText, listOf, mappingOf, metadataInvalid, rfc3339 } from './fields.js';
import { readGroup, writeGroup, type KeyGroup } from './keys/master-key.js';
import { DEFAULT_UNENCRYPTED_SUFFIX, type EncryptionRule } from './rules.js';
import { Mapping, type Value } from './tree.js';

/** What the entry `sops` of a file says about it. */
export interface Metadata {
  /** One group: each of its keys opens the data key. More: each group opens a share of it. */
  readonly groups: readonly KeyGroup[];
  /** Of how many groups a share is needed. */
  readonly shamirThreshold: number;
  /** RFC 3339, to the second: the MAC is encrypted for it. */
  readonly lastModified: string;
  /** Encrypted; empty where the file has none. */
  readonly mac: string;
  /** The MAC is computed over encrypted values alone. */
  readonly macOnlyEncrypted: boolean;
  readonly rule: EncryptionRule;
  readonly version: string;
}

const ruleFields = [
  ['unencrypted_suffix', 'unencryptedSuffix'],
  ['encrypted_suffix', 'encryptedSuffix'],
  ['unencrypted_regex', 'unencryptedRegex'],
  ['encrypted_regex', 'encryptedRegex'],
  ['unencrypted_comment_regex', 'unencryptedCommentRegex'],
  ['encrypted_comment_regex', 'encryptedCommentRegex'],
] as const;

export function readMetadata(tree: Mapping): Metadata {
  const field = (name: string): string => fieldText(tree, name);
  const lastModified = rfc3339(field('lastmodified'), 'lastmodified');
  const rules = ruleFields.flatMap(([name, key]) => (field(name) === '' ? [] : [[key, field(name)] as const]));
  if (rules.length > 1) throw metadataInvalid('more than one rule says which values are encrypted');
  return {
    groups: readGroups(tree),
    shamirThreshold: Number(field('shamir_threshold')) || 0,
    lastModified,
    mac: field('mac'),
    macOnlyEncrypted: ['true', 'True', '1'].includes(field('mac_only_encrypted')),
    rule: rules.length === 0 ? { unencryptedSuffix: DEFAULT_UNENCRYPTED_SUFFIX } : Object.fromEntries(rules),
    version: field('version'),
  };
}

function readGroups(tree: Mapping): KeyGroup[] {
  const direct = readGroup(tree);
  if (direct.length > 0) return [direct];
  const groups = listOf(tree, 'key_groups').map((group) => readGroup(mappingOf(group, 'key_groups')));
  if (groups.length === 0) throw metadataInvalid('it names no keys');
  return groups;
}

/** As SOPS writes it: fields in the order of the alphabet, empty ones left out. */
export function writeMetadata(metadata: Metadata): Mapping {
  const { groups, rule } = metadata;
  const fields: [string, Value][] =
    groups.length === 1
      ? writeGroup(groups[0]!)
      : [['key_groups', groups.map((group) => new Mapping(sorted(withLists(writeGroup(group)))))]];
  if (metadata.shamirThreshold > 0) fields.push(['shamir_threshold', BigInt(metadata.shamirThreshold)]);
  fields.push(['lastmodified', metadata.lastModified], ['mac', metadata.mac], ['version', metadata.version]);
  if (metadata.macOnlyEncrypted) fields.push(['mac_only_encrypted', true]);
  for (const [name, key] of ruleFields) if (rule[key] !== undefined && rule[key] !== '') fields.push([name, rule[key]]);
  return new Mapping(sorted(fields));
}

/** In a list of groups, a group has these two lists always. */
function withLists(fields: [string, Value][]): [string, Value][] {
  const missing = ['hc_vault', 'age'].filter((name) => !fields.some(([field]) => field === name));
  return [...fields, ...missing.map((name): [string, Value] => [name, []])];
}

function sorted(fields: readonly [string, Value][]): { key: string; value: Value }[] {
  return fields.map(([key, value]) => ({ key, value })).sort((a, b) => (a.key < b.key ? -1 : 1));
}
