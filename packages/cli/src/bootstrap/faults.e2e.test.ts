import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startBootstrapWorld, type BootstrapWorld } from '../testing/bootstrap-world.js';
import { startGitHost, withoutSshd, type GitHost } from '../testing/git-host.js';

describe('bootstrap, interrupted and refused', { skip: withoutSshd }, () => {
  let host: GitHost;
  let world: BootstrapWorld;
  let directory: string;
  let elsewhere: string | undefined;
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'sluice-faults-'));
    // What commands put aside is looked at: nobody else's may be among it.
    elsewhere = process.env['TMPDIR'];
    process.env['TMPDIR'] = directory;
    [host, world] = await Promise.all([startGitHost(), startBootstrapWorld()]);
  });
  after(async () => {
    if (elsewhere === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = elsewhere;
    await world.close();
    await host.close();
    rmSync(directory, { recursive: true, force: true });
  });
  const line = (repository: string, ...more: readonly string[]): string[] => [
    'bootstrap',
    'git',
    `--url=https://${host.address}/${repository}.git`,
    `--password=${host.token}`,
    '--token-auth',
    `--ca-file=${host.caFile}`,
    '--path=clusters/prod',
    '--timeout=40s',
    ...more,
  ];

  test('ended by Ctrl-C after every other of its lines in turn, it is finished by the run after', async () => {
    host.create('interrupted');
    let steps = 0;
    for (let at = 1; ; at += 2) {
      let seen = 0;
      const { code, stderr } = await world.flux(line('interrupted'), {}, (_line, interrupt) => {
        if (++seen === at) interrupt();
      });
      if (seen < at) {
        // Nothing was interrupted any more: this is the run that finishes.
        assert.equal(code, 0, stderr);
        assert.match(stderr, /✔ all components are healthy\n$/);
        break;
      }
      steps++;
      if (code !== 0) assert.match(stderr, /interrupted/);
    }
    assert.ok(steps >= 8, `${steps} steps`);
    assert.deepEqual(
      host.git('interrupted', 'log', '--format=%s', 'main').split('\n'),
      ['Add Flux sync manifests', 'Add Flux v2.9.4 component manifests'],
      'each commit once',
    );
    const left = readdirSync(directory).filter((name) => name.startsWith('flux-bootstrap-'));
    assert.deepEqual(left, [], 'nothing with secrets is left behind');
  });

  test('others push at the same time: their commits come first', async () => {
    let pushed = 0;
    const { code, stderr } = await world.flux(line('interrupted', '--interval=2m'), {}, (text) => {
      if (pushed === 0 && text.includes('pushing sync manifests')) host.commit('interrupted', { README: `theirs ${++pushed}\n` });
    });
    assert.equal(code, 0, stderr);
    assert.match(stderr, /git conflict detected, retrying with a fresh clone/);
    assert.match(host.git('interrupted', 'log', '--format=%s', '-2', 'main'), /^Add Flux sync manifests\na change of theirs$/);
  });

  test('a signed commit', async () => {
    const key = join(directory, 'signing');
    const { execFileSync } = await import('node:child_process');
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', 'open sesame', '-f', key]);
    const wrong = await world.flux(line('interrupted', `--ssh-signing-key-file=${key}`, '--ssh-signing-password=wrong'));
    assert.match(wrong.stderr, /^✗ invalid SSH signing key: the passphrase of the signing key is wrong\n$/);
    const { code, stderr } = await world.flux(
      line('interrupted', '--interval=3m', `--ssh-signing-key-file=${key}`, '--ssh-signing-password=open sesame'),
    );
    assert.equal(code, 0, stderr);
    writeFileSync(
      join(directory, 'signers'),
      `* ${execFileSync('ssh-keygen', ['-y', '-P', 'open sesame', '-f', key], { encoding: 'utf8' })}`,
    );
    host.git('interrupted', '-c', `gpg.ssh.allowedSignersFile=${join(directory, 'signers')}`, 'verify-commit', 'main');
  });

  test('one clear message each', async () => {
    host.create('protected');
    host.commit('protected', { README: 'hello\n' });
    const hook = join(host.directory, 'repositories/protected.git/hooks/pre-receive');
    writeFileSync(hook, '#!/bin/sh\necho "GH006: Protected branch update failed for refs/heads/main." >&2\nexit 1\n');
    chmodSync(hook, 0o755);
    writeFileSync(join(directory, 'no-key'), 'this is no key\n');
    const table: readonly [args: readonly string[], message: RegExp, environment?: Readonly<Record<string, string>>][] = [
      [
        line('protected'),
        /unable to push to the branch "main" of '.*': the branch is protected: GH006.*; let these credentials push to it/,
      ],
      [line('interrupted', '--password=wrong'), /unable to clone '.*': authentication required/],
      [line('nowhere'), /repository not found/],
      [line('interrupted', '--branch=nowhere'), /the branch "nowhere" is not in '.*': it has main; make the branch, or name another/],
      [line('interrupted', '--branch=../x'), /is no name of a branch/],
      [line('interrupted', '--url=https://127.0.0.1:1/x.git'), /unable to clone .*127\.0\.0\.1/],
      [line('interrupted', `--ca-file=${directory}/none`), /unable to read TLS CA file: ENOENT/],
      [line('interrupted', '--url=http://example.com/x.git'), /scheme http is insecure, pass --allow-insecure-http=true/],
      [line('interrupted', '--url=git@example.com:org/fleet.git'), /write ssh:\/\/git@example.com\/org\/fleet.git/],
      [line('interrupted', '--url=ssh://git@dev.azure.com/org/infrastructure'), /ssh:\/\/git@ssh.dev.azure.com\/v3\/<organization>/],
      [line('interrupted', '--url='), /--url is required/],
      [line('interrupted', '--components=source-controller'), /component kustomize-controller is required/],
      [line('interrupted', '--components-extra=nonsense'), /component nonsense is not available/],
      [line('interrupted', '--registry-creds=a:b'), /--registry-creds requires --image-pull-secret/],
      [line('interrupted', '--registry-creds=a', '--image-pull-secret=x'), /invalid --registry-creds format, expected 'user:password'/],
      [line('interrupted', '--version=v1.0.0'), /targeted version 'v1\.0\.0' is not compatible/],
      [line('interrupted', `--gpg-key-ring=${directory}/no-key`), /invalid GPG signing key/],
      [line('interrupted', '--ssh-signing-password=x'), /--ssh-signing-password requires --ssh-signing-key-file/],
      [line('interrupted', '--sparse-checkout=other'), /--sparse-checkout leaves out --path/],
      [['bootstrap', 'git', `--url=ssh://git@${host.sshAddress}/x`, `--private-key-file=${directory}/no-key`], /no-key: ssh: no key found/],
      [['bootstrap', 'git', `--url=ssh://git@${host.sshAddress}/x`], /no SSH key to clone with: name one with --private-key-file/],
      [['bootstrap', 'github', '--owner=org'], /--repository is required/],
      [['bootstrap', 'gitlab', '--owner=org', '--repository=-x'], /-x is an invalid project name for gitlab/],
      [
        ['bootstrap', 'gitea', '--owner=o', '--repository=r', '--hostname=127.0.0.1:1'],
        /https:\/\/127.0.0.1:1 can't be reached/,
        { GITEA_TOKEN: 'x' },
      ],
      [line('interrupted', '--server=https://127.0.0.1:1'), /127.0.0.1:1/],
      [line('interrupted', '--kubeconfig=/none'), /\/none/],
    ];
    for (const [args, message, environment] of table) {
      const { code, stderr } = await world.flux(args, environment);
      assert.equal(code, 1, args.join(' '));
      assert.match(stderr, message, args.join(' '));
      assert.equal(stderr.match(/^✗/gm)?.length, 1, stderr);
      assert.ok(!stderr.includes(host.token), 'no secret is shown');
    }
  });
});
