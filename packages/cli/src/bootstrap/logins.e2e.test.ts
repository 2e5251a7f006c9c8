import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { field } from '../kinds/index.js';
import { startBootstrapWorld, type BootstrapWorld } from '../testing/bootstrap-world.js';
import { startGitHost, withoutSshd, type GitHost } from '../testing/git-host.js';

const withoutGpg = spawnSync('gpg', ['--version']).status === 0 ? false : 'gpg is not on PATH';

/** How people are let in at a server, and how they put their names to what they commit. */
describe('bootstrap git, keys', { skip: withoutSshd }, () => {
  let host: GitHost;
  let world: BootstrapWorld;
  let directory: string;
  let agent: { readonly pid: number; readonly socket: string };

  before(async () => {
    // The names of sockets are short.
    directory = mkdtempSync(join(tmpdir(), 'sl-'));
    [host, world] = await Promise.all([startGitHost(), startBootstrapWorld()]);
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(directory, 'mine')]);
    host.allowKey(readFileSync(join(directory, 'mine.pub'), 'utf8'), 'write');
    const socket = join(directory, 'agent');
    const said = execFileSync('ssh-agent', ['-s', '-a', socket], { encoding: 'utf8' });
    agent = { pid: Number(/SSH_AGENT_PID=(\d+)/.exec(said)?.[1]), socket };
  });
  after(async () => {
    process.kill(agent.pid);
    await world.close();
    await host.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const overSsh = (...more: readonly string[]): string[] => [
    'bootstrap',
    'git',
    `--url=ssh://${userInfo().username}@${host.sshAddress}/agent`,
    '--path=clusters/prod',
    '--silent',
    ...more,
  ];

  test('a key of an agent; the cluster has its own, and says what is wrong until the server lets it in', async () => {
    host.create('agent');
    const environment = { SSH_AUTH_SOCK: agent.socket };
    const without = await world.flux(overSsh('--timeout=1m'), environment);
    assert.equal(without.code, 1);
    assert.match(without.stderr, /^✗ unable to clone '.*\/agent'.*(denied|authenticat)/m, 'an agent without keys');

    execFileSync('ssh-add', ['-q', join(directory, 'mine')], { env: { ...process.env, SSH_AUTH_SOCK: agent.socket } });
    const refused = await world.flux(overSsh('--timeout=5m'), environment);
    assert.equal(refused.code, 1, refused.stderr);
    const publicKey = /✔ public key: (.*)\n/.exec(refused.stderr)?.[1] ?? '';
    assert.match(refused.stderr, /✗ .*GitRepository.*(denied|authenticat)/);
    assert.equal(refused.stderr.match(/^✗/gm)?.length, 1, refused.stderr);

    host.allowKey(`${publicKey}\n`, 'read');
    const { code, stderr } = await world.flux(overSsh('--timeout=5m'), environment);
    assert.equal(code, 0, stderr);
    assert.match(stderr, new RegExp(`public key: ${publicKey.replaceAll('+', '\\+')}`), 'the key of the run before');
    assert.match(stderr, /✔ all components are healthy\n$/);
  });

  test('commits are signed with a key ring', { skip: withoutGpg }, async () => {
    const home = join(directory, 'gpg');
    execFileSync('mkdir', ['-m', '700', home]);
    const gpg = (...words: readonly string[]): string =>
      execFileSync('gpg', ['--homedir', home, '--batch', '--pinentry-mode', 'loopback', '--passphrase', 'open sesame', ...words], {
        encoding: 'latin1',
        stdio: ['ignore', 'pipe', 'ignore'],
      });
    try {
      for (const name of ['other', 'flux']) gpg('--quick-generate-key', `${name} <${name}@example.com>`, 'rsa2048', 'sign', 'never');
      const fingerprint = /^fpr:+([0-9A-F]+):/m.exec(gpg('--list-keys', '--with-colons', 'flux@example.com'))?.[1] ?? '';
      const ring = join(directory, 'ring.gpg');
      gpg('--export-secret-keys', '--output', ring);
      const line = overSsh('--timeout=5m', '--interval=3m', `--gpg-key-ring=${ring}`, `--gpg-key-id=${fingerprint.slice(-16)}`);
      const environment = { SSH_AUTH_SOCK: agent.socket };

      const wrong = await world.flux([...line, '--gpg-passphrase=wrong'], environment);
      assert.match(wrong.stderr, /^✗ .*passphrase.*\n$/);
      const unknown = await world.flux([...line, '--gpg-passphrase=open sesame', '--gpg-key-id=0123456789ABCDEF'], environment);
      assert.match(unknown.stderr, /^✗ .*0123456789ABCDEF.*\n$/);

      const { code, stderr } = await world.flux([...line, '--gpg-passphrase=open sesame'], environment);
      assert.equal(code, 0, stderr);
      const program = join(directory, 'verify');
      writeFileSync(program, `#!/bin/sh\nexec gpg --homedir ${home} "$@"\n`, { mode: 0o755 });
      host.git('agent', '-c', `gpg.program=${program}`, 'verify-commit', 'main');
    } finally {
      spawnSync('gpgconf', ['--homedir', home, '--kill', 'all']);
    }
  });

  test('AWS CodeCommit has rules of its own', async () => {
    const url = 'git-codecommit.eu-west-1.amazonaws.com/v1/repos/fleet';
    const table: readonly [args: readonly string[], message: RegExp][] = [
      [[`--url=ssh://${url}`], /ssh username should be the SSH key ID for the provided private key/],
      [[`--url=ssh://git@${url}`], /ssh username should be the SSH key ID for the provided private key/],
      [[`--url=ssh://APKAEXAMPLE@${url}`], /private key file is required for bootstrapping against AWS CodeCommit using ssh/],
    ];
    for (const [args, message] of table) {
      const { code, stderr } = await world.flux(['bootstrap', 'git', '--silent', ...args], { SSH_AUTH_SOCK: agent.socket });
      assert.equal(code, 1);
      assert.match(stderr, message, args.join(' '));
    }
  });

  test('whoever may not install is told what', async () => {
    const { code, stderr } = await world.flux(overSsh('--timeout=1m', '--as=somebody'), { SSH_AUTH_SOCK: agent.socket });
    assert.equal(code, 1);
    assert.match(stderr, /✗ .*"somebody" cannot .*\n$/);
    assert.equal(field(await world.cluster.get({ apiVersion: 'v1', kind: 'Namespace', name: 'flux-system' }), 'status', 'phase'), 'Active');
  });
});
