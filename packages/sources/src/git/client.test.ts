import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { openArtifactStore } from '../artifact/store.js';
import { makeRepository, makeWorkspace, type TestRepository, type Workspace } from '../testing/repository.js';
import { createGitClient, type GitClient, type GitCheckout, type GitClientOptions, type GitRequest } from './client.js';

interface Fixture {
  readonly workspace: Workspace;
  readonly repository: TestRepository;
  readonly git: GitClient;
}

async function withRepository(use: (fixture: Fixture) => Promise<void>, options: Partial<GitClientOptions> = {}): Promise<void> {
  const workspace = makeWorkspace();
  const git = createGitClient({ cacheDir: join(workspace.dir, 'cache'), allowFile: true, ...options });
  try {
    await use({ workspace, repository: makeRepository(join(workspace.dir, 'repository')), git });
  } finally {
    await git.close();
    workspace.remove();
  }
}

interface Seen {
  readonly revision: string;
  readonly message: string;
  readonly tag: GitCheckout['tag'];
  readonly files: Record<string, string>;
}

/** Resolves and checks out, and reads everything. */
async function see(git: GitClient, request: GitRequest): Promise<Seen> {
  const fresh = { maxAgeMs: 0, ...request };
  const resolved = await git.resolve(fresh);
  return await git.checkout(fresh, resolved, async ({ revision, commit, tag, tree }) => {
    const files: Record<string, string> = {};
    for (const entry of tree.entries) {
      const chunks: Uint8Array[] = [];
      if (entry.type === 'file') for await (const chunk of tree.contents([entry])) chunks.push(chunk);
      files[entry.path] = entry.type === 'file' ? Buffer.concat(chunks).toString() : '<directory>';
    }
    return { revision, message: commit.message, tag, files };
  });
}

