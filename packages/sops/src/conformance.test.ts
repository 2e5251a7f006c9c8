import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SluiceError } from '@sluice/core';
import { readEncrypted } from './format/format.js';
import { ageKeys, decrypt, encrypt, pgpKeys, pgpSealer, type DecryptOptions, type KeySource, type SopsFormat } from './index.js';

const folder = join(import.meta.dirname, '../../../../shared/conformance/sops');
const skip = existsSync(folder) ? false : 'the recorded files of SOPS are not beside the project';

interface Case {
  name: string;
  format: SopsFormat;
  plain?: string;
  encrypted?: string;
  keys?: string[];
  expected?: string;
  expectedIgnoreMac?: string;
  ignoreMacSucceeds?: boolean;
  errorClass?: string;
  decryptFails?: boolean;
  encryptFails?: boolean;
  options: string[];
}

const reasons: Record<string, readonly string[]> = {
  'no-data-key': ['SopsKeyMissing'],
  'mac-mismatch': ['SopsMacMismatch'],
  'value-decryption-failed': ['SopsValueInvalid'],
  'metadata-not-found': ['SopsMetadataMissing'],
  'invalid-lastmodified': ['SopsMetadataInvalid'],
  'parse-error': ['SopsFileInvalid', 'YamlInvalid'],
};

const recorded = skip === false ? (JSON.parse(readText('cases.json')) as { cases: Case[] }).cases : [];

test('recorded files of SOPS', { skip }, () => {
  assert.ok(recorded.length > 0);
});

for (const example of recorded) {
  if (example.encrypted !== undefined && example.decryptFails !== true) {
    test(`decrypts ${example.name}`, async () => {
      const { plaintext } = await open(example);
      assert.equal(printable(plaintext), printable(read(example.expected!)));
    });
  }
  if (example.decryptFails === true) {
    test(`refuses ${example.name}`, async () => {
      await assert.rejects(open(example), (error) => {
        assert.ok(error instanceof SluiceError, String(error));
        assert.ok(reasons[example.errorClass!]!.includes(error.reason), `${error.reason}: ${error.message}`);
        return true;
      });
    });
  }
  if (example.ignoreMacSucceeds !== undefined) {
    test(`decrypts ${example.name} without its MAC: ${example.ignoreMacSucceeds}`, async () => {
      if (!example.ignoreMacSucceeds) return assert.rejects(open(example, { mac: 'ignore' }));
      const { plaintext } = await open(example, { mac: 'ignore' });
      assert.equal(printable(plaintext), printable(read(example.expectedIgnoreMac!)));
    });
  }
  if (example.encryptFails === true) {
    test(`does not encrypt ${example.name}`, async () => {
      await assert.rejects(encrypt(read(example.plain!), { ...settings, format: example.format, groups: [[ageKey()]] }), SluiceError);
    });
  }
  if (example.plain !== undefined && example.encrypted !== undefined && example.decryptFails !== true) {
    test(`encrypts ${example.name} so that it decrypts again`, async () => {
      const { metadata } = readEncrypted(read(example.encrypted!), example.format);
      const { groups, shamirThreshold, rule, macOnlyEncrypted } = metadata;
      const sealers = [pgpSealer(readText('keys/pgp-1.pub.asc'))];
      const options = { ...settings, format: example.format, groups, shamirThreshold, rule, macOnlyEncrypted, sealers };
      const encrypted = await encrypt(read(example.plain!), options);
      const { plaintext } = await decrypt(encrypted, { format: example.format, keys: keysOf(example) });
      assert.equal(printable(plaintext), printable(read(example.expected!)));
      // Apart from what is random, the file is what SOPS writes.
      assert.equal(withoutRandom(encrypted), withoutRandom(read(example.encrypted!)));
    });
  }
}

const settings = { now: new Date('2026-11-21T00:00:00Z'), random: (size: number): Uint8Array => randomBytes(size) };

function open(example: Case, options: Partial<DecryptOptions> = {}): ReturnType<typeof decrypt> {
  return decrypt(read(example.encrypted!), { format: example.format, keys: keysOf(example), file: example.name, ...options });
}

function keysOf({ keys = [] }: Case): KeySource[] {
  return keys.map((name) =>
    name.startsWith('age') ? ageKeys(readText(`keys/${name}.agekey`), name) : pgpKeys(readText(`keys/${name}.asc`), name),
  );
}

function ageKey(): { type: 'age'; recipient: string; enc: string } {
  return { type: 'age', recipient: 'age1ss77lqrpany6dex35zjjzrnaj6t0v30rwzhmt8rsaxkqzwkkjuysa43kk2', enc: '' };
}

function read(path: string): Buffer {
  return readFileSync(join(folder, path));
}

function readText(path: string): string {
  return read(path).toString('utf8');
}

function printable(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}

function withoutRandom(bytes: Uint8Array): string {
  return printable(bytes)
    .replaceAll(/data:[^,]+,iv:[^,]+,tag:[^,]+,/g, '')
    .replaceAll(/-----BEGIN [A-Z ]+-----(.|\n)*?-----END [A-Z ]+-----(\\n)?/g, 'ARMOURED')
    .replaceAll(/\|-?\n +ARMOURED/g, 'ARMOURED')
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, 'TIME');
}
