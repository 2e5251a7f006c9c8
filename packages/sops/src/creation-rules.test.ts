import assert from 'node:assert/strict';
import { test } from 'node:test';
import { masterKeyName, readSopsConfig } from './index.js';

const now = new Date('2026-01-01T00:00:00Z');
const config = readSopsConfig(
  `creation_rules:
- path_regex: ^prod/.*
  encrypted_regex: ^(data|stringData)$
  mac_only_encrypted: true
  age: >-
    age1aaa,
    age1bbb
  pgp: ["4AB9 5321"]
- path_regex: \\.shared\\.yaml$
  shamir_threshold: 2
  key_groups:
  - merge:
    - age: [age1aaa]
    age: [age1aaa, age1ccc]
  - kms:
    - {arn: "arn:aws:kms:eu-west-1:1:key/k", role: r, context: {app: x}}
    azure_keyvault:
    - {vaultUrl: "https://v.vault.azure.net", key: n, version: "1"}
    hc_vault: ["https://vault:8200/v1/sops/transit/keys/main"]
    gcp_kms: [{resource_id: projects/p}]
- kms: arn:aws:kms:eu-west-1:1:key/k+arn:aws:iam::1:role/r
  hc_vault_transit_uri: https://vault/v1/transit/keys/x
stores:
  yaml: {indent: 2}
  json_binary: {indent: 4}
`,
  '.sops.yaml',
);
const names = (path: string): string[][] =>
  config.ruleFor(path, now)!.groups.map((group) => group.map((key) => `${key.type} ${masterKeyName(key)}`));

test('the first rule whose pattern is found in the path counts', () => {
  assert.deepEqual(names('prod/a.yaml'), [['age age1aaa', 'age age1bbb', 'pgp 4AB95321']]);
  const { rule, macOnlyEncrypted } = config.ruleFor('prod/a.yaml', now)!;
  assert.deepEqual({ rule, macOnlyEncrypted }, { rule: { encryptedRegex: '^(data|stringData)$' }, macOnlyEncrypted: true });
  assert.deepEqual(names('else'), [
    ['kms arn:aws:kms:eu-west-1:1:key/k+arn:aws:iam::1:role/r', 'hc_vault https://vault/v1/transit/keys/x'],
  ]);
});

test('key groups are merged, and name a key once', () => {
  assert.deepEqual(names('x.shared.yaml'), [
    ['age age1aaa', 'age age1ccc'],
    [
      'kms arn:aws:kms:eu-west-1:1:key/k+r',
      'gcp_kms projects/p',
      'azure_kv https://v.vault.azure.net/keys/n/1',
      'hc_vault https://vault:8200/v1/sops/transit/keys/main',
    ],
  ]);
  assert.equal(config.ruleFor('x.shared.yaml', now)!.shamirThreshold, 2);
});

test('layouts', () => {
  assert.deepEqual([config.layoutOf('yaml'), config.layoutOf('json'), config.layoutOf('binary')], [{ indent: 2 }, {}, { indent: 4 }]);
});

test('no rules, no rule for the file, and what is wrong with one', () => {
  assert.equal(readSopsConfig('', 'f').ruleFor('x', now), undefined);
  const ruleOf = (text: string) => () => readSopsConfig(`creation_rules:\n- ${text}\n`, '.sops.yaml').ruleFor('x', now);
  assert.throws(ruleOf('path_regex: ^y$'), /\.sops\.yaml: none of its creation_rules is for x/);
  assert.throws(ruleOf('path_regex: "("'), /does not compile/);
  assert.throws(ruleOf('{age: 5}'), /age is not a text/);
  assert.throws(ruleOf('{age: a, encrypted_regex: a, encrypted_suffix: b}'), /only one of/);
  assert.throws(ruleOf('{hc_vault_transit_uri: "https://vault/transit"}'), /Vault's key is/);
  assert.throws(ruleOf('{key_groups: [{kms: [1]}]}'), /not a mapping/);
  assert.throws(ruleOf('{key_groups: [5]}'), /not a mapping/);
});
