import assert from 'node:assert/strict';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { listen } from '../testing/https-server.js';
import { makeRepository, makeWorkspace, type TestRepository, type Workspace } from '../testing/repository.js';
import { createGitClient, type GitClient, type GitRequest } from './client.js';
import { needsPassphrase, type GitCredentials } from './credentials.js';

const sshd = ['/usr/sbin/sshd', '/usr/local/sbin/sshd'].find((path) => existsSync(path));

describe('Git over SSH', { skip: sshd === undefined ? 'sshd is not installed' : false }, () => {
  let workspace: Workspace;
  let repository: TestRepository;
  let server: ChildProcess;
  let port: number;
  let git: GitClient;
  const file = (name: string): string => readFileSync(join(workspace.dir, name), 'utf8');
  const keygen = (name: string, ...args: string[]): void =>
    void execFileSync('ssh-keygen', ['-q', '-C', name, '-f', join(workspace.dir, name), ...args], { stdio: 'pipe' });

  before(async () => {
    workspace = makeWorkspace();
    repository = makeRepository(join(workspace.dir, "it's a $(repo)"));
    repository.commit('one', { a: '1' });
    keygen('host', '-t', 'ed25519', '-N', '');
    keygen('other-host', '-t', 'ed25519', '-N', '');
    for (const type of ['ed25519', 'ecdsa', 'rsa']) keygen(type, '-t', type, '-N', '');
    keygen('locked', '-t', 'ed25519', '-N', 'open sesame');
    keygen('stranger', '-t', 'ed25519', '-N', '');
    writeFileSync(
      join(workspace.dir, 'authorized_keys'),
      ['ed25519', 'ecdsa', 'rsa', 'locked'].map((name) => file(`${name}.pub`)).join(''),
      { mode: 0o600 },
    );
    port = await freePort();
    const config = [
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${workspace.dir}/host`,
      `AuthorizedKeysFile ${workspace.dir}/authorized_keys`,
      `PidFile ${workspace.dir}/sshd.pid`,
      'StrictModes no',
      'UsePAM no',
      'PermitRootLogin yes',
      `SetEnv PATH=${workspace.dir}/bin:${process.env.PATH}`,
    ];
    writeFileSync(join(workspace.dir, 'sshd_config'), `${config.join('\n')}\n`);
    // Where sshd separates privileges it wants this directory, which only its service makes.
    if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true });
    server = spawn(sshd ?? '', ['-D', '-e', '-f', join(workspace.dir, 'sshd_config')], { stdio: 'ignore' });
    await untilListening(port);
    git = createGitClient({ cacheDir: join(workspace.dir, 'cache') });
  });
  after(async () => {
    await git.close();
    server.kill('SIGTERM');
    workspace.remove();
  });

  const knownHosts = (key = 'host'): string => `[127.0.0.1]:${port} ${file(`${key}.pub`)}`;
  const request = (credentials: GitCredentials): GitRequest => ({
    url: `ssh://${userInfo().username}@127.0.0.1:${port}${encodeURI(repository.dir)}`,
    reference: { branch: 'main' },
    maxAgeMs: 0,
    credentials,
  });
  const fetched = async (credentials: GitCredentials): Promise<string> => {
    const whole = request(credentials);
    return await git.checkout(whole, await git.resolve(whole), async ({ commit }) => commit.message);
  };

  for (const type of ['ed25519', 'ecdsa', 'rsa']) {
    test(`a key of type ${type}, and a path that a shell would take apart`, async () => {
      assert.equal(await fetched({ identity: file(type), knownHosts: knownHosts() }), 'one\n');
      assert.deepEqual(readdirSync(join(workspace.dir, 'cache/keys')), []);
    });
  }

  test('a key with a passphrase', async () => {
    const identity = file('locked');
    assert.ok(needsPassphrase({ identity }));
    assert.ok(!needsPassphrase({ identity, password: 'open sesame' }));
    assert.ok(!needsPassphrase({ identity: file('ed25519') }));
    assert.equal(await fetched({ identity, password: 'open sesame', knownHosts: knownHosts() }), 'one\n');
    await assert.rejects(fetched({ identity, password: 'wrong', knownHosts: knownHosts() }), { reason: 'GitAuthenticationFailed' });
  });

  test('files of LFS are where the server says when it is asked', async () => {
    const content = 'a large file';
    const oid = createHash('sha256').update(content).digest('hex');
    const storage = await listen((incoming, response) => {
      if (incoming.headers.authorization !== 'Signed one') return void response.writeHead(401).end();
      if (incoming.url === '/lfs/objects/batch') {
        const actions = { download: { href: `${storage.url}/lfs/${oid}`, header: { authorization: 'Signed one' } } };
        return void response.end(JSON.stringify({ objects: [{ oid, size: content.length, actions }] }));
      }
      response.end(content);
    });
    const answer = JSON.stringify({ href: `${storage.url}/lfs`, header: { Authorization: 'Signed one' } });
    mkdirSync(join(workspace.dir, 'bin'));
    // Answers for the path of the repository only, however many quotes it has.
    writeFileSync(
      join(workspace.dir, 'bin/git-lfs-authenticate'),
      `#!/bin/sh\ntest -d "$1" && test "$2" = download && echo '${answer}'\n`,
      { mode: 0o755 },
    );
    repository.commit('large', {
      '.gitattributes': '*.bin filter=lfs\n',
      'a.bin': `version https://git-lfs.github.com/spec/v1\noid sha256:${oid}\nsize ${content.length}\n`,
    });
    const whole = request({ identity: file('ed25519'), knownHosts: knownHosts() });
    const read = await git.checkout(whole, await git.resolve(whole), async ({ tree }) => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of tree.contents(tree.entries.filter(({ path }) => path === 'a.bin'))) chunks.push(chunk);
      return Buffer.concat(chunks).toString();
    });
    await storage.close();
    repository.git('reset', '--hard', '--quiet', 'HEAD~1');
    assert.equal(read, content);
  });

  test('a key that the server does not know', async () => {
    await assert.rejects(fetched({ identity: file('stranger'), knownHosts: knownHosts() }), {
      reason: 'GitAuthenticationFailed',
      message: /unable to authenticate/,
    });
  });

  test('a changed host key fails closed and says which key came', async () => {
    const fingerprint = execFileSync('ssh-keygen', ['-lf', join(workspace.dir, 'host.pub')], { encoding: 'utf8' }).split(' ')[1] ?? '';
    await assert.rejects(
      fetched({ identity: file('ed25519'), knownHosts: knownHosts('other-host') }),
      (error: Error & { reason?: string }) => {
        assert.equal(error.reason, 'GitHostUnknown');
        assert.ok(error.message.includes(fingerprint), error.message);
        return true;
      },
    );
  });

  test('a host that is not known fails closed', async () => {
    await assert.rejects(fetched({ identity: file('ed25519'), knownHosts: `other.example ${file('host.pub')}` }), {
      reason: 'GitHostUnknown',
      message: /key is unknown.*known_hosts/,
    });
  });

  test('identity and known_hosts are required', async () => {
    await assert.rejects(fetched({ knownHosts: knownHosts() }), {
      reason: 'GitCredentialsInvalid',
      message: "invalid 'ssh' auth option: 'identity' is required",
    });
    await assert.rejects(fetched({ identity: file('ed25519') }), {
      reason: 'GitCredentialsInvalid',
      message: "invalid 'ssh' auth option: 'known_hosts' is required",
    });
    await assert.rejects(fetched({ identity: 'no key', knownHosts: knownHosts() }), {
      reason: 'GitAuthenticationFailed',
      message: /not a private key/,
    });
  });
});

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => {
    probe.listen(0, '127.0.0.1', resolve);
  });
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

async function untilListening(port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.on('connect', () => {
        socket.destroy();
        resolve(true);
      });
      socket.on('error', () => resolve(false));
    });
    if (isOpen) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('sshd does not listen');
}
