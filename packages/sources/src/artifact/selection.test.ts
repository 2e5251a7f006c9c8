import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { select } from './selection.js';
import { sourceTreeOf } from './source-tree.js';

const recorded = join(import.meta.dirname, '../../../../../shared/conformance/ignore/archive.json');
const skip = existsSync(recorded) ? false : 'no conformance data beside the project';

interface ArchiveCase {
  readonly name: string;
  readonly files: readonly { path: string; content?: string; dir?: boolean; executable?: boolean; symlink?: string }[];
  readonly specIgnore: string | null;
  readonly expectedEntries: readonly { name: string; type: string; mode: string; size: number }[];
}

describe('what goes into an artifact, as recorded', { skip }, () => {
  const cases = skip === false ? (JSON.parse(readFileSync(recorded, 'utf8')) as ArchiveCase[]) : [];
  for (const each of cases) {
    test(each.name, async () => {
      // Links are left out where a listing is made; their names never get here.
      const files = each.files.filter((file) => file.symlink === undefined && file.dir !== true);
      const tree = sourceTreeOf(Object.fromEntries(files.map(({ path, content }) => [path, content ?? ''])), {
        executables: files.filter((file) => file.executable === true).map(({ path }) => path),
        directories: each.files.filter((file) => file.dir === true).map(({ path }) => path),
      });
      const { order } = await select(tree, { ignore: each.specIgnore ?? undefined });
      const entries = order.map((entry) =>
        typeof entry === 'string'
          ? { name: entry, type: 'dir', mode: '0750', size: 0 }
          : { name: entry.path, type: 'file', mode: entry.executable ? '0700' : '0600', size: entry.size },
      );
      assert.deepEqual(entries, each.expectedEntries);
    });
  }
});

test('names are in the order of their bytes, as Go sorts them', async () => {
  const { order } = await select(sourceTreeOf({ 'b.yaml': '', 'a/z': '', 'a.yaml': '', '\u{1f600}': '', '\uff5e': '', B: '' }), {});
  assert.deepEqual(
    order.map((entry) => (typeof entry === 'string' ? entry : entry.path)),
    ['.', 'B', 'a', 'a/z', 'a.yaml', 'b.yaml', '\uff5e', '\u{1f600}'],
  );
});

test('a name that is a file and a directory is refused', async () => {
  for (const files of [
    { a: '', 'a/b': '' },
    { 'a/b': '', a: '' },
  ]) {
    await assert.rejects(select(sourceTreeOf(files), {}), { reason: 'GitTreeUnsafe' });
  }
});
