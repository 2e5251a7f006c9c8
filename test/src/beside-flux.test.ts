import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { crdOf } from '@sluice/api';
import { controlledResources } from '@sluice/controllers';
import { startWorld, takeTurn, type World } from '@sluice/controllers/testing';
import type { KubeObject } from '@sluice/core';
import { createCluster, loadKubeconfig, networkFetch, type Cluster, type NetworkFetch } from '@sluice/kube';
import { findCondition, type Condition } from '@sluice/runtime';
import { freePort, onPath, SLUICE } from './quickstart.js';

const KINDS = {
  GitRepository: 'source.toolkit.fluxcd.io/v1',
  OCIRepository: 'source.toolkit.fluxcd.io/v1',
  HelmRepository: 'source.toolkit.fluxcd.io/v1',
  Kustomization: 'kustomize.toolkit.fluxcd.io/v1',
  HelmRelease: 'helm.toolkit.fluxcd.io/v2',
} as const;
type Kind = keyof typeof KINDS;

const missing = ['source-controller', 'kustomize-controller'].filter((name) => !onPath(name));
const skip = missing.length === 0 ? false : `Flux's own ${missing.join(' and ')} are not on the PATH`;

/** Flags of all controllers, theirs and ours. */
const commonFlags = (address: string): string[] => ['--metrics-addr=0', '--events-addr=', `--health-addr=${address}`];

