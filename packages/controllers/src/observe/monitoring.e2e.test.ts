import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Receiver } from '@sluice/api';
import { directoryTree, type KubeObject } from '@sluice/core';
import { bodyChunks, type Fetch } from '@sluice/kube';
import { build } from '@sluice/kustomize';
import { createLogger } from '@sluice/runtime';
import { configMap, OBSERVED_NAMESPACE, startObserved, type Observed } from '../testing/observed.js';
import { prometheusMissing, startPrometheus, type Prometheus } from '../testing/prometheus.js';
import { keyOfKind } from '../testing/world.js';

const directory = fileURLToPath(new URL('../../../../monitoring/', import.meta.url));
const missing = prometheusMissing();

interface Rules {
  readonly groups: readonly { readonly rules: readonly { readonly alert: string; readonly expr: string; readonly for?: string }[] }[];
}

interface Panel {
  readonly title: string;
  readonly type: string;
  readonly datasource?: { readonly type: string };
  readonly targets?: readonly { readonly expr: string }[];
}

const objects: readonly KubeObject[] = build(directoryTree(directory), '.').objects;
const rules = objects.find(({ kind }) => kind === 'PrometheusRule')!['spec'] as Rules;
const alerts = rules.groups.flatMap((group) => group.rules.map(({ alert }) => alert));

const dashboards = readdirSync(join(directory, 'dashboards')).map((file) => {
  const { panels } = JSON.parse(readFileSync(join(directory, 'dashboards', file), 'utf8')) as { readonly panels: readonly Panel[] };
  return { file, panels };
});
const queries = (type: string): { readonly name: string; readonly expr: string }[] =>
  dashboards.flatMap(({ file, panels }) =>
    panels
      .filter((panel) => panel.datasource?.type === type)
      .flatMap(({ title, targets = [] }) => targets.map(({ expr }, index) => ({ name: `${file}, ${title}, ${index + 1}`, expr }))),
  );

