import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { listen, type TestServer } from '../testing/https-server.js';
import { makeWorkspace } from '../testing/repository.js';
import { fetchArtifact } from './fetch.js';
import { artifactHandler } from './handler.js';
import { sourceTreeOf } from './source-tree.js';
import { openArtifactStore, type ArtifactStore } from './store.js';

interface Fixture {
  readonly store: ArtifactStore;
  readonly serve: (handler: RequestListener) => Promise<TestServer>;
}

async function withFixture(use: (fixture: Fixture) => Promise<void>): Promise<void> {
  const workspace = makeWorkspace();
  const servers: TestServer[] = [];
  try {
    await use({
      store: openArtifactStore({ dir: join(workspace.dir, 'store'), baseUrl: 'http://localhost' }),
      async serve(handler) {
        const server = await listen(handler);
        servers.push(server);
        return server;
      },
    });
  } finally {
    await Promise.all(servers.map((server) => server.close()));
    workspace.remove();
  }
}

const impatient = { wait: () => Promise.resolve() };

/** An entry as a hostile author writes it: every field as given. */
interface RawEntry {
  readonly path: string;
  readonly type?: string;
  readonly content?: string;
  readonly target?: string;
  readonly size?: number;
  readonly mode?: string;
}

function rawTar(entries: readonly RawEntry[]): Buffer {
  const blocks = entries.flatMap(({ path, type = '0', content = '', target = '', size = content.length, mode = '0000644' }) => {
    const header = Buffer.alloc(512);
    header.write(path, 0);
    header.write(`${mode}\0`, 100);
    header.write('0000000\0', 108);
    header.write('0000000\0', 116);
    header.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
    header.write('00000000000\0', 136);
    header.write('        ', 148);
    header.write(type, 156);
    header.write(target, 157);
    header.write('ustar\u000000', 257);
    header.write(
      `${header
        .reduce((sum, byte) => sum + byte, 0)
        .toString(8)
        .padStart(6, '0')}\0 `,
      148,
    );
    const body = Buffer.from(content);
    return [header, body, Buffer.alloc((512 - (body.length % 512)) % 512)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

async function adopted(
  store: ArtifactStore,
  archive: Buffer,
  digest = `sha256:${createHash('sha256').update(archive).digest('hex')}`,
): Promise<Record<string, string>> {
  await store.adopt(digest, [archive] as unknown as AsyncIterable<Uint8Array>, {
    maxArchiveBytes: 10_000_000,
    maxUnpackedBytes: 5_000_000,
  });
  const tree = await store.tree(digest);
  const files = (directory: string): [string, string][] =>
    tree.list(directory).flatMap(({ name, type }) => {
      const path = directory === '.' ? name : `${directory}/${name}`;
      return type === 'file' ? [[path, Buffer.from(tree.read(path)).toString()] as [string, string]] : files(path);
    });
  return Object.fromEntries(files('.'));
}

describe('fetching artifacts', () => {
  test('what one store serves another one reads', () =>
    withFixture(async ({ store, serve }) => {
      const workspace = makeWorkspace();
      try {
        const origin = openArtifactStore({ dir: join(workspace.dir, 'origin'), baseUrl: 'http://localhost' });
        const handler = artifactHandler(origin);
        let requests = 0;
        const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
          const { status, headers, body } = await handler({
            method: request.method ?? '',
            path: request.url ?? '',
            headers: request.headers as Record<string, string>,
          });
          response.writeHead(status, headers as Record<string, string>);
          if (typeof body !== 'string') for await (const chunk of body as AsyncIterable<Uint8Array>) response.write(chunk);
          response.end(typeof body === 'string' ? body : undefined);
        };
        const server = await serve((request, response) => {
          requests++;
          void answer(request, response);
        });
        const artifact = await origin.put({ kind: 'GitRepository', namespace: 'a', name: 'b' }, sourceTreeOf({ 'x/y': 'z' }), {
          revision: 'r',
          fileName: 'f',
        });
        const url = `${server.url}/${artifact.path}`;
        const tree = await fetchArtifact(store, { ...artifact, url });
        assert.equal(Buffer.from(tree.read('x/y')).toString(), 'z');
        assert.equal(await fetchArtifact(store, { ...artifact, url }), tree);
        assert.equal(requests, 1, 'what is there is not fetched again');
        for (const path of [
          '/nope',
          '/gitrepository/a/b/../b/f.tar.gz',
          '/gitrepository/a/b/..%2f..%2f..%2f..%2fsalt',
          '/%',
          '/gitrepository/a/b/',
          '/tmp/x',
        ]) {
          assert.equal((await handler({ method: 'GET', path, headers: {} })).status, 404, path);
        }
        assert.equal((await handler({ method: 'POST', path: `/${artifact.path}`, headers: {} })).status, 405);
        const head = await handler({ method: 'HEAD', path: `/${artifact.path}`, headers: {} });
        assert.equal(head.headers['content-length'], String(artifact.size));
        assert.equal(
          (await handler({ method: 'GET', path: `/${artifact.path}`, headers: { 'if-none-match': String(head.headers.etag) } })).status,
          304,
        );
      } finally {
        workspace.remove();
      }
    }));

  test('a server that fails is tried again, one that has lost the artifact is not', () =>
    withFixture(async ({ store, serve }) => {
      const archive = gzipSync(rawTar([{ path: 'a', content: '1' }]));
      const digest = `sha256:${createHash('sha256').update(archive).digest('hex')}`;
      let requests = 0;
      const flaky = await serve((request, response) => {
        requests++;
        if (requests === 1) request.socket.destroy();
        else if (requests === 2) response.writeHead(503).end();
        else response.end(archive);
      });
      const tree = await fetchArtifact(store, { url: `${flaky.url}/x`, digest }, impatient);
      assert.equal(tree.stat('a'), 'file');
      assert.equal(requests, 3);
      const gone = await serve((_, response) => void response.writeHead(404).end());
      const other = `sha256:${'0'.repeat(64)}`;
      await assert.rejects(fetchArtifact(store, { url: `${gone.url}/x`, digest: other }, impatient), { reason: 'ArtifactMissing' });
      const hanging = await serve(() => undefined);
      await assert.rejects(
        fetchArtifact(store, { url: `${hanging.url}/x`, digest: other }, { ...impatient, timeoutMs: 100, attempts: 2 }),
        {
          reason: 'ArtifactUnavailable',
          message: /no answer within 0\.1 s/,
        },
      );
    }));

  test('something else than the digest says is refused, and nothing of it stays', () =>
    withFixture(async ({ store }) => {
      const archive = gzipSync(rawTar([{ path: 'a', content: '1' }]));
      await assert.rejects(adopted(store, archive, `sha256:${'0'.repeat(64)}`), { reason: 'ArtifactCorrupt' });
      assert.deepEqual(readdirSync(join(store.dir, 'blobs')), []);
      assert.deepEqual(readdirSync(join(store.dir, 'tmp')), []);
    }));
});

describe('archives of strangers', () => {
  test('files, directories and long names of any tar come through; links inside are left out', () =>
    withFixture(async ({ store }) => {
      const long = `${'d/'.repeat(60)}${'n'.repeat(150)}`;
      const pax = `path=pax name\n`;
      const record = `${pax.length + 3} ${pax}`;
      const archive = gzipSync(
        rawTar([
          { path: './', type: '5' },
          { path: './a.yaml', content: 'a' },
          { path: 'dir/', type: '5', mode: '0007777' },
          { path: 'dir/setuid', content: 's', mode: '0004755' },
          { path: '././@LongLink', type: 'L', content: `${long}\0` },
          { path: long.slice(0, 99), content: 'long' },
          { path: 'PaxHeaders/x', type: 'x', content: record },
          { path: 'x', content: 'pax' },
          { path: 'link', type: '2', target: 'dir/setuid' },
          { path: 'hard', type: '1', target: 'a.yaml' },
        ]),
      );
      assert.deepEqual(await adopted(store, archive), { 'a.yaml': 'a', 'dir/setuid': 's', [long]: 'long', 'pax name': 'pax' });
    }));

  for (const [name, entries] of [
    ['a path with ..', [{ path: '../evil', content: 'x' }]],
    ['an absolute path', [{ path: '/etc/evil', content: 'x' }]],
    ['a path that goes in and out', [{ path: 'a/../../evil', content: 'x' }]],
    ['a symbolic link out', [{ path: 'l', type: '2', target: '../../etc' }]],
    ['an absolute symbolic link', [{ path: 'l', type: '2', target: '/etc' }]],
    ['a hard link out', [{ path: 'a/l', type: '1', target: '../../x' }]],
    [
      'a file through a link',
      [
        { path: 'l', type: '2', target: 'dir' },
        { path: 'l/x', content: 'x' },
      ],
    ],
    [
      'a file through a chain of links',
      [
        { path: 'a', type: '2', target: 'b' },
        { path: 'b', type: '2', target: 'c' },
        { path: 'a/x/y', content: 'x' },
      ],
    ],
    [
      'a file below a file',
      [
        { path: 'a', content: 'x' },
        { path: 'a/b', content: 'x' },
      ],
    ],
    [
      'a file twice',
      [
        { path: 'a', content: '1' },
        { path: './a', content: '2' },
      ],
    ],
    ['a character device', [{ path: 'd', type: '3' }]],
    ['a block device', [{ path: 'd', type: '4' }]],
    ['a pipe', [{ path: 'p', type: '6' }]],
    ['an unknown type', [{ path: 'p', type: 'S' }]],
  ] as const satisfies readonly (readonly [string, readonly RawEntry[]])[]) {
    test(`${name} is refused`, () =>
      withFixture(async ({ store }) => {
        await assert.rejects(adopted(store, gzipSync(rawTar(entries))), { reason: 'ArchiveInvalid' });
        assert.deepEqual(readdirSync(join(store.dir, 'blobs')), []);
        assert.deepEqual(readdirSync(join(store.dir, 'tmp')), []);
        assert.ok(!existsSync(join(store.dir, '../evil')));
      }));
  }

  for (const [name, archive] of [
    ['no gzip', Buffer.from('<html>')],
    ['nothing', Buffer.alloc(0)],
    ['cut off in the compression', gzipSync(rawTar([{ path: 'a', content: 'x'.repeat(2000) }])).subarray(0, 40)],
    ['cut off in a file', gzipSync(rawTar([{ path: 'a', content: 'x'.repeat(2000) }]).subarray(0, 1024))],
    ['without an end', gzipSync(rawTar([{ path: 'a', content: 'x' }]).subarray(0, 1024))],
    ['a size that lies', gzipSync(rawTar([{ path: 'a', content: 'x', size: 5000 }]))],
    ['a checksum that is wrong', gzipSync(Buffer.concat([Buffer.from('evil'), rawTar([{ path: 'aaaa', content: 'x' }]).subarray(4)]))],
  ] as const) {
    test(`an archive that is broken: ${name}`, () =>
      withFixture(async ({ store }) => {
        await assert.rejects(adopted(store, archive), { reason: 'ArchiveInvalid' });
      }));
  }

  test('a bomb is stopped at the limit, with flat memory', () =>
    withFixture(async ({ store }) => {
      const bomb = gzipSync(rawTar([{ path: 'a', content: '\0'.repeat(64_000_000) }]), { level: 9 });
      assert.ok(bomb.length < 100_000);
      const before = process.memoryUsage().rss;
      await assert.rejects(adopted(store, bomb), { reason: 'ArchiveTooLarge' });
      assert.ok(process.memoryUsage().rss - before < 60_000_000);
    }));
});
