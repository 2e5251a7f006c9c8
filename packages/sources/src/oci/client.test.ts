import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { after, before, describe, test } from 'node:test';
import { sourceTreeOf } from '../artifact/source-tree.js';
import { openArtifactStore } from '../artifact/store.js';
import { failing } from '../testing/failing.js';
import { basic, listen, makeCertificates, type TestServer } from '../testing/https-server.js';
import { digestOf, findProgram, memoryRegistry, startDockerRegistry, type MemoryRegistry } from '../testing/registry.js';
import { makeWorkspace } from '../testing/repository.js';
import { extractLayer, fluxArtifact, fluxMediaTypes, listArtifacts } from './artifact.js';
import { createOciClient, type OciClient, type OciClientOptions } from './client.js';
import { verifyCosign } from './cosign.js';
import { dockerConfigLogin } from './docker-config.js';

const workspace = makeWorkspace();
after(() => workspace.remove());
const created = new Date('2026-01-02T03:04:05Z');

/** A tar.gz with one file, made the way artifacts are. */
async function archiveOf(files: Readonly<Record<string, string>>): Promise<Buffer> {
  const store = openArtifactStore({ dir: join(workspace.dir, `store-${Math.random()}`), baseUrl: 'http://localhost' });
  const owner = { kind: 'Test', namespace: 'a', name: 'b' };
  const artifact = await store.put(owner, sourceTreeOf(files), { revision: 'r', fileName: 'f' });
  return readFileSync(store.fileOf(artifact.path) ?? '');
}

async function pushed(client: OciClient, tag: string, files: Readonly<Record<string, string>> = { 'a.yaml': 'a: 1\n' }): Promise<string> {
  const archive = await archiveOf(files);
  return await client.push(fluxArtifact({ tag, archive, created, source: 'https://git.example/app', revision: 'main@sha1:abc' }));
}

const login = (host: string, username: string, password: string) =>
  dockerConfigLogin(JSON.stringify({ auths: { [host]: { auth: Buffer.from(`${username}:${password}`).toString('base64') } } }));

