import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { handleWebhook, type WebhookDoors, type WebhookReceiver } from './handle.js';

/** Who sends a webhook of these types must know the token, or have one of an issuer; to know the path is enough for the others. */
const signed = ['generic-hmac', 'generic-oidc', 'github', 'gitlab', 'bitbucket', 'harbor', 'gcr', 'cdevents'];
const byPathOnly = ['generic', 'dockerhub', 'quay', 'nexus', 'acr'];

const resources = [{ apiVersion: 'source.toolkit.fluxcd.io/v1', kind: 'GitRepository', name: 'app' }];
const oidcProviders = [{ issuerURL: 'https://issuer.example', validations: [{ expression: 'true', message: '' }] }];

function doorsTo(type: string, triggered: string[]): WebhookDoors {
  const receiver: WebhookReceiver = {
    name: 'hook',
    namespace: 'flux-system',
    isReady: true,
    spec: { type, resources, secretRef: { name: 'token' }, ...(type === 'generic-oidc' ? { oidcProviders } : {}) },
  };
  const object = { apiVersion: 'source.toolkit.fluxcd.io/v1', kind: 'GitRepository', metadata: { name: 'app', namespace: 'flux-system' } };
  return {
    receiverAt: (path) => (path === '/hook/known' ? receiver : undefined),
    secret: () => Promise.resolve({ token: 'nobody-guesses-this', email: 'a@b.example', audience: 'https://hook.example' }),
    get: () => Promise.resolve(object),
    list: () => Promise.resolve([object]),
    trigger: ({ metadata }) => Promise.resolve(void triggered.push(metadata.name ?? '')),
    verifier: {
      oidc: () => Promise.reject(new Error('no token of ours')),
      google: () => Promise.reject(new Error('no token of ours')),
    },
    noCrossNamespace: false,
  };
}

const names = [
  'authorization',
  'x-signature',
  'x-hub-signature',
  'x-hub-signature-256',
  'x-github-event',
  'x-gitlab-token',
  'x-gitlab-event',
  'x-event-key',
  'x-nexus-webhook-signature',
  'x-nexus-webhook-id',
  'content-type',
  'ce-type',
  '__proto__',
  'constructor',
];
const value = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('', 'ping', 'push', 'Bearer x', 'Bearer a.b.c', 'sha256=', 'sha256=00', 'md5=00', 'sha256=zz', 'application/json'),
);
const headers = fc.dictionary(fc.constantFrom(...names), value);
const body = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.json().map((text) => Buffer.from(text)),
  fc
    .constantFrom('{', '[]', 'null', '{"__proto__":{"a":1}}', '['.repeat(5_000), '{"message":{"data":"%%%"}}')
    .map((text) => Buffer.from(text)),
);

test('whatever comes to a Receiver, it is answered, and triggers nothing unless it is signed', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...signed, ...byPathOnly), headers, body, async (type, given, bytes) => {
      const triggered: string[] = [];
      const outcome = await handleWebhook('/hook/known', { headers: given, body: bytes }, doorsTo(type, triggered));
      if (signed.includes(type)) assert.deepEqual([outcome.status, triggered], [400, []], type);
      else assert.ok(outcome.status === 200 || outcome.status === 400, `${type} ${outcome.status} ${outcome.errors.join()}`);
      assert.doesNotMatch(outcome.errors.join(), /nobody-guesses-this/);
    }),
    { numRuns: 1_500 },
  );
});

test('a path that nobody has costs nothing but a look-up', async () => {
  let looked = 0;
  const doors: WebhookDoors = {
    ...doorsTo('generic', []),
    receiverAt: () => void (looked += 1),
    secret: () => Promise.reject(new Error('nobody may ask')),
  };
  await fc.assert(
    fc.asyncProperty(fc.webPath(), headers, body, async (path, given, bytes) => {
      const outcome = await handleWebhook(`/hook${path}`, { headers: given, body: bytes }, doors);
      assert.deepEqual(outcome, { status: 404, triggered: [], errors: [] });
    }),
    { numRuns: 200 },
  );
  assert.equal(looked, 200);
});
