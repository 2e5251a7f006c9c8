import { SluiceError, type KubeObject } from '@sluice/core';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { discovery, scriptedFetch, type Scripted } from '../testing/scripted-fetch.js';
import { VirtualTimers } from '../testing/virtual-timers.js';
import { createCluster, type ClusterOptions } from './create-cluster.js';
import { isGone, isKindUnknown, isNotFound, isTransient, KubeError } from './kube-error.js';

const KEY = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'default', name: 'a' };
const OBJECT: KubeObject = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'default', name: 'a' }, data: {} };
const PATH = '/api/v1/namespaces/default/configmaps';
const found: Scripted = { body: OBJECT };
const missing: Scripted = {
  status: 404,
  body: { kind: 'Status', code: 404, reason: 'NotFound', message: 'configmaps "a" not found', details: { name: 'a', kind: 'configmaps' } },
};

function cluster(script: readonly [string, Scripted][], options: ClusterOptions = {}) {
  const scripted = scriptedFetch([...discovery, ...script]);
  const timers = new VirtualTimers();
  return { ...scripted, timers, cluster: createCluster(scripted.fetch, { timers, ...options }) };
}

interface Result<T> {
  readonly value?: T;
  readonly error?: unknown;
  readonly took: number;
}

/** The result of a call, with time passing as it needs it. */
async function inTime<T>(timers: VirtualTimers, call: Promise<T>): Promise<Result<T>> {
  const start = timers.now();
  const results: Result<T>[] = [];
  void call.then(
    (value) => results.push({ value, took: timers.now() - start }),
    (error: unknown) => results.push({ error, took: timers.now() - start }),
  );
  for (;;) {
    await timers.pass(100);
    const [result] = results;
    if (result !== undefined) return result;
  }
}

test('gets an object, or says that it is not there', async () => {
  const { cluster: api, requests } = cluster([
    [`GET ${PATH}/a`, found],
    [`GET ${PATH}/a`, missing],
  ]);
  assert.deepEqual(await api.get(KEY), OBJECT);
  assert.equal(await api.get(KEY), undefined);
  assert.equal(requests.at(-1)?.headers['user-agent'], 'sluice');
});

const retried: readonly [what: string, method: 'get' | 'create' | 'apply', answers: Scripted[], tookAtLeast: number][] = [
  ['429 with Retry-After, whatever the request', 'create', [{ status: 429, headers: { 'retry-after': '2' } }, found], 2_000],
  ['500 with Retry-After', 'create', [{ status: 500, headers: { 'retry-after': '1' } }, found], 1_000],
  ['503 of something in between, when asking twice does no harm', 'get', [{ status: 503 }, { status: 502 }, found], 100],
  ['a lost connection, when asking twice does no harm', 'apply', [{ error: 'ECONNRESET' }, found], 50],
  [
    'a connection that did not come about, whatever the request',
    'create',
    [{ error: 'ECONNREFUSED' }, { error: 'ECONNREFUSED' }, found],
    100,
  ],
];
for (const [what, method, answers, tookAtLeast] of retried) {
  test(`asks again after ${what}`, async () => {
    const path = { get: `GET ${PATH}/a`, create: `POST ${PATH}`, apply: `PATCH ${PATH}/a?fieldManager=t` }[method];
    const { cluster: api, timers } = cluster(answers.map((answer) => [path, answer]));
    const call = { get: () => api.get(KEY), create: () => api.create(OBJECT), apply: () => api.apply(OBJECT, { fieldManager: 't' }) }[
      method
    ]();
    const { value, took } = await inTime(timers, call);
    assert.deepEqual(value, OBJECT);
    assert.ok(took >= tookAtLeast, `it took ${took} ms`);
  });
}

