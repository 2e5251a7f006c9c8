import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ageKeys, ageRecipients, generateAgeKey } from '../index.js';
import { ageSealer } from './age.js';
import { unarmored } from './age-file.js';
import type { AgeKey } from './master-key.js';

const secret = randomBytes(32);
const sealer = ageSealer((size) => randomBytes(size));
const sealed = async (recipient: string): Promise<AgeKey> => {
  const key: AgeKey = { type: 'age', recipient, enc: '' };
  return { ...key, enc: (await sealer.seal(key, secret))! };
};

describe('age keys', () => {
  for (const postQuantum of [false, true]) {
    test(`an identity opens what its recipient was sent${postQuantum ? ', post-quantum' : ''}`, async () => {
      const { identity, recipient } = await generateAgeKey({ postQuantum });
      const other = await generateAgeKey({ postQuantum });
      const key = await sealed(recipient);
      assert.deepEqual(Buffer.from((await ageKeys(`# a comment\n\n${other.identity}\n${identity}\n`, 'k').open(key))!), secret);
      assert.equal(await ageKeys(other.identity, 'k').open(key), undefined);
      assert.deepEqual(await ageRecipients(identity, 'k'), [recipient]);
    });
  }

  test('a file that was changed is not opened', async () => {
    const { identity, recipient } = await generateAgeKey();
    const key = await sealed(recipient);
    const bytes = unarmored(key.enc);
    for (const at of [bytes.length - 1, bytes.length - 40, bytes.indexOf('---') + 5]) {
      const changed = Buffer.from(bytes);
      changed[at] = changed[at]! ^ 1;
      const enc = `-----BEGIN AGE ENCRYPTED FILE-----\n${changed.toString('base64')}\n-----END AGE ENCRYPTED FILE-----\n`;
      await assert.rejects(ageKeys(identity, 'k').open({ ...key, enc }), /it was changed/);
    }
    await assert.rejects(ageKeys(identity, 'k').open({ ...key, enc: 'text' }), /it was changed/);
  });

  test('what is no identity is refused, by its line', async () => {
    const { identity } = await generateAgeKey();
    assert.throws(() => ageKeys(`${identity}\nnonsense`, 'keys.txt'), /keys\.txt: line 2 is no age identity/);
    assert.throws(() => ageKeys('# nothing', 'keys.txt'), /there is no age identity in it/);
    await assert.rejects(sealed('age1nonsense'), /is no age recipient/);
    await assert.rejects(sealed('ssh-dss AAAA'), /is no age recipient/);
  });
});

describe('SSH keys as age keys', () => {
  let directory: string;
  const hasTool = spawnSync('ssh-keygen', ['-?']).error === undefined;
  const skip = hasTool ? false : 'ssh-keygen is not installed';
  before(() => (directory = mkdtempSync(join(tmpdir(), 'sluice-ssh-'))));
  after(() => rmSync(directory, { recursive: true }));
  const keygen = (name: string, ...args: string[]): { privateKey: string; publicKey: string } => {
    const file = join(directory, name);
    assert.equal(spawnSync('ssh-keygen', ['-q', '-f', file, ...args]).status, 0);
    return { privateKey: readFileSync(file, 'utf8'), publicKey: readFileSync(`${file}.pub`, 'utf8').trim() };
  };

  test('ed25519 and rsa, in the formats of OpenSSH and PEM', { skip }, async () => {
    const unrelated = keygen('unrelated', '-t', 'ed25519', '-N', '');
    const kinds = [
      keygen('ed', '-t', 'ed25519', '-N', ''),
      keygen('rsa', '-t', 'rsa', '-b', '2048', '-N', ''),
      keygen('pem', '-t', 'rsa', '-b', '2048', '-m', 'PEM', '-N', ''),
    ];
    for (const { privateKey, publicKey } of kinds) {
      const key = await sealed(publicKey);
      assert.deepEqual(Buffer.from((await ageKeys(privateKey, 'k').open(key))!), secret);
      assert.equal(await ageKeys(unrelated.privateKey, 'k').open(key), undefined);
    }
  });

  test('keys that can not be used, and why', { skip }, () => {
    const locked = keygen('locked', '-t', 'ed25519', '-N', 'a pass phrase');
    assert.throws(() => ageKeys(locked.privateKey, 'id'), /id: the private SSH key can't be used: it is protected by a pass phrase/);
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const text = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    assert.throws(() => ageKeys(text, 'id'), /is no ed25519 or rsa key/);
    assert.throws(() => ageKeys('-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----', 'id'), /does not parse/);
  });
});
