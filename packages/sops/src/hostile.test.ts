import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { SluiceError } from '@sluice/core';
import { ageKeys, decrypt, encrypt, generateAgeKey, type SopsFormat } from './index.js';

const { identity, recipient } = await generateAgeKey();
const keys = [ageKeys(identity, 'the key')];
const sealed = async (text: string, format: SopsFormat = 'yaml'): Promise<string> => {
  const options = {
    format,
    groups: [[{ type: 'age', recipient, enc: '' } as const]],
    now: new Date(),
    random: (size: number) => randomBytes(size),
  };
  return Buffer.from(await encrypt(Buffer.from(text), options)).toString('utf8');
};
const open = async (text: string, format: SopsFormat = 'yaml'): Promise<string> =>
  Buffer.from((await decrypt(Buffer.from(text), { format, keys, maxBytes: 100_000_000 })).plaintext).toString('utf8');
const good = await sealed('a: 1\n');

/** Metadata that is not what it should be. */
const hostile: readonly (readonly [name: string, change: (text: string) => string])[] = [
  ['a text in place of the metadata', () => 'a: ENC[x]\nsops: text\n'],
  ['a list in place of the metadata', () => 'a: ENC[x]\nsops: [1, 2]\n'],
  ['metadata twice', (text) => `${text}sops: {}\n`],
  ['no keys', () => 'a: 1\nsops: {lastmodified: "2026-01-01T00:00:00Z", mac: x, version: 3.0.0}\n'],
  ['keys that are texts', (text) => text.replace(/ {4}age:[^]*?(?= {4}lastmodified)/, '    age: [one, two]\n')],
  ['a mapping for a text', (text) => text.replace(/mac: .*/, 'mac: {a: 1}')],
  ['a MAC that is no MAC', (text) => text.replace(/mac: .*/, 'mac: ENC[AES256_GCM,data:,iv:,tag:,type:str]')],
  ['a time that is none', (text) => text.replace(/lastmodified: .*/, 'lastmodified: 2026-99-99T00:00:00Z')],
  ['two rules', (text) => text.replace('unencrypted_suffix', 'encrypted_regex: x\n    unencrypted_suffix')],
  ['a rule that does not compile', (text) => text.replace(/unencrypted_suffix: .*/, 'encrypted_regex: "(a"')],
  ['an anchor that contains itself', () => 'a: &a [*a]\nsops: {}\n'],
  [
    'thousands of keys',
    (text) => text.replace(/ {4}age:[^]*?(?= {4}lastmodified)/, `    age:\n${'      - {recipient: r, enc: e}\n'.repeat(3000)}`),
  ],
  [
    'groups that do not fit',
    (text) => text.replace(/ {4}age:/, '    key_groups: [{age: []}, {age: []}]\n    shamir_threshold: 2\n    agee:'),
  ],
  ['deep nesting', () => `a: ${'['.repeat(100_000)}\nsops: {}\n`],
  [
    'an alias bomb',
    () =>
      `a: &a [x,x,x,x,x,x,x,x,x]\n${Array.from('bcdefghi', (name, index) => `${name}: &${name} [${`*${'abcdefgh'[index]},`.repeat(9)}]`).join('\n')}\nsops: {}\n`,
  ],
];

for (const [name, change] of hostile) {
  test(`refused in bounded time: ${name}`, { timeout: 20_000 }, async () => {
    await assert.rejects(open(change(good)), (error) => {
      assert.ok(error instanceof SluiceError, String(error));
      assert.doesNotMatch(error.message, new RegExp(identity));
      return true;
    });
  });
}

test('keys such as __proto__ are keys', async () => {
  const text = '__proto__: one\nconstructor:\n    toString: two\n';
  assert.equal(await open(await sealed(text)), text);
  const json = '{\n\t"__proto__": "x"\n}\n';
  assert.equal(await open(await sealed(json, 'json'), 'json'), json);
});

test('a value that looks like many encrypted ones costs little', async () => {
  const text = good.replace(/a: ENC.*/, `a: "ENC[AES256_GCM,data:${',iv:,tag:,type:'.repeat(200_000)}]"`);
  const started = performance.now();
  await assert.rejects(open(text), SluiceError);
  assert.ok(performance.now() - started < 2000);
});

test('a file with twenty thousand values', { timeout: 60_000 }, async () => {
  const text = Array.from({ length: 20_000 }, (_, index) => `  "k${index}": ${index}`).join(',\n');
  const json = await sealed(`{\n${text}\n}`, 'json');
  assert.equal(JSON.parse(await open(json, 'json')).k19999, 19_999);
});

test('a file that is too large is not read', async () => {
  await assert.rejects(
    decrypt(new Uint8Array(6 * 1024 * 1024), { format: 'yaml', keys, file: 'big.yaml' }),
    /6291456 bytes; up to 5242880/,
  );
});

test('no message holds a plaintext, a ciphertext or a private key', async () => {
  const secret = await sealed('password: hunter2\n');
  for (const text of [
    secret.replace('data:', 'data:AAAA'),
    secret.replace('password', 'passwort'),
    secret.replace(/ENC\[.*/, 'hunter2'),
    `${secret}x: [`,
  ]) {
    await assert.rejects(open(text), (error) => {
      assert.doesNotMatch(String(error), /hunter2|AGE-SECRET|AAAA/);
      return true;
    });
  }
});