const final: readonly [what: string, method: 'get' | 'create' | 'json', answer: Scripted, reason: string][] = [
  ['500 without Retry-After', 'get', { status: 500, body: { kind: 'Status', message: 'no kind' } }, 'KubeRefused'],
  ['503 to a creation', 'create', { status: 503 }, 'KubeRefused'],
  ['a connection lost in a creation', 'create', { error: 'ECONNRESET' }, 'KubeUnreachable'],
  ['a connection lost in a JSON patch', 'json', { error: 'ECONNRESET' }, 'KubeUnreachable'],
  ['an unknown host', 'create', { error: 'ENOTFOUND' }, 'KubeUnreachable'],
];
for (const [what, method, answer, reason] of final) {
  test(`does not ask again after ${what}`, async () => {
    const path = { get: `GET ${PATH}/a`, create: `POST ${PATH}`, json: `PATCH ${PATH}/a` }[method];
    const { cluster: api, timers } = cluster([[path, answer]]);
    const call = { get: () => api.get(KEY), create: () => api.create(OBJECT), json: () => api.patch(KEY, 'json', []) }[method]();
    const { error } = await inTime(timers, call);
    assert.ok(error instanceof SluiceError);
    assert.equal(error.reason, reason);
    assert.ok(isTransient(error));
  });
}

test('gives up on a server that can not be reached, and says what it wanted of it', async () => {
  const { cluster: api, timers } = cluster(Array.from({ length: 4 }, () => [`GET ${PATH}/a`, { error: 'ECONNREFUSED' }]));
  const { error } = await inTime(timers, api.get(KEY));
  assert.equal((error as Error).message, `GET ${PATH}/a: ECONNREFUSED`);
});

test('when a wait would outlast the deadline, the answer stands', async () => {
  const { cluster: api, timers } = cluster([[`GET ${PATH}/a`, { status: 429, headers: { 'retry-after': '60' } }]]);
  const { error, took } = await inTime(timers, api.get(KEY));
  assert.ok(error instanceof KubeError && error.code === 429 && error.statusReason === 'TooManyRequests');
  assert.ok(took < 1_000);
});

test('a call ends at its time, and when its signal says so, also when nothing listens', async () => {
  const timers = new VirtualTimers();
  const api = createCluster(() => new Promise(() => undefined), { timers });
  const { error, took } = await inTime(timers, api.raw('GET', '/version', { timeoutMs: 5_000 }));
  assert.equal((error as SluiceError).reason, 'KubeTimeout');
  assert.ok(took >= 5_000 && took < 6_000);
  const controller = new AbortController();
  const call = api.get(KEY, { signal: controller.signal });
  controller.abort(new Error('enough'));
  await assert.rejects(call, /enough/);
  await assert.rejects(api.raw('GET', '/version', { signal: controller.signal }), /enough/);
});

function page(names: string[], next?: string): Scripted {
  const metadata = { resourceVersion: '7', ...(next === undefined ? {} : { continue: next }) };
  return { body: { kind: 'ConfigMapList', metadata, items: names.map((name) => ({ metadata: { name } })) } };
}

test('one signal may end any number of calls, without a word from Node', async () => {
  const warnings: Error[] = [];
  const hear = (warning: Error) => warnings.push(warning);
  process.on('warning', hear);
  const api = createCluster(() => new Promise(() => undefined), { timers: new VirtualTimers() });
  const controller = new AbortController();
  const calls = Array.from({ length: 30 }, () => assert.rejects(api.raw('GET', '/version', { signal: controller.signal }), /enough/));
  await new Promise((resolve) => setImmediate(resolve));
  controller.abort(new Error('enough'));
  await Promise.all(calls);
  process.off('warning', hear);
  assert.deepEqual(warnings, []);
});