test('the kustomization installs rules, a monitor and the dashboards', () => {
  assert.deepEqual(objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace}/${metadata.name}`).toSorted(), [
    'ConfigMap flux-system/flux-dashboards',
    'PodMonitor flux-system/flux-system',
    'PrometheusRule flux-system/flux',
  ]);
  const shown = objects.find(({ kind }) => kind === 'ConfigMap')!;
  assert.deepEqual(Object.keys(shown['data'] as object), dashboards.map(({ file }) => file).toSorted());
  assert.equal(shown.metadata.labels?.['grafana_dashboard'], '1');
});

describe('promtool', { skip: missing }, () => {
  const scratch = mkdtempSync(join(tmpdir(), 'sluice-rules-'));
  after(() => rmSync(scratch, { recursive: true, force: true }));
  writeFileSync(join(scratch, 'rules.yaml'), JSON.stringify(rules));
  copyFileSync(join(directory, 'test/rules.test.yaml'), join(scratch, 'rules.test.yaml'));
  for (const args of [
    ['check', 'rules', 'rules.yaml'],
    ['test', 'rules', 'rules.test.yaml'],
  ]) {
    test(`promtool ${args.join(' ')}`, () => {
      const { status, stdout, stderr } = spawnSync('promtool', args, { cwd: scratch, encoding: 'utf8' });
      assert.equal(status, 0, `${stdout}${stderr}`);
    });
  }
});

/** What a minute of the rules is here: the alerts of a quarter of an hour come and go within seconds. */
const MINUTE_MS = 400;

const shorter = (text: string): string => text.replaceAll(/\b(\d+)m\b/g, (_, minutes: string) => `${Number(minutes) * MINUTE_MS}ms`);

/** The rules with shorter times, and a pass that counts as slow sooner. */
function hurried({ groups }: Rules): object {
  return {
    groups: groups.map((group) => ({
      ...group,
      rules: group.rules.map(({ expr, for: wait, ...rule }) => ({
        ...rule,
        expr: shorter(expr).replace(' > 600', ' > 2'),
        ...(wait === undefined ? {} : { for: shorter(wait) }),
      })),
    })),
  };
}

describe('a real Prometheus, with a running engine', { skip: missing }, () => {
  const lines: Record<string, unknown>[] = [];
  let observed: Observed;
  let prometheus: Prometheus;
  let service: Server;
  let port = 0;
  const write = (line: string): void => void lines.push(JSON.parse(line) as Record<string, unknown>);
  before(async () => {
    observed = await startObserved({ backoff: { firstMs: 200, longestMs: 1000 }, log: createLogger({ level: 'debug', write }) });
    service = await serve(observed.controllers.probes, 0);
    ({ port } = service.address() as AddressInfo);
    prometheus = await startPrometheus(hurried(rules), port);
    const receiver = await observed.world.cluster.get<Receiver>(keyOfKind('Receiver', OBSERVED_NAMESPACE, 'hook'));
    await observed.controllers.webhookHandler({ method: 'POST', path: receiver!.status!.webhookPath!, headers: {}, body: '{}' });
  });
  after(async () => {
    await prometheus.close();
    await observed.world.close();
    await close(service);
  });

  const apply = async (kind: 'GitRepository' | 'Kustomization', name: string, spec: object): Promise<void> => {
    const { apiVersion } = keyOfKind(kind, '', '');
    await observed.apply({ apiVersion, kind, metadata: { name, namespace: OBSERVED_NAMESPACE }, spec });
  };
  const repository = (name: string, url: string) => apply('GitRepository', name, { interval: '1m', url, ref: { branch: 'main' } });
  const kustomization = (name: string, spec: object) =>
    apply('Kustomization', name, {
      interval: '1m',
      prune: true,
      retryInterval: '1s',
      sourceRef: { kind: 'GitRepository', name: 'from-git' },
      ...spec,
    });
  const names = async (): Promise<string[]> =>
    [...new Set((await prometheus.firing()).map((labels) => labels['alertname'] ?? ''))].toSorted();
  const SLOW = { kind: 'GitRepository', name: 'slow' };
  const NOTHING = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'never', namespace: OBSERVED_NAMESPACE };

  test('nothing fires when all is well', async () => {
    await observed.world.eventually('the engine was scraped', async () => (await prometheus.query('up')).length === 1);
    await observed.world.eventually('nothing fires', async () => (await names()).length === 0);
  });

  test('every alert fires in its scenario', async () => {
    const { world } = observed;
    await repository('unreachable', 'http://127.0.0.1:1/repo.git');
    await repository('refused', world.git.urlOf('auth/repo'));
    await kustomization('failing', { path: './missing' });
    world.git.commit('slow', { files: { 'cm.yaml': configMap('slow', 1) } });
    await repository('slow', world.git.urlOf('slow'));
    await kustomization('slow', { path: './', healthChecks: [NOTHING], sourceRef: SLOW });
    await world.cluster.patch(
      { apiVersion: 'v1', kind: 'ConfigMap', namespace: OBSERVED_NAMESPACE, name: 'from-git' },
      'merge',
      { data: { v: 'changed' } },
      { fieldManager: 'kubectl-edit' },
    );
    const seen = new Set<string>();
    const deadline = Date.now() + 30_000;
    const waiting = (): string[] => alerts.filter((alert) => alert !== 'FluxControllerDown' && !seen.has(alert));
    while (waiting().length > 0 && Date.now() < deadline) {
      for (const name of await names()) seen.add(name);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.deepEqual(waiting(), []);
    const firing = await prometheus.firing();
    const about = (alert: string) => firing.filter(({ alertname }) => alertname === alert).map(({ name }) => name);
    assert.deepEqual(about('FluxGitRepositoryUnreachable'), ['unreachable']);
    assert.deepEqual(about('FluxAuthenticationFailing'), ['refused']);
    assert.ok(about('FluxReconciliationFailing').includes('failing'));
    assert.ok(
      firing.every(
        ({ alertname, exported_namespace }) => alertname !== 'FluxReconciliationFailing' || exported_namespace === OBSERVED_NAMESPACE,
      ),
    );
  });

  for (const { name, expr } of queries('prometheus')) {
    test(`the query returns data: ${name}`, async () => {
      const now = expr
        .replaceAll(/\$(?:operator_)?namespace/g, '.+')
        .replaceAll('$__rate_interval', '10s')
        .replaceAll('$__range', '60s');
      assert.ok((await prometheus.query(now)).length > 0, now);
    });
  }

  test('the queries of logs ask for what is in the log', () => {
    const asked = new Set(
      queries('loki').flatMap(({ expr }) =>
        [...expr.slice(expr.indexOf('| json')).matchAll(/\| (\w+)(?:=~|=)|\.(\w+)\}?\}? /g)].map(([, a, b]) => a ?? b ?? ''),
      ),
    );
    // Loki gives what a line has under the name of a label of its stream another name.
    const keys = [...asked].map((key) => (key === 'namespace_extracted' ? 'namespace' : key)).filter((key) => key !== '');
    assert.ok(keys.length > 4);
    const line = lines.find(({ level, controller }) => level === 'error' && controller === 'gitrepository');
    for (const key of keys) assert.ok(line !== undefined && Object.hasOwn(line, key), key);
  });

  test('Prometheus keeps the id of a pass with how long it took, and the log has it', async () => {
    const { start, end } = { start: Date.now() / 1000 - 600, end: Date.now() / 1000 + 60 };
    const found = await observed.world.eventually('there are exemplars', async () => {
      const series = await prometheus.exemplars('gotk_reconcile_duration_seconds_bucket{kind="Kustomization",name="from-git"}', start, end);
      return series.flatMap(({ exemplars }) => exemplars).map(({ labels }) => labels['reconcileID'])[0];
    });
    assert.equal(lines.find(({ reconcileID }) => reconcileID === found)?.['name'], 'from-git');
  });

  test('every alert is over when its cause is', async () => {
    const { world } = observed;
    await repository('unreachable', world.git.urlOf('repo'));
    await repository('refused', world.git.urlOf('repo'));
    await world.cluster.delete(keyOfKind('Kustomization', OBSERVED_NAMESPACE, 'slow'));
    await kustomization('failing', { path: './', sourceRef: SLOW });
    await world.eventually('nothing fires, nor is about to', async () => (await prometheus.query('ALERTS')).length === 0, 30_000);
  });

  test('an engine that does not answer is down, until it does', async () => {
    await close(service);
    await observed.world.eventually('FluxControllerDown fires', async () => (await names()).includes('FluxControllerDown'));
    service = await serve(observed.controllers.probes, port);
    await observed.world.eventually('FluxControllerDown is over', async () => !(await names()).includes('FluxControllerDown'));
  });
});

async function serve(handler: Fetch, port: number): Promise<Server> {
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { accept = '' } = request.headers;
    const { status, headers, body } = await handler({ method: request.method ?? 'GET', path: request.url ?? '/', headers: { accept } });
    response.writeHead(status, headers as Record<string, string>);
    for await (const chunk of bodyChunks(body)) response.write(chunk);
    response.end();
  };
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => void server.listen(port, '127.0.0.1', resolve));
  return server;
}

async function close(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
