import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import type { Receiver } from '@sluice/api';
import { bodyText, type Fetch } from '@sluice/kube';
import { createLogger } from '@sluice/runtime';
import { conformanceFile } from '../testing/conformance.js';
import { OBSERVED_NAMESPACE, startObserved, type Observed } from '../testing/observed.js';
import { keyOfKind } from '../testing/world.js';
import { resourceLabels } from './resource-info.js';

interface Family {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly labels: readonly string[];
  readonly buckets?: readonly string[];
}

interface InfoDefinition {
  readonly kind: string;
  readonly labelsFromPath: Readonly<Record<string, readonly string[]>>;
}

const recorded = conformanceFile<{ flux: readonly Family[] }>('metrics/metrics.json')?.flux;
const definitions = conformanceFile<readonly InfoDefinition[]>('metrics/resource-info.json');

describe('metrics, as the recorded controllers have them', () => {
  let observed: Observed;
  let families: Map<string, Family>;
  const lines: Record<string, unknown>[] = [];
  const write = (line: string): void => void lines.push(JSON.parse(line) as Record<string, unknown>);
  before(async () => {
    observed = await startObserved({ log: createLogger({ level: 'debug', write }) });
    const { world, controllers } = observed;
    await useGitHubApp(observed);
    const receiver = await world.cluster.get<Receiver>(keyOfKind('Receiver', OBSERVED_NAMESPACE, 'hook'));
    assert.equal((await post(controllers.webhookHandler, receiver!.status!.webhookPath!, '{}')).status, 200);
    assert.equal((await post(controllers.eventHandler, '/', '{')).status, 400);
    const { body } = await controllers.probes({ method: 'GET', path: '/metrics', headers: {} });
    families = familiesOf(await bodyText(body));
  });
  after(() => observed.world.close());

  for (const family of recorded ?? []) {
    test(family.name, () => {
      const ours = families.get(family.name);
      assert.ok(ours !== undefined, 'is missing');
      assert.equal(ours.type, family.type);
      assert.equal(ours.help, family.help);
      assert.deepEqual(ours.labels, [...family.labels].toSorted());
      if (family.buckets !== undefined) assert.deepEqual(ours.buckets, family.buckets);
    });
  }

  const skip = definitions === undefined && 'the conformance data is not there';
  test('gotk_resource_info has the labels that kube-state-metrics is configured for', { skip }, () => {
    for (const { kind, labelsFromPath } of definitions ?? []) {
      const object = filled(Object.values(labelsFromPath));
      const labels = resourceLabels({ ...object, apiVersion: 'g/v1', kind, metadata: { name: 'n', namespace: 'ns' } });
      const own = ['customresource_group', 'customresource_kind', 'customresource_version'];
      assert.deepEqual(Object.keys(labels).toSorted(), [...own, ...Object.keys(labelsFromPath)].toSorted(), kind);
      for (const [label, path] of Object.entries(labelsFromPath)) {
        if (path[0] !== 'metadata') assert.equal(labels[label], path.join('.'), `${kind} ${label}`);
      }
    }
  });

  test('the objects of all kinds are shown, with what they manage', async () => {
    const text = await observed.controllers.metrics.render();
    for (const kind of ['GitRepository', 'OCIRepository', 'HelmRepository', 'HelmChart', 'Kustomization', 'HelmRelease', 'Receiver']) {
      assert.match(text, new RegExp(`^gotk_resource_info\\{.*customresource_kind="${kind}",.*ready="True"`, 'm'));
      assert.match(text, new RegExp(`^gotk_reconcile_condition\\{kind="${kind}",.*type="Ready",status="True"\\} 1$`, 'm'));
      assert.match(text, new RegExp(`^gotk_suspend_status\\{kind="${kind}",.*\\} 0$`, 'm'));
    }
    assert.match(text, /^gotk_resource_info\{.*customresource_kind="Alert"/m);
    assert.match(text, /^gotk_resource_inventory\{kind="Kustomization",name="from-git",namespace="apps"\} 1$/m);
    assert.match(text, /^gotk_resource_inventory\{kind="HelmRelease",name="demo",namespace="apps"\} [1-9]/m);
    assert.match(text, /^rest_client_requests_total\{code="200",host="kubernetes.default.svc",method="PATCH"\} \d+$/m);
  });

  test('an event of the cluster has the id of the pass that told it, as the lines of the log have', async () => {
    const { items } = await observed.world.cluster.list({ apiVersion: 'v1', kind: 'Event', namespace: OBSERVED_NAMESPACE });
    const event = items.find((item) => item['reason'] === 'ReconciliationSucceeded');
    const id = event?.metadata.annotations?.['sluice.dev/reconcile-id'];
    const line = lines.find(({ reconcileID }) => reconcileID === id);
    assert.equal(line?.['controllerKind'], 'Kustomization');
    assert.deepEqual(line?.['Kustomization'], { name: line?.['name'], namespace: OBSERVED_NAMESPACE });
    assert.equal((event?.['involvedObject'] as { name: string } | undefined)?.name, line?.['name']);
  });

  test('a scrape has it as well, where it is asked for as OpenMetrics', async () => {
    const headers = { accept: 'application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3' };
    const answer = await observed.controllers.probes({ method: 'GET', path: '/metrics', headers });
    assert.equal(answer.headers['content-type'], 'application/openmetrics-text; version=1.0.0; charset=utf-8');
    const text = await bodyText(answer.body);
    const [, id = '', trace] =
      /^gotk_reconcile_duration_seconds_bucket\{kind="Kustomization",name="from-git",.* # \{reconcileID="(.*)",trace_id="(.*)"\} \S+ \S+$/m.exec(
        text,
      ) ?? [];
    assert.equal(trace, id.replaceAll('-', ''));
    assert.equal(lines.find(({ reconcileID }) => reconcileID === id)?.['name'], 'from-git');
    assert.ok(text.endsWith('\n# EOF\n'));
  });

  test('an object that is gone is gone from the metrics', async () => {
    const { world, controllers } = observed;
    await world.cluster.delete(keyOfKind('Kustomization', OBSERVED_NAMESPACE, 'from-oci'));
    await world.eventually('it is gone', async () => !/Kustomization.*name="from-oci"/.test(await controllers.metrics.render()));
  });
});

const post = (handler: Fetch, path: string, body: string): ReturnType<Fetch> => handler({ method: 'POST', path, headers: {}, body });

/** A repository whose credentials are a token that is asked for. */
async function useGitHubApp(observed: Observed): Promise<void> {
  const { world, controllers } = observed;
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  world.web.intercept((request, response) => {
    if (request.url !== '/app/installations/2/access_tokens') return false;
    response.end(JSON.stringify({ token: 'installation-token', expires_at: new Date(Date.now() + 3600_000).toISOString() }));
    return true;
  });
  const metadata = { name: 'github', namespace: OBSERVED_NAMESPACE };
  const stringData = {
    githubAppID: '1',
    githubAppInstallationID: '2',
    githubAppBaseURL: `http://${world.web.host}`,
    githubAppPrivateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }),
  };
  await observed.apply({ apiVersion: 'v1', kind: 'Secret', metadata, stringData });
  const { apiVersion, kind } = keyOfKind('GitRepository', '', '');
  const spec = { url: world.git.urlOf('repo'), interval: '1m', provider: 'github', secretRef: { name: 'github' } };
  await observed.apply({ apiVersion, kind, metadata, spec });
  await world.eventually('a token was asked for', async () =>
    /^gotk_token_cache_requests_total\{status="success"\} 1$/m.test(await controllers.metrics.render()),
  );
}

