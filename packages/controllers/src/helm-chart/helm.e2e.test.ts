import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { after, before, describe, test } from 'node:test';
import type { HelmChart, HelmRepository } from '@sluice/api';
import { createOciClient, packageChart } from '@sluice/sources';
import type { Controllers } from '../start.js';
import { sourcesIn, type Sources } from '../testing/sources.js';
import { startWorld, type World } from '../testing/world.js';

describe('Helm repositories and charts', { concurrency: true }, () => {
  let world: World;
  let controllers: Controllers;
  let count = 0;
  before(async () => {
    world = await startWorld();
    controllers = await world.startControllers({ backoff: { firstMs: 50, longestMs: 400 } });
  });
  after(() => world.close());

  /** A namespace of its own, and a chart with a name that no other test has. */
  async function setUp(): Promise<Sources & { readonly chart: string }> {
    const number = ++count;
    return { ...(await sourcesIn(world, `helm-${number}`)), chart: `chart-${number}` };
  }
  const chartsUrl = (prefix = ''): string => `http://${world.web.host}${prefix}/charts`;
  const repositoryRef = { kind: 'HelmRepository', name: 'repo' };
  const bytesOf = (path: string): Promise<Buffer> => world.artifact(path);

  test('a new version in the index becomes an artifact, and the chart that follows a range with it', async () => {
    const { apply, ready, request, chart, get, told, namespace } = await setUp();
    const { charts, requests } = world.web;
    charts.add(chart, '1.0.0');
    await apply('HelmRepository', 'repo', { url: chartsUrl() });
    await apply('HelmChart', 'web', { chart, version: '1.x', sourceRef: repositoryRef });
    await ready('HelmRepository', 'repo');
    const first = await ready('HelmChart', 'web', /^1\.0\.0$/);
    assert.deepEqual(await bytesOf(first.path), charts.files.get(`${chart}-1.0.0.tgz`), 'the archive is taken as it is');

    // Nothing new: the server is asked with the ETag, and says so.
    const before = await get<HelmRepository>('HelmRepository', 'repo');
    await request('HelmRepository', 'repo');
    await world.eventually('the request was handled', async () => {
      return (await get<HelmRepository>('HelmRepository', 'repo')).status?.lastHandledReconcileAt !== before.status?.lastHandledReconcileAt;
    });
    assert.deepEqual((await get<HelmRepository>('HelmRepository', 'repo')).status?.artifact, before.status?.artifact);

    charts.add(chart, '1.1.0');
    charts.add(chart, '2.0.0');
    await request('HelmRepository', 'repo');
    await ready('HelmChart', 'web', /^1\.1\.0$/);
    assert.match(
      await controllers.metrics.render(),
      new RegExp(`gotk_cache_events_total\\{event_type="cache_miss",name="repo",namespace="${namespace}"\\} [1-9]`),
    );
    assert.ok(!requests.includes(`GET /charts/${chart}-2.0.0.tgz`), 'nothing is fetched that nobody wants');
    assert.equal(told('HelmChart', 'web').length, 2);
    const { url, observedChartName } = (await get<HelmChart>('HelmChart', 'web')).status ?? {};
    assert.equal(observedChartName, chart);
    assert.deepEqual(await bytesOf(new URL(url!).pathname.slice(1)), charts.files.get(`${chart}-1.1.0.tgz`));
  });

  test('wrong credentials are said, and mended without a restart as soon as the Secret is', async () => {
    const { apply, secret, ready, failed, chart } = await setUp();
    world.web.charts.add(chart, '1.0.0');
    await secret('login', { username: 'user', password: 'wrong' });
    await apply('HelmRepository', 'repo', { url: chartsUrl('/auth'), secretRef: { name: 'login' } });
    const { message } = await failed('HelmRepository', 'repo', 'Failed', /401 Unauthorized$/);
    assert.ok(!message.includes('wrong'));
    await apply('HelmChart', 'web', { chart, sourceRef: repositoryRef });
    await failed('HelmChart', 'web', 'NoSourceArtifact', /^no artifact available for HelmRepository source 'repo'$/);
    await secret('login', { username: 'user', password: 'right' });
    await ready('HelmChart', 'web');
  });

  const brokenSecrets: readonly [what: string, spec: object, data: Record<string, string>, message: RegExp][] = [
    ['half a login', { secretRef: { name: 's' } }, { username: 'user' }, /malformed basic auth - has 'username' but missing 'password'$/],
    [
      'a certificate without its key',
      { certSecretRef: { name: 's' } },
      { 'tls.crt': 'x' },
      /TLS config: secret '.*\/s' contains 'tls.crt' but missing 'tls.key'$/,
    ],
    ['an authority that is none', { certSecretRef: { name: 's' } }, { 'ca.crt': 'x' }, /TLS config: failed to parse CA certificate$/],
    [
      'a Secret that is not there',
      { certSecretRef: { name: 'nope' } },
      {},
      /^failed to get TLS authentication secret '.*\/nope': secrets "nope" not found$/,
    ],
  ];
  for (const [what, spec, data, message] of brokenSecrets) {
    test(`${what} is said`, async () => {
      const { apply, secret, failed } = await setUp();
      await secret('s', data);
      await apply('HelmRepository', 'repo', { url: chartsUrl(), ...spec });
      await failed('HelmRepository', 'repo', 'AuthenticationFailed', message);
    });
  }

  const badIndexes: readonly [what: string, content: string, reason: string, message: RegExp][] = [
    ['no YAML', 'a: [', 'IndexationFailed', /^failed to load Helm repository from index YAML: failed to load index: /],
    ['no index', 'entries: {}\n', 'IndexationFailed', /no API version specified$/],
    ['empty', '', 'IndexationFailed', /empty index\.yaml file$/],
  ];
  for (const [what, content, reason, message] of badIndexes) {
    test(`an index that is ${what} is not stored; a good one after it is`, async () => {
      const { apply, ready, failed, namespace } = await setUp();
      const path = `/charts/${namespace}/index.yaml`;
      const { files } = world.web.charts;
      files.set(`${namespace}/index.yaml`, Buffer.from(content));
      await apply('HelmRepository', 'repo', { url: `${chartsUrl()}/${namespace}` });
      await failed('HelmRepository', 'repo', reason, message);
      files.set(`${namespace}/index.yaml`, Buffer.from('apiVersion: v1\nentries: {}\n'));
      await ready('HelmRepository', 'repo');
      assert.ok(world.web.requests.includes(`GET ${path}`));
    });
  }

  test('a server that says nothing is given up after the timeout', async () => {
    const { apply, failed, namespace } = await setUp();
    const end = world.web.intercept(({ url = '' }) => url.includes(namespace));
    try {
      await apply('HelmRepository', 'repo', { url: `${chartsUrl()}/${namespace}`, timeout: '1s' });
      await failed('HelmRepository', 'repo', 'Failed', /no answer in time/);
    } finally {
      end();
    }
  });

  test('a chart may lie deeper in a registry than its HelmRepository; one that is not there is no stall', async () => {
    const { apply, ready, failed, condition, chart } = await setUp();
    await pushChart(`oci://${world.web.host}/oci-charts/team/${chart}`, chart, '1.0.0+build.1');
    await apply('HelmRepository', 'repo', { url: `oci://${world.web.host}/oci-charts/`, type: 'oci' });
    await apply('HelmChart', 'web', { chart: `team/${chart}`, sourceRef: repositoryRef });
    const { path } = await ready('HelmChart', 'web', /^1\.0\.0\+build\.1$/);
    assert.match(path, new RegExp(`/${chart}-1\\.0\\.0\\+build\\.1\\.tgz$`));
    await apply('HelmChart', 'nope', { chart: 'nope', sourceRef: repositoryRef });
    await failed(
      'HelmChart',
      'nope',
      'ChartPullError',
      /^chart pull error: failed to get chart version for remote reference: could not get tags for "nope"/,
    );
    assert.equal(await condition('HelmChart', 'nope', 'Stalled'), undefined);
  });

  test('credentials for a registry that are none are told as such, and are an unknown build error', async () => {
    const { apply, secret, failed, told } = await setUp();
    await secret('login', { username: 'user' });
    await apply('HelmRepository', 'repo', { url: `oci://${world.web.host}/charts`, type: 'oci', secretRef: { name: 'login' } });
    await apply('HelmChart', 'web', { chart: 'web', sourceRef: repositoryRef });
    const { message } = await failed('HelmChart', 'web', 'Unknown', /^unknown build error: failed to detect authentication methods: /);
    assert.ok(told('HelmChart', 'web').includes(`error AuthenticationFailed: ${message.replace('unknown build error: ', '')}`));
  });

  test('a signature that nothing can be checked with is no signature', async () => {
    const { apply, failed, condition, chart } = await setUp();
    await pushChart(`oci://${world.web.host}/oci-charts/${chart}`, chart, '1.0.0');
    await apply('HelmRepository', 'repo', { url: `oci://${world.web.host}/oci-charts`, type: 'oci' });
    await apply('HelmChart', 'web', { chart, sourceRef: repositoryRef, verify: { provider: 'notation', secretRef: { name: 'nope' } } });
    await failed(
      'HelmChart',
      'web',
      'VerificationError',
      /^failed to verify the signature using provider 'notation': secrets "nope" not found$/,
    );
    assert.equal((await condition('HelmChart', 'web', 'FetchFailed'))?.reason, 'Unknown');
  });

  test('a chart over HTTP that shall be verified is refused', async () => {
    const { apply, failed, chart } = await setUp();
    world.web.charts.add(chart, '1.0.0');
    await apply('HelmRepository', 'repo', { url: chartsUrl() });
    await apply('HelmChart', 'web', { chart, sourceRef: repositoryRef, verify: { provider: 'cosign' } });
    await failed(
      'HelmChart',
      'web',
      'VerificationError',
      /^chart verification error: signatures can be verified of charts in OCI registries only/,
    );
  });

  test('an address that is none for an index stalls', async () => {
    const { apply, failed, condition } = await setUp();
    await apply('HelmRepository', 'repo', { url: 'oci://localhost/charts' });
    await failed('HelmRepository', 'repo', 'URLInvalid', /'oci' URL scheme cannot be used with 'default' HelmRepository type$/);
    assert.equal((await condition('HelmRepository', 'repo', 'Stalled'))?.status, 'True');
  });

  test('a chart in Git is packaged: with the values that are wanted, and the charts that it needs', async () => {
    const { apply, ready, chart, namespace, get } = await setUp();
    world.web.charts.add(`${chart}-dependency`, '0.1.0');
    const dependency = `dependencies:\n- name: ${chart}-dependency\n  version: 0.x\n  repository: ${chartsUrl('/auth')}\n`;
    world.git.commit(namespace, {
      files: {
        'web/Chart.yaml': `apiVersion: v2\nname: web\nversion: 1.0.0\n${dependency}`,
        'web/values.yaml': 'a: 1\nb: 1\n',
        'prod.yaml': 'b: 2\n',
      },
    });
    await sourcesSecret(namespace);
    // Its credentials are those of the HelmRepository with that address.
    await apply('HelmRepository', 'repo', { url: chartsUrl('/auth'), secretRef: { name: 'login' } });
    await apply('GitRepository', 'git', { url: world.git.urlOf(namespace), ref: { branch: 'main' } });
    await ready('HelmRepository', 'repo');
    const sourceRef = { kind: 'GitRepository', name: 'git' };
    await apply('HelmChart', 'plain', { chart: 'web', sourceRef });
    await apply('HelmChart', 'values', {
      chart: './web',
      sourceRef,
      valuesFiles: ['web/values.yaml', 'prod.yaml', 'nope.yaml'],
      ignoreMissingValuesFiles: true,
    });
    await apply('HelmChart', 'revision', { chart: 'web', sourceRef, reconcileStrategy: 'Revision' });

    const plain = await ready('HelmChart', 'plain', /^1\.0\.0$/);
    assert.match(textOf(await bytesOf(plain.path)), new RegExp(`web/charts/${chart}-dependency/Chart.yaml`));
    const values = await ready('HelmChart', 'values', /^1\.0\.0\+1$/);
    assert.match(textOf(await bytesOf(values.path)), /a: 1\nb: 2\n/);
    assert.deepEqual((await get<HelmChart>('HelmChart', 'values')).status?.observedValuesFiles, ['web/values.yaml', 'prod.yaml']);
    const revision = await ready('HelmChart', 'revision', /^1\.0\.0\+[0-9a-f]{12}$/);

    const commit = world.git.commit(namespace, { files: { 'web/templates/a.yaml': 'a: 1\n' } });
    await world.cluster.patch({ apiVersion: 'source.toolkit.fluxcd.io/v1', kind: 'GitRepository', namespace, name: 'git' }, 'merge', {
      metadata: { annotations: { 'reconcile.fluxcd.io/requestedAt': commit } },
    });
    await ready('HelmChart', 'revision', new RegExp(`\\+${commit.slice(0, 12)}$`));
    assert.notEqual(revision.revision, `1.0.0+${commit.slice(0, 12)}`);
    await world.eventually('the other has seen the commit', async () => {
      return (await get<HelmChart>('HelmChart', 'plain')).status?.observedSourceArtifactRevision?.endsWith(commit);
    });
    assert.equal((await ready('HelmChart', 'plain')).digest, plain.digest, 'the version is the same: so is the chart');
  });

  async function sourcesSecret(namespace: string): Promise<void> {
    const object = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'login', namespace },
      stringData: { username: 'user', password: 'right' },
    };
    await world.cluster.apply(object, { fieldManager: 'user', force: true });
  }

  test('a chart in a registry: the HelmRepository is left alone, the chart is found, and verified', async () => {
    const { apply, secret, ready, failed, condition, get, chart } = await setUp();
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const url = `oci://${world.web.host}/oci-charts`;
    const digest = await pushChart(`${url}/${chart}`, chart, '1.2.3');
    await apply('HelmRepository', 'repo', { url, type: 'oci', insecure: true });
    await apply('HelmChart', 'web', { chart, version: '1.x', sourceRef: repositoryRef });
    await ready('HelmChart', 'web', /^1\.2\.3$/);
    const { metadata, status } = await get<HelmRepository>('HelmRepository', 'repo');
    assert.deepEqual([metadata.finalizers, status ?? {}], [undefined, {}]);

    await secret('keys', { 'cosign.pub': publicKey.export({ type: 'spki', format: 'pem' }).toString() });
    await apply('HelmChart', 'web', {
      chart,
      version: '1.x',
      sourceRef: repositoryRef,
      verify: { provider: 'cosign', secretRef: { name: 'keys' } },
    });
    await failed(
      'HelmChart',
      'web',
      'VerificationError',
      /^chart verification error: failed to verify .*: no matching signatures were found/,
    );
    assert.equal((await condition('HelmChart', 'web', 'BuildFailed'))?.reason, 'ChartVerificationError');
    await pushSignature(`${url}/${chart}`, digest, (content) => sign('sha256', content, privateKey));
    await ready('HelmChart', 'web', /^1\.2\.3$/);
    const verified = await condition('HelmChart', 'web', 'SourceVerified');
    assert.equal(verified?.message, 'verified signature of version 1.2.3');
    assert.equal(await condition('HelmChart', 'web', 'BuildFailed'), undefined);
  });

  test('what is deleted takes its artifacts with it; what becomes a registry, too', async () => {
    const { apply, remove, ready, get, chart } = await setUp();
    world.web.charts.add(chart, '1.0.0');
    await apply('HelmRepository', 'repo', { url: chartsUrl() });
    await apply('HelmChart', 'web', { chart, sourceRef: repositoryRef });
    const stored = await ready('HelmChart', 'web');
    const index = await ready('HelmRepository', 'repo');
    await remove('HelmChart', 'web');
    await world.eventually('it is gone', async () => (await get('HelmChart', 'web')) === undefined);
    await assert.rejects(bytesOf(stored.path), /404/);
    await apply('HelmRepository', 'repo', { url: `oci://${world.web.host}/charts`, type: 'oci' });
    await world.eventually('it is left alone', async () => {
      const { metadata, status } = await get<HelmRepository>('HelmRepository', 'repo');
      return metadata.finalizers === undefined && Object.keys(status ?? {}).length === 0;
    });
    await assert.rejects(bytesOf(index.path), /404/);
  });
});

