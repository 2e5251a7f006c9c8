import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { makeRepository, makeWorkspace, type TestRepository, type Workspace } from '../testing/repository.js';
import { parseCommit, parseTag, type GitObject } from './commit.js';
import { trustedKeysFromSecret, verifySignature, type TrustedKeys } from './verify.js';

const has = (program: string, ...args: string[]): boolean => spawnSync(program, args).error === undefined;

function raw(repository: TestRepository, type: 'commit' | 'tag', name: string): GitObject {
  const hash = repository.git('rev-parse', name);
  const bytes = execFileSync('git', ['cat-file', type, hash], { cwd: repository.dir });
  return type === 'commit' ? parseCommit(hash, bytes) : parseTag(hash, bytes);
}

const untrusted = { reason: 'SignatureInvalid', message: /no matching key/ };

describe('SSH signatures', { skip: has('ssh-keygen', '-?') ? false : 'ssh-keygen is not installed' }, () => {
  let workspace: Workspace;
  let repository: TestRepository;
  const keygen = (name: string, type: string): void =>
    void execFileSync('ssh-keygen', ['-q', '-t', type, '-N', '', '-C', name, '-f', join(workspace.dir, name)]);
  const trust = (...names: string[]): TrustedKeys => ({
    openpgp: [],
    ssh: names.map((name) => readFileSync(join(workspace.dir, `${name}.pub`), 'utf8')),
  });

  before(() => {
    workspace = makeWorkspace();
    repository = makeRepository(join(workspace.dir, 'repository'));
    repository.git('config', 'gpg.format', 'ssh');
    for (const type of ['ed25519', 'ecdsa', 'rsa']) keygen(type, type);
    keygen('stranger', 'ed25519');
  });
  after(() => workspace.remove());

  const signed = (key: string, message = 'signed'): GitObject => {
    repository.git('config', 'user.signingkey', join(workspace.dir, `${key}.pub`));
    repository.git('commit', '--quiet', '--allow-empty', '-S', '-m', message);
    return raw(repository, 'commit', 'HEAD');
  };

  for (const type of ['ed25519', 'ecdsa', 'rsa']) {
    test(`a commit signed with a key of type ${type}`, async () => {
      const fingerprint = execFileSync('ssh-keygen', ['-lf', join(workspace.dir, `${type}.pub`)], { encoding: 'utf8' }).split(' ')[1];
      const commit = signed(type, 'über\n\nmore\n');
      assert.equal(await verifySignature(commit, 'commit', trust('stranger', type)), fingerprint);
      await assert.rejects(verifySignature(commit, 'commit', trust('stranger')), untrusted);
      await assert.rejects(
        verifySignature({ ...commit, signed: Buffer.concat([commit.signed, Buffer.from('x')]) }, 'commit', trust(type)),
        untrusted,
      );
    });
  }

  test('a signed tag', async () => {
    repository.git('config', 'user.signingkey', join(workspace.dir, 'ed25519.pub'));
    repository.git('tag', '-s', 'v1', '-m', 'a release');
    const tag = raw(repository, 'tag', 'v1');
    assert.equal(tag.message, 'a release\n');
    assert.match(await verifySignature(tag, 'tag', trust('ed25519')), /^SHA256:/);
    await assert.rejects(verifySignature(tag, 'tag', trust('rsa')), {
      message: /^unable to verify Git tag SSH signature: unable to verify payload/,
    });
  });

  test('a signature for another purpose, with the right key, is no signature', async () => {
    const commit = signed('ed25519');
    const file = join(workspace.dir, 'payload');
    writeFileSync(file, commit.signed);
    execFileSync('ssh-keygen', ['-q', '-Y', 'sign', '-n', 'file', '-f', join(workspace.dir, 'ed25519'), file], { stdio: 'pipe' });
    const signature = readFileSync(`${file}.sig`, 'utf8');
    await assert.rejects(verifySignature({ ...commit, signature }, 'commit', trust('ed25519')), untrusted);
  });

  test('an unsigned commit, a broken signature and missing keys say so', async () => {
    repository.git('commit', '--quiet', '--allow-empty', '-m', 'unsigned');
    const unsigned = raw(repository, 'commit', 'HEAD');
    assert.equal(unsigned.signature, undefined);
    await assert.rejects(verifySignature(unsigned, 'commit', trust('rsa')), { message: 'unsupported signature type: empty' });
    const commit = signed('ed25519');
    await assert.rejects(verifySignature(commit, 'commit', { openpgp: [], ssh: [] }), {
      message: /^SSH signature detected but no SSH public keys found/,
    });
    for (const signature of [
      '-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\n-----END SSH SIGNATURE-----\n',
      '-----BEGIN SSH SIGNATURE-----\n!\n',
    ]) {
      await assert.rejects(verifySignature({ ...commit, signature }, 'commit', trust('ed25519')), {
        message: /unable to unarmor SSH signature/,
      });
    }
  });
});