/** What a text in Prometheus' format declares and has samples of. */
function familiesOf(text: string): Map<string, Family> {
  const families = new Map<string, Family>();
  for (const [, name = '', help = '', type = '', samples = ''] of text.matchAll(
    /^# HELP (\S+) (.*)\n# TYPE \S+ (\w+)\n((?:[^#\n].*\n)+)/gm,
  )) {
    const labels = new Set([...samples.matchAll(/([a-z_]+)="/g)].map(([, label = '']) => label));
    labels.delete('le');
    const buckets = [...new Set([...samples.matchAll(/[{,]le="([^"]+)"/g)].map(([, bound = '']) => bound))];
    families.set(name, { name, help, type, labels: [...labels].toSorted(), ...(type === 'histogram' ? { buckets } : {}) });
  }
  return families;
}

/** An object with a value at each path: the path. */
function filled(paths: readonly (readonly string[])[]): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  for (const path of paths) put(object, path, 0, path.join('.'));
  return object;
}

function put(into: Record<string, unknown> | unknown[], path: readonly string[], at: number, value: string): void {
  const step = path[at] ?? '';
  const next = path[at + 1];
  const isList = next !== undefined && (/^\d+$/.test(next) || next.startsWith('['));
  const inner = next === undefined ? value : isList ? [] : {};
  if (Array.isArray(into)) {
    const [field = '', wanted = ''] = step.slice(1, -1).split('=');
    into[0] ??= step.startsWith('[') ? { [field]: wanted } : {};
    put(into[0] as Record<string, unknown>, path, at + 1, value);
  } else {
    into[step] ??= inner;
    if (next !== undefined) put(into[step] as Record<string, unknown>, path, at + 1, value);
  }
}
