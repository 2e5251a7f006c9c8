import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { directoryTree, memoryTree, normalizePath, recordingTree, subTree, type FileTree } from '../index.js';

const files = { 'a.yaml': 'a', 'dir/b.yaml': 'b', 'dir/deep/c.yaml': 'c' };

function onDisk(run: (tree: FileTree, root: string) => void): void {
  const parent = mkdtempSync(join(tmpdir(), 'sluice-tree-'));
  const root = join(parent, 'root');
  try {
    mkdirSync(join(root, 'dir/deep'), { recursive: true });
    for (const [path, content] of Object.entries(files)) writeFileSync(join(root, path), content);
    writeFileSync(join(parent, 'secret'), 'secret');
    run(directoryTree(root), root);
  } finally {
    rmSync(parent, { recursive: true });
  }
}

const implementations: [string, (run: (tree: FileTree) => void) => void][] = [
  ['directoryTree', onDisk],
  ['memoryTree', (run) => run(memoryTree(files))],
  ['subTree', (run) => run(subTree(memoryTree(Object.fromEntries(Object.entries(files).map(([k, v]) => [`x/y/${k}`, v]))), './x/y'))],
  ['recordingTree', (run) => run(recordingTree(memoryTree(files)))],
];

for (const [name, use] of implementations) {
  describe(name, () => {
    test('reads, lists and tells what is where', () =>
      use((tree) => {
        assert.equal(new TextDecoder().decode(tree.read('./dir//b.yaml')), 'b');
        assert.deepEqual(tree.list('.'), [
          { name: 'a.yaml', type: 'file' },
          { name: 'dir', type: 'directory' },
        ]);
        assert.deepEqual(
          tree.list('dir/deep/..').map((entry) => entry.name),
          ['b.yaml', 'deep'],
        );
        assert.equal(tree.stat('dir'), 'directory');
        assert.equal(tree.stat('dir/b.yaml'), 'file');
        assert.equal(tree.stat('nope'), undefined);
        assert.equal(tree.stat('a.yaml/nope'), undefined);
      }));

    test('names what is missing, and what is not a file', () =>
      use((tree) => {
        assert.throws(() => tree.read('dir/nope'), { reason: 'FileNotFound' });
        assert.throws(() => tree.list('nope'), { reason: 'FileNotFound' });
        assert.throws(() => tree.read('dir'), { reason: 'FileInvalid' });
      }));

    test('no path leaves the root', () =>
      use((tree) => {
        for (const path of ['..', '../secret', 'dir/../../secret', '/etc/passwd', 'dir/deep/../../../root/a.yaml']) {
          assert.throws(() => tree.read(path), { reason: 'PathEscapes' }, path);
          assert.throws(() => tree.stat(path), { reason: 'PathEscapes' }, path);
          assert.throws(() => tree.list(path), { reason: 'PathEscapes' }, path);
        }
      }));
  });
}

describe('directoryTree and links', () => {
  test('a link inside the root is followed, one that leaves it is refused, directly and through a chain', () =>
    onDisk((tree, root) => {
      symlinkSync('../a.yaml', join(root, 'dir/inside'));
      symlinkSync('../../secret', join(root, 'dir/out'));
      symlinkSync('out', join(root, 'dir/chain'));
      symlinkSync('../..', join(root, 'dir/up'));
      symlinkSync('loop', join(root, 'loop'));
      assert.equal(new TextDecoder().decode(tree.read('dir/inside')), 'a');
      for (const path of ['dir/out', 'dir/chain', 'dir/up/secret']) assert.throws(() => tree.read(path), { reason: 'PathEscapes' }, path);
      assert.equal(tree.stat('loop'), undefined);
      assert.equal(tree.realPath?.('dir/inside'), 'a.yaml');
      assert.equal(tree.realPath?.('./dir//b.yaml'), 'dir/b.yaml');
      assert.throws(() => tree.realPath?.('dir/up/secret'), { reason: 'PathEscapes' });
      assert.throws(() => tree.realPath?.('loop'), { reason: 'FileNotFound' });
      assert.deepEqual(
        tree.list('dir').map((entry) => entry.name),
        ['b.yaml', 'deep', 'inside'],
      );
    }));

  test('a FIFO neither hangs nor reads', () =>
    onDisk((tree, root) => {
      execFileSync('mkfifo', [join(root, 'pipe')]);
      assert.throws(() => tree.read('pipe'), { reason: 'FileInvalid' });
      assert.equal(tree.stat('pipe'), undefined);
    }));

  test('a file over the limit is refused', () =>
    onDisk((_, root) => {
      assert.throws(() => directoryTree(root, { maxFileBytes: 0 }).read('a.yaml'), { reason: 'FileInvalid' });
    }));
});

test('a recording tree knows what was read, listed and looked for', () => {
  const tree = recordingTree(memoryTree(files));
  tree.read('./dir/b.yaml');
  tree.list('dir/');
  tree.stat('kustomization.yaml');
  tree.stat('dir');
  assert.deepEqual([...tree.reads.files], ['dir/b.yaml']);
  assert.deepEqual([...tree.reads.directories], ['dir']);
  assert.deepEqual(
    [...tree.reads.stats],
    [
      ['kustomization.yaml', undefined],
      ['dir', 'directory'],
    ],
  );
});

test('normalizePath', () => {
  assert.equal(normalizePath('./a//b/../c/'), 'a/c');
  assert.equal(normalizePath(''), '.');
  assert.throws(() => normalizePath('a\0b'), { reason: 'FileInvalid' });
});