describe('references', () => {
  test('branch, tag, name and commit lead to revisions as Flux writes them', () =>
    withRepository(async ({ repository, git }) => {
      const one = repository.commit('one', { 'a.yaml': '1' });
      repository.git('tag', 'light');
      repository.git('tag', '-a', 'v1.0.0', '-m', 'first release');
      const two = repository.commit('two', { 'a.yaml': '2', 'dir/b.yaml': 'b' });
      repository.git('branch', 'feature/x');
      repository.git('update-ref', 'refs/pull/420/head', one);
      for (const [reference, revision, content] of [
        [{ branch: 'main' }, `main@sha1:${two}`, '2'],
        [{ branch: 'feature/x' }, `feature/x@sha1:${two}`, '2'],
        [{ tag: 'light' }, `light@sha1:${one}`, '1'],
        [{ tag: 'v1.0.0', branch: 'main' }, `v1.0.0@sha1:${one}`, '1'],
        [{ name: 'refs/heads/main' }, `refs/heads/main@sha1:${two}`, '2'],
        [{ name: 'refs/tags/v1.0.0' }, `refs/tags/v1.0.0@sha1:${one}`, '1'],
        [{ name: 'refs/tags/v1.0.0^{}' }, `refs/tags/v1.0.0^{}@sha1:${one}`, '1'],
        [{ name: 'refs/pull/420/head', branch: 'main' }, `refs/pull/420/head@sha1:${one}`, '1'],
        [{ commit: one }, `sha1:${one}`, '1'],
        [{ commit: one, branch: 'main' }, `main@sha1:${one}`, '1'],
      ] as const) {
        const seen = await see(git, { url: repository.url, reference });
        assert.equal(seen.revision, revision);
        assert.equal(seen.files['a.yaml'], content, revision);
        assert.equal((await git.resolve({ url: repository.url, reference })).revision, revision);
      }
    }));

  test('a range of versions leads to its newest tag', () =>
    withRepository(async ({ repository, git }) => {
      const { url } = repository;
      const commits: Record<string, string> = {};
      for (const [index, tag] of ['v1.0.0', '1.10.0', 'v1.9.0', '2.0.0-rc.1', 'v3', 'latest'].entries()) {
        commits[tag] = repository.commit(tag, { a: `${index}` });
        repository.git('tag', '-a', tag, '-m', tag);
      }
      for (const [semver, tag] of [
        ['1.x', '1.10.0'],
        ['<1.10', 'v1.9.0'],
        ['>=2.0.0-0', '2.0.0-rc.1'],
        ['*', '1.10.0'],
      ] as const) {
        assert.equal((await see(git, { url, reference: { semver, tag: 'v1.0.0' } })).revision, `${tag}@sha1:${commits[tag] ?? ''}`);
      }
      await assert.rejects(git.resolve({ url, reference: { semver: '>=9.0.0' } }), { message: 'no match found for semver: >=9.0.0' });
      await assert.rejects(git.resolve({ url, reference: { semver: 'not a range' } }), {
        reason: 'GitReferenceInvalid',
        message: /^semver parse error: /,
      });
    }));

  test('of versions that differ by build metadata the youngest is taken', () =>
    withRepository(async ({ repository, git }) => {
      const tagAt = (tag: string, time: number): string => {
        const commit = repository.commit(tag, { a: tag });
        const dated = execFileSync('git', ['commit-tree', '-m', tag, `${commit}^{tree}`], {
          cwd: repository.dir,
          encoding: 'utf8',
          env: {
            ...process.env,
            GIT_AUTHOR_NAME: 'a',
            GIT_AUTHOR_EMAIL: 'a',
            GIT_COMMITTER_NAME: 'a',
            GIT_COMMITTER_EMAIL: 'a',
            GIT_COMMITTER_DATE: `${time} +0000`,
          },
        }).trim();
        repository.git('tag', tag, dated);
        return dated;
      };
      tagAt('1.0.0+b', 1_600_000_000);
      const youngest = tagAt('1.0.0+c', 1_800_000_000);
      tagAt('1.0.0+a', 1_700_000_000);
      assert.equal((await see(git, { url: repository.url, reference: { semver: '1.x' } })).revision, `1.0.0+c@sha1:${youngest}`);
    }));

  test('an annotated tag comes with its message, a lightweight one with its name only', () =>
    withRepository(async ({ repository, git }) => {
      repository.commit('one', { a: '1' });
      repository.git('tag', 'light');
      repository.git('tag', '-a', 'heavy', '-m', 'a release');
      assert.deepEqual((await see(git, { url: repository.url, reference: { tag: 'light' } })).tag, { name: 'light' });
      const heavy = (await see(git, { url: repository.url, reference: { tag: 'heavy' } })).tag;
      assert.equal(heavy?.name, 'heavy');
      assert.equal(heavy?.message, 'a release\n');
    }));

  test('what is not there is named', () =>
    withRepository(async ({ repository, git, workspace }) => {
      const empty = makeRepository(join(workspace.dir, 'empty'));
      await assert.rejects(git.resolve({ url: empty.url, reference: { branch: 'main' } }), {
        reason: 'GitRepositoryEmpty',
        message: 'git repository is empty',
      });
      const commit = repository.commit('one', { a: '1' });
      const { url } = repository;
      for (const [reference, message] of [
        [{ branch: 'nope' }, `unable to clone '${url}': couldn't find remote ref "refs/heads/nope"`],
        [{}, `unable to clone '${url}': couldn't find remote ref "refs/heads/master"`],
        [{ tag: 'v9' }, `unable to clone '${url}': couldn't find remote ref "refs/tags/v9"`],
        [{ name: 'refs/pull/1/head' }, "unable to resolve ref 'refs/pull/1/head' to a specific commit"],
      ] as const) {
        await assert.rejects(git.resolve({ url, reference }), { reason: 'GitReferenceMissing', message });
      }
      const missing = { url, reference: { commit: commit.replace(/^......../, '00000000') } };
      await assert.rejects(see(git, missing), { reason: 'GitReferenceMissing' });
      await assert.rejects(git.resolve({ url: `file://${workspace.dir}/nope`, reference: { branch: 'main' } }), {
        reason: 'GitRepositoryMissing',
      });
    }));

  test('a server that gives out no commit by its hash is asked for history', () =>
    withRepository(async ({ repository, git }) => {
      const one = repository.commit('one', { a: '1' });
      repository.commit('two', { a: '2' });
      repository.git('config', 'uploadpack.allowAnySHA1InWant', 'false');
      repository.git('config', 'protocol.version', '0');
      for (const reference of [{ commit: one }, { commit: one, branch: 'main' }]) {
        assert.equal((await see(git, { url: repository.url, reference })).files.a, '1');
      }
    }));

  for (const reference of [
    { branch: '--upload-pack=touch /tmp/x' },
    { branch: '-x' },
    { branch: 'a..b' },
    { branch: 'a b' },
    { branch: 'a\nb' },
    { branch: 'x.lock' },
    { branch: 'a:b' },
    { branch: 'a'.repeat(2000) },
    { tag: '*' },
    { name: '--exec=x' },
    { name: '/refs/heads/main' },
    { name: 'refs/heads/main:refs/heads/other' },
    { name: 'refs/heads/-x' },
    { commit: '--all' },
    { commit: 'abc' },
    { commit: 'A'.repeat(40) },
  ]) {
    test(`refuses ${JSON.stringify(reference).slice(0, 60)}`, async () => {
      const workspace = makeWorkspace();
      const git = createGitClient({ cacheDir: workspace.dir });
      await assert.rejects(git.resolve({ url: 'https://127.0.0.1:1/x', reference }), { reason: 'GitReferenceInvalid' });
      assert.equal(git.listings, 0);
      workspace.remove();
    });
  }
});

