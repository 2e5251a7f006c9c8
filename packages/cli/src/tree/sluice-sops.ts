import type { CommandSpec, FlagSpec } from '../command-line/index.js';

const types = ['yaml', 'json', 'dotenv', 'ini', 'binary'];

const fileFlags: readonly FlagSpec[] = [
  { name: 'in-place', shorthand: 'i', type: 'bool', usage: 'write the outcome into the file itself' },
  { name: 'input-type', type: 'string', usage: "the file's format; default: as the ending of its name says", oneOf: ['', ...types] },
  { name: 'output-type', type: 'string', usage: 'the format to print in; default: that of the file', oneOf: ['', ...types] },
  { name: 'output', type: 'string', usage: 'a file to write to, instead of standard output' },
  { name: 'config', type: 'string', usage: 'a configuration file; default: the nearest .sops.yaml above the file' },
  { name: 'filename-override', type: 'string', usage: 'the name that rules and formats go by, for standard input' },
];

const recipientFlags: readonly FlagSpec[] = [
  { name: 'age', shorthand: 'a', type: 'string', usage: 'age recipients and SSH public keys to encrypt for, with commas between them' },
  { name: 'pgp', shorthand: 'p', type: 'string', usage: "fingerprints of OpenPGP keys in gpg's key ring to encrypt for, with commas" },
  { name: 'kms', type: 'string', usage: 'ARNs of AWS KMS keys to encrypt for, with commas between them' },
  { name: 'gcp-kms', type: 'string', usage: 'resource ids of Google Cloud KMS keys to encrypt for, with commas between them' },
  { name: 'azure-kv', type: 'string', usage: 'URLs of Azure Key Vault keys to encrypt for, with commas between them' },
  { name: 'hc-vault-transit', type: 'string', usage: 'URLs of transit keys of Vault or OpenBao to encrypt for, with commas between them' },
];

const ruleFlags: readonly FlagSpec[] = [
  { name: 'unencrypted-suffix', type: 'string', usage: 'leave values of keys with this ending readable' },
  { name: 'encrypted-suffix', type: 'string', usage: 'encrypt values of keys with this ending only' },
  { name: 'unencrypted-regex', type: 'string', usage: 'leave values of keys that match readable' },
  { name: 'encrypted-regex', type: 'string', usage: 'encrypt values of keys that match only' },
  { name: 'unencrypted-comment-regex', type: 'string', usage: 'leave values below comments that match readable' },
  { name: 'encrypted-comment-regex', type: 'string', usage: 'encrypt values below comments that match only' },
  { name: 'mac-only-encrypted', type: 'bool', usage: 'let readable values be edited by hand: the MAC covers encrypted ones alone' },
  { name: 'shamir-secret-sharing-threshold', type: 'int', usage: 'of how many key groups a key is needed; default: of all' },
];

export const sopsCommand: CommandSpec = {
  name: 'sops',
  short: 'Encrypt and decrypt files as SOPS does',
  commands: [
    {
      name: 'decrypt',
      args: 'FILE',
      short: 'Print a SOPS file in plain text',
      long: `Prints a file that SOPS has encrypted, in plain text; - reads standard input.
Private keys are looked for where SOPS does: SOPS_AGE_KEY, SOPS_AGE_KEY_FILE, SOPS_AGE_KEY_CMD, sops/age/keys.txt below the
configuration directory, SOPS_AGE_SSH_PRIVATE_KEY_FILE, ~/.ssh/id_ed25519, ~/.ssh/id_rsa, and the key ring of gpg.
A file whose content is not what was encrypted is refused.`,
      example: `  # A Secret
  sluice sops decrypt secret.yaml

  # One value of it
  sluice sops decrypt secret.yaml --extract '["stringData"]["password"]'`,
      flags: [
        ...fileFlags,
        { name: 'extract', type: 'string', usage: 'one value only, such as ["data"]["list"][0]' },
        { name: 'ignore-mac', type: 'bool', usage: 'print what the file holds even if it is not what was encrypted' },
        { name: 'key-file', type: 'stringArray', usage: 'a file with private keys: age identities, an SSH key, armoured OpenPGP keys' },
      ],
      load: () => import('../commands/sops-decrypt.js'),
    },
    {
      name: 'encrypt',
      args: 'FILE',
      short: 'Print a file encrypted',
      long: `Prints a file encrypted for the keys of the command line, or else of the first of the creation_rules in .sops.yaml that is
for the file; - reads standard input.`,
      example: `  # A Secret, of which only the values are hidden
  sluice sops encrypt -i --age age1… --encrypted-regex '^(data|stringData)$' secret.yaml`,
      flags: [...fileFlags, ...recipientFlags, ...ruleFlags],
      load: () => import('../commands/sops-encrypt.js'),
    },
    {
      name: 'keygen',
      short: 'Make a private age key',
      long: 'Makes a private age key. The public key to encrypt for is in its comment.',
      example: `  sluice sops keygen -o age.agekey
  kubectl -n flux-system create secret generic sops-age --from-file=age.agekey`,
      flags: [
        { name: 'output', shorthand: 'o', type: 'string', usage: 'a file to write to, which must not be there' },
        { name: 'post-quantum', type: 'bool', usage: 'a key that quantum computers are not expected to break; it and its files are long' },
      ],
      load: () => import('../commands/sops-keygen.js'),
    },
  ],
};
