import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { startGitHost, withoutSshd } from '@sluice/cli/testing';
import { conditionsOf } from '@sluice/runtime';
import { artifactOf, openArena, type Arena, type Subject } from './arena.js';
import { packOf, serveRepository, type PackedObject } from './pack.js';

const ref = { branch: 'main' };

describe('hostile Git', () => {
  let arena: Arena;
  let directory: string;
  let count = 0;
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'sluice-hostile-git-'));
    arena = await openArena();
  });
  after(async () => {
    await arena.close();
    rmSync(directory, { recursive: true });
  });
  afterEach(() => arena.goesOn());

  const repository = (files: Readonly<Record<string, string>> = { 'a.yaml': 'a: 1\n' }) => {
    const name = `hostile${++count}`;
    arena.world.git.commit(name, { files });
    const bare = arena.world.git.directoryOf(name);
    const git = (args: readonly string[], input = ''): string =>
      execFileSync('git', ['-C', bare, '-c', 'user.name=x', '-c', 'user.email=x@localhost', ...args], { input, encoding: 'utf8' }).trim();
    return { name, bare, git, url: arena.world.git.urlOf(name) };
  };

  for (const url of [
    'ext::sh -c touch% /tmp/sluice-hostile-8',
    'file:///etc',
    '--upload-pack=touch /tmp/sluice-hostile-8',
    'ssh://-oProxyCommand=touch%20%2Ftmp%2Fsluice-hostile-8/x',
    'ssh://git@-oProxyCommand=touch$IFS/tmp/sluice-hostile-8/x.git',
    'http://host/a b\nc',
  ]) {
    test(`8: the address ${JSON.stringify(url)} is refused`, async () => {
      let subject: Subject;
      try {
        subject = await arena.source('GitRepository', { url, ref });
      } catch (error) {
        assert.match(String(error), /spec\.url/);
        return;
      }
      await subject.refused(/URL|address|scheme|host/i, /URLInvalid/);
      assert.ok(!existsSync('/tmp/sluice-hostile-8'));
    });
  }

  const keySecret = (namespace: string, identity: string, knownHosts: string) =>
    arena.world.cluster.create({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'key', namespace },
      stringData: { identity, known_hosts: knownHosts },
    });
  const newKey = (name: string): string => {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', join(directory, name)]);
    return readFileSync(join(directory, name), 'utf8');
  };

  test('9: quotes, spaces and $() of an SSH path never reach a shell', async () => {
    // In the place of ssh: it writes down what it is given, a word a line.
    const bin = join(directory, 'bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'ssh'), `#!/bin/sh\nprintf '%s\\n' "$@" > ${directory}/words\nexit 1\n`, { mode: 0o700 });
    const path = process.env['PATH'];
    process.env['PATH'] = `${bin}:${path ?? ''}`;
    try {
      const evil = "/it's $(touch /tmp/sluice-hostile-9)/`touch /tmp/sluice-hostile-9`;a.git";
      const url = `ssh://git@127.0.0.1:1${encodeURI(evil)}`;
      const subject = await arena.source('GitRepository', { url, ref, secretRef: { name: 'key' } });
      await keySecret(subject.namespace, newKey('nine'), '127.0.0.1 ssh-ed25519 AAAA$(touch /tmp/sluice-hostile-9)');
      const words = await arena.world.eventually(
        'ssh is called',
        () => existsSync(join(directory, 'words')) && readFileSync(join(directory, 'words'), 'utf8').trimEnd().split('\n'),
      );
      // What goes to the server is one word, quoted for the shell over there.
      assert.equal(words.at(-1), `git-upload-pack '${evil.replaceAll("'", "'\\''")}'`);
      assert.ok(!existsSync('/tmp/sluice-hostile-9'));
    } finally {
      process.env['PATH'] = path;
    }
  });

  for (const entry of ['.git', '.GIT', 'git~1', '.git/hooks/post-checkout', '..']) {
    test(`10: a tree with ${entry} is refused`, async () => {
      const { git, url } = repository();
      const blob = git(['hash-object', '-w', '--stdin'], 'evil');
      const [first = '', ...rest] = entry.split('/').reverse();
      let tree = writeTree(git, `100644 ${first}`, blob);
      for (const name of rest) tree = writeTree(git, `40000 ${name}`, tree);
      git(['update-ref', 'refs/heads/main', git(['commit-tree', tree, '-m', 'evil'])]);
      const subject = await arena.source('GitRepository', { url, ref });
      await subject.refused(/the tree is unsafe: it holds names such as \.git/, /GitOperationFailed/);
      assert.equal(artifactOf(await subject.get()), undefined);
    });
  }

  for (const url of ['file:///etc', 'ext::sh -c touch% /tmp/sluice-hostile-11', '--upload-pack=touch /tmp/sluice-hostile-11']) {
    test(`11: a submodule at ${url} is refused`, async () => {
      const { git, url: address } = repository();
      const modules = git(['hash-object', '-w', '--stdin'], `[submodule "s"]\n\tpath = s\n\turl = ${url}\n`);
      const commit = git(['rev-parse', 'main']);
      const tree = git(['mktree'], `100644 blob ${modules}\t.gitmodules\n160000 commit ${commit}\ts\n`);
      git(['update-ref', 'refs/heads/main', git(['commit-tree', tree, '-m', 'submodule'])]);
      const subject = await arena.source('GitRepository', { url: address, ref, recurseSubmodules: true });
      await subject.refused(/file:\/\/\/etc|sluice-hostile-11|unsafe/);
      assert.ok(!existsSync('/tmp/sluice-hostile-11'));
    });
  }

  for (const [reference, message] of [
    [{ branch: '--upload-pack=touch /tmp/sluice-hostile-12' }, /has a character that no reference has/],
    [{ branch: 'a\nb' }, /has a character that no reference has/],
    [{ tag: '-x' }, /the Git reference "refs\/tags\/-x"/],
    [{ name: 'refs/heads/../../../etc' }, /is no valid reference/],
    [{ semver: '--all' }, /improper constraint: "--all"/],
    [{ commit: '--all' }, /--all/],
  ] as const) {
    test(`12: the reference ${JSON.stringify(reference)} is refused`, async () => {
      const { url } = repository();
      let subject: Subject;
      try {
        subject = await arena.source('GitRepository', { url, ref: reference });
      } catch (error) {
        assert.match(String(error), /spec\.ref/);
        return;
      }
      await subject.refused(message);
      assert.ok(!existsSync('/tmp/sluice-hostile-12'));
    });
  }

  test('13: a file that unpacks to very much is a bounded failure', async () => {
    const { git, url } = repository();
    const blob = execFileSync(
      'sh',
      ['-c', `head -c 270000000 /dev/zero | git -C "$0" hash-object -w --stdin`, git(['rev-parse', '--absolute-git-dir'])],
      {
        encoding: 'utf8',
      },
    ).trim();
    const tree = git(['mktree'], `100644 blob ${blob}\tbomb.yaml\n`);
    git(['update-ref', 'refs/heads/main', git(['commit-tree', tree, '-m', 'bomb'])]);
    const subject = await arena.source('GitRepository', { url, ref });
    await subject.refused(/bomb\.yaml has 270000000 bytes, the limit for a file is/);
  });

  for (const [what, objects] of [
    ['two deltas of each other', [{ base: Buffer.alloc(20, 1) }, { base: Buffer.alloc(20, 2) }]],
    ['a delta of itself', [{ back: 0 }]],
    ['a delta of what lies before the file', [{ back: 1_000 }]],
    ['an object that says it has a tebibyte', [{ size: 2 ** 40, content: 'a' }]],
  ] satisfies [string, PackedObject[]][]) {
    test(`13: a pack with ${what} is a bounded failure`, async () => {
      const { bare, url, name } = repository();
      const end = arena.world.git.intercept(serveRepository(name, bare, packOf(objects)));
      try {
        const subject = await arena.source('GitRepository', { url, ref, timeout: '20s' });
        await subject.refused(/index-pack|invalid pack|delta|inflate|unresolved|pack/, /GitOperationFailed/);
        assert.equal(artifactOf(await subject.get()), undefined);
      } finally {
        end();
      }
    });
  }

  test('14: a server that drips: a timeout, and no child is left', async () => {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.write('HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-advertisement\r\n\r\n');
      const drip = setInterval(() => socket.write('0'), 50);
      socket.on('close', () => clearInterval(drip));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/drip`;
      const subject = await arena.source('GitRepository', { url, ref, timeout: '2s' });
      await subject.refused(/within 2 s|timed? ?out/i);
      await subject.patch({ suspend: true });
      await arena.world.eventually('its processes are gone', () => !childrenOf(process.pid).some((command) => command.includes(url)));
    } finally {
      for (const socket of sockets) socket.destroy();
      server.close();
    }
  });

  test('15: a changed host key fails closed, and the message says which key came', { skip: withoutSshd }, async () => {
    const host = await startGitHost();
    try {
      host.create('org/fleet');
      const hash = host.commit('org/fleet', { 'a.yaml': 'a: 1\n' });
      const identity = newKey('fifteen');
      host.allowKey(readFileSync(join(directory, 'fifteen.pub'), 'utf8'), 'read');
      const address = host.sshAddress.replace('127.0.0.1', '[127.0.0.1]');
      const knownHosts = (file: string): string => `${address} ${readFileSync(file, 'utf8')}`;
      const url = `ssh://${userInfo().username}@${host.sshAddress}/org/fleet`;
      const subject = await arena.source('GitRepository', { url, ref, secretRef: { name: 'key' } });
      await keySecret(subject.namespace, identity, knownHosts(join(host.directory, 'host.pub')));
      await subject.ready();
      newKey('another-host');
      const key = { apiVersion: 'v1', kind: 'Secret', namespace: subject.namespace, name: 'key' };
      await arena.world.cluster.patch(key, 'merge', { stringData: { known_hosts: knownHosts(join(directory, 'another-host.pub')) } });
      await subject.request();
      const { message } = await subject.refused(/key mismatch/, /GitOperationFailed|AuthenticationFailed/);
      const fingerprint = execFileSync('ssh-keygen', ['-lf', join(host.directory, 'host.pub')], { encoding: 'utf8' }).split(' ')[1]!;
      assert.ok(message.includes(fingerprint), message);
      assert.equal(artifactOf(await subject.get())?.revision, `main@sha1:${hash}`, 'what was fetched before stays');
    } finally {
      await host.close();
    }
  });

  test('16: a force push is followed, and told', async () => {
    const { git, url } = repository({ 'a.yaml': 'a: old\n' });
    const subject = await arena.source('GitRepository', { url, ref });
    await subject.ready();
    const tree = git(['mktree'], `100644 blob ${git(['hash-object', '-w', '--stdin'], 'a: new\n')}\tb.yaml\n`);
    const hash = git(['commit-tree', tree, '-m', 'another history']);
    git(['update-ref', 'refs/heads/main', hash]);
    await subject.request();
    await arena.world.eventually('it is followed', async () => artifactOf(await subject.get())?.revision === `main@sha1:${hash}`);
    assert.ok(
      arena.world.events.some(
        ({ involvedObject, message }) => involvedObject.namespace === subject.namespace && message.includes('another history'),
      ),
    );
  });

  const signed = ({ git }: ReturnType<typeof repository>, key: string): string => {
    const sign = ['-c', 'gpg.format=ssh', '-c', `user.signingkey=${join(directory, key)}`];
    return git([...sign, 'commit-tree', '-S', git(['rev-parse', 'main^{tree}']), '-m', 'signed']);
  };

  test('16: in verified mode a force push to what nobody signed changes nothing', async () => {
    const forced = repository();
    const { git, url } = forced;
    newKey('signer');
    const hash = signed(forced, 'signer');
    git(['update-ref', 'refs/heads/main', hash]);
    const subject = await arena.source('GitRepository', { url, ref, verify: { mode: 'HEAD', secretRef: { name: 'keys' } } });
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'keys', namespace: subject.namespace } };
    await arena.world.cluster.create({ ...secret, stringData: { 'me.sshpub': readFileSync(join(directory, 'signer.pub'), 'utf8') } });
    await subject.ready();
    git(['update-ref', 'refs/heads/main', git(['commit-tree', git(['rev-parse', 'main^{tree}']), '-m', 'forced'])]);
    await subject.request();
    await subject.refused(/sign|verif/i);
    assert.ok(conditionsOf(await subject.get()).some(({ type, status }) => type === 'SourceVerified' && status === 'False'));
    assert.equal(artifactOf(await subject.get())?.revision, `main@sha1:${hash}`);
  });

  test('17: a signature by an unknown key: SourceVerified=False, and no artifact', async () => {
    const unknown = repository();
    const { git, url } = unknown;
    for (const key of ['mine', 'theirs']) newKey(key);
    git(['update-ref', 'refs/heads/main', signed(unknown, 'theirs')]);
    const subject = await arena.source('GitRepository', { url, ref, verify: { mode: 'HEAD', secretRef: { name: 'keys' } } });
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'keys', namespace: subject.namespace } };
    await arena.world.cluster.create({ ...secret, stringData: { 'me.sshpub': readFileSync(join(directory, 'mine.pub'), 'utf8') } });
    await subject.refused(/sign|verif/i);
    assert.ok(conditionsOf(await subject.get()).some(({ type, status }) => type === 'SourceVerified' && status === 'False'));
    assert.equal(artifactOf(await subject.get()), undefined);
    await arena.world.cluster.patch({ ...secret, ...secret.metadata }, 'merge', {
      stringData: { 'me.sshpub': readFileSync(join(directory, 'theirs.pub'), 'utf8') },
    });
    await subject.ready();
  });
});

/** Writes a tree object as it is: git's own commands refuse some names. */
function writeTree(git: (args: readonly string[], input?: string) => string, entry: string, hash: string): string {
  const directory = git(['rev-parse', '--absolute-git-dir']);
  const content = Buffer.concat([Buffer.from(`${entry}\0`), Buffer.from(hash, 'hex')]);
  return execFileSync('git', ['-C', directory, 'hash-object', '-t', 'tree', '-w', '--literally', '--stdin'], {
    input: content,
    encoding: 'utf8',
  }).trim();
}

/** The command lines of the processes that one has started. */
function childrenOf(pid: number): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const parent = /^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${name}/status`, 'utf8'))?.[1];
        return Number(parent) === pid ? [readFileSync(`/proc/${name}/cmdline`, 'utf8')] : [];
      } catch {
        return [];
      }
    });
}