describe('following a repository', () => {
  test('new commits, force pushes, moved tags and a branch that becomes a directory are followed', () =>
    withRepository(async ({ repository, git }) => {
      const request = { url: repository.url, reference: { branch: 'main' } };
      const one = repository.commit('one', { a: '1' });
      assert.equal((await see(git, request)).revision, `main@sha1:${one}`);
      const two = repository.commit('two', { a: '2' });
      repository.git('tag', 'moving');
      assert.equal((await see(git, request)).revision, `main@sha1:${two}`);
      assert.equal((await see(git, { url: repository.url, reference: { tag: 'moving' } })).files.a, '2');
      repository.git('reset', '--quiet', '--hard', one);
      const other = repository.commit('another two', { a: 'other' });
      repository.git('tag', '--force', 'moving');
      assert.equal((await see(git, request)).files.a, 'other');
      assert.equal((await see(git, { url: repository.url, reference: { tag: 'moving' } })).revision, `moving@sha1:${other}`);
      repository.git('branch', 'x');
      await see(git, { url: repository.url, reference: { branch: 'x' } });
      repository.git('branch', '-D', 'x');
      repository.git('branch', 'x/y');
      assert.equal((await see(git, { url: repository.url, reference: { branch: 'x/y' } })).files.a, 'other');
    }));

  test('only what is missing is fetched, and without history', () =>
    withRepository(async ({ repository, git, workspace }) => {
      for (let index = 0; index < 5; index++)
        repository.commit(`commit ${index}`, { [`f${index}`]: `${index}`, big: 'x'.repeat(1000 + index) });
      await see(git, { url: repository.url, reference: { branch: 'main' } });
      const [mirror = ''] = readdirSync(join(workspace.dir, 'cache/mirrors'));
      const objects = (): number =>
        execFileSync('git', [`--git-dir=${workspace.dir}/cache/mirrors/${mirror}`, 'cat-file', '--batch-all-objects', '--batch-check'], {
          encoding: 'utf8',
        }).split('\n').length - 1;
      assert.equal(objects(), 1 + 1 + 6);
      repository.commit('one more', { f0: 'changed' });
      await see(git, { url: repository.url, reference: { branch: 'main' } });
      assert.equal(objects(), 8 + 3);
    }));

  test('polls at the same time share one listing, and nothing is fetched', () =>
    withRepository(async ({ repository, git }) => {
      repository.commit('one', { a: '1' });
      repository.git('branch', 'other');
      const requests = Array.from({ length: 50 }, (_, index) => ({
        url: repository.url,
        reference: { branch: index % 2 === 0 ? 'main' : 'other' },
      }));
      await Promise.all(requests.map((request) => git.resolve(request)));
      assert.equal(git.listings, 1);
      await git.resolve({ url: repository.url, reference: { branch: 'main' }, maxAgeMs: 0 });
      assert.equal(git.listings, 2);
      await git.resolve({ url: repository.url, reference: { branch: 'main' }, credentials: { username: 'other' }, maxAgeMs: 60_000 });
      assert.equal(git.listings, 3, 'other credentials may see something else');
    }));

  test('a mirror that was damaged is made anew', () =>
    withRepository(async ({ repository, git, workspace }) => {
      const request = { url: repository.url, reference: { branch: 'main' } };
      repository.commit('one', { a: '1' });
      await see(git, request);
      const mirrors = join(workspace.dir, 'cache/mirrors');
      const packs = join(mirrors, readdirSync(mirrors)[0] ?? '', 'objects/pack');
      for (const name of readdirSync(packs)) {
        chmodSync(join(packs, name), 0o600);
        truncateSync(join(packs, name), 10);
      }
      repository.commit('two', { a: '2' });
      assert.equal((await see(git, request)).files.a, '2');
    }));

  test('locks and keys that a killed process left behind do no harm', () =>
    withRepository(async ({ repository, git, workspace }) => {
      const request = { url: repository.url, reference: { branch: 'main' } };
      repository.commit('one', { a: '1' });
      await see(git, request);
      const mirrors = join(workspace.dir, 'cache/mirrors');
      const mirror = join(mirrors, readdirSync(mirrors)[0] ?? '');
      const [ref = ''] = readdirSync(join(mirror, 'refs/sluice'));
      mkdirSync(join(workspace.dir, 'cache/keys/git-left'), { recursive: true });
      for (const lock of ['shallow.lock', `refs/sluice/${ref}.lock`]) {
        writeFileSync(join(mirror, lock), '');
        repository.commit(lock, { a: lock });
        const next = createGitClient({ cacheDir: join(workspace.dir, 'cache'), allowFile: true });
        assert.equal((await see(next, request)).files.a, lock);
        await next.close();
      }
      assert.ok(!existsSync(join(workspace.dir, 'cache/keys/git-left')));
    }));

  test('a repository with SHA-256 hashes is followed like any', () =>
    withRepository(async ({ git, workspace }) => {
      const repository = makeRepository(join(workspace.dir, 'long'), 'main', 'sha256');
      const one = repository.commit('one', { a: '1' });
      for (const [reference, revision] of [
        [{ branch: 'main' }, `main@sha256:${one}`],
        [{ commit: one }, `sha256:${one}`],
      ] as const) {
        const seen = await see(git, { url: repository.url, reference });
        assert.equal(seen.revision, revision);
        assert.equal(seen.files.a, '1');
      }
    }));

  test('after many fetches the mirror is cleaned up and goes on', () =>
    withRepository(
      async ({ repository, git, workspace }) => {
        for (let index = 0; index < 8; index++) {
          repository.commit(`commit ${index}`, { a: `${index}` });
          assert.equal((await see(git, { url: repository.url, reference: { branch: 'main' } })).files.a, `${index}`);
        }
        await git.close();
        const mirrors = join(workspace.dir, 'cache/mirrors');
        const packs = readdirSync(join(mirrors, readdirSync(mirrors)[0] ?? '', 'objects/pack')).filter((name) => name.endsWith('.pack'));
        assert.ok(packs.length < 4, `${packs.length} packs`);
      },
      { fetchesBetweenCleanups: 3 },
    ));
});

