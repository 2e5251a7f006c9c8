import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withInclude } from './include.js';
import { sourceTreeOf, type SourceTree } from './source-tree.js';

async function contentsOf(tree: SourceTree): Promise<Record<string, string>> {
  const files = tree.entries.filter(({ type }) => type === 'file').sort((a, b) => (a.path < b.path ? -1 : 1));
  const chunks: Uint8Array[] = [];
  for await (const chunk of tree.contents(files)) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  let at = 0;
  return Object.fromEntries(files.map(({ path, size }) => [path, bytes.toString('utf8', at, (at += size))]));
}

const base = sourceTreeOf({ 'a.yaml': 'a', 'z.yaml': 'z' });
const included = sourceTreeOf({ 'base/m.yaml': 'm', 'base/deep/n.yaml': 'n', 'other.yaml': 'o' }, { executables: ['base/m.yaml'] });

test('all of a tree, or a directory of it, goes where it should', async () => {
  assert.deepEqual(await contentsOf(withInclude(base, included, { fromPath: '', toPath: 'lib' })), {
    'a.yaml': 'a',
    'lib/base/deep/n.yaml': 'n',
    'lib/base/m.yaml': 'm',
    'lib/other.yaml': 'o',
    'z.yaml': 'z',
  });
  const tree = withInclude(base, included, { fromPath: './base', toPath: 'k/lib' });
  assert.deepEqual(await contentsOf(tree), { 'a.yaml': 'a', 'k/lib/deep/n.yaml': 'n', 'k/lib/m.yaml': 'm', 'z.yaml': 'z' });
  assert.deepEqual(
    tree.entries.filter(({ executable }) => executable).map(({ path }) => path),
    ['k/lib/m.yaml'],
  );
  const twice = withInclude(tree, sourceTreeOf({ x: 'x' }), { fromPath: '.', toPath: 'second' });
  assert.equal((await contentsOf(twice))['second/x'], 'x');
});

test('what is missing, taken or outside is refused', () => {
  assert.throws(() => withInclude(base, included, { fromPath: 'nope', toPath: 'x' }), { reason: 'FileNotFound' });
  for (const toPath of ['a.yaml', 'a.yaml/x', '.', '']) {
    assert.throws(() => withInclude(base, included, { fromPath: '', toPath }), { reason: 'FileInvalid' });
  }
  assert.throws(() => withInclude(base, included, { fromPath: '', toPath: '../x' }), { reason: 'PathEscapes' });
  assert.throws(() => withInclude(base, included, { fromPath: '../x', toPath: 'x' }), { reason: 'PathEscapes' });
});
