import assert from 'node:assert/strict';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { after, before, test } from 'node:test';
import type { HttpRequest } from '@sluice/kube';
import { bodyText } from '@sluice/kube';
import { createClientCertificate } from './certificates.js';
import { loadCredentials } from './credentials.js';
import { startCluster, type EmbeddedCluster } from './start-cluster.js';

let cluster: EmbeddedCluster;
let directory: string;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-cluster-'));
  cluster = await startCluster({ directory, simulate: false });
});

after(async () => {
  await cluster.stop();
  await rm(directory, { recursive: true });
});

interface Answer {
  readonly status: number;
  readonly body: { readonly reason?: string; readonly message?: string; readonly kind?: string; readonly status?: unknown };
}

async function ask(method: string, path: string, options: Partial<HttpRequest> = {}): Promise<Answer> {
  const answer = await cluster.fetch({ method, path, headers: { 'content-type': 'application/json', ...options.headers }, ...options });
  const text = await bodyText(answer.body);
  return { status: answer.status, body: text.startsWith('{') ? (JSON.parse(text) as Answer['body']) : { message: text } };
}

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';

function deep(depth: number): string {
  return `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"deep"},"x":${'['.repeat(depth)}${']'.repeat(depth)}}`;
}

const hostile: readonly (readonly [
  what: string,
  method: string,
  path: string,
  body: string | undefined,
  status: number,
  reason: string,
])[] = [
  ['a body over the limit', 'POST', CONFIG_MAPS, `{"x":"${'x'.repeat(3 * 1024 * 1024)}"}`, 413, 'RequestEntityTooLarge'],
  ['JSON that ends early', 'POST', CONFIG_MAPS, '{"apiVersion":"v1",', 400, 'BadRequest'],
  ['a body that nests too deeply', 'POST', CONFIG_MAPS, deep(20_000), 400, 'BadRequest'],
  ['a label selector that is none', 'GET', `${CONFIG_MAPS}?labelSelector=a%3D%3D%3Db`, undefined, 400, 'BadRequest'],
  ['a field selector that is none', 'GET', `${CONFIG_MAPS}?fieldSelector=spec.x%3Dy`, undefined, 400, 'BadRequest'],
  ['a continue token of somebody else', 'GET', `${CONFIG_MAPS}?limit=1&continue=AAAA`, undefined, 400, 'BadRequest'],
  ['a path that climbs', 'GET', `${CONFIG_MAPS}/%2e%2e`, undefined, 400, 'BadRequest'],
  ['a slash in a name', 'GET', `${CONFIG_MAPS}/a%2Fb`, undefined, 404, 'NotFound'],
  ['an escape that is none', 'GET', `${CONFIG_MAPS}/%zz`, undefined, 404, 'NotFound'],
  ['an empty segment', 'GET', '/api/v1/namespaces/default//configmaps', undefined, 404, 'NotFound'],
  ['a key of the language as a resource', 'GET', '/api/v1/namespaces/default/__proto__', undefined, 404, 'NotFound'],
  ['a key of the language as a name', 'GET', `${CONFIG_MAPS}/constructor`, undefined, 404, 'NotFound'],
];

for (const [what, method, path, body, status, reason] of hostile) {
  test(`${what} is answered with a Status`, async () => {
    const answer = await ask(method, path, body === undefined ? {} : { body });
    assert.deepEqual([answer.status, answer.body.kind, answer.body.reason], [status, 'Status', reason]);
  });
}

test('keys of the language are data', async () => {
  const body =
    '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"keys","labels":{"constructor":"a"}},"data":{"__proto__":"b","toString":"c"}}';
  assert.equal((await ask('POST', CONFIG_MAPS, { body })).status, 201);
  const answer = await cluster.fetch({ method: 'GET', path: `${CONFIG_MAPS}/keys`, headers: {} });
  assert.match(await bodyText(answer.body), /"data":\{"__proto__":"b","toString":"c"\}/);
});

test('a body over the limit ends its connection, and the next one is served', async () => {
  const { hostname, port } = new URL(cluster.url);
  const status = await new Promise((resolve, reject) => {
    const call = request(
      {
        hostname,
        port,
        method: 'POST',
        path: CONFIG_MAPS,
        rejectUnauthorized: false,
        headers: { authorization: `Bearer ${cluster.token}`, 'transfer-encoding': 'chunked' },
      },
      (response) => {
        response.resume();
        resolve(response.statusCode);
        call.destroy();
      },
    );
    call.on('error', reject);
    for (let i = 0; i < 4; i++) call.write(Buffer.alloc(1024 * 1024, 0x20));
  });
  assert.equal(status, 413);
  assert.equal((await ask('GET', '/readyz')).status, 200);
});

