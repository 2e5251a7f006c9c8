import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startCluster, type EmbeddedCluster } from '../index.js';

// Answers that were compared with those of a real API server, each a difference that there once was.

let cluster: EmbeddedCluster;
before(async () => {
  cluster = await startCluster({ simulate: false });
});
after(() => cluster.stop());

const PATCHES = {
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
} as const;

interface Answer {
  readonly status: number;
  readonly body: {
    readonly message?: string;
    readonly metadata: Readonly<Record<string, unknown>>;
    readonly [field: string]: unknown;
  };
  readonly warnings: readonly string[];
}

async function send(method: string, path: string, body?: unknown, contentType = 'application/json'): Promise<Answer> {
  const answer = await cluster.fetch({
    method,
    path,
    headers: { 'content-type': contentType, 'user-agent': 'tests' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const { warning = [] } = answer.headers as { warning?: string[] };
  return { status: answer.status, body: JSON.parse(answer.body as string) as Answer['body'], warnings: warning };
}

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';
const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';
const SERVICES = '/api/v1/namespaces/default/services';

function workload(name: string): object {
  const template = { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image: 'i:1' }] } };
  return { metadata: { name }, spec: { replicas: 2, selector: { matchLabels: { app: name } }, template } };
}

test('namespaces that every cluster has stay', async () => {
  for (const name of ['default', 'kube-system', 'kube-public']) {
    const { status, body } = await send('DELETE', `/api/v1/namespaces/${name}`);
    assert.equal(status, 403);
    assert.equal(body.message, `namespaces "${name}" is forbidden: this namespace may not be deleted`);
  }
});

test('an object whose owner is of a kind that nobody serves stays', async () => {
  const ownerReferences = [{ apiVersion: 'gone.example.com/v1', kind: 'Gone', name: 'x', uid: 'u' }];
  await send('POST', CONFIG_MAPS, { metadata: { name: 'owned', ownerReferences } });
  // An owner of a kind that is served, and is not there, is gone: its dependent shows when the collector has been here.
  const missing = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'x', uid: 'v' }];
  await send('POST', CONFIG_MAPS, { metadata: { name: 'orphaned', ownerReferences: missing } });
  while ((await send('GET', `${CONFIG_MAPS}/orphaned`)).status !== 404) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal((await send('GET', `${CONFIG_MAPS}/owned`)).status, 200);
});

test('an owner that is named twice is one, with a warning', async () => {
  const owner = { apiVersion: 'gone.example.com/v1', kind: 'Gone', name: 'x', uid: 'u', controller: true };
  const { status, body, warnings } = await send('POST', CONFIG_MAPS, { metadata: { name: 'twice', ownerReferences: [owner, owner] } });
  assert.equal(status, 201);
  assert.deepEqual(body.metadata['ownerReferences'], [owner]);
  assert.match(warnings.join(), /duplicate UID\(s\) observed: u"/);
});

test('a patch does not make an object one of another kind', async () => {
  await send('POST', CONFIG_MAPS, { metadata: { name: 'kind' } });
  for (const [change, fault] of [
    [{ kind: 'Other' }, 'no kind "Other" is registered for version "v1"'],
    [{ apiVersion: 'v2' }, 'no kind "ConfigMap" is registered for version "v2"'],
    [{ kind: 'Secret' }, 'converting (v1.Secret) to (core.ConfigMap): unknown conversion'],
  ] as const) {
    const { status, body } = await send('PATCH', `${CONFIG_MAPS}/kind`, change, PATCHES.merge);
    assert.equal(status, 422);
    assert.ok(body.message?.includes(fault), body.message);
  }
});

test('unknown fields of a patch are named in order', async () => {
  await send('POST', DEPLOYMENTS, workload('unknown'));
  const change = { spec: { template: { spec: { bar: 1 } }, foo: 1 } };
  const { warnings } = await send('PATCH', `${DEPLOYMENTS}/unknown`, change, PATCHES.merge);
  assert.deepEqual(warnings, ['299 - "unknown field \\"spec.foo\\""', '299 - "unknown field \\"spec.template.spec.bar\\""']);
});

test('a write to the status of a Deployment leaves its labels', async () => {
  await send('POST', DEPLOYMENTS, workload('labels'));
  const change = { metadata: { labels: { a: 'b' }, annotations: { c: 'd' } }, status: { replicas: 1 } };
  const { body } = await send('PATCH', `${DEPLOYMENTS}/labels/status`, change, PATCHES.merge);
  assert.equal(body.metadata['labels'], undefined);
  assert.deepEqual(body.metadata['annotations'], { c: 'd' });
});

test('only a load balancer has addresses in its status', async () => {
  await send('POST', SERVICES, { metadata: { name: 'inside' }, spec: { ports: [{ port: 80 }] } });
  const change = { status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } } };
  const { status, body } = await send('PATCH', `${SERVICES}/inside/status`, change, PATCHES.merge);
  assert.equal(status, 422);
  assert.match(body.message ?? '', /status\.loadBalancer\.ingress: Forbidden: may only be used when `spec\.type` is 'LoadBalancer'/);
});

