import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import dns from 'node:dns';
import { createServer } from 'node:http';
import { syncBuiltinESMExports } from 'node:module';
import type { AddressInfo } from 'node:net';
import { after, afterEach, before, describe, test } from 'node:test';
import { conditionsOf } from '@sluice/runtime';
import { createCluster, type Fetch, type HttpResponse } from '@sluice/kube';
import { configMap, startWorld, type World } from '@sluice/controllers/testing';
import { gitApplication } from '../git-application.js';
import { openArena, type Arena } from './arena.js';

type Controllers = Awaited<ReturnType<World['startControllers']>>;

/** Headers of a webhook as GitHub signs it. */
const signed = (body: string, token: string): Record<string, string> => ({
  'content-type': 'application/json',
  'x-github-event': 'push',
  'x-hub-signature-256': `sha256=${createHmac('sha256', token).update(body).digest('hex')}`,
});

describe('the network', () => {
  let arena: Arena;
  let controllers: Controllers;
  before(async () => {
    arena = await openArena();
    await arena.world.stopControllers();
    controllers = await arena.world.startControllers({ backoff: { firstMs: 200, longestMs: 2_000 } });
  });
  after(() => arena.close());
  afterEach(() => arena.goesOn());

  const post = async (path: string, body: string | Uint8Array, headers: Readonly<Record<string, string>> = {}): Promise<HttpResponse> =>
    controllers.webhookHandler({ method: 'POST', path, headers, body });

  test('45: a webhook is cut at the limit, refused when malformed or not signed', async () => {
    const app = await gitApplication(arena.world, { 'a.yaml': configMap('a', '"1"') });
    await app.ready();
    await arena.world.cluster.create({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 't', namespace: app.namespace },
      stringData: { token: 'abc' },
    });
    await arena.world.cluster.create({
      apiVersion: 'notification.toolkit.fluxcd.io/v1',
      kind: 'Receiver',
      metadata: { name: 'r', namespace: app.namespace },
      spec: { type: 'github', secretRef: { name: 't' }, events: ['push'], resources: [{ kind: 'GitRepository', name: 'repo' }] },
    });
    const path = await arena.world.eventually('it has a path', async () => {
      const receiver = await app.get('Receiver', 'r', 'notification.toolkit.fluxcd.io/v1');
      return (receiver?.['status'] as { webhookPath?: string } | undefined)?.webhookPath;
    });
    assert.equal((await post(path, '{}', signed('{}', 'abc'))).status, 200);
    // Flux answers 400 where 401 would say more; who sends webhooks reads it as it is.
    assert.equal((await post(path, '{}', signed('{}', 'other'))).status, 400);
    assert.equal((await post(path, '{}', { 'x-github-event': 'push' })).status, 400);
    assert.equal((await post(path, '{}', { ...signed('{}', 'abc'), 'content-type': 'text/csv' })).status, 400);
    assert.equal((await post(path, 'x'.repeat(4 * 1024 ** 2), signed('', 'abc'))).status, 413);
    assert.equal((await post('/hook/nobody', '{}')).status, 404);
    // What a token-less guess learns is the same as what a wrong path learns.
    assert.equal((await post(`${path}?x=1`, '{}', signed('{}', 'abc'))).status, 404);
  });

  for (const address of ['http://169.254.169.254/latest/meta-data', 'http://[fe80::1]/x', 'http://[::ffff:169.254.169.254]/']) {
    test(`46: a provider at ${address} is refused`, async () => {
      const { namespace, push, applied, provider } = await withProvider(address);
      await applied(await push({ files: { 'a.yaml': configMap('a', '"2"') } }));
      await arena.world.eventually('it is said', async () =>
        conditionsOf((await provider())!).some(({ message }) => /link-local/.test(message)),
      );
      assert.ok(namespace);
    });
  }

  test('46: a provider whose name comes to mean the metadata service is refused from then on', async () => {
    const heard: string[] = [];
    const server = createServer((request, response) => {
      heard.push(request.headers.host ?? '');
      response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { lookup } = dns;
    let address = '127.0.0.1';
    const rebinding = (
      name: string,
      options: dns.LookupAllOptions,
      done: (error: NodeJS.ErrnoException | null, found: dns.LookupAddress[]) => void,
    ): void => {
      if (name === 'rebinds.example') setImmediate(() => done(null, [{ address, family: 4 }]));
      else lookup(name, options, done);
    };
    dns.lookup = rebinding as typeof dns.lookup;
    syncBuiltinESMExports();
    try {
      const { port } = server.address() as AddressInfo;
      const { push, applied, provider } = await withProvider(`http://rebinds.example:${port}`);
      await arena.world.eventually('it is told', () => heard.length > 0);
      address = '169.254.169.254';
      server.closeAllConnections();
      await applied(await push({ files: { 'a.yaml': configMap('a', '"2"') } }));
      await arena.world.eventually('it is refused', async () =>
        conditionsOf((await provider())!).some(({ message }) => /rebinds\.example \(169\.254\.169\.254\) is a link-local/.test(message)),
      );
    } finally {
      dns.lookup = lookup;
      syncBuiltinESMExports();
      server.close();
      server.closeAllConnections();
    }
  });

  test('47: a provider that answers 429 or hangs holds up nothing', async () => {
    const server = createServer((request, response) => {
      if (request.url === '/busy') response.writeHead(429, { 'retry-after': '3600' }).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const host = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      for (const path of ['/busy', '/hangs']) {
        const { push, applied } = await withProvider(host + path);
        for (let commit = 2; commit < 5; commit++) await applied(await push({ files: { 'a.yaml': configMap('a', `"${commit}"`) } }));
      }
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  async function withProvider(address: string) {
    const app = await gitApplication(arena.world, { 'a.yaml': configMap('a', '"1"') });
    const apiVersion = 'notification.toolkit.fluxcd.io/v1beta3';
    const metadata = { name: 'p', namespace: app.namespace };
    await arena.world.cluster.create({ apiVersion, kind: 'Provider', metadata, spec: { type: 'generic', address } });
    await arena.world.cluster.create({
      apiVersion,
      kind: 'Alert',
      metadata,
      spec: { providerRef: { name: 'p' }, eventSources: [{ kind: 'Kustomization', name: '*' }] },
    });
    await app.ready();
    return { ...app, provider: () => app.get('Provider', 'p', apiVersion) };
  }
});

describe('the API server in trouble', () => {
  for (const [what, status] of [
    ['conflicts', 409],
    ['expired versions', 410],
    ['too many requests', 429],
    ['internal errors', 500],
    ['an unavailable service', 503],
  ] as const) {
    test(`48: every fifth request meets ${what}: no change is missed`, async () => {
      const world = await startWorld();
      let requests = 0;
      let isOn = false;
      const fetch: Fetch = (request) => {
        if (!isOn || ++requests % 5 !== 0) return world.embedded.fetch(request);
        const reason = { 409: 'Conflict', 410: 'Expired', 429: 'TooManyRequests', 500: 'InternalError', 503: 'ServiceUnavailable' }[status];
        const body = JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, message: 'injected', code: status });
        return Promise.resolve({
          status,
          headers: { 'content-type': 'application/json', ...(status === 429 ? { 'retry-after': '0' } : {}) },
          body,
        });
      };
      try {
        await world.startControllers({ cluster: createCluster(fetch), backoff: { firstMs: 50, longestMs: 500 } });
        const app = await gitApplication(world, { 'a.yaml': configMap('a', '"1"') });
        await app.ready();
        isOn = true;
        for (let commit = 2; commit < 5; commit++)
          await app.applied(await app.push({ files: { 'a.yaml': configMap('a', `"${commit}"`) } }));
        assert.deepEqual((await app.get('ConfigMap', 'a'))?.['data'], { v: '4' });
        // A fifth of them met the trouble.
        assert.ok(requests >= 10, `${requests} requests`);
      } finally {
        isOn = false;
        await world.close();
      }
    });
  }
});
