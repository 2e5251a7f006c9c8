import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Bucket } from '@sluice/api';
import { serveBucket, type TestBucket, type TestServer } from '@sluice/sources/testing';
import { sourcesIn, type Sources } from '../testing/sources.js';
import { startWorld, type World } from '../testing/world.js';

const CREDENTIALS = { accessKey: 'me', secretKey: 's3cret' };

describe('Buckets', { concurrency: true }, () => {
  let world: World;
  let count = 0;
  const servers: TestServer[] = [];
  before(async () => {
    world = await startWorld();
    await world.startControllers({ backoff: { firstMs: 50, longestMs: 400 } });
  });
  after(async () => {
    await world.close();
    for (const server of servers) await server.close();
  });

  /** A namespace with the Secret `keys`, and an object storage with the bucket `fleet`, for each test. */
  async function setUp(objects: Readonly<Record<string, string>>): Promise<Sources & { bucket: TestBucket; spec: object }> {
    const bucket: TestBucket = { objects: new Map(Object.entries(objects)), requests: [], intercept: () => undefined };
    const server = await serveBucket(bucket, CREDENTIALS);
    servers.push(server);
    const sources = await sourcesIn(world, `bucket-${++count}`);
    await sources.secret('keys', { accesskey: CREDENTIALS.accessKey, secretkey: CREDENTIALS.secretKey });
    const spec = { bucketName: 'fleet', endpoint: `127.0.0.1:${server.port}`, insecure: true, secretRef: { name: 'keys' } };
    return { ...sources, bucket, spec };
  }

  test('its objects become an artifact, without what is ignored or has another prefix; what changes makes a new one', async () => {
    const { apply, ready, request, told, get, bucket, spec } = await setUp({ 'apps/a.yaml': '1', 'apps/b.yaml': '2', 'other.yaml': '3' });
    await apply('Bucket', 'fleet', { ...spec, prefix: 'apps/', ignore: 'b.yaml' });
    const first = await ready('Bucket', 'fleet', /^sha256:[0-9a-f]{64}$/);
    assert.match(told('Bucket', 'fleet')[0] ?? '', /^info NewArtifact: stored artifact with 1 fetched files from 'fleet' bucket$/);
    const asked = bucket.requests.length;
    await request('Bucket', 'fleet');
    await world.eventually('it was handled', async () => (await get<Bucket>('Bucket', 'fleet')).status?.lastHandledReconcileAt);
    assert.ok(!bucket.requests.slice(asked).some((line) => line.endsWith('/apps/a.yaml')), 'what is as it was is not fetched again');
    bucket.objects.set('apps/a.yaml', 'changed');
    await request('Bucket', 'fleet');
    await ready('Bucket', 'fleet', new RegExp(`^(?!${first.revision})`));
  });

  const failures: readonly [what: string, spec: object, reason: string, message: RegExp][] = [
    ['a bucket that is not there', { bucketName: 'nope' }, 'BucketOperationFailed', /^bucket 'nope' not found$/],
    [
      'a bucket without a name',
      { bucketName: '' },
      'BucketOperationFailed',
      /^failed to confirm existence of '' bucket: Bucket name cannot be empty$/,
    ],
    [
      'a host that is not there',
      { endpoint: '127.0.0.1:1' },
      'BucketOperationFailed',
      /^failed to confirm existence of 'fleet' bucket: .*ECONNREFUSED/,
    ],
    ['an endpoint that is none', { endpoint: 'http://x' }, 'AuthenticationFailed', /must be a host name/],
    [
      'certificates that are not there',
      { certSecretRef: { name: 'nope' } },
      'AuthenticationFailed',
      /^failed to get TLS config: secret '.*\/nope' not found$/,
    ],
    [
      'a proxy without address',
      { proxySecretRef: { name: 'keys' } },
      'AuthenticationFailed',
      /^failed to get proxy URL: secret '.*\/keys': key 'address' not found$/,
    ],
    [
      'keys that are none',
      { secretRef: { name: 'empty' } },
      'AuthenticationFailed',
      /^invalid 'empty' secret data: required fields 'accesskey' and 'secretkey'$/,
    ],
  ];
  for (const [what, over, reason, message] of failures) {
    test(`${what}: ${reason}`, async () => {
      const { apply, secret, failed, spec } = await setUp({ 'a.yaml': '1' });
      await secret('empty', {});
      await apply('Bucket', 'fleet', { ...spec, ...over });
      await failed('Bucket', 'fleet', reason, message);
    });
  }

  test('wrong keys are said, without them, and mended as soon as the Secret is', async () => {
    const { apply, secret, failed, ready, spec } = await setUp({ 'a.yaml': '1' });
    await secret('keys', { accesskey: 'me', secretkey: 'wr0ng' });
    await apply('Bucket', 'fleet', spec);
    const { message } = await failed('Bucket', 'fleet', 'BucketOperationFailed', /Access Denied|SignatureDoesNotMatch|403/);
    assert.ok(!message.includes('wr0ng'));
    await secret('keys', { accesskey: 'me', secretkey: CREDENTIALS.secretKey });
    await ready('Bucket', 'fleet');
  });

  test('a key that leads out of the artifact, or a download that fails, leaves the artifact as it was', async () => {
    const { apply, failed, ready, request, bucket, spec, get } = await setUp({ 'a.yaml': '1' });
    await apply('Bucket', 'fleet', spec);
    const { revision } = await ready('Bucket', 'fleet');
    bucket.objects.set('../../b.yaml', 'escaped');
    await request('Bucket', 'fleet');
    await failed('Bucket', 'fleet', 'BucketOperationFailed', /\.\./);
    bucket.objects.delete('../../b.yaml');
    bucket.objects.set('b.yaml', 'new');
    bucket.intercept = (url) => (url.endsWith('/b.yaml') ? [500, ''] : undefined);
    await failed('Bucket', 'fleet', 'BucketOperationFailed', /^fetch from bucket 'fleet' failed: failed to get 'b\.yaml' object: /);
    assert.equal((await get<Bucket>('Bucket', 'fleet')).status?.artifact?.revision, revision);
    bucket.intercept = () => undefined;
    await ready('Bucket', 'fleet', new RegExp(`^(?!${revision})`));
  });

  test('a chart in it is packaged', async () => {
    const { apply, ready, spec } = await setUp({ 'web/Chart.yaml': 'apiVersion: v2\nname: web\nversion: 1.0.0\n' });
    await apply('Bucket', 'fleet', spec);
    await apply('HelmChart', 'web', { chart: 'web', sourceRef: { kind: 'Bucket', name: 'fleet' }, reconcileStrategy: 'Revision' });
    const { revision } = await ready('Bucket', 'fleet');
    await ready('HelmChart', 'web', new RegExp(`^1\\.0\\.0\\+${revision.slice('sha256:'.length, 'sha256:'.length + 12)}$`));
  });
});