describe('what is checked out', () => {
  test('files with their modes and bytes, no links, submodules as empty directories', () =>
    withRepository(async ({ repository, git, workspace }) => {
      writeFileSync(join(workspace.dir, 'secret'), 'secret');
      repository.commit('files', {
        'run.sh': '#!/bin/sh\n',
        empty: '',
        'name with "quotes" and ☃': 'x',
        'crlf.txt': 'a\r\nb\r\n',
        '.gitattributes': '* -text export-ignore\n*.txt filter=evil\n',
      });
      symlinkSync('../secret', join(repository.dir, 'link'));
      execFileSync('chmod', ['+x', join(repository.dir, 'run.sh')]);
      const sub = makeRepository(join(workspace.dir, 'sub'));
      sub.commit('sub', { s: 's' });
      repository.git('submodule', '--quiet', 'add', '../sub', 'module');
      repository.commit('more', {});
      const request = { url: repository.url, reference: { branch: 'main' }, maxAgeMs: 0 };
      const { files } = await see(git, request);
      assert.deepEqual(Object.keys(files).sort(), [
        '.gitattributes',
        '.gitmodules',
        'crlf.txt',
        'empty',
        'module',
        'name with "quotes" and ☃',
        'run.sh',
      ]);
      assert.equal(files['crlf.txt'], 'a\r\nb\r\n');
      assert.equal(files.module, '<directory>');
      const executables = await git.checkout(request, await git.resolve(request), async ({ tree }) =>
        tree.entries.filter(({ executable }) => executable).map(({ path }) => path),
      );
      assert.deepEqual(executables, ['run.sh']);
    }));

  test('sparse checkout takes directories, and names one that is missing', () =>
    withRepository(async ({ repository, git }) => {
      repository.commit('files', { 'apps/a': 'a', 'apps-extra/b': 'b', 'infra/c': 'c', root: 'r' });
      const request = { url: repository.url, reference: { branch: 'main' } };
      assert.deepEqual(Object.keys((await see(git, { ...request, sparseCheckout: ['./apps', 'infra/'] })).files), ['apps/a', 'infra/c']);
      await assert.rejects(see(git, { ...request, sparseCheckout: ['nope'] }), {
        reason: 'FileNotFound',
        message: /^sparse checkout dir 'nope' does not exist in repository: /,
      });
    }));

  test('submodules are fetched at all levels when asked for', () =>
    withRepository(async ({ repository, git, workspace }) => {
      const inner = makeRepository(join(workspace.dir, 'inner'));
      inner.commit('inner', { i: 'i' });
      const outer = makeRepository(join(workspace.dir, 'outer'));
      outer.commit('outer', { o: 'o' });
      outer.git('submodule', '--quiet', 'add', '../inner', 'deep/inner');
      outer.commit('with inner', {});
      repository.git('submodule', '--quiet', 'add', '../outer', 'vendor/outer');
      repository.commit('with outer', { r: 'r' });
      const { files } = await see(git, { url: repository.url, reference: { branch: 'main' }, recurseSubmodules: true });
      assert.equal(files['vendor/outer/o'], 'o');
      assert.equal(files['vendor/outer/deep/inner/i'], 'i');
      assert.equal(files.r, 'r');
    }));

  for (const url of ['ext::sh -c touch% /tmp/x', '/etc', 'ssh://-oProxyCommand=x/y', '--upload-pack=x']) {
    test(`a submodule at ${url} is refused like any address`, () =>
      withRepository(async ({ repository, git }) => {
        const commit = repository.commit('one', { a: '1' });
        repository.commit('hostile', { '.gitmodules': `[submodule "x"]\n\tpath = x\n\turl = "${url}"\n` });
        repository.git('update-index', '--add', '--cacheinfo', `160000,${commit},x`);
        repository.git('commit', '--quiet', '-m', 'link');
        await assert.rejects(
          see(git, { url: repository.url, reference: { branch: 'main' }, recurseSubmodules: true }),
          (error: { reason?: string }) => ['GitUrlRefused', 'GitTreeUnsafe'].includes(error.reason ?? ''),
        );
      }));
  }

  for (const name of ['.git', '.GIT', 'git~1', '.git ', '.git.', '.g\u200cit', '.git::$INDEX_ALLOCATION', '..', '.']) {
    test(`a tree that holds ${JSON.stringify(name)} is refused`, () =>
      withRepository(async ({ repository, git }) => {
        repository.commit('one', { a: '1' });
        const blob = repository.git('rev-parse', 'HEAD:a');
        const tree = writeTree(repository, [['100644', 'hooks', blob]]);
        const root = writeTree(repository, [['40000', name, tree]]);
        const commit = repository.git('commit-tree', '-m', 'hostile', root);
        repository.git('update-ref', 'refs/heads/main', commit);
        await assert.rejects(see(git, { url: repository.url, reference: { branch: 'main' } }), { reason: 'GitTreeUnsafe' });
      }));
  }
});

