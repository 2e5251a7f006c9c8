import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { after, before, describe, test } from 'node:test';
import type { SourceEntry } from '../artifact/source-tree.js';
import { failing } from '../testing/failing.js';
import { listen, type TestServer } from '../testing/https-server.js';
import { makeWorkspace } from '../testing/repository.js';
import { createAzureBucket, type AzureBlobCredentials } from './azure.js';
import { checkoutBucket, readBucketIndex } from './checkout.js';
import { createGcsBucket } from './gcs.js';
import type { BucketProvider } from './provider.js';

/** They come in the order in which they were fetched. */
const byPath = (entries: readonly SourceEntry[]): SourceEntry[] => [...entries].sort((a, b) => (a.path < b.path ? -1 : 1));

const now = new Date('2026-05-01T00:00:00Z');
const accountKey = Buffer.from('the key of the account').toString('base64');
const etagOf = (content: string): string => createHash('md5').update(content).digest('hex');
const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

/** What a cloud's server has, and what it let pass. */
interface Store {
  readonly objects: Map<string, string>;
  readonly unknown: string[];
}

const failAzure = (response: ServerResponse, status: number, code: string): void =>
  void response
    .writeHead(status, { 'x-ms-error-code': code })
    .end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code} happened\nRequestId:1</Message></Error>`);

/** Blob Storage of an account `dev`, as an emulator serves it: the account's name is the beginning of the path. */
function azureServer({ objects, unknown }: Store): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    const url = new URL(request.url ?? '', 'http://azure');
    const { authorization = '', 'x-ms-date': date = '', 'x-ms-version': version = '' } = request.headers as Record<string, string>;
    const query = [...url.searchParams]
      .map(([name, value]) => `\n${name}:${value}`)
      .sort()
      .join('');
    const signed = `GET${'\n'.repeat(12)}x-ms-date:${date}\nx-ms-version:${version}\n/dev${url.pathname}${query}`;
    const signature = createHmac('sha256', Buffer.from(accountKey, 'base64')).update(signed).digest('base64');
    const isAllowed =
      authorization === `SharedKey dev:${signature}` || authorization === 'Bearer t1' || url.searchParams.get('sig') === 's/g+';
    if (request.method !== 'GET' || date === '' || version === '') return void unknown.push(`${request.method} ${request.url}`);
    if (!isAllowed) return failAzure(response, 403, 'AuthenticationFailed');
    const [, account, container, ...rest] = url.pathname.split('/');
    if (account !== 'dev' || container !== 'fleet') return failAzure(response, 404, 'ContainerNotFound');
    if (url.searchParams.get('comp') === 'list') {
      const { prefix, marker, maxresults } = Object.fromEntries(url.searchParams);
      const names = [...objects.keys()].filter((name) => name.startsWith(prefix ?? '')).sort();
      const from = marker === undefined ? 0 : Number(marker);
      const to = from + Math.min(2, Number(maxresults));
      const blobs = names.slice(from, to).map((name) => {
        const content = objects.get(name) ?? '';
        const shown = name.includes('\u0001') ? `<Name Encoded="true">${encodeURIComponent(name)}</Name>` : `<Name>${escape(name)}</Name>`;
        return `<Blob>${shown}<Properties><Etag>${etagOf(content)}</Etag><Content-Length>${Buffer.byteLength(content)}</Content-Length></Properties></Blob>`;
      });
      const next = to < names.length ? `<NextMarker>${to}</NextMarker>` : '<NextMarker />';
      return void response.end(
        `<?xml version="1.0"?><EnumerationResults ContainerName="fleet"><Blobs>${blobs.join('')}</Blobs>${next}</EnumerationResults>`,
      );
    }
    const content = objects.get(decodeURIComponent(rest.join('/')));
    if (content === undefined) return failAzure(response, 404, 'BlobNotFound');
    response.writeHead(200, { etag: `"${etagOf(content)}"` }).end(content);
  };
}

/** Google's storage, by its JSON API. */
function googleServer({ objects, unknown }: Store): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    const url = new URL(request.url ?? '', 'http://google');
    const answer = (status: number, value: unknown): void =>
      void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    if (request.headers.authorization !== 'Bearer t1') return answer(401, { error: { code: 401, message: 'Invalid Credentials' } });
    const [, path] = /^\/storage\/v1\/b\/fleet(.*)$/.exec(url.pathname) ?? [];
    if (path === undefined) return answer(404, { error: { code: 404, message: 'The specified bucket does not exist.' } });
    if (path === '') return answer(200, { name: 'fleet' });
    const { prefix = '', pageToken = '0', alt, generation } = Object.fromEntries(url.searchParams);
    const describe = (name: string) => ({
      name,
      size: String(Buffer.byteLength(objects.get(name) ?? '')),
      etag: etagOf(objects.get(name) ?? ''),
      generation: '7',
    });
    if (path === '/o') {
      const names = [...objects.keys()].filter((name) => name.startsWith(prefix)).sort();
      const from = Number(pageToken);
      return answer(200, {
        items: names.slice(from, from + 2).map(describe),
        ...(from + 2 < names.length && { nextPageToken: String(from + 2) }),
      });
    }
    const name = decodeURIComponent(path.slice('/o/'.length));
    const content = objects.get(name);
    if (!path.startsWith('/o/') || path.slice(3).includes('/')) return void unknown.push(url.pathname);
    if (content === undefined) return answer(404, { error: { code: 404, message: `No such object: fleet/${name}` } });
    if (alt !== 'media') return answer(200, describe(name));
    if (generation !== '7') return answer(412, { error: { code: 412, message: 'conditionNotMet' } });
    response.writeHead(200).end(content);
  };
}

const clouds = {
  azure: {
    serve: azureServer,
    open: (url: string, name: string, credentials: AzureBlobCredentials = { accountKey }): BucketProvider =>
      createAzureBucket({ endpoint: `${url}/dev`, container: name, credentials, now: () => now }),
    wrong: { accountKey: 'd3Jvbmc=' },
    refused: /403 AuthenticationFailed AuthenticationFailed happened at http/,
  },
  google: {
    serve: googleServer,
    open: (url: string, name: string, credentials?: { token: () => Promise<string> }): BucketProvider =>
      createGcsBucket({ endpoint: url, bucket: name, token: credentials?.token ?? (async () => 't1') }),
    wrong: { token: async () => 'no' },
    refused: /401: Invalid Credentials at http/,
  },
} as const;

for (const [cloud, { serve, open, wrong, refused }] of Object.entries(clouds)) {
  describe(`a bucket of ${cloud}`, () => {
    const workspace = makeWorkspace();
    const store: Store = { objects: new Map(), unknown: [] };
    const providers: BucketProvider[] = [];
    let server: TestServer;
    before(async () => {
      server = await listen(serve(store));
    });
    after(async () => {
      for (const provider of providers) await provider.close();
      await server.close();
      workspace.remove();
      assert.deepEqual(store.unknown, []);
    });
    const opened = (name = 'fleet', credentials?: unknown): BucketProvider => {
      const provider = (open as (url: string, name: string, credentials?: unknown) => BucketProvider)(server.url, name, credentials);
      providers.push(provider);
      return provider;
    };
    const fill = (objects: Readonly<Record<string, string>>): void => {
      store.objects.clear();
      for (const [key, content] of Object.entries(objects)) store.objects.set(key, content);
    };

    test('is listed page by page, without what is ignored, and fetched', async () => {
      const objects = {
        'apps/a b.yaml': 'a: 1\n',
        'apps/ü&<%25.yaml': 'b: 2\n',
        'apps/skip.md': '',
        'b.yaml': '',
        'c+d?e#f.yaml': 'c',
        'dir/': '',
      };
      fill({ ...objects, '.sourceignore': '*.md\n' });
      const provider = opened();
      const index = await readBucketIndex(provider);
      const keys = ['apps/a b.yaml', 'apps/ü&<%25.yaml', 'b.yaml', 'c+d?e#f.yaml'] as const;
      assert.deepEqual([...index.objects.keys()].sort(), keys);
      assert.equal(
        index.revision,
        `sha256:${createHash('sha256')
          .update(keys.map((key) => `${key} ${etagOf(objects[key])}\n`).join(''))
          .digest('hex')}`,
      );
      await checkoutBucket(provider, index, { scratchDir: workspace.dir }, async ({ revision, tree }) => {
        assert.equal(revision, index.revision);
        const chunks: Uint8Array[] = [];
        for await (const chunk of tree.contents(byPath(tree.entries).filter(({ path }) => path.startsWith('apps/')))) chunks.push(chunk);
        assert.equal(Buffer.concat(chunks).toString(), 'a: 1\nb: 2\n');
      });
      assert.deepEqual([...(await readBucketIndex(provider, { prefix: 'apps/a' })).objects.keys()], ['apps/a b.yaml']);
    });

    test('is missed, and refused, in words', async () => {
      fill({ 'a.yaml': '1' });
      await assert.rejects(readBucketIndex(opened('other')), failing('SourceNotFound', /^bucket 'other' not found$/));
      await assert.rejects(readBucketIndex(opened('fleet', wrong)), failing('SourceAuthenticationFailed', refused));
      assert.equal(await opened().get('nope'), undefined);
    });
  });
}

test('Azure takes signed queries and tokens, and names that XML can not hold', async () => {
  const store: Store = { objects: new Map([['a\u0001.yaml', 'x']]), unknown: [] };
  const server = await listen(azureServer(store));
  const all: readonly AzureBlobCredentials[] = [{ sasToken: '?sv=2021&sig=s%2Fg%2B' }, { token: async () => 't1' }];
  for (const credentials of all) {
    const provider = clouds.azure.open(server.url, 'fleet', credentials);
    assert.deepEqual([...(await readBucketIndex(provider)).objects.keys()], ['a\u0001.yaml']);
    await provider.close();
  }
  await server.close();
  assert.throws(
    () => createAzureBucket({ endpoint: 'https://example.com', container: 'a', credentials: { accountKey } }),
    failing('SourceSettingsInvalid', /expected 'example.com' to be a subdomain/),
  );
  assert.throws(
    () => createAzureBucket({ endpoint: 'me.blob.core.windows.net', container: 'a' }),
    failing('SourceSettingsInvalid', /is no web address/),
  );
});
