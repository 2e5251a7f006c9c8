import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { conditionsOf } from '@sluice/runtime';
import { artifactOf, openArena, type Arena, type Subject } from './arena.js';

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
      await subject.refused(/./, /URLInvalid|GitOperationFailed|AuthenticationFailed/);
      assert.ok(!existsSync('/tmp/sluice-hostile-8'));
    });
  }

  test('9: quotes, spaces and $() of an SSH path never reach a shell', async () => {
    const url = "ssh://git@127.0.0.1:1/it's%20$(touch%20/tmp/sluice-hostile-9)/`touch%20/tmp/sluice-hostile-9`.git";
    const subject = await arena.source('GitRepository', { url, ref, secretRef: { name: 'key' } });
    await arena.world.cluster.create({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'key', namespace: subject.namespace },
      stringData: { identity: '$(touch /tmp/sluice-hostile-9)', known_hosts: '127.0.0.1 ssh-ed25519 AAAA$(touch /tmp/sluice-hostile-9)' },
    });
    await subject.refused(/./);
    assert.ok(!existsSync('/tmp/sluice-hostile-9'));
  });

  for (const entry of ['.git', '.GIT', 'git~1', '.git/hooks/post-checkout', '..']) {
    test(`10: a tree with ${entry} is refused, or it is left out`, async () => {
      const { git, url } = repository();
      const blob = git(['hash-object', '-w', '--stdin'], 'evil');
      const [first = '', ...rest] = entry.split('/').reverse();
      let tree = writeTree(git, `100644 ${first}`, blob);
      for (const name of rest) tree = writeTree(git, `40000 ${name}`, tree);
      git(['update-ref', 'refs/heads/main', git(['commit-tree', tree, '-m', 'evil'])]);
      const subject = await arena.source('GitRepository', { url, ref });
      const ended = await subject.settled();
      if (ended.status === 'True') {
        const archive = await arena.world.artifact(artifactOf(await subject.get())!.path);
        assert.ok(!gunzipSync(archive).includes('evil'), 'it is in the artifact');
      }
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

  for (const reference of [
    { branch: '--upload-pack=touch /tmp/sluice-hostile-12' },
    { branch: 'a\nb' },
    { tag: '-x' },
    { name: 'refs/heads/../../../etc' },
    { semver: '--all' },
    { commit: '--all' },
  ]) {
    test(`12: the reference ${JSON.stringify(reference)} is refused`, async () => {
      const { url } = repository();
      let subject: Subject;
      try {
        subject = await arena.source('GitRepository', { url, ref: reference });
      } catch (error) {
        assert.match(String(error), /spec\.ref/);
        return;
      }
      await subject.refused(/./);
      assert.ok(!existsSync('/tmp/sluice-hostile-12'));
    });
  }

  test('13: a file that unpacks to very much is a bounded failure', async () => {
    const { git, url } = repository();
    const blob = execFileSync(
      'sh',
      ['-c', `head -c 300000000 /dev/zero | git -C "$0" hash-object -w --stdin`, git(['rev-parse', '--absolute-git-dir'])],
      {
        encoding: 'utf8',
      },
    ).trim();
    const tree = git(['mktree'], `100644 blob ${blob}\tbomb.yaml\n`);
    git(['update-ref', 'refs/heads/main', git(['commit-tree', tree, '-m', 'bomb'])]);
    const subject = await arena.source('GitRepository', { url, ref });
    await subject.refused(/bomb\.yaml has 300000000 bytes, the limit for a file is/);
  });

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

  test('17: a signature by an unknown key: SourceVerified=False, and no artifact', async () => {
    const { git, url, bare } = repository();
    for (const key of ['mine', 'theirs'])
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'me', '-f', join(directory, key)]);
    const tree = git(['rev-parse', 'main^{tree}']);
    const sign = ['-c', 'gpg.format=ssh', '-c', `user.signingkey=${join(directory, 'theirs')}`];
    const hash = execFileSync(
      'git',
      ['-C', bare, '-c', 'user.name=x', '-c', 'user.email=x@y', ...sign, 'commit-tree', '-S', tree, '-m', 'signed'],
      {
        encoding: 'utf8',
      },
    ).trim();
    git(['update-ref', 'refs/heads/main', hash]);
    const subject = await arena.source('GitRepository', { url, ref, verify: { mode: 'HEAD', secretRef: { name: 'keys' } } });
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'keys', namespace: subject.namespace } };
    await arena.world.cluster.create({ ...secret, stringData: { 'me.sshpub': readFileSync(join(directory, 'mine.pub'), 'utf8') } });
    await arena.world.eventually('it is not verified', async () =>
      conditionsOf(await subject.get()).some(({ type, status }) => type === 'SourceVerified' && status === 'False'),
    );
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
