import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { main } from '../main.js';
import { terminalOver } from '../terminal.js';

const secret = 'apiVersion: v1\nkind: Secret\nstringData:\n    password: hunter2\n    list:\n        - a\n        - b\n';

describe('sluice sops', () => {
  let directory: string;
  let recipient: string;
  const path = (name: string): string => join(directory, name);
  const write = (name: string, text: string): string => {
    mkdirSync(dirname(path(name)), { recursive: true });
    writeFileSync(path(name), text);
    return path(name);
  };
  const sops = async (args: readonly string[], environment: Record<string, string> = {}) => {
    const output = { out: '', error: '' };
    const terminal = terminalOver(
      (text) => (output.out += text),
      (text) => (output.error += text),
      { HOME: directory, PATH: '/nonexistent', SOPS_AGE_KEY_FILE: path('age.key'), ...environment },
    );
    const code = await main('sluice', ['sops', ...args], terminal, new AbortController().signal);
    return { ...output, code };
  };

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'sluice-sops-'));
    assert.equal((await sops(['keygen', '-o', path('age.key')])).code, 0);
    recipient = /public key: (age1\w+)/.exec(readFileSync(path('age.key'), 'utf8'))![1]!;
    write(
      '.sops.yaml',
      `creation_rules:\n- path_regex: ^apps/\n  encrypted_regex: ^stringData$\n  age: ${recipient}\nstores: {json: {indent: 2}}\n`,
    );
  });
  after(() => rmSync(directory, { recursive: true }));

  test('a key is private, and is not written over another', async () => {
    assert.equal(statSync(path('age.key')).mode & 0o777, 0o600);
    assert.match((await sops(['keygen', '-o', path('age.key')])).error, /is there already/);
    assert.match((await sops(['keygen', '--post-quantum'])).out, /^# created: .*\n# public key: age1pq1\w+\nAGE-SECRET-KEY-PQ-1\w+\n$/);
  });

  test('encrypts in place by the rules of .sops.yaml, and decrypts', async () => {
    const file = write('apps/secret.yaml', secret);
    assert.equal((await sops(['encrypt', '-i', file])).code, 0);
    const encrypted = readFileSync(file, 'utf8');
    assert.match(encrypted, /kind: Secret\nstringData:\n {4}password: ENC\[/);
    assert.equal((await sops(['decrypt', file])).out, secret);
    assert.match((await sops(['encrypt', file])).error, /secret\.yaml: the file has an entry "sops" already/);
    assert.equal((await sops(['decrypt', '-i', file])).code, 0);
    assert.equal(readFileSync(file, 'utf8'), secret);
  });

  test('one value, and another format', async () => {
    const file = write('apps/other.yaml', secret);
    await sops(['encrypt', '-i', file]);
    assert.equal((await sops(['decrypt', file, '--extract', '["stringData"]["password"]'])).out, 'hunter2');
    assert.equal((await sops(['decrypt', file, '--extract', '["stringData"]["list"][1]'])).out, 'b');
    assert.match((await sops(['decrypt', file, '--extract', '["nothing"]'])).error, /there is no key "nothing"/);
    assert.match((await sops(['decrypt', file, '--extract', 'x'])).error, /is no path/);
    assert.match((await sops(['decrypt', file, '--output-type', 'json'])).out, /^\{\n {2}"apiVersion": "v1",/);
  });

  test('keys of the command line need no rule', async () => {
    const file = write('app.env', 'USER=admin\n');
    assert.match((await sops(['encrypt', file])).error, /none of its creation_rules is for app\.env/);
    const encrypted = await sops(['encrypt', '--age', recipient, file]);
    assert.match(encrypted.out, /^USER=ENC\[/);
    write('app.encrypted.env', encrypted.out);
    assert.equal((await sops(['decrypt', path('app.encrypted.env')])).out, 'USER=admin\n');
  });

  test('a changed file is refused, unless asked for', async () => {
    const file = write('apps/tampered.yaml', secret);
    await sops(['encrypt', '-i', file]);
    writeFileSync(file, readFileSync(file, 'utf8').replace('kind: Secret', 'kind: Evil'));
    const refused = await sops(['decrypt', file]);
    assert.equal(refused.code, 1);
    assert.equal(refused.out, '');
    assert.match(refused.error, /tampered\.yaml: the MAC of the file does not fit/);
    assert.match((await sops(['decrypt', '--ignore-mac', file])).out, /kind: Evil/);
  });

  test('without a key: whom it is for, and where keys were looked for', async () => {
    const file = write('apps/locked.yaml', secret);
    await sops(['encrypt', '-i', file]);
    const other = await sops(['keygen']);
    const { error } = await sops(['decrypt', file], { SOPS_AGE_KEY_FILE: write('other.key', other.out) });
    assert.ok(error.includes(recipient), error);
    assert.match(error, /SOPS_AGE_KEY \(not set\), SOPS_AGE_KEY_FILE \(.*other\.key\), .*keys\.txt \(not there\)/);
    assert.doesNotMatch(error, /SECRET-KEY/);
    assert.equal((await sops(['decrypt', file, '--key-file', path('age.key')], { SOPS_AGE_KEY_FILE: path('other.key') })).out, secret);
    const identity = /AGE-SECRET-KEY-\w+/.exec(readFileSync(path('age.key'), 'utf8'))![0];
    assert.equal((await sops(['decrypt', file], { SOPS_AGE_KEY: identity, SOPS_AGE_KEY_FILE: path('other.key') })).out, secret);
  });
});
