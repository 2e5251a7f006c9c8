import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { openArtifactStore } from '../../artifact/store.js';
import { failing } from '../../testing/failing.js';
import {
  basic,
  gitBackend,
  listen,
  makeCertificates,
  withAuthentication,
  type TestCertificates,
  type TestServer,
} from '../../testing/https-server.js';
import { findProgram } from '../../testing/registry.js';
import { makeRepository, makeWorkspace, type TestRepository, type Workspace } from '../../testing/repository.js';
import { createGitClient, type GitClient, type GitRequest } from '../client.js';
import { lfsMatcher, parsePointer } from './pointer.js';

const digest = (content: string): string => createHash('sha256').update(content).digest('hex');
const pointerTo = (content: string): string =>
  `version https://git-lfs.github.com/spec/v1\noid sha256:${digest(content)}\nsize ${Buffer.byteLength(content)}\n`;

test('pointers are known by their form', () => {
  assert.deepEqual(parsePointer(Buffer.from(pointerTo('hello'))), { oid: digest('hello'), size: 5 });
  for (const text of [
    '',
    'hello',
    pointerTo('x').replace('sha256', 'md5'),
    pointerTo('x').replace('size 1', 'size x'),
    pointerTo('x').padEnd(2000),
  ]) {
    assert.equal(parsePointer(Buffer.from(text)), undefined, text);
  }
});

test('attributes say which files are large: the last line that speaks of one decides', () => {
  const matches = lfsMatcher([
    {
      directory: [],
      text: '# comment\n*.bin filter=lfs diff=lfs merge=lfs -text\n"a b/*.dat" filter=lfs\nsmall.bin !filter\ntext.txt text\n',
    },
    { directory: ['sub'], text: '*.bin -filter\r\n*.iso filter=lfs' },
  ]);
  assert(matches !== undefined);
  const paths = ['x.bin', 'deep/x.bin', 'a b/c.dat', 'small.bin', 'text.txt', 'sub/x.bin', 'sub/x.iso', 'x.iso'];
  assert.deepEqual(paths.filter(matches), ['x.bin', 'deep/x.bin', 'a b/c.dat', 'sub/x.iso']);
  assert.equal(lfsMatcher([{ directory: [], text: '*.txt text\n*.c filter=other\n' }]), undefined);
});

