import assert from 'node:assert/strict';
import { createReadStream, mkdirSync, readFileSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { failing } from '../testing/failing.js';
import { makeWorkspace } from '../testing/repository.js';
import { buildArtifact, diffArtifact, extractArtifact } from './build.js';
import { directorySource } from './directory.js';
import { sourceTreeOf } from './source-tree.js';

const workspace = makeWorkspace();
after(() => workspace.remove());
const limits = { maxArchiveBytes: 1024 ** 2, maxUnpackedBytes: 1024 ** 2 };

let count = 0;
function directoryWith(files: Readonly<Record<string, string>>): string {
  const root = join(workspace.dir, `dir-${++count}`);
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), content, { mode: name.endsWith('.sh') ? 0o755 : 0o644 });
  }
  return root;
}
const read = (path: string) => createReadStream(path) as AsyncIterable<Uint8Array>;
const listed = (root: string): string[] => readdirSync(root, { recursive: true }).map(String).sort();

describe('an artifact of a directory', () => {
  const files = { 'a.yaml': 'a', 'sub/b.yaml': 'b', 'sub/run.sh': '#!', '.git/HEAD': 'x', 'pic.png': 'p', '.sourceignore': '*.yaml\n' };

  test('has its files, but for those that are ignored by the patterns given, and comes back', async () => {
    const source = directorySource(directoryWith(files));
    const output = join(workspace.dir, 'one.tgz');
    const built = await buildArtifact(source, output, { ignore: '.git/\n*.png\n' });
    assert.equal(built.size, statSync(output).size);
    const target = join(workspace.dir, 'one');
    await extractArtifact(read(output), target, limits);
    assert.deepEqual(listed(target), ['.sourceignore', 'a.yaml', 'sub', 'sub/b.yaml', 'sub/run.sh']);
    assert.equal(statSync(join(target, 'sub/run.sh')).mode & 0o777, 0o755);
    const again = join(workspace.dir, 'again.tgz');
    assert.equal((await buildArtifact(directorySource(target), again)).digest, built.digest);
    assert.deepEqual(
      readdirSync(workspace.dir).filter((name) => name.includes('tgz.')),
      [],
    );
  });

  test('may be of one file', async () => {
    const output = join(workspace.dir, 'file.tgz');
    await buildArtifact(directorySource(join(directoryWith(files), 'sub/b.yaml')), output);
    const target = join(workspace.dir, 'file');
    await extractArtifact(read(output), target, limits);
    assert.deepEqual(listed(target), ['b.yaml']);
    assert.throws(() => directorySource(join(workspace.dir, 'nope')), failing('FileNotFound', /source path does not exist/));
  });

  test('has what links lead to only where that is asked for, and only inside', () => {
    const root = directoryWith({ 'a.yaml': 'a', 'dir/b.yaml': 'b' });
    symlinkSync('a.yaml', join(root, 'link.yaml'));
    symlinkSync('dir', join(root, 'linked'));
    const paths = (options?: { resolveLinks: boolean }): string[] =>
      directorySource(root, options)
        .entries.map(({ path }) => path)
        .sort();
    assert.deepEqual(paths(), ['a.yaml', 'dir', 'dir/b.yaml']);
    assert.deepEqual(paths({ resolveLinks: true }), ['a.yaml', 'dir', 'dir/b.yaml', 'link.yaml', 'linked', 'linked/b.yaml']);
    for (const [target, reason, message] of [
      ['/etc/passwd', 'PathEscapes', /leads out of the directory/],
      ['nowhere', 'FileNotFound', /leads nowhere/],
      ['.', 'FileInvalid', /leads to a directory that holds it/],
    ] as const) {
      const bad = directoryWith({ 'a.yaml': '' });
      symlinkSync(target, join(bad, 'bad'));
      assert.throws(() => directorySource(bad, { resolveLinks: true }), failing(reason, message));
    }
  });

  test('is compared with a directory file by file', async () => {
    const output = join(workspace.dir, 'diff.tgz');
    await buildArtifact(sourceTreeOf({ 'same.yaml': '1', 'gone.yaml': '2', 'changed.yaml': '3', 'mode.sh': '4' }), output);
    const local = directorySource(
      directoryWith({ 'same.yaml': '1', 'changed.yaml': '33', 'new.yaml': '5', 'mode.sh': '4', 'pic.png': '' }),
    );
    const scratch = join(workspace.dir, 'scratch');
    assert.deepEqual(await diffArtifact(read(output), local, scratch, { ...limits, ignore: '*.png' }), {
      added: ['new.yaml'],
      removed: ['gone.yaml'],
      changed: ['changed.yaml', 'mode.sh'],
    });
    assert.deepEqual(readdirSync(scratch), []);
  });

  test('is never written through a link, and replaces what is there', async () => {
    const output = join(workspace.dir, 'links.tgz');
    await buildArtifact(sourceTreeOf({ 'a.yaml': 'new', 'dir/b.yaml': 'b' }), output);
    const outside = directoryWith({ 'victim.yaml': 'old' });
    const target = directoryWith({ 'keep.yaml': 'kept' });
    symlinkSync(join(outside, 'victim.yaml'), join(target, 'a.yaml'));
    symlinkSync(outside, join(target, 'dir'));
    await assert.rejects(
      extractArtifact(read(output), target, limits),
      failing('PathEscapes', /^dir would be written through a symbolic link/),
    );
    assert.equal(readFileSync(join(outside, 'victim.yaml'), 'utf8'), 'old');
    assert.equal(readFileSync(join(target, 'a.yaml'), 'utf8'), 'new');
    assert.deepEqual(listed(outside), ['victim.yaml']);
    await assert.rejects(
      extractArtifact(read(output), join(workspace.dir, 'tiny'), { ...limits, maxUnpackedBytes: 3 }),
      failing('ArchiveTooLarge', /more than 3 bytes/),
    );
    await assert.rejects(
      extractArtifact(
        (async function* () {
          yield gzipSync('no archive');
        })(),
        join(workspace.dir, 'bad'),
        limits,
      ),
      failing('ArchiveInvalid', /broken/),
    );
    assert.deepEqual(listed(join(workspace.dir, 'bad')), []);
  });
});
