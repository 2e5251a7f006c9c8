import assert from 'node:assert/strict';
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import { test } from 'node:test';
import { SluiceError } from '@sluice/core';
import { createRegistry, silentLogger, systemClock, type FinishedPass } from '@sluice/runtime';
import { startCollector } from '../testing/collector.js';
import { createTracer, tracingFromEnvironment } from './tracing.js';

const pass = (over: Partial<FinishedPass> = {}): FinishedPass => ({
  id: '00112233-4455-6677-8899-aabbccddeeff',
  controller: 'kustomize-controller',
  object: { apiVersion: 'kustomize.toolkit.fluxcd.io/v1', kind: 'Kustomization', metadata: { name: 'app', namespace: 'apps', uid: 'u' } },
  causes: [{ reason: 'source' }, { reason: 'source' }],
  startedAt: 1_000,
  endedAt: 3_000,
  failure: undefined,
  stages: [],
  ...over,
});

test('a pass is a trace, under the id that its log lines have', async () => {
  const { requests, url, close } = await startCollector();
  const registry = createRegistry();
  try {
    const env = {
      OTEL_EXPORTER_OTLP_ENDPOINT: `${url}/`,
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20abc',
      OTEL_SERVICE_NAME: 'gitops',
    };
    const tracer = createTracer(tracingFromEnvironment(env)!, systemClock, silentLogger, registry);
    tracer.record(pass());
    tracer.record(pass({ failure: new SluiceError('GitUnreachable', 'refused') }));
    await tracer.stop(5_000);
  } finally {
    close();
  }
  const [request] = requests;
  assert.equal(requests.length, 1);
  assert.equal(request!.url, '/v1/traces');
  assert.equal(request!.headers['authorization'], 'Bearer abc');
  assert.equal(request!.headers['content-type'], 'application/x-protobuf');
  assert.ok(request!.body.includes(Buffer.from('00112233445566778899aabbccddeeff', 'hex')));
  for (const text of ['gitops', 'Kustomization: apps/app', 'kustomize-controller', 'source', 'GitUnreachable', 'refused']) {
    assert.ok(request!.body.includes(text), text);
  }
  assert.match(await registry.render(), /^gotk_trace_spans_total\{outcome="sent"\} 2$/m);
});

test('an endpoint that fails costs the spans only, which are counted; no more wait than may', async () => {
  const { url, close } = await startCollector(503);
  const registry = createRegistry();
  try {
    const tracer = createTracer(tracingFromEnvironment({ OTEL_EXPORTER_OTLP_ENDPOINT: url })!, systemClock, silentLogger, registry);
    for (let count = 0; count < 5_000; count++) tracer.record(pass());
    await tracer.stop(5_000);
  } finally {
    close();
  }
  const text = await registry.render();
  const count = (outcome: string): number => Number(new RegExp(`spans_total\\{outcome="${outcome}"\\} (\\d+)`).exec(text)?.[1]);
  assert.equal(count('failed') + count('dropped'), 5_000);
  assert.ok(count('failed') <= 2_048 + 512);
});

const environments: readonly [what: string, env: Record<string, string>, expected: string | undefined | RegExp][] = [
  ['no endpoint', {}, undefined],
  ['one for all signals', { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' }, 'http://collector:4318/v1/traces'],
  [
    'one for traces, as it is',
    { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://t/x', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://o' },
    'https://t/x',
  ],
  ['switched off', { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318', OTEL_SDK_DISABLED: 'TRUE' }, undefined],
  ['another protocol', { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4317', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, /only http\/protobuf/],
  ['no address', { OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' }, /no http\(s\) address: "collector:4318"/],
];

for (const [what, env, expected] of environments) {
  test(`the environment has ${what}`, () => {
    if (expected instanceof RegExp) assert.throws(() => tracingFromEnvironment(env), expected);
    else assert.equal(tracingFromEnvironment(env)?.url.href, expected);
  });
}

test('an endpoint that never answers does not hold up the end', async () => {
  const sockets: Socket[] = [];
  const server = createTcpServer((socket) => sockets.push(socket));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const registry = createRegistry();
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
  const tracer = createTracer(tracingFromEnvironment(env)!, systemClock, silentLogger, registry);
  try {
    for (let count = 0; count < 1_000; count++) tracer.record(pass());
    const started = performance.now();
    await tracer.stop(100);
    assert.ok(performance.now() - started < 1_000);
    assert.match(await registry.render(), /^gotk_trace_spans_total\{outcome="dropped"\} 488$/m);
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
});
