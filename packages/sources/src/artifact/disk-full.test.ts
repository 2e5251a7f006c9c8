import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import * as disk from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { after, describe, mock, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { checkoutBucket, readBucketIndex } from '../bucket/checkout.js';
import { createS3Bucket } from '../bucket/s3.js';
import { makeWorkspace } from '../testing/repository.js';
import { serveBucket } from '../testing/s3-server.js';
import { buildArtifact } from './build.js';
import { sourceTreeOf } from './source-tree.js';
import { openArtifactStore, type ArtifactStore } from './store.js';
import { tarEnd, tarHeader } from './tar.js';

const workspace = makeWorkspace();
after(() => workspace.remove());

const promises = disk as unknown as { default: typeof disk };

/** Runs something on a disk that takes so many bytes more, and then none. */
async function onFullDisk<T>(free: number, run: () => Promise<T>): Promise<T> {
  let left = free;
  const realOpen = promises.default.open;
  const opened = mock.method(promises.default, 'open', async (...args: Parameters<typeof realOpen>) => {
    const file = await realOpen(...args);
    const realWrite = file.write.bind(file) as (bytes: Uint8Array) => Promise<unknown>;
    const write = async (bytes: Uint8Array): Promise<unknown> => {
      left -= bytes.length;
      if (left < 0) throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
      return await realWrite(bytes);
    };
    return Object.assign(file, { write });
  });
  syncBuiltinESMExports();
  try {
    return await run();
  } finally {
    opened.mock.restore();
    syncBuiltinESMExports();
  }
}

const owner = { kind: 'GitRepository', namespace: 'a', name: 'b' };
const options = { revision: 'main@sha1:1', fileName: 'one' };
const big = { 'big.yaml': createHash('sha512').update('x').digest('hex').repeat(2000), 'a.yaml': 'a' };
const full = { code: 'ENOSPC' };

/** Nothing may be left of what failed. */
function assertClean(store: ArtifactStore, published: readonly string[]): void {
  const under = (name: string): string[] =>
    existsSync(join(store.dir, name))
      ? readdirSync(join(store.dir, name), { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map(({ name: file }) => file)
      : [];
  assert.deepEqual(under('tmp'), []);
  assert.deepEqual(under('artifacts').sort(), published);
}

describe('a disk that is full', () => {
  test('fails an artifact, leaves the last one served and nothing half, and is forgotten when there is room', async () => {
    const store = openArtifactStore({ dir: join(workspace.dir, 'store'), baseUrl: 'http://localhost' });
    const good = await store.put(owner, sourceTreeOf({ 'a.yaml': '1' }), options);
    const published = ['latest.tar.gz', 'one.tar.gz'];
    const next = { revision: 'main@sha1:2', fileName: 'two' };
    for (const free of [0, 600, 200_000]) {
      await assert.rejects(
        onFullDisk(free, () => store.put(owner, sourceTreeOf(big), next)),
        full,
        String(free),
      );
      await assert.rejects(
        onFullDisk(Math.min(free, 600), () => store.putFile(owner, [Buffer.alloc(4096)], next)),
        full,
      );
      assertClean(store, published);
    }
    assert.equal(readFileSync(store.fileOf('gitrepository/a/b/latest.tar.gz') ?? '').length, good.size);
    const tree = await store.tree((await store.put(owner, sourceTreeOf(big), next)).digest);
    assert.equal(tree.read('big.yaml').length, big['big.yaml'].length);
  });

  test('fails an archive that is fetched, which can be fetched again', async () => {
    const content = Buffer.from(big['big.yaml']);
    const padding = Buffer.alloc((512 - (content.length % 512)) % 512);
    const archive = gzipSync(
      Buffer.concat([tarHeader({ path: 'big.yaml', type: 'file', size: content.length, executable: false }), content, padding, tarEnd]),
    );
    const digest = `sha256:${createHash('sha256').update(archive).digest('hex')}`;
    const store = openArtifactStore({ dir: join(workspace.dir, 'adopting'), baseUrl: 'http://localhost' });
    const adopt = (): Promise<void> =>
      store.adopt(
        digest,
        (async function* () {
          yield archive;
        })(),
        { maxArchiveBytes: 1e9, maxUnpackedBytes: 1e9 },
      );
    for (const free of [0, archive.length + 1000]) {
      await assert.rejects(onFullDisk(free, adopt), /ENOSPC/);
      assertClean(store, []);
      await assert.rejects(store.tree(digest), { reason: 'ArtifactMissing' });
    }
    await adopt();
    assert.equal((await store.tree(digest)).read('big.yaml').length, content.length);
  });

  test('fails the download of a bucket, and what the artifact commands write', async () => {
    const server = await serveBucket({ objects: new Map(Object.entries(big)), requests: [], intercept: () => undefined }, undefined);
    const provider = createS3Bucket({ endpoint: `127.0.0.1:${server.port}`, bucket: 'fleet', insecure: true });
    const scratchDir = join(workspace.dir, 'scratch');
    try {
      const index = await readBucketIndex(provider);
      await assert.rejects(
        onFullDisk(1000, () => checkoutBucket(provider, index, { scratchDir }, async () => undefined)),
        /ENOSPC/,
      );
      assert.deepEqual(readdirSync(scratchDir), []);
    } finally {
      await provider.close();
      await server.close();
    }
    const output = join(workspace.dir, 'out');
    await disk.mkdir(output);
    await assert.rejects(
      onFullDisk(1000, () => buildArtifact(sourceTreeOf(big), join(output, 'artifact.tgz'))),
      full,
    );
    assert.deepEqual(readdirSync(output), []);
  });
});
