import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import type { Artifact } from '@sluice/api';
import { makeWorkspace } from '../testing/repository.js';
import { sourceTreeOf, type SourceTree } from './source-tree.js';
import { openArtifactStore, type ArtifactStore, type ArtifactStoreOptions } from './store.js';

const owner = { kind: 'GitRepository', namespace: 'flux-system', name: 'fleet' };

async function withStore(
  use: (store: ArtifactStore, reopen: () => ArtifactStore) => Promise<void>,
  options: Partial<ArtifactStoreOptions> = {},
): Promise<void> {
  const workspace = makeWorkspace();
  const reopen = (): ArtifactStore =>
    openArtifactStore({ dir: join(workspace.dir, 'store'), baseUrl: 'http://localhost:9090/', ...options });
  try {
    await use(reopen(), reopen);
  } finally {
    workspace.remove();
  }
}

function put(store: ArtifactStore, files: Readonly<Record<string, string>>, revision = 'one', name = 'fleet'): Promise<Artifact> {
  return store.put({ ...owner, name }, sourceTreeOf(files), { revision: `main@sha1:${revision}`, fileName: revision });
}

const blobs = (store: ArtifactStore): string[] => readdirSync(join(store.dir, 'blobs'));

describe('putting artifacts', () => {
  test('an artifact is described as in status.artifact, and lies by its path', () =>
    withStore(
      async (store) => {
        const artifact = await put(store, { 'a.yaml': 'a' });
        const file = join(store.dir, 'artifacts', artifact.path);
        const digest = createHash('sha256').update(readFileSync(file)).digest('hex');
        assert.deepEqual(artifact, {
          digest: `sha256:${digest}`,
          lastUpdateTime: '2026-01-02T03:04:05Z',
          path: 'gitrepository/flux-system/fleet/one.tar.gz',
          revision: 'main@sha1:one',
          size: readFileSync(file).length,
          url: 'http://localhost:9090/gitrepository/flux-system/fleet/one.tar.gz',
        });
        assert.deepEqual(readFileSync(join(store.dir, 'artifacts/gitrepository/flux-system/fleet/latest.tar.gz')), readFileSync(file));
      },
      { now: () => new Date('2026-01-02T03:04:05.678Z') },
    ));

  test('nothing but the files decides over the digest', () =>
    withStore(async (store) => {
      const one = await put(store, { b: '2', a: '1', 'dir/c': '3' }, 'one', 'first');
      const two = await put(store, { 'dir/c': '3', a: '1', b: '2' }, 'two', 'second');
      const three = await put(store, { 'dir/c': '3', a: '1', b: '2x' }, 'three', 'third');
      assert.equal(one.digest, two.digest);
      assert.notEqual(one.digest, three.digest);
      assert.equal(blobs(store).length, 4, 'two archives, each plain and compressed');
    }));

  test('paths that would leave the store are refused', () =>
    withStore(async (store) => {
      const tree = sourceTreeOf({ a: '' });
      for (const each of [
        { ...owner, name: '..' },
        { ...owner, namespace: 'a/b' },
        { ...owner, kind: '' },
      ]) {
        await assert.rejects(store.put(each, tree, { revision: 'x', fileName: 'x' }), { reason: 'PathEscapes' });
      }
      await assert.rejects(store.put(owner, tree, { revision: 'x', fileName: '../../x' }), { reason: 'PathEscapes' });
    }));

  test('a tree over the limit, or one that breaks off, leaves nothing behind', () =>
    withStore(
      async (store) => {
        await assert.rejects(put(store, { a: 'x'.repeat(20_000) }), { reason: 'ArchiveTooLarge' });
        const broken: SourceTree = {
          entries: [{ path: 'a', type: 'file', executable: false, size: 10 }],
          async *contents() {
            yield Buffer.from('12345');
          },
        };
        await assert.rejects(store.put(owner, broken, { revision: 'x', fileName: 'x' }), { reason: 'ArchiveInvalid' });
        const failing: SourceTree = { ...broken, contents: () => failingStream() };
        await assert.rejects(store.put(owner, failing, { revision: 'x', fileName: 'x' }), { message: 'the connection broke' });
        assert.deepEqual(blobs(store), []);
        assert.deepEqual(readdirSync(join(store.dir, 'tmp')), []);
        assert.ok(!existsSync(join(store.dir, 'artifacts/gitrepository')));
      },
      { maxBytes: 10_000 },
    ));
});