function textOf(archive: Buffer): string {
  return gunzipSync(archive).toString('latin1');
}

async function pushChart(url: string, name: string, version: string): Promise<string> {
  const archive = packageChart([{ name: 'Chart.yaml', data: Buffer.from(`apiVersion: v2\nname: ${name}\nversion: ${version}\n`) }]);
  return await push(url, version.replaceAll('+', '_'), {
    mediaType: 'application/vnd.cncf.helm.chart.content.v1.tar+gzip',
    content: archive,
  });
}

async function pushSignature(url: string, digest: string, signed: (content: Buffer) => Buffer): Promise<void> {
  const content = Buffer.from(JSON.stringify({ critical: { image: { 'docker-manifest-digest': digest } }, optional: null }));
  const annotations = { 'dev.cosignproject.cosign/signature': signed(content).toString('base64') };
  const layer = { mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json', content, annotations };
  await push(url, `${digest.replace(':', '-')}.sig`, layer);
}

async function push(
  url: string,
  tag: string,
  layer: { mediaType: string; content: Buffer; annotations?: Record<string, string> },
): Promise<string> {
  const client = createOciClient({ url });
  try {
    const config = { mediaType: 'application/vnd.cncf.helm.config.v1+json', content: Buffer.from('{}') };
    return await client.push({ tag, config, layers: [layer] });
  } finally {
    await client.close();
  }
}
