import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { createOciClient } from '@sluice/sources';
import { configMap } from '@sluice/controllers/testing';
import { artifactOf, create, openArena, residentMiB, type Arena, type Subject } from './arena.js';
import { tarball, type TarEntry } from './tar.js';

const CONFIG = 'application/vnd.cncf.flux.config.v1+json';
const CONTENT = 'application/vnd.cncf.flux.content.v1.tar+gzip';
const good: TarEntry = { path: 'cm.yaml', content: configMap('a', '"1"') };

describe('hostile archives and registries', () => {
  let arena: Arena;
  let count = 0;
  before(async () => {
    arena = await openArena();
  });
  after(() => arena.close());
  afterEach(() => arena.goesOn());

  const url = (repository: string): string => `oci://${arena.world.web.host}/${repository}`;
  const push = async (repository: string, layer: Uint8Array): Promise<void> => {
    const client = createOciClient({ url: url(repository) });
    try {
      await client.push({
        tag: 'latest',
        config: { mediaType: CONFIG, content: Buffer.from('{}') },
        layers: [{ mediaType: CONTENT, content: layer }],
      });
    } finally {
      await client.close();
    }
  };
  const pulled = async (layer: Uint8Array): Promise<Subject & { readonly repository: string }> => {
    const repository = `hostile/r${++count}`;
    await push(repository, layer);
    return { repository, ...(await arena.source('OCIRepository', { url: url(repository), timeout: '10s', ref: { tag: 'latest' } })) };
  };
  /** The names in the artifact that was stored. */
  const stored = async (subject: Subject): Promise<string[]> => {
    await subject.ready();
    const archive = gunzipSync(await arena.world.artifact(artifactOf(await subject.get())!.path));
    const names: string[] = [];
    for (let at = 0; at + 512 <= archive.length;) {
      const name = archive.toString('utf8', at, at + 100).replace(/\0.*$/s, '');
      if (name === '') break;
      names.push(name.replace(/^\.\//, ''));
      at += 512 + Math.ceil(Number.parseInt(archive.toString('latin1', at + 124, at + 135), 8) / 512) * 512;
    }
    return names;
  };

  for (const path of ['../escaped-1', 'a/../../escaped-2', '/tmp/sluice-escaped-3']) {
    test(`1: an entry named ${path} is refused`, async () => {
      const subject = await pulled(tarball([good, { path, content: 'x' }]));
      await subject.refused(/failed to extract layer contents from artifact: the archive is refused: ".+" leaves the root/);
      assert.equal(artifactOf(await subject.get()), undefined);
      assert.ok(!existsSync('/tmp/sluice-escaped-3'));
      const written = readdirSync(join(arena.world.store.dir, '..'), { recursive: true, encoding: 'utf8' });
      assert.deepEqual(
        written.filter((name) => name.includes('escaped')),
        [],
      );
    });
  }

  for (const [what, entries, message] of [
    ['a symbolic link to /etc', [{ path: 'out', type: '2', target: '/etc' }], /"out" is a link that leaves the root/],
    ['a symbolic link upwards', [{ path: 'out', type: '2', target: '../../..' }], /"out" is a link that leaves the root/],
    [
      'a chain of links, and a file written through it',
      [
        { path: 'a', type: '2', target: '.' },
        { path: 'a/b', type: '2', target: '..' },
        { path: 'a/b/escaped', content: 'x' },
      ],
      /"a\/b" lies below something that is no directory/,
    ],
    ['a hard link to /etc/passwd', [{ path: 'out', type: '1', target: '/etc/passwd' }], /"out" is a link that leaves the root/],
    ['a hard link upwards', [{ path: 'out', type: '1', target: '../secret' }], /"out" is a link that leaves the root/],
  ] as const) {
    test(`2: ${what} is refused`, async () => {
      const subject = await pulled(tarball([good, ...entries]));
      await subject.refused(message);
      assert.equal(artifactOf(await subject.get()), undefined);
    });
  }

  test('2: a link that stays inside is left out, as Flux does', async () => {
    const subject = await pulled(tarball([good, { path: 'inside', type: '2', target: 'cm.yaml' }]));
    assert.deepEqual(await stored(subject), ['.', 'cm.yaml']);
  });

  // A socket has no type in an archive.
  for (const [what, type] of [
    ['a character device', '3'],
    ['a block device', '4'],
    ['a FIFO', '6'],
    ['a type that nobody knows', 'Z'],
  ] as const) {
    test(`3: ${what} is refused`, async () => {
      const subject = await pulled(tarball([good, { path: 'special', type }]));
      await subject.refused(/"special" is neither a file nor a directory/);
      assert.equal(artifactOf(await subject.get()), undefined);
    });
  }

  test('3: modes are masked', async () => {
    const subject = await pulled(tarball([{ ...good, mode: 0o6777 }]));
    await subject.ready();
    const archive = gunzipSync(await arena.world.artifact(artifactOf(await subject.get())!.path));
    assert.equal(Number.parseInt(archive.toString('latin1', 100, 107), 8) & 0o6022, 0);
  });

  test('4: a bomb in a registry is stopped at the limit, with flat memory', async () => {
    const files = Array.from({ length: 50 }, (_, index) => ({ path: `f${index}`, content: Buffer.alloc(4 * 1024 ** 2) }));
    const layer = tarball([good, ...files]);
    assert.ok(layer.length < 1024 ** 2, 'it is small to look at');
    const resident = residentMiB();
    const subject = await pulled(layer);
    await subject.refused(/the archive has more than 104857600 bytes when unpacked/);
    assert.ok(residentMiB() - resident < 200, `${residentMiB()} MiB after ${resident}`);
  });

  test('4: zstd, which Flux does not read either, is refused before it is unpacked', async () => {
    const magic = Buffer.from('28b52ffd', 'hex');
    const subject = await pulled(Buffer.concat([magic, Buffer.alloc(1000)]));
    await subject.refused(/failed to extract layer contents from artifact: the archive is broken: incorrect header check/);
  });

  test('4: a bomb for a chart is stopped at the limit, with flat memory', async () => {
    const name = `bomb${++count}`;
    const { charts, host } = arena.world.web;
    charts.add(name, '1.0.0');
    const metadata = { path: `${name}/Chart.yaml`, content: `apiVersion: v2\nname: ${name}\nversion: 1.0.0\n` };
    const files = Array.from({ length: 50 }, (_, index) => ({ path: `${name}/f${index}`, content: Buffer.alloc(4 * 1024 ** 2) }));
    charts.files.set(`${name}-1.0.0.tgz`, tarball([metadata, ...files]));
    const repository = await arena.source('HelmRepository', { url: `http://${host}/charts` });
    await repository.ready();
    const resident = residentMiB();
    const spec = { chart: name, version: '1.0.0', sourceRef: { kind: 'HelmRepository', name: 'x' } };
    const chart = await create(arena.world, 'HelmChart', repository.namespace, spec);
    await chart.refused(/larger than the maximum size/);
    assert.ok(residentMiB() - resident < 300, `${residentMiB()} MiB after ${resident}`);
  });

  for (const [what, broken] of [
    ['truncated', tarball([good, { path: 'b.yaml', content: 'x'.repeat(5000) }]).subarray(0, 60)],
    ['with sizes that lie', tarball([{ ...good, size: 5_000_000 }])],
  ] as const) {
    test(`5: an archive ${what} fails, and the last good artifact stays`, async () => {
      const subject = await pulled(tarball([good]));
      await subject.ready();
      const before = artifactOf(await subject.get());
      await push(subject.repository, broken);
      await subject.request();
      await subject.refused(/failed to extract layer contents from artifact: .+/);
      assert.deepEqual(artifactOf(await subject.get()), before);
      assert.ok((await arena.world.artifact(before!.path)).length > 0);
    });
  }

  test('6: bytes that are not those of the digest fail', async () => {
    const layer = tarball([{ path: 'six.yaml', content: 'a: 6\n' }]);
    const digest = `sha256:${createHash('sha256').update(layer).digest('hex')}`;
    const other = tarball([{ path: 'other.yaml', content: 'a: 7\n' }]);
    const end = arena.world.web.intercept((request, response) => {
      if (request.method !== 'GET' || !request.url?.includes(`/blobs/${digest}`)) return false;
      response.end(other);
      return true;
    });
    try {
      const subject = await pulled(layer);
      await subject.refused(new RegExp(`the blob .*${digest}`));
      assert.equal(artifactOf(await subject.get()), undefined);
    } finally {
      end();
    }
  });

  test('6: a tag that moves during the pull: what was resolved is what is stored', async () => {
    const repository = `hostile/r${++count}`;
    await push(repository, tarball([{ path: 'first.yaml', content: 'a: 1\n' }]));
    let moved: Promise<void> | undefined;
    const end = arena.world.web.intercept((request) => {
      // As soon as the tag was asked for, it is another one.
      if (moved === undefined && request.url?.endsWith(`${repository}/manifests/latest`) === true)
        moved = new Promise((resolve) => setImmediate(resolve)).then(() =>
          push(repository, tarball([{ path: 'second.yaml', content: 'a: 2\n' }])),
        );
      return false;
    });
    try {
      const subject = await arena.source('OCIRepository', { url: url(repository), ref: { tag: 'latest' } });
      const names = await stored(subject);
      await moved;
      const { revision } = artifactOf(await subject.get())!;
      const manifest = arena.world.web.registry.manifests.get(`${repository}:${revision.split('@')[1]}`);
      assert.ok(manifest);
      const layers = (JSON.parse(manifest.bytes.toString()) as { layers: { digest: string }[] }).layers;
      const layer = arena.world.web.registry.blobs.get(layers[0]!.digest)!;
      assert.ok(gunzipSync(layer).includes(names[0]!), `${names.join()} is not what ${revision} has`);
    } finally {
      end();
    }
  });

  test('7: credentials do not follow a redirect to another host', async () => {
    const seen: (string | undefined)[] = [];
    const elsewhere = createServer((request, response) => {
      seen.push(request.headers.authorization);
      response.writeHead(403).end();
    });
    await new Promise<void>((resolve) => elsewhere.listen(0, 'localhost', resolve));
    const target = `http://localhost:${(elsewhere.address() as AddressInfo).port}`;
    const repository = `hostile/r${++count}`;
    await push(repository, tarball([{ path: 'seven.yaml', content: 'a: 7\n' }]));
    const end = arena.world.web.intercept((request, response) => {
      if (request.url !== '/v2/' && !request.url?.includes(`/${repository}/`)) return false;
      if (request.headers.authorization === undefined) response.writeHead(401, { 'www-authenticate': 'Basic realm="r"' }).end();
      else if (request.url.includes('/blobs/')) response.writeHead(307, { location: `${target}/blob` }).end();
      else return false;
      return true;
    });
    try {
      const subject = await arena.source('OCIRepository', { url: url(repository), ref: { tag: 'latest' }, secretRef: { name: 'login' } });
      const auths = { [arena.world.web.host]: { username: 'ada', password: 's3cret-pw' } };
      await arena.world.cluster.create({
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'login', namespace: subject.namespace },
        type: 'kubernetes.io/dockerconfigjson',
        stringData: { '.dockerconfigjson': JSON.stringify({ auths }) },
      });
      const { message } = await subject.refused(/403|redirect|extract/i);
      assert.ok(!message.includes('s3cret-pw'));
      assert.deepEqual([...new Set(seen)], [undefined]);
    } finally {
      end();
      await new Promise((resolve) => elsewhere.close(resolve));
    }
  });
});