const settings = (value: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {v: "${value}"}\n`;

interface Process {
  /** Fails when it is no longer there. */
  check(): void;
  stop(): Promise<void>;
}

/**
 * Controllers of Flux's and ours in one cluster, each with half of the work: the custom resources and the artifacts over HTTP are all that they share.
 * KUBECONFIG_E2E names a cluster in the place of the embedded one.
 */
describe("beside Flux's own controllers", { skip }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-beside-'));
  let world: World;
  let network: NetworkFetch;
  let cluster: Cluster;
  let kubeconfig: string;
  let running: readonly Process[] = [];
  let handOn: (() => Promise<void>) | undefined;
  before(async () => {
    world = await startWorld();
    const given = process.env['KUBECONFIG_E2E'] ?? '';
    kubeconfig = given === '' ? join(directory, 'kubeconfig') : given;
    if (given === '') writeFileSync(kubeconfig, world.embedded.kubeconfig, { mode: 0o600 });
    network = networkFetch(await loadKubeconfig({ path: kubeconfig }));
    cluster = createCluster(network);
    if (given !== '') handOn = await takeTurn(cluster);
    const isServed = () => cluster.resourceOf({ apiVersion: KINDS.HelmRelease, kind: 'HelmRelease' });
    // A cluster with Flux's own definitions keeps them.
    if ((await isServed()) === undefined) {
      for (const definition of controlledResources) await cluster.apply(crdOf(definition), { fieldManager: 'test', force: true });
    }
    await world.eventually('the kinds are served', isServed);
  });
  after(async () => {
    await handOn?.();
    await network.close();
    await world.close();
    rmSync(directory, { recursive: true, force: true });
  });

  function start(program: string, args: readonly string[]): Process {
    const log: string[] = [];
    const environment = { ...process.env, KUBECONFIG: kubeconfig, RUNTIME_NAMESPACE: 'default' };
    const child = spawn(program, args, { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => log.push(chunk.toString()));
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    return {
      check() {
        assert(child.exitCode === null, `${[program, ...args].join(' ')} ended:\n${log.join('').slice(-2000)}`);
      },
      async stop() {
        child.kill('SIGTERM');
        const forced = setTimeout(() => child.kill('SIGKILL'), 5000);
        await exited;
        clearTimeout(forced);
      },
    };
  }

  /** Sources by one of the two, what is made of them by the other. */
  async function withControllers(sources: 'flux' | 'sluice', run: (namespace: string) => Promise<void>): Promise<void> {
    const addresses = await Promise.all([freePort(), freePort(), freePort()]);
    const [storage, health, otherHealth] = addresses.map((port) => `127.0.0.1:${port}`) as [string, string, string];
    const serving = [`--storage-addr=${storage}`, `--storage-adv-addr=${storage}`, `--storage-path=${join(directory, sources)}`];
    const node = process.execPath;
    mkdirSync(join(directory, sources));
    running =
      sources === 'flux'
        ? [
            start('source-controller', [...commonFlags(health), ...serving]),
            start(node, [
              SLUICE,
              'controller',
              '--components=kustomize-controller,helm-controller',
              ...commonFlags(otherHealth),
              `--storage-path=${join(directory, 'consumer')}`,
              '--storage-addr=0',
            ]),
          ]
        : [
            start(node, [SLUICE, 'controller', 'source-controller', ...commonFlags(health), ...serving]),
            start('kustomize-controller', [...commonFlags(otherHealth), '--requeue-dependency=1s']),
          ];
    const namespace = `beside-${sources}`;
    await cluster.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
    try {
      await run(namespace);
    } finally {
      for (const kind of ['Kustomization', 'HelmRelease'] as const) await removeAll(kind, namespace);
      await Promise.all(running.map((each) => each.stop()));
      running = [];
    }
  }

  const create = (namespace: string, kind: Kind, name: string, spec: object) =>
    cluster.create({ apiVersion: KINDS[kind], kind, metadata: { name, namespace }, spec });
  const get = (namespace: string, kind: Kind, name: string) => cluster.get({ apiVersion: KINDS[kind], kind, namespace, name });
  const removeAll = async (kind: Kind, namespace: string): Promise<void> => {
    for (const { metadata } of (await cluster.list({ apiVersion: KINDS[kind], kind, namespace })).items) {
      await cluster.patch({ apiVersion: KINDS[kind], kind, namespace, name: metadata.name ?? '' }, 'merge', {
        metadata: { finalizers: null },
      });
    }
  };
  async function ready(namespace: string, kind: Kind, name: string, message = /^/): Promise<void> {
    let seen: Condition | undefined;
    await world
      .eventually(
        `${kind} ${name} is ready`,
        async () => {
          for (const each of running) each.check();
          const { status } = ((await get(namespace, kind, name)) ?? {}) as { status?: { conditions?: readonly Condition[] } };
          seen = findCondition(status?.conditions, 'Ready');
          return seen?.status === 'True' && message.test(seen.message);
        },
        60_000,
      )
      .catch((error: unknown) => assert.fail(`${String(error)}: ${JSON.stringify(seen)}`));
  }
  const valueOf = async (namespace: string, name: string): Promise<unknown> =>
    ((await cluster.get<KubeObject & { data?: { v?: string } }>({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name })) ?? {}).data?.v;
  const request = (namespace: string, kind: Kind, name: string) =>
    cluster.patch({ apiVersion: KINDS[kind], kind, namespace, name }, 'merge', {
      metadata: { annotations: { 'reconcile.fluxcd.io/requestedAt': String(Date.now()) } },
    });

  /** A repository, a Kustomization of it, and a commit that comes through. */
  async function follows(namespace: string): Promise<void> {
    const repository = `beside-${namespace}`;
    world.git.commit(repository, { files: { 'app/settings.yaml': settings('1') } });
    await create(namespace, 'GitRepository', 'repo', { interval: '10m', url: world.git.urlOf(repository), ref: { branch: 'main' } });
    const spec = { interval: '10m', retryInterval: '1s', path: './app', prune: true, targetNamespace: namespace, wait: true };
    await create(namespace, 'Kustomization', 'app', { ...spec, sourceRef: { kind: 'GitRepository', name: 'repo' } });
    await ready(namespace, 'Kustomization', 'app', /^Applied revision: main@sha1:/);
    assert.equal(await valueOf(namespace, 'settings'), '1');
    const hash = world.git.commit(repository, { files: { 'app/settings.yaml': settings('2') } });
    await request(namespace, 'GitRepository', 'repo');
    await ready(namespace, 'Kustomization', 'app', new RegExp(`^Applied revision: main@sha1:${hash}$`));
    assert.equal(await valueOf(namespace, 'settings'), '2');
  }

  test('their sources, our Kustomizations and HelmReleases', async () => {
    await withControllers('flux', async (namespace) => {
      await follows(namespace);

      const { host, charts } = world.web;
      await world.web.push('team/app', ['1.0.0'], { 'settings.yaml': settings('oci').replace('name: settings', 'name: of-registry') });
      await create(namespace, 'OCIRepository', 'oci', {
        interval: '10m',
        url: `oci://${host}/team/app`,
        ref: { semver: '1.x' },
        insecure: true,
      });
      const spec = { interval: '10m', retryInterval: '1s', path: './', prune: true, targetNamespace: namespace };
      await create(namespace, 'Kustomization', 'oci', { ...spec, sourceRef: { kind: 'OCIRepository', name: 'oci' } });
      await ready(namespace, 'Kustomization', 'oci', /^Applied revision: 1\.0\.0@sha256:/);
      assert.equal(await valueOf(namespace, 'of-registry'), 'oci');

      const template = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: of-chart}\ndata: {v: {{ .Values.v | quote }}}\n';
      charts.add('beside', '1.0.0', { 'templates/cm.yaml': template, 'values.yaml': 'v: none\n' });
      await create(namespace, 'HelmRepository', 'charts', { interval: '10m', url: `http://${host}/charts` });
      const chart = { spec: { chart: 'beside', version: '1.x', interval: '10m', sourceRef: { kind: 'HelmRepository', name: 'charts' } } };
      await create(namespace, 'HelmRelease', 'release', { interval: '10m', chart, values: { v: 'chart' } });
      await ready(namespace, 'HelmRelease', 'release');
      assert.equal(await valueOf(namespace, 'of-chart'), 'chart');
      charts.add('beside', '1.1.0', { 'templates/cm.yaml': template.replace('.Values.v', '.Chart.Version'), 'values.yaml': '{}\n' });
      await request(namespace, 'HelmRepository', 'charts');
      await world.eventually('the new chart is there', async () => (await valueOf(namespace, 'of-chart')) === '1.1.0', 60_000);
    });
  });

  test('our sources, their Kustomizations', async () => {
    await withControllers('sluice', follows);
  });
});