test('a connection that sends half a request holds up nobody', async () => {
  const { hostname, port } = new URL(cluster.url);
  const socket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false });
  await new Promise((resolve) => socket.once('secureConnect', resolve));
  socket.write('POST /api/v1/namespaces HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{');
  assert.equal((await ask('GET', '/readyz')).status, 200);
  socket.destroy();
});

test('a watcher that does not read is dropped; the others go on', async () => {
  await ask('POST', '/api/v1/namespaces', { body: '{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"flood"}}' });
  const path = '/api/v1/namespaces/flood/configmaps';
  const watch = async (): Promise<AsyncIterator<Uint8Array>> => {
    const { body } = await cluster.fetch({ method: 'GET', path: `${path}?watch=true`, headers: {}, stream: true });
    return (body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
  };
  const [lazy, eager] = [await watch(), await watch()];
  let read = 0;
  const reading = (async () => {
    for (;;) {
      const next = await eager.next();
      if (next.done === true) return;
      read += next.value.length;
    }
  })();
  const first = lazy.next();
  const filler = 'x'.repeat(900_000);
  for (let i = 0; i < 24; i++) {
    const body = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `c${i}` }, data: { filler } });
    assert.equal((await ask('POST', path, { body })).status, 201);
  }
  await first;
  assert.equal((await lazy.next()).done, true);
  assert.ok(read > 20_000_000);
  await eager.return?.();
  await reading;
});

/** Who the server takes somebody with a certificate for. */
async function reviewSelf({ certificate, key }: { certificate: string; key: string }, headers = {}): Promise<Answer> {
  const { authority } = await loadCredentials(directory, [], Date.now());
  const { hostname, port } = new URL(cluster.url);
  return await new Promise((resolve, reject) => {
    const call = request(
      {
        hostname,
        port,
        method: 'POST',
        path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
        ca: authority.certificate,
        cert: certificate,
        key,
        headers: { 'content-type': 'application/json', ...headers },
        agent: false,
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) as Answer['body'] }));
      },
    );
    call.on('error', reject);
    call.end('{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}');
  });
}

test('the client certificate of a connection says who it is', async () => {
  const { authority } = await loadCredentials(directory, [], Date.now());
  const { body } = await reviewSelf(createClientCertificate(authority, 'jane', ['dev'], Date.now()));
  assert.deepEqual(body.status, { userInfo: { username: 'jane', groups: ['dev', 'system:authenticated'] } });
});

test('a certificate that is over, or of somebody else, is nobody: unless a token says who it is', async () => {
  const { authority } = await loadCredentials(directory, [], Date.now());
  const stranger = await loadCredentials(join(directory, 'stranger'), [], Date.now());
  const over = createClientCertificate(authority, 'jane', ['dev'], Date.parse('2001-01-01'));
  const foreign = createClientCertificate(stranger.authority, 'jane', ['dev'], Date.now());
  for (const certificate of [over, foreign]) {
    const { status, body } = await reviewSelf(certificate);
    assert.equal(status, 401);
    assert.equal(body.reason, 'Unauthorized');
    assert.equal((await reviewSelf(certificate, { authorization: `Bearer ${cluster.token}` })).status, 201);
  }
});

test('keys and the kubeconfig are for their owner alone', async () => {
  for (const file of ['ca.key', 'sa.key', 'admin.token', 'kubeconfig']) {
    const { mode } = await stat(join(directory, file));
    assert.equal(mode & 0o777, 0o600, file);
  }
});

test('a port that is taken is named', async () => {
  const port = Number(new URL(cluster.url).port);
  await assert.rejects(startCluster({ port }), { reason: 'PortInUse', message: new RegExp(String(port)) });
});

test('a cluster is found again at the next start: its objects, its definitions, its token', async () => {
  const place = await mkdtemp(join(tmpdir(), 'sluice-again-'));
  try {
    const first = await startCluster({ directory: place, simulate: false });
    const definition = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'widgets.example.com' },
      spec: {
        group: 'example.com',
        scope: 'Namespaced',
        names: { plural: 'widgets', kind: 'Widget' },
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
          },
        ],
      },
    };
    const headers = { 'content-type': 'application/json' };
    await first.fetch({
      method: 'POST',
      path: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
      headers,
      body: JSON.stringify(definition),
    });
    const path = '/apis/example.com/v1/namespaces/default/widgets';
    const made = await first.fetch({
      method: 'POST',
      path,
      headers,
      body: '{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"w"},"spec":{"n":1}}',
    });
    assert.equal(made.status, 201);
    await first.stop();
    const second = await startCluster({ directory: place, simulate: false });
    try {
      assert.equal(second.token, first.token);
      const found = await second.fetch({ method: 'GET', path: `${path}/w`, headers: {} });
      assert.deepEqual((JSON.parse(await bodyText(found.body)) as { spec: object }).spec, { n: 1 });
    } finally {
      await second.stop();
    }
  } finally {
    await rm(place, { recursive: true });
  }
});