const program = findProgram('docker-registry');
for (const kind of ['memory', 'docker-registry'] as const) {
  const skip = kind === 'docker-registry' && program === undefined ? 'docker-registry is not installed' : false;
  describe(`a repository of a registry (${kind})`, { skip }, () => {
    let host = '';
    let stop: (() => Promise<void>) | undefined;
    const memory = memoryRegistry({ pageSize: 2 });
    before(async () => {
      if (kind === 'memory') {
        const server = await listen(memory.handler);
        [host, stop] = [`127.0.0.1:${server.port}`, () => server.close()];
      } else {
        const registry = await startDockerRegistry(program ?? '', join(workspace.dir, 'registry'));
        [host, stop] = [registry.host, () => registry.stop()];
      }
    });
    after(async () => {
      await stop?.();
      assert.deepEqual(memory.unknown, []);
    });
    const open = (name: string): OciClient => createOciClient({ url: `oci://${host}/${name}` });

    test('lists its artifacts with what they say of themselves', async () => {
      const client = open('manifests/listed');
      const digest = await pushed(client, '1.0.0');
      for (const tag of ['2.0.0', 'latest', `${digest.replace(':', '-')}.sig`]) await client.tag('1.0.0', tag);
      const tags = async (filter?: Parameters<typeof listArtifacts>[1]): Promise<(string | undefined)[]> =>
        (await listArtifacts(client, filter)).map(({ tag }) => tag);
      assert.deepEqual(await tags(), ['latest', '2.0.0', '1.0.0']);
      assert.deepEqual(await tags({ semver: '>1' }), ['2.0.0']);
      assert.deepEqual(await tags({ regex: '^l|0$' }), ['latest', '2.0.0', '1.0.0']);
      assert.equal((await tags({ includeSignatures: true })).length, 4);
      const [first] = await listArtifacts(client, { semver: '1.x' });
      assert.equal(first?.digest, digest);
      assert.deepEqual(
        [first?.created, first?.source, first?.revision],
        ['2026-01-02T03:04:05Z', 'https://git.example/app', 'main@sha1:abc'],
      );
      await assert.rejects(tags({ semver: 'x y' }), failing('SourceSettingsInvalid', /^semver 'x y' parse error/));
      await assert.rejects(tags({ regex: '(' }), failing('RegexInvalid', /^error parsing regexp/));
      await client.close();
    });

    test('gives back what was pushed, file by file, under revisions like Flux has them', async () => {
      const client = open('manifests/app');
      const digest = await pushed(client, '1.0.0', { 'deploy/a.yaml': 'kind: A\n', 'b.yaml': 'kind: B\n' });
      const resolved = await client.resolve({ tag: '1.0.0' });
      assert.deepEqual(resolved, { revision: `1.0.0@${digest}`, digest, tag: '1.0.0' });
      const { manifest, layer } = await client.pull(resolved.digest);
      assert.equal(layer.mediaType, fluxMediaTypes.layer);
      assert.deepEqual(manifest.annotations, {
        'org.opencontainers.image.created': '2026-01-02T03:04:05Z',
        'org.opencontainers.image.source': 'https://git.example/app',
        'org.opencontainers.image.revision': 'main@sha1:abc',
      });
      const store = openArtifactStore({ dir: join(workspace.dir, `pulled-${kind}`), baseUrl: 'http://localhost' });
      const tree = await extractLayer(store, client, layer);
      assert.deepEqual(
        tree.entries.filter(({ type }) => type === 'file').map(({ path }) => path),
        ['b.yaml', 'deploy/a.yaml'],
      );
      await client.close();
    });

    test('resolves tags, ranges, filters and digests', async () => {
      const client = open('manifests/tags');
      const digests = new Map<string, string>();
      for (const tag of ['1.0.0', '1.2.0', '1.10.0', '2.0.0-rc.1', 'latest', 'nightly-1.3.0']) {
        digests.set(tag, await pushed(client, tag, { 'a.yaml': tag }));
      }
      assert.deepEqual((await client.tags()).toSorted(), [...digests.keys()].toSorted());
      const revision = async (selector: Parameters<OciClient['resolve']>[0]): Promise<string> => (await client.resolve(selector)).revision;
      const revisionOf = (tag: string): string => `${tag}@${digests.get(tag)}`;
      assert.equal(await revision({ semver: '1.x' }), revisionOf('1.10.0'));
      assert.equal(await revision({ semver: '>=1.0.0-0' }), revisionOf('2.0.0-rc.1'));
      assert.equal(await revision({ semver: '>=1.0.0-0', semverFilter: '^1\\.[0-9]\\.' }), revisionOf('1.2.0'));
      assert.equal(await revision({ semver: '1.x', tag: 'latest' }), revisionOf('1.10.0'));
      assert.equal(await revision({}), revisionOf('latest'));
      const digest = digests.get('1.2.0') ?? '';
      assert.equal(await revision({ digest, tag: 'latest' }), digest);
      await assert.rejects(client.resolve({ semver: '>9' }), failing('SourceNotFound', /^no match found for semver: >9$/));
      await assert.rejects(client.resolve({ semver: '~~' }), failing('SourceSettingsInvalid', /semver '~~' parse error/));
      await assert.rejects(client.resolve({ semver: '1.x', semverFilter: '(' }), failing('RegexInvalid', /error parsing regexp/));
      await client.close();
    });

    test('moves a tag without bringing anything again', async () => {
      const client = open('manifests/moved');
      const digest = await pushed(client, '1.0.0');
      assert.equal(await client.tag('1.0.0', 'stable'), digest);
      assert.equal((await client.resolve({ tag: 'stable' })).digest, digest);
      await client.close();
    });

    test('says what is missing in the words of the registry', async () => {
      const client = open('manifests/missing');
      const digest = await pushed(client, '1.0.0');
      await assert.rejects(
        client.resolve({ tag: 'nope' }),
        failing('SourceNotFound', new RegExp(`^GET http://${host}/v2/manifests/missing/manifests/nope: MANIFEST_UNKNOWN: `)),
      );
      await assert.rejects(
        client.pull(digest, { layerMediaType: 'application/x.nope' }),
        failing('SourceNotFound', /^failed to find layer with media type 'application\/x\.nope' in artifact$/),
      );
      await client.close();
    });
  });
}