test('joins the pages of a list; when the first has expired, asks for all at once', async () => {
  const expired: Scripted = { status: 410, body: { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' } };
  const { cluster: api } = cluster([
    [`GET ${PATH}?limit=2`, page(['a', 'b'], 'x/y')],
    [`GET ${PATH}?limit=2&continue=x%2Fy`, page(['c'])],
    [`GET ${PATH}?limit=2`, page(['a', 'b'], 'x')],
    [`GET ${PATH}?limit=2&continue=x`, expired],
    [`GET ${PATH}`, { body: { kind: 'ConfigMapList', metadata: { resourceVersion: '9' }, items: null } }],
  ]);
  const kind = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'default' };
  const list = await api.list(kind, { pageSize: 2 });
  assert.deepEqual(
    list.items.map((item) => [item.kind, item.metadata.name]),
    ['a', 'b', 'c'].map((name) => ['ConfigMap', name]),
  );
  assert.deepEqual(await api.list(kind, { pageSize: 2 }), { resourceVersion: '9', items: [] });
});

test('many that ask for the same kind ask the server once; later ones not at all', async () => {
  const { cluster: api, requests } = cluster([
    [`GET ${PATH}/a`, found],
    [`GET ${PATH}/a`, found],
  ]);
  await Promise.all([api.get(KEY), api.get(KEY)]);
  assert.equal(requests.length, 5);
  assert.deepEqual(await api.resourceOf({ apiVersion: 'v1', kind: 'Namespace' }), {
    group: '',
    version: 'v1',
    kind: 'Namespace',
    resource: 'namespaces',
    singular: 'namespace',
    namespaced: false,
    verbs: ['get'],
    subresources: ['status'],
    shortNames: [],
    categories: [],
  });
});

const WIDGET = { apiVersion: 'example.com/v1', kind: 'Widget', namespace: 'default', name: 'a' };
const widgets = (resource: string): Scripted => ({
  body: { kind: 'APIResourceList', resources: [{ name: resource, kind: 'Widget', namespaced: true, verbs: [] }] },
});

test('an unknown kind is asked for each time, by its group version alone', async () => {
  const { cluster: api } = cluster([
    ['GET /apis/example.com/v1', { status: 404, body: '404 page not found\n' }],
    ['GET /apis/example.com/v1', widgets('widgets')],
    ['GET /apis/example.com/v1/namespaces/default/widgets/a', found],
  ]);
  await assert.rejects(api.get(WIDGET), (error) => isKindUnknown(error) && !isNotFound(error));
  assert.deepEqual(await api.get(WIDGET), OBJECT);
});

test('a caller that knows the plural has the server asked for the objects alone', async () => {
  const gone: Scripted = { status: 404, headers: { 'content-type': 'text/plain' }, body: '404 page not found\n' };
  const scripted = scriptedFetch([
    ['GET /apis/example.com/v1/widgets?limit=500', { body: { metadata: { resourceVersion: '7' }, items: [] } }],
    ['GET /apis/example.com/v1/namespaces/default/widgets?limit=500', gone],
    ['GET /apis/example.com/v1', gone],
  ]);
  const api = createCluster(scripted.fetch);
  const widgets = { apiVersion: 'example.com/v1', kind: 'Widget', resource: 'widgets' };
  assert.deepEqual(await api.list(widgets), { resourceVersion: '7', items: [] });
  await assert.rejects(api.list({ ...widgets, namespace: 'default' }), isKindUnknown);
});

test('when a path turns out to be gone, discovery is asked where the kind is now', async () => {
  const gone: Scripted = { status: 404, headers: { 'content-type': 'text/plain' }, body: '404 page not found\n' };
  const { cluster: api } = cluster([
    ['GET /apis/example.com/v1', widgets('widgets')],
    ['GET /apis/example.com/v1/namespaces/default/widgets/a', gone],
    ['GET /apis/example.com/v1', widgets('gadgets')],
    ['GET /apis/example.com/v1/namespaces/default/gadgets/a', found],
    ['GET /apis/example.com/v1/namespaces/default/gadgets/a', gone],
    ['GET /apis/example.com/v1', gone],
  ]);
  assert.deepEqual(await api.get(WIDGET), OBJECT);
  await assert.rejects(api.get(WIDGET), isKindUnknown);
});

test('a watch of a kind that is gone says so, and the next one knows', async () => {
  const gone: Scripted = { status: 404, headers: { 'content-type': 'text/plain' }, body: '404 page not found\n' };
  const { cluster: api } = cluster([
    ['GET /apis/example.com/v1', widgets('widgets')],
    ['GET /apis/example.com/v1/widgets?watch=true', gone],
    ['GET /apis/example.com/v1', gone],
    ['GET /apis/example.com/v1', gone],
  ]);
  const { apiVersion, kind } = WIDGET;
  for (let time = 0; time < 2; time++) {
    await assert.rejects(async () => {
      for await (const event of api.watch({ apiVersion, kind })) assert.fail(event.type);
    }, isKindUnknown);
  }
});

test('reads aggregated discovery', async () => {
  const resource = {
    resource: 'widgets',
    responseKind: { group: '', version: '', kind: 'Widget' },
    scope: 'Cluster',
    singularResource: 'widget',
    verbs: ['get', 'list'],
    subresources: [{ subresource: 'status', responseKind: { kind: 'Widget' }, verbs: ['patch'] }],
  };
  const groups = {
    kind: 'APIGroupDiscoveryList',
    items: [{ metadata: { name: 'example.com' }, versions: [{ version: 'v1', resources: [resource] }] }],
  };
  const scripted = scriptedFetch([
    ['GET /api', { body: { kind: 'APIGroupDiscoveryList', items: [] } }],
    ['GET /apis', { body: groups }],
  ]);
  const [widget, ...others] = await createCluster(scripted.fetch).resources();
  assert.deepEqual([widget?.group, widget?.kind, widget?.namespaced, widget?.subresources], ['example.com', 'Widget', false, ['status']]);
  assert.deepEqual(others, []);
  assert.match(String(scripted.requests[0]?.headers['accept']), /as=APIGroupDiscoveryList/);
});

test('impersonates, and comes back to itself', async () => {
  const { cluster: api, requests } = cluster([
    [`GET ${PATH}/a`, found],
    [`GET ${PATH}/a`, found],
  ]);
  const identity = { user: 'bob', uid: '7', groups: ['a', 'b'], extra: { 'example.com/Scopes': ['x'] } };
  await api.as(identity).get(KEY);
  await api.get(KEY);
  const [asBob, asItself] = requests.slice(-2).map(({ headers }) => headers);
  assert.deepEqual(
    Object.entries(asBob ?? {}).filter(([name]) => name.startsWith('impersonate')),
    [
      ['impersonate-user', 'bob'],
      ['impersonate-uid', '7'],
      ['impersonate-group', ['a', 'b']],
      ['impersonate-extra-example.com%2Fscopes', ['x']],
    ],
  );
  assert.deepEqual(Object.keys(asItself ?? {}).sort(), ['accept', 'user-agent']);
});

test('hands the warnings of the server on', async () => {
  const headers = { warning: ['299 - "unknown field \\"a\\""', '299 - "old", 299 - "older"', '299 - "old"'] };
  const everywhere: string[] = [];
  const { cluster: api } = cluster(
    [
      [`GET ${PATH}/a`, { headers, body: OBJECT }],
      [`GET ${PATH}/a`, { headers, body: OBJECT }],
    ],
    { onWarning: (warning) => everywhere.push(warning) },
  );
  const here: string[] = [];
  await api.get(KEY, { onWarning: (warning) => here.push(warning) });
  assert.deepEqual([here, everywhere], [['unknown field "a"', 'old', 'older'], []]);
  await api.get(KEY);
  assert.deepEqual(everywhere, here);
});

test('writes what it is given: options in the query, integers of any size, __proto__ as a key', async () => {
  const { cluster: api, requests } = cluster([
    [`PATCH ${PATH}/a/status?fieldManager=a%20b&force=true&dryRun=All&fieldValidation=Strict`, found],
    [`DELETE ${PATH}/a`, { status: 200, body: { kind: 'Status', status: 'Success' } }],
  ]);
  const data = JSON.parse('{"__proto__":"x"}') as Record<string, unknown>;
  await api.apply(
    { ...OBJECT, data, count: 9_007_199_254_740_993n },
    { fieldManager: 'a b', force: true, dryRun: true, fieldValidation: 'Strict', subresource: 'status' },
  );
  assert.match(String(requests.at(-1)?.body), /"data":\{"__proto__":"x"\},"count":9007199254740993\}$/);
  assert.equal(requests.at(-1)?.headers['content-type'], 'application/apply-patch+yaml');
  assert.equal(await api.delete(KEY, { propagationPolicy: 'Orphan', preconditions: { uid: 'u' } }), true);
  assert.deepEqual(JSON.parse(String(requests.at(-1)?.body)), {
    kind: 'DeleteOptions',
    apiVersion: 'v1',
    propagationPolicy: 'Orphan',
    preconditions: { uid: 'u' },
  });
});

