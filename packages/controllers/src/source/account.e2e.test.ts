import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { after, before, describe, test } from 'node:test';
import type { KubeObject } from '@sluice/core';
import { listen, serveBucket, type TestBucket, type TestServer } from '@sluice/sources/testing';
import { sourcesIn, type Sources } from '../testing/sources.js';
import { startWorld, type World } from '../testing/world.js';

const KEYS = { accessKey: 'AK', secretKey: 'SK' };
const ROLE = 'arn:aws:iam::123456789012:role/reader';

/** A bucket of AWS, whose security token service knows the tokens of this cluster. */
describe('a source that names a ServiceAccount', () => {
  let world: World;
  let storage: TestServer;
  let tokens: TestServer;
  before(async () => {
    world = await startWorld();
    const bucket: TestBucket = { objects: new Map([['a.yaml', '1']]), requests: [], intercept: () => undefined };
    storage = await serveBucket(bucket, KEYS);
    tokens = await listen((request, response) => void answer(request, response));
  });
  after(async () => {
    await world.close();
    await storage.close();
    await tokens.close();
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (!(await isReader(new URLSearchParams(Buffer.concat(chunks).toString())))) {
      response.writeHead(403).end('<Code>AccessDenied</Code>');
      return;
    }
    const expiration = new Date(Date.now() + 3600_000).toISOString();
    const { accessKey, secretKey } = KEYS;
    response.end(
      `<AccessKeyId>${accessKey}</AccessKeyId><SecretAccessKey>${secretKey}</SecretAccessKey><Expiration>${expiration}</Expiration>`,
    );
  }

  /** Whether the ServiceAccount `reader` asks for its role. */
  async function isReader(form: URLSearchParams): Promise<boolean> {
    const spec = { token: form.get('WebIdentityToken') ?? '', audiences: ['sts.amazonaws.com'] };
    const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', metadata: {}, spec };
    const { status } = await world.cluster.create<KubeObject & { status?: { user?: { username?: string } } }>(review);
    return form.get('RoleArn') === ROLE && /^system:serviceaccount:account-\d+:reader$/.test(status?.user?.username ?? '');
  }

  async function setUp(namespace: string): Promise<Sources> {
    const sources = await sourcesIn(world, namespace);
    const endpoint = `127.0.0.1:${storage.port}`;
    const sts = { provider: 'aws', endpoint: tokens.url };
    const spec = { provider: 'aws', bucketName: 'fleet', endpoint, region: 'eu-test-1', insecure: true, sts };
    await sources.apply('Bucket', 'fleet', { ...spec, serviceAccountName: 'reader' });
    return sources;
  }

  test('is that one in its cloud', async () => {
    await world.startControllers({ objectIdentities: true, backoff: { firstMs: 50, longestMs: 400 } });
    const { failed, ready, namespace } = await setUp('account-1');
    await failed('Bucket', 'fleet', 'AuthenticationFailed', /failed to get service account 'account-1\/reader'/);
    const key = { apiVersion: 'v1', kind: 'ServiceAccount', namespace, name: 'reader' };
    await world.cluster.create({ ...key, metadata: { name: 'reader', namespace } });
    await failed('Bucket', 'fleet', 'AuthenticationFailed', /lacks the annotation eks\.amazonaws\.com\/role-arn/);
    await world.cluster.patch(key, 'merge', { metadata: { annotations: { 'eks.amazonaws.com/role-arn': `${ROLE}-of-another` } } });
    await failed('Bucket', 'fleet', 'BucketOperationFailed', /failed to get keys for the web identity: .* answered 403 \(AccessDenied\)/);
    await world.cluster.patch(key, 'merge', { metadata: { annotations: { 'eks.amazonaws.com/role-arn': ROLE } } });
    await ready('Bucket', 'fleet');
    await world.stopControllers();
  });

  test('is refused where such identities are off', async () => {
    await world.startControllers();
    const { failed } = await setUp('account-2');
    const { message } = await failed('Bucket', 'fleet', 'FeatureGateDisabled');
    assert.match(message, /please enable the ObjectLevelWorkloadIdentity feature gate/);
  });
});
