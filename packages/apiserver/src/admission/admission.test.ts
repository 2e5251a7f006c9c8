import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { bodyText } from '@sluice/kube';
import { createAuthority, createServerCertificate } from '../cluster/certificates.js';
import { startCluster, type EmbeddedCluster } from '../cluster/start-cluster.js';

type Body = Record<string, unknown>;
type Review = { request: Body & { uid: string; object: Body | null; oldObject: Body | null } };

const WEBHOOKS = '/apis/admissionregistration.k8s.io/v1';
const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';
const authority = createAuthority('sluice-embedded-cluster', Date.now());
const other = createAuthority('sluice-embedded-cluster', Date.now());

let cluster: EmbeddedCluster;
let server: Server;
let url: string;
/** What the webhook was asked since the test began. */
let asked: Review[] = [];
let answer: (review: Review, path: string) => unknown = () => ({});

before(async () => {
  cluster = await startCluster({ simulate: false });
  const { certificate, key } = createServerCertificate(authority, ['127.0.0.1'], Date.now());
  server = createServer({ cert: certificate, key }, (request, response) => {
    void respond(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const review = JSON.parse(await bodyText(request)) as Review;
  asked.push(review);
  const given = answer(review, request.url ?? '');
  if (given === undefined) return; // never answers
  const { uid } = review.request;
  const whole = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: { uid, ...(given as object) } };
  response.end(typeof given === 'string' ? given : JSON.stringify(whole));
}

after(async () => {
  server.closeAllConnections();
  server.close();
  await cluster.stop();
});

async function ask(method: string, path: string, body?: unknown): Promise<{ status: number; warning: unknown; body: Body }> {
  const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
  const response = await cluster.fetch({
    method,
    path,
    headers: { 'content-type': type },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, warning: response.headers['warning'], body: JSON.parse(await bodyText(response.body)) as Body };
}

interface Hook {
  readonly mutating?: boolean;
  readonly webhook?: Body;
}

/** Runs a test with one webhook for ConfigMaps. */
async function withWebhook({ mutating = false, webhook = {} }: Hook, run: () => Promise<void>): Promise<void> {
  const kind = mutating ? 'MutatingWebhookConfiguration' : 'ValidatingWebhookConfiguration';
  const path = `${WEBHOOKS}/${kind.toLowerCase()}s`;
  const created = await ask('POST', path, {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind,
    metadata: { name: 'hook' },
    webhooks: [
      {
        name: 'a.example.com',
        clientConfig: { url: `${url}/review`, caBundle: Buffer.from(authority.certificate).toString('base64') },
        rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['*'], resources: ['configmaps'] }],
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
        timeoutSeconds: 1,
        ...webhook,
      },
    ],
  });
  assert.equal(created.status, 201, JSON.stringify(created.body));
  asked = [];
  try {
    await run();
  } finally {
    assert.equal((await ask('DELETE', `${path}/hook`)).status, 200);
  }
}

function configMap(name: string, more: Body = {}): Body {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, ...more };
}

test('a webhook that allows sees every write, with both objects', async () => {
  answer = () => ({ allowed: true, warnings: ['be careful'] });
  await withWebhook({}, async () => {
    const created = await ask('POST', CONFIG_MAPS, configMap('allowed'));
    assert.deepEqual([created.status, created.warning], [201, ['299 - "be careful"']]);
    assert.equal((await ask('PATCH', `${CONFIG_MAPS}/allowed`, { data: { a: 'b' } })).status, 200);
    assert.equal((await ask('DELETE', `${CONFIG_MAPS}/allowed`)).status, 200);
  });
  const seen = asked.map(({ request }) => [request['operation'], request['name'], request.object?.['data'], request.oldObject?.['data']]);
  assert.deepEqual(seen, [
    ['CREATE', 'allowed', undefined, undefined],
    ['UPDATE', 'allowed', { a: 'b' }, undefined],
    ['DELETE', 'allowed', undefined, { a: 'b' }],
  ]);
  assert.deepEqual(asked[0]?.request['kind'], { group: '', version: 'v1', kind: 'ConfigMap' });
});

const CALL = 'Internal error occurred: failed calling webhook "a.example.com": ';
const wrongAuthority = (): Body => ({ url: `${url}/review`, caBundle: Buffer.from(other.certificate).toString('base64') });

const refusals: readonly (readonly [what: string, answer: unknown, webhook: () => Body, status: number, message: string])[] = [
  [
    'a denial',
    { allowed: false, status: { code: 403, message: 'no' } },
    () => ({}),
    403,
    'admission webhook "a.example.com" denied the request: no',
  ],
  [
    'a denial that says nothing',
    { allowed: false },
    () => ({}),
    400,
    'admission webhook "a.example.com" denied the request without explanation',
  ],
  [
    'a denial with a reason only',
    { allowed: false, status: { code: 200, reason: 'Because' } },
    () => ({}),
    400,
    'admission webhook "a.example.com" denied the request: Because',
  ],
  [
    'no answer in time',
    undefined,
    () => ({}),
    500,
    `${CALL}failed to call webhook: Post "URL/review?timeout=1s": context deadline exceeded`,
  ],
  [
    'an answer without a response',
    '{"kind":"AdmissionReview"}',
    () => ({}),
    500,
    `${CALL}received invalid webhook response: webhook response was absent`,
  ],
  [
    'a patch of a validating webhook',
    { allowed: true, patch: 'W10=', patchType: 'JSONPatch' },
    () => ({}),
    500,
    `${CALL}received invalid webhook response: validating webhook may not return response.patch`,
  ],
  [
    'another authority',
    { allowed: true },
    () => ({ clientConfig: wrongAuthority() }),
    500,
    `${CALL}failed to call webhook: Post "URL/review?timeout=1s": tls: failed to verify certificate: x509: certificate signed by unknown authority`,
  ],
  [
    'a service that is not there',
    { allowed: true },
    () => ({ clientConfig: { service: { namespace: 'default', name: 'gone' } } }),
    500,
    `${CALL}failed to call webhook: Post "https://gone.default.svc:443/?timeout=1s": service "gone" not found`,
  ],
  [
    'a condition that fails',
    { allowed: true },
    () => ({ matchConditions: [{ name: 'c', expression: 'object.data.missing == "x"' }] }),
    403,
    'configmaps "refused" is forbidden: ',
  ],
];

for (const [what, given, webhook, status, message] of refusals) {
  test(`${what} refuses the write`, async () => {
    answer = () => given;
    await withWebhook({ webhook: webhook() }, async () => {
      const refused = await ask('POST', CONFIG_MAPS, configMap('refused'));
      assert.equal(refused.status, status);
      const expected = message.replace('URL', url);
      assert.equal(String(refused.body['message']).slice(0, expected.length), expected);
    });
    assert.equal((await ask('GET', `${CONFIG_MAPS}/refused`)).status, 404);
  });
}

test('who is not asked does not refuse', async (t) => {
  answer = () => ({ allowed: false });
  const cases: Readonly<Record<string, Body>> = {
    'another operation': { rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['DELETE'], resources: ['configmaps'] }] },
    'another scope': { rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['*'], resources: ['*'], scope: 'Cluster' }] },
    'another namespace': { namespaceSelector: { matchLabels: { hooked: 'yes' } } },
    'another object': { objectSelector: { matchLabels: { constructor: 'yes' } } },
    'a condition that is false': { matchConditions: [{ name: 'c', expression: "request.operation == 'CONNECT'" }] },
  };
  for (const [what, webhook] of Object.entries(cases)) {
    await t.test(what, () =>
      withWebhook({ webhook }, async () => {
        assert.equal((await ask('POST', `${CONFIG_MAPS}?dryRun=All`, configMap('free'))).status, 201);
        assert.equal(asked.length, 0);
      }),
    );
  }
});