const names: readonly [name: string, segment: string | undefined][] = [
  ['system:node', 'system:node'],
  ['a b', 'a%20b'],
  ['a?b=c#d', 'a%3Fb%3Dc%23d'],
  ['..', undefined],
  ['.', undefined],
  ['a/b', undefined],
  ['%2e%2e', undefined],
  ['', undefined],
];
for (const [name, segment] of names) {
  test(`the name ${JSON.stringify(name)} ${segment === undefined ? 'never becomes a path' : 'stays one segment of the path'}`, async () => {
    const { cluster: api, requests } = cluster(segment === undefined ? [] : [[`GET ${PATH}/${segment}`, found]]);
    if (segment === undefined) await assert.rejects(api.get({ ...KEY, name }), { reason: 'KubeRequestInvalid' });
    else await api.get({ ...KEY, name });
    assert.equal(requests.length, segment === undefined ? 3 : 4);
  });
}

test('the namespace of a kind without namespaces is not in the path', async () => {
  const { cluster: api } = cluster([['GET /api/v1/namespaces/a', found]]);
  await api.get({ apiVersion: 'v1', kind: 'Namespace', namespace: 'x', name: 'a' });
});

const errors: readonly [what: string, answer: Scripted, code: number, reason: string, message: RegExp][] = [
  ['a Status', { status: 403, body: { kind: 'Status', code: 403, reason: 'Forbidden', message: 'no' } }, 403, 'Forbidden', /^no$/],
  ['text', { status: 400, body: 'bad thing\n' }, 400, 'BadRequest', /^bad thing$/],
  [
    'a page of a proxy',
    { status: 502, headers: { 'content-type': 'text/html' }, body: '<html>' },
    502,
    'InternalError',
    /answered 502 without/,
  ],
  ['nothing', { status: 422, body: '' }, 422, 'Invalid', /answered 422/],
];
for (const [what, answer, code, reason, message] of errors) {
  test(`an error that comes as ${what}`, async () => {
    const { cluster: api, timers } = cluster([[`POST ${PATH}`, answer]]);
    const { error } = await inTime(timers, api.create(OBJECT));
    assert.ok(error instanceof KubeError);
    assert.deepEqual([error.code, error.statusReason, message.test(error.message)], [code, reason, true]);
  });
}

for (const body of ['<html>', '[]', '{"kind":"ConfigMap"}']) {
  test(`an answer that is no object is an error: ${body}`, async () => {
    const { cluster: api } = cluster([[`GET ${PATH}/a`, { body }]]);
    await assert.rejects(api.get(KEY), { reason: 'KubeAnswerInvalid' });
  });
}

test('a watch throws the error that an ERROR event carries', async () => {
  const event = { type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version' } };
  const { cluster: api } = cluster([[`GET ${PATH}?watch=true&resourceVersion=1`, { body: `${JSON.stringify(event)}\n` }]]);
  await assert.rejects(async () => {
    for await (const next of api.watch({ apiVersion: 'v1', kind: 'ConfigMap', namespace: 'default' }, { resourceVersion: '1' }))
      assert.ok(next);
  }, isGone);
});
