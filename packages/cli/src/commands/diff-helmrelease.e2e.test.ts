import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { KubeObject } from '@sluice/core';
import { chartFiles, createReleases, realKubeconfig, startRealWorld, startWorld, type WorldOver } from '@sluice/controllers/testing';
import { encrypt, generateAgeKey } from '@sluice/sops';
import { createOciClient } from '@sluice/sources';
import { parseYaml, printYaml } from '@sluice/yaml';
import { conditionsOf } from '../kinds/index.js';
import { runFlux, type Outcome } from '../testing/replay.js';

const hook = `apiVersion: batch/v1
kind: Job
metadata: {name: migrate, annotations: {helm.sh/hook: "pre-upgrade,pre-install"}}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: a}]}}}
`;
const definition = (description: string): string => `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gadgets.example.com}
spec:
  group: example.com
  names: {kind: Gadget, plural: gadgets}
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object, description: ${description}, x-kubernetes-preserve-unknown-fields: true}}
`;
const gadget = 'apiVersion: example.com/v1\nkind: Gadget\nmetadata: {name: g}\nsize: 1\n';
const secret = (value: string): string => `apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {password: ${value}}\n`;
const old = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: old}\n';

const VERSIONS = {
  '1.0.0': chartFiles({ 'templates/s.yaml': secret('first-secret'), 'templates/old.yaml': old }),
  '1.1.0': chartFiles({
    'templates/s.yaml': secret('second-secret'),
    'templates/hook.yaml': hook,
    'crds/crd.yaml': definition('new'),
    'templates/g.yaml': gadget,
  }),
  '2.0.0': chartFiles({ 'templates/bad.yaml': 'apiVersion: v1\nkind: Service\nmetadata: {name: bad}\nspec: {ports: [{port: 999999}]}\n' }),
};

function helmRelease(namespace: string, spec: object): KubeObject {
  const release = { apiVersion: 'helm.toolkit.fluxcd.io/v2', kind: 'HelmRelease', metadata: { name: 'app', namespace } };
  return Object.assign(release, { spec: { interval: '10m', ...spec } });
}
const chartOf = (chart: string, version = '1.0.0') => ({
  chart: { spec: { chart, version, interval: '10m', sourceRef: { kind: 'HelmRepository', name: 'repo' } } },
});