test('a webhook that cannot be reached is ignored when it may be', async () => {
  await withWebhook({ webhook: { failurePolicy: 'Ignore', clientConfig: { url: 'https://127.0.0.1:1/' } } }, async () => {
    assert.equal((await ask('POST', `${CONFIG_MAPS}?dryRun=All`, configMap('ignored'))).status, 201);
  });
});

function patch(operations: unknown): Body {
  return { allowed: true, patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(operations)).toString('base64') };
}

test('a mutating webhook changes what is stored; a bad patch is an error', async () => {
  answer = () => patch([{ op: 'add', path: '/data', value: { given: 'a', added: 'b' } }]);
  await withWebhook({ mutating: true }, async () => {
    const created = await ask('POST', CONFIG_MAPS, configMap('mutated'));
    assert.equal(created.status, 201);
    assert.deepEqual(created.body['data'], { given: 'a', added: 'b' });
    answer = () => patch([{ op: 'remove', path: '/data/none' }]);
    assert.equal((await ask('PATCH', `${CONFIG_MAPS}/mutated`, { data: { c: 'd' } })).status, 500);
  });
  assert.deepEqual((await ask('GET', `${CONFIG_MAPS}/mutated`)).body['data'], { given: 'a', added: 'b' });
});

test('a write that overtakes another one is not lost', async () => {
  let overtaken = false;
  answer = () => ({ allowed: true });
  await ask('POST', CONFIG_MAPS, configMap('race', { data: { a: '0' } }));
  await withWebhook({}, async () => {
    let second: Promise<unknown> | undefined;
    answer = () => {
      if (!overtaken) {
        overtaken = true;
        second = ask('PATCH', `${CONFIG_MAPS}/race`, { data: { b: '2' } });
      }
      return { allowed: true };
    };
    assert.equal((await ask('PATCH', `${CONFIG_MAPS}/race`, { data: { a: '1' } })).status, 200);
    await second;
  });
  assert.deepEqual((await ask('GET', `${CONFIG_MAPS}/race`)).body['data'], { a: '1', b: '2' });
});

test('scale is shown as a Scale', async () => {
  answer = () => ({ allowed: true });
  const rules = [{ apiGroups: ['apps'], apiVersions: ['v1'], operations: ['UPDATE'], resources: ['deployments/scale'] }];
  const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
  const spec = { selector: { matchLabels: { a: 'b' } }, template };
  const path = '/apis/apps/v1/namespaces/default/deployments';
  await ask('POST', path, { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec });
  await withWebhook({ webhook: { rules } }, async () => {
    assert.equal((await ask('PATCH', `${path}/web/scale`, { spec: { replicas: 3 } })).status, 200);
  });
  const [review] = asked;
  assert.deepEqual(review?.request['kind'], { group: 'autoscaling', version: 'v1', kind: 'Scale' });
  assert.deepEqual([review?.request.object?.['spec'], review?.request.oldObject?.['spec']], [{ replicas: 3 }, { replicas: 1 }]);
});