describe('what a registry may do', () => {
  const servers: TestServer[] = [];
  const clients: OciClient[] = [];
  after(async () => {
    for (const client of clients) await client.close();
    for (const server of servers) await server.close();
  });
  const serve = async (registry: MemoryRegistry, tls?: Parameters<typeof listen>[1]): Promise<string> => {
    const server = await listen(registry.handler, tls);
    servers.push(server);
    return `127.0.0.1:${server.port}`;
  };
  const open = (host: string, options: Partial<OciClientOptions> = {}): OciClient => {
    const client = createOciClient({ url: `oci://${host}/team/app`, ...options });
    clients.push(client);
    return client;
  };

  test('it asks for user and password', async () => {
    const registry = memoryRegistry();
    registry.intercept = (request, response) => {
      if (request.headers.authorization === basic('ada', 's3cret')) return false;
      response.writeHead(401, { 'www-authenticate': 'Basic realm="registry"' }).end();
      return true;
    };
    const host = await serve(registry);
    await pushed(open(host, { login: login(host, 'ada', 's3cret') }), '1.0.0');
    const wrong = open(host, { login: login(host, 'ada', 'wr0ng-pass') });
    await assert.rejects(wrong.tags(), (error: Error) => {
      assert(!error.message.includes('wr0ng'), 'the password is in the message');
      return failing('SourceAuthenticationFailed', /401 Unauthorized/)(error);
    });
  });

  test('it sends to a token server, whose tokens are kept, and renewed when they are refused', async () => {
    let issued = 0;
    let valid = '';
    const scopes: string[] = [];
    const tokens = await listen((request, response) => {
      const url = new URL(request.url ?? '', 'http://tokens');
      if (request.headers.authorization !== basic('ada', 's3cret')) return void response.writeHead(401).end();
      scopes.push(url.searchParams.get('scope') ?? '');
      valid = `token-${++issued}`;
      response.end(JSON.stringify({ token: valid, expires_in: 300 }));
    });
    servers.push(tokens);
    const registry = memoryRegistry();
    registry.intercept = (request, response) => {
      if (valid !== '' && request.headers.authorization === `Bearer ${valid}`) return false;
      response.writeHead(401, { 'www-authenticate': `Bearer realm="${tokens.url}/token",service="registry, one",scope="x"` }).end();
      return true;
    };
    const host = await serve(registry);
    const client = open(host, { login: login(host, 'ada', 's3cret') });
    const digest = await pushed(client, '1.0.0');
    await client.resolve({ tag: '1.0.0' });
    await client.pull(digest);
    assert.deepEqual(scopes, ['repository:team/app:pull,push', 'repository:team/app:pull']);
    valid = 'revoked';
    await client.tags();
    assert.equal(issued, 3);
    await assert.rejects(open(host).tags(), failing('SourceAuthenticationFailed', /UNAUTHORIZED.*anonymous clients/));
  });

  test('it names a token server that is not safe: no password goes there', async () => {
    const registry = memoryRegistry();
    registry.intercept = (_, response) => {
      response.writeHead(401, { 'www-authenticate': 'Bearer realm="file:///etc/passwd"' }).end();
      return true;
    };
    const host = await serve(registry);
    await assert.rejects(open(host, { login: login(host, 'a', 'b') }).tags(), failing('SourceAnswerInvalid', /no token server/));
    registry.intercept = (_, response) => {
      response.writeHead(401, { 'www-authenticate': 'Bearer realm="http://169.254.169.254/latest"' }).end();
      return true;
    };
    await assert.rejects(open(host, { login: login(host, 'a', 'b') }).tags(), failing('SourceSettingsInvalid', /link-local/));
  });

  test('it redirects a blob to another host, where no credentials go', async () => {
    const registry = memoryRegistry();
    const seen: (string | undefined)[] = [];
    const storage = await listen((request, response) => {
      seen.push(request.headers.authorization);
      response.end(registry.blobs.get((request.url ?? '').slice(1)));
    });
    servers.push(storage);
    registry.intercept = (request, response) => {
      if (request.headers.authorization !== basic('ada', 's3cret')) {
        response.writeHead(401, { 'www-authenticate': 'Basic realm="registry"' }).end();
        return true;
      }
      const digest = /blobs\/(sha256:.*)/.exec(request.url ?? '')?.[1];
      if (request.method !== 'GET' || digest === undefined) return false;
      response.writeHead(307, { location: `${storage.url}/${digest}` }).end();
      return true;
    };
    const host = await serve(registry);
    const client = open(host, { login: login(host, 'ada', 's3cret') });
    const { layer } = await client.pull(await pushed(client, '1.0.0'));
    let size = 0;
    for await (const chunk of client.blob(layer)) size += chunk.length;
    assert.equal(size, layer.size);
    assert.deepEqual(seen, [undefined]);
  });

  test('it cuts off a download, which goes on where it was', async () => {
    const registry = memoryRegistry();
    const content = Buffer.alloc(300_000, 'sluice');
    registry.blobs.set(digestOf(content), content);
    const host = await serve(registry);
    const ranges: (string | undefined)[] = [];
    registry.intercept = (request, response) => {
      if (!(request.url ?? '').includes('/blobs/') || ranges.push(request.headers.range) > 1) return false;
      response.writeHead(200, { 'content-length': content.length });
      response.write(content.subarray(0, 100_000), () => setTimeout(() => response.destroy(), 50));
      return true;
    };
    const chunks: Uint8Array[] = [];
    for await (const chunk of open(host).blob({ digest: digestOf(content), size: content.length })) chunks.push(chunk);
    assert(Buffer.concat(chunks).equals(content));
    assert.deepEqual(ranges, [undefined, 'bytes=100000-']);
  });

  const lies: readonly [name: string, content: Buffer, reason: string, message: RegExp][] = [
    ['another content', Buffer.from('xxxxxx'), 'ArtifactCorrupt', /has the digest sha256:.* and should have/],
    ['more than its size', Buffer.from('sluice and more'), 'ArtifactCorrupt', /more than the 6 bytes/],
    ['less than its size', Buffer.from('slu'), 'ArtifactCorrupt', /ends after 3 of 6 bytes/],
  ];
  for (const [name, content, reason, message] of lies) {
    test(`it sends ${name} for a blob`, async () => {
      const registry = memoryRegistry();
      const digest = digestOf(Buffer.from('sluice'));
      registry.blobs.set(digest, content);
      const host = await serve(registry);
      await assert.rejects(
        async () => {
          for await (const _ of open(host).blob({ digest, size: 6 }));
        },
        failing(reason, message),
      );
    });
  }

  test('it sends another manifest than the digest says', async () => {
    const registry = memoryRegistry();
    const host = await serve(registry);
    const client = open(host);
    const digest = await pushed(client, '1.0.0');
    registry.manifests.set(`team/app:${digest}`, { type: '', bytes: Buffer.from('{}') });
    await assert.rejects(client.pull(digest), failing('ArtifactCorrupt', /should have/));
  });

  const manifests: readonly [name: string, text: string, message: RegExp][] = [
    ['text', 'hello', /is not JSON/],
    ['a list', '[]', /is not an object/],
    ['a type of its own', '{"mediaType":"text/x"}', /unsupported type "text\/x"/],
    [
      'a layer without a digest',
      '{"mediaType":"application/vnd.oci.image.manifest.v1+json","layers":[{"size":1}]}',
      /without a digest or size/,
    ],
  ];
  for (const [name, text, message] of manifests) {
    test(`it sends ${name} as a manifest`, async () => {
      const registry = memoryRegistry();
      const bytes = Buffer.from(text);
      registry.manifests.set('team/app:bad', { type: 'text/plain', bytes });
      const host = await serve(registry);
      await assert.rejects(open(host).manifest('bad'), failing('SourceAnswerInvalid', message));
    });
  }

  test('it has a list of tags without end', async () => {
    const registry = memoryRegistry();
    registry.intercept = (request, response) => {
      if (!(request.url ?? '').includes('/tags/')) return false;
      response.writeHead(200, { link: '</v2/team/app/tags/list?n=1000&last=a>; rel="next"' }).end('{"tags":["a"]}');
      return true;
    };
    await assert.rejects(open(await serve(registry)).tags(), failing('SourceAnswerInvalid', /where it was/));
  });

  test('it says nothing: the operation ends in its time', async () => {
    const registry = memoryRegistry();
    registry.intercept = () => true;
    await assert.rejects(open(await serve(registry), { timeoutMs: 200 }).tags(), failing('SourceTimeout', /no answer in time/));
  });

  test('nothing listens there', async () => {
    await assert.rejects(open('127.0.0.1:1').tags(), failing('SourceUnreachable', /127\.0\.0\.1:1.*nothing listens there/));
  });

  test('it has a certificate of an authority that must be given', async () => {
    const certificates = makeCertificates(workspace.dir);
    const registry = memoryRegistry();
    const host = await serve(registry, { cert: certificates.cert, key: certificates.key });
    await assert.rejects(open(host).tags(), failing('SourceUnreachable', /give its authority as ca\.crt/));
    assert.deepEqual(await open(host, { ca: certificates.ca }).tags(), []);
    assert.deepEqual(await open(host, { insecure: true }).tags(), []);
  });

  test('it wants a client certificate', async () => {
    const { ca, cert, key } = makeCertificates(workspace.dir);
    const host = await serve(memoryRegistry(), { cert, key, ca, requestCert: true, rejectUnauthorized: true });
    await assert.rejects(open(host, { ca }).tags(), failing('SourceUnreachable', /./));
    assert.deepEqual(await open(host, { ca, clientCertificate: cert, clientKey: key }).tags(), []);
  });

  test('it is behind a proxy', async () => {
    const host = await serve(memoryRegistry());
    const { createServer } = await import('node:http');
    const { connect } = await import('node:net');
    const targets: string[] = [];
    const proxy = createServer();
    proxy.on('connect', (request, socket) => {
      targets.push(`${request.url} ${request.headers['proxy-authorization']}`);
      const upstream = connect(Number(host.split(':')[1]), '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        upstream.pipe(socket).pipe(upstream);
      });
      for (const each of [socket, upstream]) each.on('error', () => undefined);
    });
    await new Promise<void>((resolve) => void proxy.listen(0, '127.0.0.1', resolve));
    const { port } = proxy.address() as { port: number };
    const client = createOciClient({ url: 'oci://registry.example:5000/team/app', insecure: true, proxy: `http://u:p@127.0.0.1:${port}` });
    assert.deepEqual(await client.tags(), []);
    assert.equal(targets.at(-1), `registry.example:5000 ${basic('u', 'p')}`);
    await client.close();
    proxy.closeAllConnections();
    await new Promise((resolve) => proxy.close(resolve));
    await assert.rejects(open(host, { proxy: 'socks5://127.0.0.1:1' }).tags(), failing('SourceSettingsInvalid', /not an HTTP proxy/));
  });

  test('an archive in it holds what it must not', async () => {
    const client = open(await serve(memoryRegistry()));
    const archive = gzipSync(Buffer.alloc(512, 'x'));
    await client.push({ ...fluxArtifact({ tag: 'bad', archive, created, source: '', revision: '' }) });
    const { layer } = await client.pull((await client.resolve({ tag: 'bad' })).digest);
    const store = openArtifactStore({ dir: join(workspace.dir, 'bad'), baseUrl: 'http://localhost' });
    await assert.rejects(extractLayer(store, client, layer), failing('ArchiveInvalid', /the archive is broken/));
    await assert.rejects(
      extractLayer(store, client, layer, { maxArchiveBytes: 5 }),
      failing('ArchiveTooLarge', /more than the limit of 5/),
    );
  });

  test('it has an image for several platforms', async () => {
    const registry = memoryRegistry();
    const client = open(await serve(registry));
    const digest = await pushed(client, '1.0.0');
    const index = (architecture: string): string => {
      const manifests = [
        { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest, size: 1, platform: { os: 'linux', architecture } },
      ];
      const bytes = Buffer.from(JSON.stringify({ mediaType: 'application/vnd.oci.image.index.v1+json', manifests }));
      registry.manifests.set(`team/app:${digestOf(bytes)}`, { type: '', bytes });
      return digestOf(bytes);
    };
    assert.equal((await client.pull(index('amd64'))).manifest.digest, digest);
    await assert.rejects(client.pull(index('arm64')), failing('SourceNotFound', /no child with platform linux\/amd64/));
  });

  describe('cosign signatures', () => {
    const own = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const other = generateKeyPairSync('ed25519');
    const pem = (key: typeof own.publicKey): string => key.export({ type: 'spki', format: 'pem' }).toString();
    const signed = async (client: OciClient, digest: string, subject = digest): Promise<void> => {
      const content = Buffer.from(JSON.stringify({ critical: { image: { 'docker-manifest-digest': subject } }, optional: null }));
      await client.push({
        tag: `${digest.replace(':', '-')}.sig`,
        config: { mediaType: 'application/vnd.oci.image.config.v1+json', content: Buffer.from('{}') },
        layers: [
          {
            mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json',
            content,
            annotations: { 'dev.cosignproject.cosign/signature': sign('sha256', content, own.privateKey).toString('base64') },
          },
        ],
      });
    };

    test('are by a trusted key, of this very manifest', async () => {
      const client = open(await serve(memoryRegistry()));
      const digest = await pushed(client, '1.0.0');
      await assert.rejects(verifyCosign(client, digest, { 'a.pub': pem(own.publicKey) }), failing('SignatureInvalid', /is not signed/));
      await signed(client, digest);
      assert.equal(await verifyCosign(client, digest, { 'b.pub': pem(other.publicKey), 'a.pub': pem(own.publicKey) }), 'a.pub');
      await assert.rejects(
        verifyCosign(client, digest, { 'b.pub': pem(other.publicKey) }),
        failing('SignatureInvalid', /one of the trusted keys/),
      );
      await assert.rejects(
        verifyCosign(client, digest, { 'b.pub': 'hello' }),
        failing('SourceSettingsInvalid', /b\.pub is not a public key/),
      );
      await assert.rejects(verifyCosign(client, digest, {}), failing('SourceSettingsInvalid', /no public keys/));
    });

    test('of another manifest do not count', async () => {
      const client = open(await serve(memoryRegistry()));
      const digest = await pushed(client, '1.0.0');
      await signed(client, digest, `sha256:${'0'.repeat(64)}`);
      await assert.rejects(verifyCosign(client, digest, { 'a.pub': pem(own.publicKey) }), failing('SignatureInvalid', /of something else/));
    });
  });
});