describe('OpenPGP signatures', { skip: has('gpg', '--version') ? false : 'gpg is not installed' }, () => {
  let workspace: Workspace;
  let repository: TestRepository;
  let home: string;
  const gpg = (...args: string[]): string =>
    execFileSync('gpg', ['--batch', '--quiet', '--homedir', home, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  const publicKey = (user: string): string => gpg('--armor', '--export', user);

  before(() => {
    workspace = makeWorkspace();
    home = join(workspace.dir, 'gnupg');
    mkdirSync(home, { mode: 0o700 });
    for (const [user, algorithm] of [
      ['ada', 'ed25519'],
      ['rita', 'rsa2048'],
    ] as const) {
      gpg('--passphrase', '', '--quick-generate-key', `${user} <${user}@example.com>`, algorithm, 'sign', 'never');
    }
    repository = makeRepository(join(workspace.dir, 'repository'));
    const program = join(workspace.dir, 'gpg');
    writeFileSync(program, `#!/bin/sh\nexec gpg --homedir '${home}' "$@"\n`, { mode: 0o755 });
    repository.git('config', 'gpg.program', program);
  });
  after(() => {
    spawnSync('gpgconf', ['--homedir', home, '--kill', 'all']);
    workspace.remove();
  });

  for (const user of ['ada', 'rita']) {
    test(`a commit and a tag signed by ${user}`, async () => {
      repository.git('config', 'user.signingkey', `${user}@example.com`);
      repository.git('commit', '--quiet', '--allow-empty', '-S', '-m', 'signed');
      repository.git('tag', '-s', user, '-m', 'a release');
      const keyId = /^pub:[^:]*:[^:]*:[^:]*:([0-9A-F]{16}):/m.exec(gpg('--with-colons', '--list-keys', user))?.[1];
      for (const [kind, name] of [
        ['commit', 'HEAD'],
        ['tag', user],
      ] as const) {
        const object = raw(repository, kind, name);
        const other = user === 'ada' ? 'rita' : 'ada';
        assert.equal(await verifySignature(object, kind, { openpgp: ['garbage', publicKey(other), publicKey(user)], ssh: [] }), keyId);
        await assert.rejects(verifySignature(object, kind, { openpgp: [publicKey(other)], ssh: [] }), untrusted);
        await assert.rejects(
          verifySignature({ ...object, signed: Buffer.from(`${object.signed.toString()}x`) }, kind, {
            openpgp: [publicKey(user)],
            ssh: [],
          }),
          untrusted,
        );
        await assert.rejects(verifySignature(object, kind, { openpgp: ['garbage'], ssh: [] }), {
          message: /^unable to verify Git \w+: unable to read armored key ring/,
        });
        await assert.rejects(verifySignature(object, kind, { openpgp: [], ssh: [] }), {
          message: /^PGP signature detected but no PGP public keys/,
        });
      }
    });
  }
});

test('the keys of a Secret are told apart by their endings', () => {
  const data = { 'a.asc': Buffer.from('pgp'), 'b.sshpub': Buffer.from('ssh'), c: Buffer.from('older') };
  assert.deepEqual(trustedKeysFromSecret(data), { openpgp: ['pgp', 'older'], ssh: ['ssh'] });
});
