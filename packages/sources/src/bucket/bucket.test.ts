import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { SluiceError } from '@sluice/core';
import { openArtifactStore } from '../artifact/store.js';
import { failing } from '../testing/failing.js';
import type { TestServer } from '../testing/https-server.js';
import { makeWorkspace } from '../testing/repository.js';
import { etagOf, serveBucket, type TestBucket } from '../testing/s3-server.js';
import { checkoutBucket, readBucketIndex } from './checkout.js';
import { parseListing } from './listing.js';
import type { BucketProvider } from './provider.js';
import { createS3Bucket, type S3Options } from './s3.js';
import { encodePath, signedHeaders, type S3Credentials } from './signature.js';

/** What must not be given a tree. */
function unused(): Promise<never> {
  return Promise.reject(new Error('it was used'));
}

const now = new Date('2013-05-24T00:00:00Z');

describe('signatures', () => {
  // The examples of Amazon's documentation of Signature Version 4.
  const credentials = { accessKey: 'AKIAIOSFODNN7EXAMPLE', secretKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' };
  const cases: readonly [url: string, headers: Record<string, string>, signature: string][] = [
    ['test.txt', { range: 'bytes=0-9' }, 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41'],
    ['?max-keys=2&prefix=J', {}, '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7'],
    ['?lifecycle=', {}, 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543'],
  ];
  for (const [path, headers, signature] of cases) {
    test(path, () => {
      const url = new URL(`https://examplebucket.s3.amazonaws.com/${path}`);
      const signed = signedHeaders({ method: 'GET', url, headers }, credentials, 'us-east-1', now);
      assert.equal(/Signature=(.*)/.exec(signed.authorization ?? '')?.[1], signature);
    });
  }
  test('a key is encoded but for its slashes', () => assert.equal(encodePath("a b/ü+(1)'*~"), 'a%20b/%C3%BC%2B%281%29%27%2A~'));
});

describe('a bucket', () => {
  const workspace = makeWorkspace();
  const servers: TestServer[] = [];
  const providers: BucketProvider[] = [];
  after(async () => {
    for (const provider of providers) await provider.close();
    for (const server of servers) await server.close();
    workspace.remove();
  });
  const setUp = async (
    objects: Readonly<Record<string, string>>,
    options: Partial<S3Options> & { readonly credentials?: S3Credentials } = {},
  ) => {
    const bucket: TestBucket = { objects: new Map(Object.entries(objects)), requests: [], intercept: () => undefined };
    const server = await serveBucket(bucket, options.credentials);
    servers.push(server);
    const endpoint = `127.0.0.1:${server.port}`;
    const provider = createS3Bucket({ endpoint, bucket: 'fleet', insecure: true, now: () => now, ...options });
    providers.push(provider);
    return { bucket, provider };
  };
  const scratchDir = join(workspace.dir, 'scratch');

  test('becomes an artifact with its objects, under a revision of keys and ETags as with Flux', async () => {
    const objects = { 'apps/a b.yaml': 'a: 1\n', 'apps/ü&<.yaml': 'b: 2\n', 'pic.jpg': 'kept', 'dir/': '', 'z.yaml': 'z: 1\n' };
    const { provider } = await setUp(objects, { credentials: { accessKey: 'key', secretKey: 's3cret' } });
    const index = await readBucketIndex(provider);
    const lines = ['apps/a b.yaml', 'apps/ü&<.yaml', 'pic.jpg', 'z.yaml'].map(
      (key) => `${key} ${etagOf(objects[key as keyof typeof objects])}\n`,
    );
    assert.equal(index.revision, `sha256:${createHash('sha256').update(lines.join('')).digest('hex')}`);
    const store = openArtifactStore({ dir: join(workspace.dir, 'store'), baseUrl: 'http://localhost' });
    const artifact = await checkoutBucket(provider, index, { scratchDir }, async ({ revision, tree }) => {
      assert.equal(revision, index.revision);
      return await store.put({ kind: 'Bucket', namespace: 'a', name: 'b' }, tree, {
        revision,
        fileName: revision.slice(7),
        unfiltered: true,
      });
    });
    const tree = await store.tree(artifact.digest);
    assert.equal(Buffer.from(tree.read('apps/ü&<.yaml')).toString(), 'b: 2\n');
    assert.equal(Buffer.from(tree.read('pic.jpg')).toString(), 'kept');
    assert.deepEqual(readdirSync(scratchDir), []);
  });

  test('is listed by a prefix, without what its own file and the patterns given leave out', async () => {
    const { provider } = await setUp({
      '.sourceignore': '*.md\n',
      'a/x.yaml': '',
      'a/x.md': '',
      'a/.git/HEAD': '',
      'a/skip.yaml': '',
      'b/y.yaml': '',
    });
    const keys = async (options: Parameters<typeof readBucketIndex>[1]): Promise<string[]> => [
      ...(await readBucketIndex(provider, options)).objects.keys(),
    ];
    assert.deepEqual(await keys({}), ['a/skip.yaml', 'a/x.yaml', 'b/y.yaml']);
    assert.deepEqual(await keys({ prefix: 'a/', ignore: 'skip.yaml\n!x.md\n' }), ['a/x.md', 'a/x.yaml']);
  });

  test('may change while it is fetched: the revision is of what came', async () => {
    const { bucket, provider } = await setUp({ 'a.yaml': '1', 'b.yaml': '2' });
    const index = await readBucketIndex(provider);
    bucket.objects.set('a.yaml', '11');
    bucket.objects.delete('b.yaml');
    await checkoutBucket(provider, index, { scratchDir }, async ({ revision, tree }) => {
      assert.notEqual(revision, index.revision);
      assert.equal(revision, (await readBucketIndex(provider)).revision);
      assert.deepEqual(
        tree.entries.map(({ path, size }) => [path, size]),
        [['a.yaml', 2]],
      );
    });
  });

  test('that is not there, or is named impossibly', async () => {
    const missing = await setUp({}, { bucket: 'other' });
    await assert.rejects(readBucketIndex(missing.provider), failing('SourceNotFound', /^bucket 'other' not found$/));
    const short = await setUp({}, { bucket: 'x' });
    await assert.rejects(
      readBucketIndex(short.provider),
      failing('SourceSettingsInvalid', /^failed to confirm existence of 'x' bucket: Bucket name cannot be shorter than 3 characters$/),
    );
  });

  test('refuses wrong keys, which are in no message', async () => {
    const { bucket, provider } = await setUp({ a: '' }, { credentials: { accessKey: 'key', secretKey: 's3cret' }, region: 'eu-test-1' });
    bucket.intercept = () => [403, '<Error><Code>AccessDenied</Code><Message>Access Denied.</Message></Error>'];
    await assert.rejects(
      readBucketIndex(provider),
      failing('SourceAuthenticationFailed', /^failed to confirm existence of 'fleet' bucket: Access Denied\./),
    );
  });

  for (const key of ['../../etc/passwd', 'a/../../b', 'a/./b']) {
    test(`with the key ${key} is refused, and writes nothing`, async () => {
      const { provider } = await setUp({ [key]: 'x' });
      const index = await readBucketIndex(provider);
      await assert.rejects(checkoutBucket(provider, index, { scratchDir }, unused), failing('PathEscapes', /failed to get .* object/));
      assert.deepEqual(readdirSync(scratchDir), []);
    });
  }

  test('may not hold too much', async () => {
    const { provider } = await setUp({ a: '12345', b: '12345', c: '12345' });
    await assert.rejects(readBucketIndex(provider, { maxObjects: 2 }), failing('SourceTooLarge', /more than 2 objects/));
    const index = await readBucketIndex(provider);
    await assert.rejects(
      checkoutBucket(provider, index, { scratchDir, maxBytes: 12 }, unused),
      failing('SourceTooLarge', /more than 12 bytes/),
    );
  });

  test('that lists without end, or something else', async () => {
    const { bucket, provider } = await setUp({});
    bucket.intercept = (url) =>
      url.includes('list-type')
        ? [200, '<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>a</NextContinuationToken></ListBucketResult>']
        : undefined;
    await assert.rejects(readBucketIndex(provider), failing('SourceAnswerInvalid', /has no end/));
    bucket.intercept = (url) => (url.includes('list-type') ? [200, '<html>'] : undefined);
    await assert.rejects(readBucketIndex(provider), failing('SourceAnswerInvalid', /no list of objects/));
    bucket.intercept = (url) => (url.includes('list-type') ? [503, 'busy'] : undefined);
    await assert.rejects(readBucketIndex(provider), failing('SourceUnreachable', /indexation of objects from bucket 'fleet' failed: 503/));
  });

  test('nothing listens there', async () => {
    const provider = createS3Bucket({ endpoint: '127.0.0.1:1', bucket: 'fleet', insecure: true });
    providers.push(provider);
    await assert.rejects(readBucketIndex(provider), failing('SourceUnreachable', /nothing listens there/));
  });

  for (const endpoint of ['', 'http://h', 'h/path', 'u:pa55@h', 'h?x']) {
    test(`${JSON.stringify(endpoint)} is no endpoint`, () => {
      assert.throws(
        () => createS3Bucket({ endpoint, bucket: 'fleet' }),
        (error) => error instanceof SluiceError && error.reason === 'SourceSettingsInvalid' && !error.message.includes('pa55'),
      );
    });
  }
});

test('a listing has its entities resolved, and nothing of the host', () => {
  const page = parseListing(
    '<ListBucketResult><Contents><Key>a&amp;lt;&#x1F600;&#65;</Key><ETag>"x"</ETag><Size>1</Size></Contents><IsTruncated>false</IsTruncated></ListBucketResult>',
  );
  assert.deepEqual(page, { objects: [{ key: 'a&lt;😀A', size: 1, etag: 'x' }] });
});
