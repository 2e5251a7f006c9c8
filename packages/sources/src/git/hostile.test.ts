import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { createServer, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { openArtifactStore } from '../artifact/store.js';
import { failing } from '../testing/failing.js';
import { makeRepository, makeWorkspace, type Workspace } from '../testing/repository.js';
import { createGitClient, type GitClient } from './client.js';

describe('Git servers and trees that mean no good', () => {
  let workspace: Workspace;
  let git: GitClient;
  before(() => {
    workspace = makeWorkspace();
    git = createGitClient({ cacheDir: join(workspace.dir, 'cache'), allowFile: true });
  });
  after(async () => {
    await git.close();
    workspace.remove();
  });
  const resolve = (url: string, timeoutMs = 10_000) =>
    git.resolve({ url, reference: { branch: 'main' }, maxAgeMs: 0, timeoutMs, credentials: { username: 'ada', password: 's3cret-pw' } });

  test('a host that nobody knows, and one where nobody listens', async () => {
    await assert.rejects(
      resolve('https://no-such-host.invalid/repo'),
      failing('GitUnreachable', /^unable to (?:list|clone).*Could not resolve host/),
    );
    await assert.rejects(resolve('http://127.0.0.1:1/repo'), failing('GitUnreachable', /(?:Failed|Couldn't|Could not) to? ?connect/));
  });

  test('a server that drips: the operation ends in its time, and the next one works', async () => {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.write('HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-advertisement\r\n\r\n');
      const drip = setInterval(() => socket.write('0'), 50);
      socket.on('close', () => clearInterval(drip));
    });
    await new Promise<void>((done) => {
      server.listen(0, '127.0.0.1', done);
    });
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const started = Date.now();
    await assert.rejects(resolve(`http://127.0.0.1:${port}/repo`, 1500), failing('GitTimeout', /no result of git ls-remote within 1.5 s/));
    assert(Date.now() - started < 8000);
    for (const socket of sockets) socket.destroy();
    server.close();
    const repository = makeRepository(join(workspace.dir, 'good'));
    repository.commit('one', { 'a.yaml': '1' });
    assert.match((await git.resolve({ url: repository.url, reference: { branch: 'main' } })).revision, /^main@sha1:/);
  });

  test('names that differ in case only stay apart', async () => {
    const repository = makeRepository(join(workspace.dir, 'case'));
    const blob = (content: string): string =>
      execFileSync('git', ['hash-object', '-w', '--stdin'], { cwd: repository.dir, input: content, encoding: 'utf8' }).trim();
    repository.git('update-index', '--add', '--cacheinfo', `100644,${blob('upper')},App.yaml`);
    repository.git('update-index', '--add', '--cacheinfo', `100644,${blob('lower')},app.yaml`);
    repository.git('update-index', '--add', '--cacheinfo', `100644,${blob('dir')},APP.yaml.d/x.yaml`);
    repository.git('commit', '--quiet', '-m', 'case');
    const request = { url: repository.url, reference: { branch: 'main' }, maxAgeMs: 0 };
    const store = openArtifactStore({ dir: join(workspace.dir, 'store'), baseUrl: 'http://localhost' });
    const artifact = await git.checkout(request, await git.resolve(request), ({ revision, commit, tree }) =>
      store.put({ kind: 'GitRepository', namespace: 'a', name: 'b' }, tree, { revision, fileName: commit.hash }),
    );
    const tree = await store.tree(artifact.digest);
    assert.deepEqual(
      tree.list('.').map(({ name }) => name),
      ['APP.yaml.d', 'App.yaml', 'app.yaml'],
    );
    assert.equal(Buffer.from(tree.read('App.yaml')).toString(), 'upper');
    assert.equal(Buffer.from(tree.read('app.yaml')).toString(), 'lower');
  });

  test('a blob that unpacks to very much is refused before it is unpacked', async () => {
    const repository = makeRepository(join(workspace.dir, 'bomb'));
    repository.commit('bomb', { 'bomb.yaml': 'a'.repeat(3 * 1024 * 1024) });
    const small = createGitClient({ cacheDir: join(workspace.dir, 'small'), allowFile: true, maxFileBytes: 1024 * 1024 });
    const request = { url: repository.url, reference: { branch: 'main' } };
    await assert.rejects(
      small.checkout(request, await small.resolve(request), async () => undefined),
      failing('GitTooLarge', /^bomb.yaml has 3145728 bytes, the limit for a file is 1048576$/),
    );
    await small.close();
  });
});