describe('files of LFS', () => {
  let workspace: Workspace;
  let certificates: TestCertificates;
  let repository: TestRepository;
  const servers: TestServer[] = [];
  const clients: GitClient[] = [];
  before(() => {
    workspace = makeWorkspace();
    certificates = makeCertificates(workspace.dir);
    repository = makeRepository(join(workspace.dir, 'www/repo.git'));
  });
  after(async () => {
    for (const client of clients) await client.close();
    await Promise.all(servers.map((server) => server.close()));
    workspace.remove();
  });

  const objects = new Map<string, string>();
  let log: string[] = [];
  /** What a server does with an object instead of giving it out. */
  let answer: ((oid: string, response: ServerResponse) => boolean) | undefined;
  /** Git, and the batch API of LFS beside it. Objects are at `storage`, which wants what the server said, or at the server itself. */
  const lfsServer = (storage: () => string | undefined): RequestListener => {
    const git = gitBackend(join(workspace.dir, 'www'));
    return (request, response) => {
      const path = request.url ?? '';
      if (!path.includes('/info/lfs/')) return git(request, response);
      log.push(`${request.method} ${path}`);
      if (path.endsWith('/objects/batch')) return void batch(request, response, storage());
      serveObject(request, response);
    };
  };
  async function batch(request: IncomingMessage, response: ServerResponse, elsewhere: string | undefined): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const asked = JSON.parse(Buffer.concat(chunks).toString()) as {
      operation: string;
      transfers: string[];
      objects: { oid: string; size: number }[];
    };
    assert.equal(request.headers.accept, 'application/vnd.git-lfs+json');
    assert.deepEqual([asked.operation, asked.transfers], ['download', ['basic']]);
    const base = elsewhere ?? `https://${request.headers.host}/repo.git/info/lfs/objects`;
    const header = elsewhere === undefined ? {} : { header: { 'X-Storage': 'signed' } };
    const found = asked.objects.map(({ oid, size }) =>
      objects.has(oid)
        ? { oid, size, actions: { download: { href: `${base}/${oid}`, ...header } } }
        : { oid, size, error: { code: 404, message: 'Object does not exist' } },
    );
    response.writeHead(200, { 'content-type': 'application/vnd.git-lfs+json' }).end(JSON.stringify({ transfer: 'basic', objects: found }));
  }
  function serveObject({ url = '' }: IncomingMessage, response: ServerResponse): void {
    const oid = url.split('/').at(-1) ?? '';
    if (answer?.(oid, response) === true) return;
    response.end(objects.get(oid));
  }

  const serve = async (handler: RequestListener): Promise<TestServer> => {
    const server = await listen(handler, { cert: certificates.cert, key: certificates.key });
    servers.push(server);
    return server;
  };
  let count = 0;
  const newClient = (options: { maxFileBytes?: number; allowFile?: boolean } = {}): GitClient => {
    const client = createGitClient({ cacheDir: join(workspace.dir, `cache-${++count}`), ...options });
    clients.push(client);
    return client;
  };
  const credentials = (): NonNullable<GitRequest['credentials']> => ({ ca: certificates.ca, username: 'ada', password: 'pw' });
  /** The files of the artifact of the newest commit. */
  const artifact = async (client: GitClient, request: Omit<GitRequest, 'reference'>): Promise<Record<string, string>> => {
    const whole = { reference: { branch: 'main' }, maxAgeMs: 0, ...request };
    const store = openArtifactStore({ dir: join(workspace.dir, `store-${++count}`), baseUrl: 'http://localhost' });
    const made = await client.checkout(whole, await client.resolve(whole), ({ revision, commit, tree }) =>
      store.put({ kind: 'GitRepository', namespace: 'a', name: 'b' }, tree, { revision, fileName: commit.hash }),
    );
    const tree = await store.tree(made.digest);
    return Object.fromEntries(
      tree
        .list('.')
        .filter(({ type }) => type === 'file')
        .map(({ name }) => [name, Buffer.from(tree.read(name)).toString()]),
    );
  };

  test('are fetched with the credentials of the repository, once, and only those that go into the artifact', async () => {
    log = [];
    for (const content of ['large one', 'large two', 'a picture']) objects.set(digest(content), content);
    repository.commit('large', {
      '.gitattributes': '*.bin filter=lfs\n*.png filter=lfs\n',
      'a.bin': pointerTo('large one'),
      'b.bin': pointerTo('large two'),
      'c.png': pointerTo('a picture'),
      'd.yaml': 'kind: D\n',
      'e.bin': 'no pointer',
      'f.txt': pointerTo('large one'),
    });
    const { url } = await serve(
      withAuthentication(
        basic('ada', 'pw'),
        lfsServer(() => undefined),
      ),
    );
    const client = newClient();
    const request = { url: `${url}/repo.git`, credentials: credentials() };
    const expected = {
      'a.bin': 'large one',
      'b.bin': 'large two',
      'd.yaml': 'kind: D\n',
      'e.bin': 'no pointer',
      'f.txt': pointerTo('large one'),
    };
    assert.deepEqual(await artifact(client, request), expected);
    const batchOnce = [
      'POST /repo.git/info/lfs/objects/batch',
      ...['large one', 'large two'].map((content) => `GET /repo.git/info/lfs/objects/${digest(content)}`),
    ];
    assert.deepEqual(log, batchOnce);
    assert.deepEqual(await artifact(client, request), expected);
    assert.deepEqual(log, batchOnce);
  });

  test('come from where the server says, which gets to see what the server says and no more', async () => {
    const seen: (string | undefined)[] = [];
    const storage = await serve((request, response) => {
      seen.push(request.headers.authorization, request.headers['x-storage'] as string);
      serveObject(request, response);
    });
    const { url } = await serve(
      withAuthentication(
        basic('ada', 'pw'),
        lfsServer(() => `${storage.url}/bucket`),
      ),
    );
    assert.equal((await artifact(newClient(), { url: `${url}/repo.git`, credentials: credentials() }))['a.bin'], 'large one');
    assert.deepEqual(seen, [undefined, 'signed', undefined, 'signed']);
  });

  test('fail in words, and leave nothing half', async () => {
    const { url } = await serve(lfsServer(() => undefined));
    const request = { url: `${url}/repo.git`, credentials: { ca: certificates.ca } };
    const cases: readonly [NonNullable<typeof answer>, string, RegExp][] = [
      [(_, response) => Boolean(response.end('large on')), 'GitFailed', /the LFS object [0-9a-f]{64} came damaged, or cut off/],
      [(_, response) => Boolean(response.end('large 0ne')), 'GitFailed', /came damaged/],
      [(_, response) => Boolean(response.end('large one and more')), 'GitFailed', /has more than the 9 bytes/],
      [
        (_, response) => Boolean(response.writeHead(403).end()),
        'GitAuthenticationFailed',
        /answered 403: the credentials may not read its files/,
      ],
      [(_, response) => Boolean(response.writeHead(500).end()), 'GitUnreachable', /answered 500/],
      [(_, response) => Boolean(response.destroy()), 'GitUnreachable', /unable to fetch files of LFS: GET https/],
    ];
    const client = newClient();
    for (const [fault, reason, message] of cases) {
      answer = fault;
      await assert.rejects(artifact(client, request), failing(reason, message));
    }
    answer = undefined;
    const left = readdirSync(join(workspace.dir, `cache-${count - cases.length}`, 'mirrors'), { recursive: true }).map(String);
    assert.deepEqual(
      left.filter((name) => /lfs.objects.*[0-9a-f]{64}/.test(name)),
      [],
    );
    assert.equal((await artifact(client, request))['a.bin'], 'large one');
    const huge = makeRepository(join(workspace.dir, 'www/huge.git'));
    huge.commit('huge', { '.gitattributes': '*.bin filter=lfs\n', 'a.bin': pointerTo('x'.repeat(300)) });
    await assert.rejects(
      artifact(newClient({ maxFileBytes: 200 }), { ...request, url: `${url}/huge.git` }),
      failing('GitTooLarge', /^a.bin has 300 bytes, the limit for a file is 200$/),
    );
  });

  test('that the server does not have are missed by name', async () => {
    const gone = makeRepository(join(workspace.dir, 'www/gone.git'));
    gone.commit('gone', { '.gitattributes': '*.bin filter=lfs\n', 'a.bin': pointerTo('never pushed') });
    const { url } = await serve(lfsServer(() => undefined));
    await assert.rejects(
      artifact(newClient(), { url: `${url}/gone.git`, credentials: { ca: certificates.ca } }),
      failing('GitReferenceMissing', /does not give out the object [0-9a-f]{64}: Object does not exist/),
    );
    const plain = await serve(gitBackend(join(workspace.dir, 'www')));
    await assert.rejects(
      artifact(newClient(), { url: `${plain.url}/gone.git`, credentials: { ca: certificates.ca } }),
      failing('GitRepositoryMissing', /answered 404: the repository has no files there/),
    );
  });

  test('may be at another server, which is not shown the credentials; never at a plain or local one', async () => {
    const configured = makeRepository(join(workspace.dir, 'www/configured.git'));
    const seen: (string | undefined)[] = [];
    const other = await serve((request, response) => {
      seen.push(request.headers.authorization);
      if (request.url === '/lfs/objects/batch') return void batch(request, response, undefined);
      serveObject(request, response);
    });
    const { url } = await serve(withAuthentication(basic('ada', 'pw'), gitBackend(join(workspace.dir, 'www'))));
    const request = { url: `${url}/configured.git`, credentials: credentials() };
    configured.commit('one', {
      '.gitattributes': '*.bin filter=lfs\n',
      'a.bin': pointerTo('large one'),
      '.lfsconfig': `[lfs]\n\turl = ${other.url}/lfs\n`,
    });
    assert.equal((await artifact(newClient(), request))['a.bin'], 'large one');
    assert.deepEqual(seen, [undefined, undefined]);
    for (const bad of ['http://127.0.0.1/lfs', 'file:///etc', 'https://user@127.0.0.1/', 'ext::sh -c id']) {
      configured.commit('bad', { '.lfsconfig': `[lfs]\n\turl = ${bad}\n` });
      await assert.rejects(artifact(newClient(), request), failing('GitUrlRefused', /names an LFS server that is not allowed/));
    }
  });

  test(
    'of a repository that git-lfs itself filled',
    { skip: findProgram('git-lfs') === undefined && 'git-lfs is not installed' },
    async () => {
      const bare = join(workspace.dir, 'bare.git');
      const work = makeRepository(join(workspace.dir, 'work'));
      work.git('init', '--quiet', '--bare', bare);
      work.git('lfs', 'install', '--local');
      mkdirSync(join(work.dir, 'sub'), { recursive: true });
      writeFileSync(join(work.dir, '.gitattributes'), '*.bin filter=lfs diff=lfs merge=lfs -text\n');
      writeFileSync(join(work.dir, 'a.bin'), 'by git-lfs'.repeat(100));
      work.git('add', '--all');
      work.git('commit', '--quiet', '-m', 'large');
      work.git('remote', 'add', 'origin', `file://${bare}`);
      work.git('push', '--quiet', 'origin', 'main');
      assert.match(execFileSync('git', ['--git-dir', bare, 'show', 'main:a.bin'], { encoding: 'utf8' }), /^version https:\/\/git-lfs/);
      const files = await artifact(newClient({ allowFile: true }), { url: `file://${bare}` });
      assert.equal(files['a.bin'], readFileSync(join(work.dir, 'a.bin'), 'utf8'));
    },
  );
});