/** Writes a tree as it is: git itself would refuse the names. */
function writeTree(repository: TestRepository, entries: readonly (readonly [mode: string, name: string, hash: string])[]): string {
  const raw = Buffer.concat(
    entries.map(([mode, name, hash]) => Buffer.concat([Buffer.from(`${mode} ${name}\0`), Buffer.from(hash, 'hex')])),
  );
  const file = join(repository.dir, '.git', 'raw-tree');
  writeFileSync(file, raw);
  return repository.git('hash-object', '-t', 'tree', '-w', '--literally', file);
}

describe('limits', () => {
  test('a repository, a file and a number of files over the limit are refused', () =>
    withRepository(async ({ repository, workspace }) => {
      const random = Array.from({ length: 4000 }, () => Math.random().toString(36)).join('');
      repository.commit('files', { a: random, b: 'b' });
      const request = { url: repository.url, reference: { branch: 'main' } };
      for (const [name, options] of [
        ['repository', { maxRepositoryBytes: 10_000 }],
        ['file', { maxFileBytes: 1000 }],
        ['files', { maxFiles: 1 }],
      ] as const) {
        const git = createGitClient({ cacheDir: join(workspace.dir, name), allowFile: true, ...options });
        await assert.rejects(see(git, request), { reason: 'GitTooLarge' }, name);
        await git.close();
      }
    }));

  test('an operation that is cancelled ends at once', () =>
    withRepository(async ({ repository, git }) => {
      repository.commit('one', { a: '1' });
      const request = { url: repository.url, reference: { branch: 'main' } };
      const resolved = await git.resolve(request);
      await assert.rejects(
        git.checkout({ ...request, signal: AbortSignal.abort() }, resolved, async () => assert.fail('used')),
        { reason: 'GitFailed' },
      );
    }));
});

test('equal files give one archive, whatever repository, branch or time they come from', () =>
  withRepository(async ({ repository, git, workspace }) => {
    const store = openArtifactStore({ dir: join(workspace.dir, 'store'), baseUrl: 'http://localhost' });
    const other = makeRepository(join(workspace.dir, 'other'), 'trunk');
    repository.commit('one', { 'a.yaml': 'a', 'dir/b.yaml': 'b' });
    other.commit('first', { 'a.yaml': 'a' });
    other.commit('second', { 'dir/b.yaml': 'b' });
    const digests = await Promise.all(
      [
        { url: repository.url, reference: { branch: 'main' } },
        { url: other.url, reference: { branch: 'trunk' } },
      ].map(async (request, index) =>
        git.checkout(request, await git.resolve(request), async ({ revision, commit, tree }) => {
          const artifact = await store.put({ kind: 'GitRepository', namespace: 'default', name: `repo-${index}` }, tree, {
            revision,
            fileName: commit.hash,
          });
          return artifact.digest;
        }),
      ),
    );
    assert.equal(digests[0], digests[1]);
    assert.ok(existsSync(join(workspace.dir, 'store/blobs')));
  }));