// oxlint-disable-next-line require-yield -- it fails before it has anything
async function* failingStream(): AsyncGenerator<Uint8Array> {
  await Promise.resolve();
  throw new Error('the connection broke');
}

describe('reading artifacts', () => {
  test('what goes in comes out', () =>
    withStore(async (store) => {
      const name = fc.stringMatching(/^[a-z☃é]{1,12}$/);
      const path = fc.array(name, { minLength: 1, maxLength: 12 }).map((segments) => segments.join('/'));
      await fc.assert(
        fc.asyncProperty(fc.dictionary(path, fc.string({ maxLength: 2000 }), { maxKeys: 20 }), async (candidates) => {
          // A name can't be a file and a directory.
          const files = Object.fromEntries(
            Object.entries(candidates).filter(([each]) => !Object.keys(candidates).some((other) => other.startsWith(`${each}/`))),
          );
          const artifact = await put(store, files);
          const tree = await store.tree(artifact.digest);
          for (const [each, content] of Object.entries(files)) assert.equal(Buffer.from(tree.read(each)).toString(), content);
          const listed = (directory: string): string[] =>
            tree.list(directory).flatMap((entry) => {
              const below = directory === '.' ? entry.name : `${directory}/${entry.name}`;
              return entry.type === 'file' ? [below] : listed(below);
            });
          assert.deepEqual(listed('.').sort(), Object.keys(files).sort());
        }),
        { numRuns: 40 },
      );
    }));

  test('the tree is rooted, and says what is missing', () =>
    withStore(async (store) => {
      const { digest } = await put(store, { 'dir/a': 'a' });
      const tree = await store.tree(digest);
      assert.equal(await store.tree(digest), tree, 'shared');
      for (const path of ['../x', '/etc/passwd', 'dir/../../x']) assert.throws(() => tree.read(path), { reason: 'PathEscapes' });
      assert.throws(() => tree.read('nope'), { reason: 'FileNotFound' });
      assert.throws(() => tree.read('dir'), { reason: 'FileInvalid' });
      assert.throws(() => tree.list('dir/a'), { reason: 'FileNotFound' });
      assert.equal(tree.stat('dir'), 'directory');
      assert.equal(tree.stat('dir/a'), 'file');
      assert.equal(tree.stat('x'), undefined);
      await assert.rejects(store.tree(`sha256:${'0'.repeat(64)}`), { reason: 'ArtifactMissing' });
      await assert.rejects(store.tree('../../etc/passwd'), { reason: 'ArtifactCorrupt' });
    }));
});

test('an artifact can go into another one, with its modes', () =>
  withStore(async (store) => {
    const files = sourceTreeOf({ 'bin/run': '#!/bin/sh', 'dir/a.yaml': 'a', empty: '' }, { executables: ['bin/run'] });
    const { digest } = await store.put(owner, files, { revision: 'x', fileName: 'x' });
    const again = await store.put({ ...owner, name: 'copy' }, await store.source(digest), { revision: 'x', fileName: 'x' });
    assert.equal(again.digest, digest);
  }));

describe('starting again', () => {
  test('artifacts are found again, leftovers are cleared away', () =>
    withStore(async (store, reopen) => {
      const artifact = await put(store, { a: '1' });
      writeFileSync(join(store.dir, 'tmp/half-written'), 'x');
      writeFileSync(join(store.dir, 'blobs', `${'1'.repeat(64)}.tar.gz`), 'never published');
      const again = reopen();
      assert.ok(await again.verify(artifact));
      assert.equal(Buffer.from((await again.tree(artifact.digest)).read('a')).toString(), '1');
      assert.deepEqual(readdirSync(join(store.dir, 'tmp')), []);
      assert.equal(blobs(again).length, 2);
    }));

  test('an archive that changed on disk is noticed and never served as a tree', () =>
    withStore(async (store, reopen) => {
      const artifact = await put(store, { a: '1' });
      writeFileSync(join(store.dir, 'artifacts', artifact.path), 'changed');
      const again = reopen();
      assert.ok(!(await again.verify(artifact)));
      await assert.rejects(again.tree(artifact.digest), { reason: 'ArtifactCorrupt' });
      const renewed = await put(again, { a: '1' });
      assert.equal(renewed.digest, artifact.digest);
      assert.ok(await again.verify(renewed));
    }));

  test('a plain archive that was cut off is made anew from the compressed one', () =>
    withStore(async (store, reopen) => {
      const artifact = await put(store, { a: '1', b: 'x'.repeat(5000) });
      truncateSync(join(store.dir, 'blobs', `${artifact.digest.slice('sha256:'.length)}.tar`), 2000);
      assert.equal(Buffer.from((await reopen().tree(artifact.digest)).read('b')).length, 5000);
    }));
});