describe('diff helmrelease', () => {
  let world: WorldOver;
  let directory: string;
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'sluice-diff-'));
    world = realKubeconfig === undefined ? await startWorld() : await startRealWorld(realKubeconfig);
    await world.startControllers();
  });
  after(async () => {
    await world.close();
    rmSync(directory, { recursive: true });
  });

  const flux = (line: string, stdin = '', environment: Record<string, string> = {}): Promise<Outcome> =>
    runFlux(line, { KUBECONFIG: world.kubeconfig, HOME: directory, ...environment }, stdin);

  /** What a difference is told to be; the controller would do the same. */
  async function changed(line: string, stdin = ''): Promise<string> {
    const { code, stdout, stderr } = await flux(`diff helmrelease ${line}`, stdin);
    assert.match(stderr, /identified at least one change, exiting with non-zero exit code/, stdout);
    assert.equal(code, 1);
    return stdout;
  }

  async function unchanged(line: string): Promise<void> {
    const { code, stdout, stderr } = await flux(`diff helmrelease ${line}`);
    assert.deepEqual([code, stdout], [0, ''], stderr);
  }

  function file(path: string, ...objects: readonly (KubeObject | string)[]): string {
    const place = join(directory, path);
    mkdirSync(dirname(place), { recursive: true });
    writeFileSync(place, objects.map((object) => (typeof object === 'string' ? object : printYaml(object))).join('---\n'));
    return place;
  }

  async function released(spec: Readonly<Record<string, unknown>> = {}) {
    const releases = await createReleases(world, VERSIONS, { app: spec });
    await releases.ready();
    return releases;
  }

  test('of what is as it should be there is nothing to tell, and nothing is written', async () => {
    const { namespace, records, get } = await released();
    const version = (await get('ConfigMap', 'app-cm'))?.metadata.resourceVersion;
    await unchanged(`app -n ${namespace}`);
    await changed(`app -n ${namespace} --set v=next`);
    assert.equal((await get('ConfigMap', 'app-cm'))?.metadata.resourceVersion, version);
    assert.equal((await records()).length, 1);
  });

  test('other values', async () => {
    const { namespace, chart } = await released();
    const values = file('values.yaml', 'v: from a file\n');
    const expected = `► HelmRelease/${namespace}/app upgrade: ${chart}@1.0.0 (release config values changed)
► ConfigMap/${namespace}/app-cm drifted

data.v
± value change
- default
+ from a file

`;
    assert.equal(await changed(`app -n ${namespace} --values ${values}`), expected);
  });

  test('the next version of the chart: what is new, what goes, what is secret, hooks and definitions', async () => {
    const { namespace, chart } = await released();
    const text = await changed(`app -n ${namespace} --chart-version 1.1.x`);
    assert.match(
      text,
      new RegExp(`^► HelmRelease/${namespace}/app upgrade: ${chart}@1\\.0\\.0 → ${chart}@1\\.1\\.0 \\(release chart changed\\)\n`),
    );
    assert.match(text, /► CustomResourceDefinition\/gadgets\.example\.com created\n/);
    assert.match(text, new RegExp(`► Gadget/${namespace}/g created\n`));
    assert.match(text, new RegExp(`► ConfigMap/${namespace}/old deleted\n`));
    assert.match(text, new RegExp(`► Secret/${namespace}/s drifted\n[^►]*\\*\\*\\*`));
    assert.ok(!/first-secret|second-secret|Zmlyc3Qt|c2Vjb25k/.test(text), text);
    assert.match(text, /► Job\/migrate runs: pre-upgrade\n/);
  });

  test('definitions that the policy leaves alone are told', async () => {
    await world.cluster.create(parseYaml(definition('old')) as unknown as KubeObject);
    const { namespace } = await released();
    assert.match(
      await changed(`app -n ${namespace} --chart-version 1.1.0`),
      /► CustomResourceDefinition\/gadgets\.example\.com left alone: it differs, and crds is Create\n/,
    );
    await world.cluster.delete({ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', name: 'gadgets.example.com' });
  });

  test('a HelmRelease and its values as they are at hand: a file, a directory, what is piped in', async () => {
    const { namespace, chart } = await released();
    const valuesFrom = [
      { kind: 'ConfigMap', name: 'vals' },
      { kind: 'Secret', name: 'more', valuesKey: 'k', targetPath: 'w' },
    ];
    const release = helmRelease(namespace, { ...chartOf(chart), valuesFrom, commonMetadata: { labels: { team: 'a' } } });
    const values = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'vals', namespace },
      data: { 'values.yaml': 'v: theirs\n' },
    } as KubeObject;
    const more = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'more', namespace }, stringData: { k: 'x' } } as KubeObject;
    const path = file('release/all.yaml', release, values, more);
    const text = await changed(`app -n ${namespace} --path ${path}`);
    assert.match(text, /data\.v\n± value change\n- default\n\+ theirs\n/);
    assert.match(text, /metadata\.labels\n\+ one map entry added:\n {2}team: a\n/);
    assert.equal(await changed(`app -n ${namespace} --path ${dirname(path)}`), text);
    assert.equal(
      await changed(`app -n ${namespace} --path -`, [release, values, more].map((object) => printYaml(object)).join('---\n')),
      text,
    );
  });

  test('a chart that somebody works on, also before its version is raised', async () => {
    const { namespace, chart } = await released();
    for (const [path, content] of Object.entries({
      ...VERSIONS['1.0.0'],
      'Chart.yaml': `apiVersion: v2\nname: ${chart}\nversion: 1.0.0\n`,
    })) {
      file(`chart/${path}`, content.replace('name: old', 'name: newer'));
    }
    const text = await changed(`app -n ${namespace} --chart ${join(directory, 'chart')}`);
    assert.match(text, /its version is that of the release: the controller would not upgrade/);
    assert.match(text, new RegExp(`► ConfigMap/${namespace}/newer created\n► ConfigMap/${namespace}/old deleted\n`));
  });

  test('what is not there yet would be installed, its namespace too', async () => {
    const { namespace, chart } = await createReleases(world, VERSIONS, {});
    const path = file(
      'new.yaml',
      helmRelease(namespace, { ...chartOf(chart, '1.1.0'), targetNamespace: 'brand-new', install: { createNamespace: true } }),
    );
    const text = await changed(`app -n ${namespace} --path ${path}`);
    assert.match(text, new RegExp(`^► HelmRelease/${namespace}/app install: ${chart}@1\\.1\\.0 \\(no release in storage for object\\)\n`));
    for (const line of ['Namespace/brand-new', 'ConfigMap/brand-new/brand-new-app-cm', 'Gadget/brand-new/g']) {
      assert.ok(text.includes(`► ${line} created\n`), text);
    }
    assert.match(text, /► Job\/migrate runs: pre-install\n/);
  });

  test('another target namespace: the release is uninstalled there and installed here', async () => {
    const { namespace, chart } = await released();
    const other = await world.createNamespace(`${namespace}-other`);
    const path = file('moved.yaml', helmRelease(namespace, { ...chartOf(chart), releaseName: 'app', targetNamespace: other }));
    const text = await changed(`app -n ${namespace} --path ${path}`);
    assert.match(text, /uninstall and install: .* \(the release namespace changes\)\n/);
    assert.ok(text.includes(`► ConfigMap/${namespace}/app-cm deleted\n`), text);
    assert.ok(text.includes(`► ConfigMap/${other}/app-cm created\n`), text);
  });

  test('drift is told where it would be corrected', async () => {
    const { namespace } = await released({ driftDetection: { mode: 'warn' } });
    await world.stopControllers();
    try {
      const key = { apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'app-cm' };
      await world.cluster.patch(key, 'merge', { data: { v: 'by hand' } }, { fieldManager: 'kubectl-edit' });
      await unchanged(`app -n ${namespace}`);
      const app = { apiVersion: 'helm.toolkit.fluxcd.io/v2', kind: 'HelmRelease', namespace, name: 'app' };
      await world.cluster.patch(app, 'merge', { spec: { driftDetection: { mode: 'enabled' } } });
      assert.match(
        await changed(`app -n ${namespace}`),
        /correct drift: .*\n► ConfigMap\/r[-\w]+\/app-cm drifted\n[^►]*- by hand\n\+ default\n/,
      );
    } finally {
      await world.startControllers();
    }
  });

  test('what would fail is said as the controller would say it', async () => {
    const { namespace } = await released();
    for (const [line, message] of [
      ['--chart-version 2.0.0', /server-side apply failed for object r[-\w]+\/bad \/v1, Kind=Service: .*999999/],
      ['--chart-version 3.x', /failed to get chart version for remote reference/],
      ['--set v=a --chart /nowhere', /invalid chart path "\/nowhere"/],
      ['--values https://example.com/v.yaml', /fetch it first/],
    ] as const) {
      const { code, stdout, stderr } = await flux(`diff helmrelease app -n ${namespace} ${line}`);
      assert.match(stderr, message);
      assert.deepEqual([code, stdout], [2, '']);
    }
    assert.match((await flux(`diff hr nobody -n ${namespace}`)).stderr, /helmreleases\.helm\.toolkit\.fluxcd\.io "nobody" not found/);
  });

  test('a chart of a GitRepository is that of a clone', async () => {
    const { namespace } = await createReleases(world, {}, {});
    const chart = { spec: { chart: 'charts/x', interval: '10m', sourceRef: { kind: 'GitRepository', name: 'repo' } } };
    const path = file('git.yaml', helmRelease(namespace, { chart }));
    const line = `diff helmrelease app -n ${namespace} --path ${path}`;
    assert.match(
      (await flux(line)).stderr,
      new RegExp(`the chart is in GitRepository/${namespace}/repo: name a directory .* --local-sources GitRepository/`),
    );
    const files = { ...chartFiles(), 'Chart.yaml': 'apiVersion: v2\nname: x\nversion: 0.1.0\n' };
    for (const [name, content] of Object.entries(files)) file(`clone/charts/x/${name}`, content);
    assert.match(
      await changed(`app -n ${namespace} --path ${path} --local-sources GitRepository/${namespace}/repo=${join(directory, 'clone')}`),
      /install: x@0\.1\.0 .*\n► ConfigMap\/r[-\w]+\/app-cm created\n/,
    );
  });

  test('a chart of a registry: its next version, by the tag that is followed or another one', async () => {
    const { namespace } = await createReleases(world, {}, {});
    const url = `oci://${world.web.host}/charts/${namespace}`;
    const layer = { mediaType: 'application/vnd.cncf.helm.chart.content.v1.tar+gzip' };
    const client = createOciClient({ url });
    const push = (tag: string, version: string) =>
      client.push({
        tag,
        config: { mediaType: 'application/vnd.cncf.helm.config.v1+json', content: Buffer.from('{}') },
        layers: [{ ...layer, content: world.web.charts.add(`oci-${namespace}`, version, chartFiles()) }],
      });
    await push('latest', '1.0.0');
    const source = { interval: '10m', insecure: true, url, ref: { tag: 'latest' }, layerSelector: { ...layer, operation: 'copy' } };
    const repository = { apiVersion: 'source.toolkit.fluxcd.io/v1', kind: 'OCIRepository', metadata: { name: 'oci', namespace } };
    await world.cluster.create({ ...repository, spec: source });
    const release = helmRelease(namespace, { chartRef: { kind: 'OCIRepository', name: 'oci' } });
    await world.cluster.create(release);
    const key = { apiVersion: release.apiVersion, kind: release.kind, namespace, name: 'app' };
    await world.eventually('it is released', async () =>
      conditionsOf((await world.cluster.get(key))!).some(({ type, status }) => type === 'Ready' && status === 'True'),
    );
    await unchanged(`app -n ${namespace}`);
    await push('latest', '1.1.0');
    assert.match(await changed(`app -n ${namespace}`), /upgrade: oci-r[-\w]+@1\.0\.0\+\w{12} → oci-r[-\w]+@1\.1\.0\+\w{12} /);
    await push('1.2.0', '1.2.0');
    assert.match(await changed(`app -n ${namespace} --chart-version 1.2.x`), /→ oci-r[-\w]+@1\.2\.0\+/);
    await client.close();
  });

  test('encrypted values are opened with the keys of who asks', async () => {
    const { namespace, chart } = await createReleases(world, VERSIONS, {});
    const { identity, recipient } = await generateAgeKey();
    const text = await encrypt(Buffer.from('v: opened\n'), {
      format: 'yaml',
      groups: [[{ type: 'age', recipient, enc: '' }]],
      rule: {},
      now: new Date(),
      random: (size) => randomBytes(size),
    });
    const values = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'vals', namespace },
      stringData: { 'values.yaml': Buffer.from(text).toString() },
    };
    const release = helmRelease(namespace, { ...chartOf(chart), valuesFrom: [{ kind: 'Secret', name: 'vals' }] });
    const line = `diff helmrelease app -n ${namespace} --path ${file('encrypted.yaml', release, values)}`;
    const { code, stderr } = await flux(line);
    assert.match(stderr, /could not resolve Secret chart values reference/);
    assert.equal(code, 2);
    assert.match((await flux(line, '', { SOPS_AGE_KEY: identity })).stdout, /app install: .*\n(?:.*\n)*► ConfigMap\/.*\/app-cm created\n/);
  });
});
