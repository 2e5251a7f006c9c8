import { fieldText, listOf, mappingOf, rfc3339 } from '../fields.js';
import { Mapping, type Value } from '../tree.js';

/** A key outside the file that the data key (or a share of it) is encrypted for: `enc` is the outcome. */
export type MasterKey = AgeKey | PgpKey | AwsKmsKey | GcpKmsKey | HuaweiKmsKey | AzureKey | VaultKey;

interface Sealed {
  readonly enc: string;
}

interface Dated extends Sealed {
  readonly createdAt: string;
}

export interface AgeKey extends Sealed {
  readonly type: 'age';
  /** `age1…`, or an SSH public key. */
  readonly recipient: string;
}

export interface PgpKey extends Dated {
  readonly type: 'pgp';
  readonly fingerprint: string;
}

export interface AwsKmsKey extends Dated {
  readonly type: 'kms';
  readonly arn: string;
  readonly role: string;
  readonly profile: string;
  readonly context: ReadonlyMap<string, string>;
}

export interface GcpKmsKey extends Dated {
  readonly type: 'gcp_kms';
  readonly resourceId: string;
}

export interface HuaweiKmsKey extends Dated {
  readonly type: 'hckms';
  readonly keyId: string;
}

export interface AzureKey extends Dated {
  readonly type: 'azure_kv';
  readonly vaultUrl: string;
  readonly name: string;
  readonly version: string;
}

export interface VaultKey extends Dated {
  readonly type: 'hc_vault';
  readonly address: string;
  readonly enginePath: string;
  readonly keyName: string;
}

/** Keys of which any one is enough. */
export type KeyGroup = readonly MasterKey[];

/** What a master key is called in messages: as SOPS does, so that it can be looked for. */
export function masterKeyName(key: MasterKey): string {
  switch (key.type) {
    case 'age':
      return key.recipient;
    case 'pgp':
      return key.fingerprint;
    case 'kms':
      return key.role === '' ? key.arn : `${key.arn}+${key.role}`;
    case 'gcp_kms':
      return key.resourceId;
    case 'hckms':
      return key.keyId;
    case 'azure_kv':
      return `${key.vaultUrl}/keys/${key.name}/${key.version}`;
    case 'hc_vault':
      return `${key.address}/v1/${key.enginePath}/keys/${key.keyName}`;
  }
}

type Reader = (entry: Mapping) => MasterKey;

/** In the order in which SOPS tries them when nobody asks for another. */
const readers: readonly (readonly [field: MasterKey['type'], read: Reader])[] = [
  [
    'kms',
    (entry) => ({
      type: 'kms',
      arn: fieldText(entry, 'arn'),
      role: fieldText(entry, 'role'),
      profile: fieldText(entry, 'aws_profile'),
      context: contextOf(entry),
      ...dated(entry),
    }),
  ],
  ['gcp_kms', (entry) => ({ type: 'gcp_kms', resourceId: fieldText(entry, 'resource_id'), ...dated(entry) })],
  ['hckms', (entry) => ({ type: 'hckms', keyId: fieldText(entry, 'key_id'), ...dated(entry) })],
  [
    'azure_kv',
    (entry) => ({
      type: 'azure_kv',
      vaultUrl: fieldText(entry, 'vault_url'),
      name: fieldText(entry, 'name'),
      version: fieldText(entry, 'version'),
      ...dated(entry),
    }),
  ],
  [
    'hc_vault',
    (entry) => ({
      type: 'hc_vault',
      address: fieldText(entry, 'vault_address'),
      enginePath: fieldText(entry, 'engine_path'),
      keyName: fieldText(entry, 'key_name'),
      ...dated(entry),
    }),
  ],
  ['pgp', (entry) => ({ type: 'pgp', fingerprint: fieldText(entry, 'fp'), ...dated(entry) })],
  ['age', (entry) => ({ type: 'age', recipient: fieldText(entry, 'recipient'), enc: fieldText(entry, 'enc') })],
];

function dated(entry: Mapping): { createdAt: string; enc: string } {
  return { createdAt: rfc3339(fieldText(entry, 'created_at'), 'created_at'), enc: fieldText(entry, 'enc') };
}

function contextOf(entry: Mapping): Map<string, string> {
  const context = entry.get('context') ?? null;
  if (context === null) return new Map();
  const mapping = mappingOf(context, 'context');
  return new Map(mapping.items.flatMap(({ key }) => (typeof key === 'string' ? [[key, fieldText(mapping, key)] as const] : [])));
}

/** The keys of a group, which the metadata itself is when there is only one. */
export function readGroup(tree: Mapping): MasterKey[] {
  return readers.flatMap(([field, read]) => listOf(tree, field).map((entry) => read(mappingOf(entry, field))));
}

export function writeGroup(group: KeyGroup): [string, Value][] {
  return readers.flatMap(([field]): [string, Value][] => {
    const entries = group.filter((key) => key.type === field).map(writeKey);
    return entries.length === 0 ? [] : [[field, entries]];
  });
}

/** Fields in the order of the alphabet, as SOPS writes them. */
function writeKey(key: MasterKey): Mapping {
  return mapping(Object.entries(fieldsOf(key)).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function fieldsOf(key: MasterKey): Record<string, Value> {
  if (key.type === 'age') return { recipient: key.recipient, enc: key.enc };
  const common = { created_at: key.createdAt, enc: key.enc };
  switch (key.type) {
    case 'pgp':
      return { ...common, fp: key.fingerprint };
    case 'kms':
      return {
        ...common,
        arn: key.arn,
        aws_profile: key.profile,
        ...(key.role === '' ? {} : { role: key.role }),
        ...(key.context.size === 0 ? {} : { context: mapping([...key.context].sort(([a], [b]) => (a < b ? -1 : 1))) }),
      };
    case 'gcp_kms':
      return { ...common, resource_id: key.resourceId };
    case 'hckms':
      return { ...common, key_id: key.keyId };
    case 'azure_kv':
      return { ...common, vault_url: key.vaultUrl, name: key.name, version: key.version };
    case 'hc_vault':
      return { ...common, vault_address: key.address, engine_path: key.enginePath, key_name: key.keyName };
  }
}

function mapping(entries: readonly (readonly [string, Value])[]): Mapping {
  return new Mapping(entries.map(([key, value]) => ({ key, value })));
}
