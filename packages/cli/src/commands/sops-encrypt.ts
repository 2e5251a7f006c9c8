import { randomBytes } from 'node:crypto';
import {
  encrypt,
  masterKeys,
  type CreationRule,
  type EncryptionRule,
  type KeySealer,
  type MasterKey,
  type RecipientKind,
} from '@sluice/sops';
import type { FlagValues, Invocation } from '../command-line/index.js';
import { findConfig } from '../sops/config.js';
import { outputFormat, readInput, writeOutput } from '../sops/file.js';
import { gnupgSealer } from '../sops/gnupg.js';

/** `sops encrypt FILE`. */
export async function run(invocation: Invocation): Promise<void> {
  const { flags, terminal } = invocation;
  const input = await readInput(invocation);
  const output = outputFormat(invocation, input);
  const now = new Date();
  const found = await findConfig(input.name, flags.string('config'));
  const own = ownKeys(flags, terminal.environment, now);
  // Keys of the command line need no rule for the file.
  const fromConfig = own.length > 0 ? undefined : found?.config.ruleFor(found.path, now);
  const settings = combined(flags, own, fromConfig);
  const bytes = await encrypt(input.bytes, {
    ...settings,
    format: input.format,
    output,
    file: input.name,
    sealers: [gnupgSealer(terminal.environment), ...(await serviceSealers(terminal.environment, settings.groups))],
    now,
    random: (size) => randomBytes(size),
    layout: found?.config.layoutOf(output) ?? {},
  });
  await writeOutput(invocation, bytes, { isSecret: false });
}

/** Services are loaded where one of their keys is wanted. */
async function serviceSealers(environment: Invocation['terminal']['environment'], groups: CreationRule['groups']): Promise<KeySealer[]> {
  if (groups.every((group) => group.every(({ type }) => type === 'age' || type === 'pgp'))) return [];
  const { keyServices } = await import('../sops/key-services.js');
  return keyServices(environment);
}

/** Whom to encrypt for: a flag, or the variable of the environment that SOPS has for it. */
const keyFlags: readonly (readonly [flag: string, variable: string, kind: RecipientKind])[] = [
  ['age', 'SOPS_AGE_RECIPIENTS', 'age'],
  ['pgp', 'SOPS_PGP_FP', 'pgp'],
  ['kms', 'SOPS_KMS_ARN', 'kms'],
  ['gcp-kms', 'SOPS_GCP_KMS_IDS', 'gcp_kms'],
  ['azure-kv', 'SOPS_AZURE_KEYVAULT_URLS', 'azure_kv'],
  ['hc-vault-transit', 'SOPS_VAULT_URIS', 'hc_vault'],
];

function ownKeys(flags: FlagValues, environment: Readonly<Record<string, string | undefined>>, now: Date): MasterKey[] {
  return keyFlags.flatMap(([flag, variable, kind]) => masterKeys(kind, flags.string(flag) || (environment[variable] ?? ''), now));
}

const ruleFlags = {
  'unencrypted-suffix': 'unencryptedSuffix',
  'encrypted-suffix': 'encryptedSuffix',
  'unencrypted-regex': 'unencryptedRegex',
  'encrypted-regex': 'encryptedRegex',
  'unencrypted-comment-regex': 'unencryptedCommentRegex',
  'encrypted-comment-regex': 'encryptedCommentRegex',
} as const satisfies Record<string, keyof EncryptionRule>;

/** The command line wins over `.sops.yaml`. */
function combined(flags: FlagValues, own: readonly MasterKey[], fromConfig: CreationRule | undefined): CreationRule {
  const set = Object.entries(ruleFlags).filter(([flag]) => flags.string(flag) !== '');
  if (set.length > 1)
    throw new Error(
      `only one of ${Object.keys(ruleFlags)
        .map((flag) => `--${flag}`)
        .join(', ')} can be given`,
    );
  const groups = own.length > 0 ? [own] : fromConfig?.groups;
  if (groups === undefined) {
    throw new Error(
      'there is no key to encrypt for: give --age age1…, or write a .sops.yaml with creation_rules (`sops keygen` makes a key)',
    );
  }
  return {
    groups,
    rule: set.length > 0 ? Object.fromEntries(set.map(([flag, key]) => [key, flags.string(flag)])) : (fromConfig?.rule ?? {}),
    shamirThreshold: flags.number('shamir-secret-sharing-threshold') || (fromConfig?.shamirThreshold ?? 0),
    macOnlyEncrypted: flags.bool('mac-only-encrypted') || (fromConfig?.macOnlyEncrypted ?? false),
  };
}