describe('collecting garbage', () => {
  test('old artifacts go, the current one and young ones stay', () =>
    withStore(
      async (store) => {
        const artifacts = [];
        for (const revision of ['one', 'two', 'three', 'four']) artifacts.push(await put(store, { a: revision }, revision));
        const [one, two, three, four] = artifacts as [Artifact, Artifact, Artifact, Artifact];
        const old = new Date(Date.now() - 120_000);
        utimesSync(join(store.dir, 'artifacts', one.path), old, old);
        assert.deepEqual(store.collectGarbage(owner, four).sort(), [one.path, two.path].sort());
        assert.ok(await store.verify(three));
        assert.ok(await store.verify(four));
        assert.ok(!(await store.verify(one)));
        await assert.rejects(store.tree(one.digest), { reason: 'ArtifactMissing' });
        assert.equal(blobs(store).length, 4);
      },
      { retentionRecords: 2, retentionMs: 60_000 },
    ));

  test('an archive that another object still has is kept', () =>
    withStore(async (store) => {
      const one = await put(store, { a: '1' }, 'one', 'first');
      await put(store, { a: '1' }, 'one', 'second');
      store.removeAll({ ...owner, name: 'first' });
      assert.equal(store.fileOf(one.path), undefined);
      assert.equal(Buffer.from((await store.tree(one.digest)).read('a')).toString(), '1');
      store.removeAll({ ...owner, name: 'second' });
      assert.deepEqual(blobs(store), []);
    }));
});

test('the archive is one that tar reads', () =>
  withStore(async (store) => {
    const long = `${'directory/'.repeat(20)}${'n'.repeat(120)}`;
    const artifact = await put(store, { [long]: 'long', ünïcode: 'u' });
    const tar = gunzipSync(readFileSync(join(store.dir, 'artifacts', artifact.path)));
    assert.equal(tar.length % 512, 0);
    assert.deepEqual(gzipSync(tar).subarray(4, 8), Buffer.alloc(4), 'no time in the header');
    const tree = await store.tree(artifact.digest);
    assert.equal(Buffer.from(tree.read(long)).toString(), 'long');
    assert.equal(Buffer.from(tree.read('ünïcode')).toString(), 'u');
  }));

test('a file is served as it is, under its own name and that of the latest', () =>
  withStore(async (store) => {
    const repository = { kind: 'HelmRepository', namespace: 'default', name: 'charts' };
    const putIndex = (text: string): Promise<Artifact> =>
      store.putFile(repository, [Buffer.from(text)], {
        revision: `sha256:${text}`,
        fileName: `index-${text}.yaml`,
        latestName: 'index.yaml',
      });
    const one = await putIndex('one');
    const two = await putIndex('two');
    assert.equal(one.path, 'helmrepository/default/charts/index-one.yaml');
    assert.equal(one.digest, `sha256:${createHash('sha256').update('one').digest('hex')}`);
    assert.equal(readFileSync(store.fileOf(one.path) ?? '', 'utf8'), 'one');
    assert.equal(readFileSync(store.fileOf('helmrepository/default/charts/index.yaml') ?? '', 'utf8'), 'two');
    assert(await store.verify(two));
    assert.deepEqual(store.collectGarbage(repository, two), []);
    store.removeAll(repository);
    assert.equal(store.fileOf(two.path), undefined);
  }));