test('scaling to zero owns nothing; below it is refused as a Scale; conflicts name its version', async () => {
  await send('POST', DEPLOYMENTS, workload('scaled'));
  const scale = `${DEPLOYMENTS}/scaled/scale`;
  const refused = await send('PATCH', scale, { spec: { replicas: -1 } }, PATCHES.merge);
  assert.match(refused.body.message ?? '', /^Scale\.autoscaling "scaled" is invalid: spec\.replicas: Invalid value: -1/);
  await send('PATCH', `${scale}?fieldManager=scaler`, { spec: { replicas: 3 } }, PATCHES.merge);
  const applied = { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'scaled' }, spec: { replicas: 4 } };
  const conflict = await send('PATCH', `${scale}?fieldManager=other`, applied, PATCHES.apply);
  assert.equal(
    conflict.body.message,
    'Apply failed with 1 conflict: conflict with "scaler" with subresource "scale" using autoscaling/v1: .spec.replicas',
  );
  await send('PATCH', scale, { spec: { replicas: 0 } }, PATCHES.merge);
  const { body } = await send('GET', `${DEPLOYMENTS}/scaled`);
  assert.equal((body['spec'] as { replicas: number }).replicas, 0);
  assert.doesNotMatch(JSON.stringify(body.metadata['managedFields']), /f:replicas/);
});

test('a write that changes nothing is none, also of an object that nobody owns', async () => {
  await send('POST', CONFIG_MAPS, { metadata: { name: 'nobody' }, data: { a: 'b' } });
  const released = await send('PATCH', `${CONFIG_MAPS}/nobody`, { data: null }, PATCHES.merge);
  assert.equal(released.body.metadata['managedFields'], undefined);
  for (const change of [{ data: {} }, { metadata: { creationTimestamp: '2020-01-01T00:00:00Z' } }, { metadata: { managedFields: [] } }]) {
    const { body } = await send('PATCH', `${CONFIG_MAPS}/nobody`, change, PATCHES.merge);
    assert.equal(body.metadata['resourceVersion'], released.body.metadata['resourceVersion'], JSON.stringify(change));
  }
});

test('a PUT of another object is refused where objects are stored', async () => {
  await send('POST', CONFIG_MAPS, { metadata: { name: 'put' } });
  const other = await send('PUT', `${CONFIG_MAPS}/put`, { metadata: { name: 'put', uid: 'x' } });
  assert.equal(other.status, 409);
  assert.match(other.body.message ?? '', /Key: \/registry\/configmaps\/default\/put, .* UID in precondition: x, UID in object meta: /);
  const unknown = await send('PUT', `${CONFIG_MAPS}/put`, { metadata: { name: 'put', resourceVersion: 'abc' } });
  assert.equal(unknown.body.message, 'strconv.ParseUint: parsing "abc": invalid syntax');
});

test('replicas that nobody owns are scaled without an owner', async () => {
  await send('POST', DEPLOYMENTS, workload('unowned'));
  for (const replicas of [0, 7]) await send('PATCH', `${DEPLOYMENTS}/unowned/scale`, { spec: { replicas } }, PATCHES.merge);
  const { body } = await send('GET', `${DEPLOYMENTS}/unowned`);
  assert.equal((body['spec'] as { replicas: number }).replicas, 7);
  assert.doesNotMatch(JSON.stringify(body.metadata['managedFields']), /f:replicas/);
});

