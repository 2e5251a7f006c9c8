import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { readTraceRequest } from '@sluice/core/testing';
import { startCollector, type Collector } from '../testing/collector.js';
import { configMap, OBSERVED_NAMESPACE, startObserved, type Observed } from '../testing/observed.js';
import { tracingFromEnvironment } from './tracing.js';

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue?: string } }[];
  readonly status: { readonly code: number; readonly message?: string };
}

interface TraceRequest {
  readonly resourceSpans: readonly { readonly scopeSpans: readonly { readonly spans: readonly Span[] }[] }[];
}

describe('traces of a running engine, as a collector gets them', () => {
  let collector: Collector;
  let observed: Observed;
  let spans: readonly Span[];

  before(async () => {
    collector = await startCollector();
    observed = await startObserved({ tracing: tracingFromEnvironment({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url })! });
    const { world, apply } = observed;
    const metadata = { name: 'broken', namespace: OBSERVED_NAMESPACE };
    world.git.commit('broken', { files: { 'cm.yaml': `${configMap('broken', 1)}{` } });
    const spec = { interval: '1m', url: world.git.urlOf('broken'), ref: { branch: 'main' } };
    await apply({ apiVersion: 'source.toolkit.fluxcd.io/v1', kind: 'GitRepository', metadata, spec });
    const sourceRef = { kind: 'GitRepository', name: 'broken' };
    const kustomization = { apiVersion: 'kustomize.toolkit.fluxcd.io/v1', kind: 'Kustomization', metadata };
    await apply({ ...kustomization, spec: { interval: '1m', prune: true, path: './', sourceRef } });
    await world.eventually('a build fails', () => world.events.some(({ reason }) => reason === 'BuildFailed'));
    // What is left goes out at the end.
    await world.stopControllers();
    spans = collector.requests.flatMap(({ body }) =>
      (readTraceRequest(body) as TraceRequest).resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)),
    );
  });
  after(async () => {
    await observed.world.close();
    collector.close();
  });

  const stagesOf = (pass: Span): readonly Span[] => spans.filter(({ parentSpanId }) => parentSpanId === pass.spanId);

  const passes: readonly [kind: string, name: string, stages: readonly string[]][] = [
    ['GitRepository', 'from-git', ['store', 'fetch']],
    ['Kustomization', 'from-git', ['fetch', 'build', 'plan', 'apply']],
    ['HelmRelease', 'demo', ['values', 'fetch', 'install']],
  ];
  for (const [kind, name, stages] of passes) {
    test(`a pass of a ${kind} has its stages`, () => {
      const all = spans.filter((span) => span.name === `${kind}: ${OBSERVED_NAMESPACE}/${name}`);
      const shown = all.map((pass) => stagesOf(pass).map((stage) => stage.name));
      assert.ok(
        shown.some((found) => found.join() === stages.join()),
        JSON.stringify(shown),
      );
      for (const pass of all) {
        for (const stage of stagesOf(pass)) {
          assert.equal(stage.traceId, pass.traceId);
          assert.ok(BigInt(stage.startTimeUnixNano) >= BigInt(pass.startTimeUnixNano));
          assert.ok(BigInt(stage.endTimeUnixNano) <= BigInt(pass.endTimeUnixNano));
        }
      }
    });
  }

  test('the stage that fails says why', () => {
    const stage = spans.find(({ name, status }) => name === 'build' && status.code === 2);
    assert.match(stage?.status.message ?? '', /cm\.yaml/);
  });

  test('the id of the trace is that of the pass, which the events of the cluster have', async () => {
    const { items } = await observed.world.cluster.list({ apiVersion: 'v1', kind: 'Event', namespace: OBSERVED_NAMESPACE });
    const told = items.find(({ reason }) => reason === 'ReconciliationSucceeded');
    const id = told?.metadata.annotations?.['sluice.dev/reconcile-id'] ?? '';
    const traceId = Buffer.from(id.replaceAll('-', ''), 'hex').toString('base64');
    const trace = spans.filter((span) => span.traceId === traceId);
    assert.ok(trace.length > 1);
    for (const { attributes } of trace) assert.equal(attributes.find(({ key }) => key === 'reconcileID')?.value.stringValue, id);
  });
});