test('what does not pair is said of the keys of a TLS Secret', async () => {
  const data = { 'tls.crt': 'YQ==', 'tls.key': 'YQ==' };
  const { status, warnings } = await send('POST', '/api/v1/namespaces/default/secrets', {
    metadata: { name: 'tls' },
    type: 'kubernetes.io/tls',
    data,
  });
  assert.equal(status, 201);
  assert.deepEqual(warnings, ['299 - "tls: failed to find any PEM data in certificate input"']);
});

test('refusals have the words of the real server', async () => {
  const pod = { metadata: { name: 'logged' }, spec: { automountServiceAccountToken: false, containers: [{ name: 'c', image: 'i' }] } };
  await send('POST', '/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } });
  assert.equal((await send('POST', '/api/v1/namespaces/default/pods', pod)).status, 201);
  const pods = '/api/v1/namespaces/default/pods/logged';
  const cases: readonly [method: string, path: string, body: unknown, status: number, message: string][] = [
    [
      'GET',
      `${pods}/log?tailLines=-1`,
      undefined,
      422,
      'PodLogOptions "logged" is invalid: tailLines: Invalid value: -1: must be greater than or equal to 0',
    ],
    ['POST', `${pods}/eviction`, { metadata: { name: 'other' } }, 400, 'name in URL does not match name in Eviction object'],
    ['POST', '/apis/authentication.k8s.io/v1/tokenreviews', { spec: {} }, 400, 'token is required for TokenReview in authentication'],
    [
      'GET',
      `${CONFIG_MAPS}?watch=true&resourceVersion=x`,
      undefined,
      500,
      'resourceVersion: Invalid value: "x": strconv.ParseUint: parsing "x": invalid syntax',
    ],
    [
      'POST',
      `${CONFIG_MAPS}?fieldManager=a%09b`,
      { metadata: { name: 'm' } },
      422,
      'CreateOptions.meta.k8s.io "" is invalid: fieldManager: Invalid value: "a\\tb": invalid character U+0009 (at position 1)',
    ],
  ];
  for (const [method, path, body, status, message] of cases) {
    const answer = await send(method, path, body);
    assert.equal(answer.body.message, message);
    assert.equal(answer.status, status);
  }
});

test('an eviction of the older version is one', async () => {
  const path = '/api/v1/namespaces/default/pods/logged/eviction';
  const { status } = await send('POST', path, { apiVersion: 'policy/v1beta1', kind: 'Eviction', metadata: { name: 'logged' } });
  assert.equal(status, 201);
});

/** A text in a protobuf message. */
function textField(number: number, value: string | Buffer): Buffer {
  return Buffer.concat([Buffer.from([(number << 3) | 2, value.length]), Buffer.from(value)]);
}

test('the options of a deletion may come in protobuf', async () => {
  await send('POST', CONFIG_MAPS, { metadata: { name: 'in-protobuf' } });
  const typeMeta = Buffer.concat([textField(1, 'v1'), textField(2, 'DeleteOptions')]);
  const body = Buffer.concat([Buffer.from('k8s\0'), textField(1, typeMeta), textField(2, textField(5, 'All'))]);
  const headers = { 'content-type': 'application/vnd.kubernetes.protobuf' };
  const path = `${CONFIG_MAPS}/in-protobuf`;
  const { status } = await cluster.fetch({ method: 'DELETE', path, headers, body });
  assert.equal(status, 200);
  // It was for trial: dryRun is what it says.
  assert.equal((await send('GET', path)).status, 200);
});

test('a status that the definition gives a default is there from the beginning, though it can not be created', async () => {
  const schema = {
    type: 'object',
    properties: { status: { type: 'object', default: { seen: -1 }, properties: { seen: { type: 'integer' } } } },
  };
  await send('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
    metadata: { name: 'watched.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'watched', singular: 'watch', kind: 'Watched', listKind: 'WatchedList' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema }, subresources: { status: {} } }],
    },
  });
  const path = '/apis/example.com/v1/namespaces/default/watched';
  const object = { apiVersion: 'example.com/v1', kind: 'Watched', metadata: { name: 'a' }, status: { seen: 7 } };
  let created = await send('POST', path, object);
  // The definition is served a moment after it was made.
  for (let round = 0; created.status === 404 && round < 100; round += 1) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    created = await send('POST', path, object);
  }
  assert.deepEqual(created.body['status'], { seen: -1 });
  const changed = await send('PATCH', `${path}/a/status`, { status: { seen: 3 } }, PATCHES.merge);
  assert.deepEqual(changed.body['status'], { seen: 3 });
});
