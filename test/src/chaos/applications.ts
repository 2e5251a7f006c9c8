import type { Kustomization } from '@sluice/api';
import type { JsonObject, KubeObject } from '@sluice/core';
import { configMap, keyOfKind, type World } from '@sluice/controllers/testing';
import type { Cluster, ObjectKey } from '@sluice/kube';
import { conditionsOf } from '@sluice/runtime';
import type { Faults } from './faults.js';

/** What an application's origin holds, and so its namespace must: names of ConfigMaps, and their value. */
export interface Application {
  readonly namespace: string;
  readonly wanted: Map<string, string>;
  /** Brings `wanted` to the origin: a commit, an artifact. */
  publish(): Promise<void>;
  /** Whether the objects say that they have what was published last. */
  isSettled(): Promise<boolean>;
  /** What they say. */
  statuses(): Promise<unknown>;
  /** The path of a webhook that says that there is something new; undefined while it is not known, or there is none. */
  webhookPath(): Promise<string | undefined>;
}

export const shapes = ['git', 'oci', 'release'] as const;
export type Shape = (typeof shapes)[number];

/** Short, so that silent watches and lost webhooks are made up for within the time of a test. */
const SOURCE = { interval: '5s', timeout: '10s' };
const CHART = 'chaos';

/** What all applications have in common. */
export async function prepareOrigins(world: World): Promise<void> {
  world.web.charts.add(CHART, '1.0.0', {
    'values.yaml': 'maps: {}\n',
    'templates/maps.yaml': `{{- range $name, $value := .Values.maps }}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ $name | quote }}}
data: {v: {{ $value | quote }}}
{{- end }}
`,
  });
}

/** A namespace with an application of that shape: with a ConfigMap that stays for ever, beside one that the origin knows nothing of. */
export async function startApplication(world: World, shape: Shape, namespace: string, faults: Faults): Promise<Application> {
  const { cluster } = world;
  await cluster.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  await cluster.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'not-ours', namespace } });
  await cluster.create({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'token', namespace }, stringData: { token: namespace } });
  const wanted = new Map([
    ['keeper', '0'],
    ['a', '0'],
  ]);
  const application = await (shape === 'oci' ? ofArtifacts(world, faults, namespace, wanted) : ofCommits(world, shape, namespace, wanted));
  await cluster.create({
    ...objectOf('notification.toolkit.fluxcd.io/v1beta3', 'Provider', namespace, 'inbox'),
    spec: { type: 'generic', address: faults.inbox, timeout: '2s' },
  });
  await cluster.create({
    ...objectOf('notification.toolkit.fluxcd.io/v1beta3', 'Alert', namespace, 'all'),
    spec: { providerRef: { name: 'inbox' }, eventSources: [{ kind: 'Kustomization', name: '*' }] },
  });
  return application;
}

/** Commits of Git: manifests, or a HelmRelease that makes them. */
async function ofCommits(world: World, shape: Shape, namespace: string, wanted: Map<string, string>): Promise<Application> {
  const { cluster, git } = world;
  let head = '';
  const published = new Set<string>();
  const source = keyOfKind('GitRepository', namespace, 'repo');
  const publish = async (): Promise<void> => {
    const files =
      shape === 'release'
        ? { 'release.yaml': releaseManifests(world, wanted) }
        : Object.fromEntries([...wanted].map(([name, value]) => [`${name}.yaml`, configMap(name, `"${value}"`)]));
    const remove = [...published].filter((path) => !Object.hasOwn(files, path));
    published.clear();
    for (const path of Object.keys(files)) published.add(path);
    head = git.commit(namespace, { files, remove });
  };
  await publish();
  const spec = { ...SOURCE, url: git.urlOf(namespace), ref: { branch: 'main' } };
  await cluster.create({ ...source, metadata: { name: 'repo', namespace }, spec });
  const receiver = objectOf('notification.toolkit.fluxcd.io/v1', 'Receiver', namespace, 'hook');
  await cluster.create({
    ...receiver,
    spec: { type: 'generic', secretRef: { name: 'token' }, resources: [{ kind: 'GitRepository', name: 'repo' }] },
  });
  await createKustomization(cluster, namespace, 'GitRepository');
  return {
    namespace,
    wanted,
    publish,
    async isSettled() {
      if ((await kustomizationOf(cluster, namespace)).status?.lastAppliedRevision !== `main@sha1:${head}`) return false;
      return shape !== 'release' || isReady(await cluster.get(keyOfKind('HelmRelease', namespace, 'app')));
    },
    statuses: () => statusesOf(cluster, [source, keyOfKind('Kustomization', namespace, 'app'), keyOfKind('HelmRelease', namespace, 'app')]),
    webhookPath: async () =>
      ((await cluster.get({ ...receiver, namespace, name: 'hook' }))?.['status'] as { webhookPath?: string } | undefined)?.webhookPath,
  };
}

/** Artifacts in a registry, under a tag that moves. */
async function ofArtifacts(world: World, faults: Faults, namespace: string, wanted: Map<string, string>): Promise<Application> {
  const { cluster, web } = world;
  let digest = '';
  const source = keyOfKind('OCIRepository', namespace, 'repo');
  const publish = async (): Promise<void> => {
    const files = Object.fromEntries([...wanted].map(([name, value]) => [`${name}.yaml`, configMap(name, `"${value}"`)]));
    // The machine itself may be too busy for it: whoever pushes does so again.
    const push = (): Promise<string> => faults.spare(() => web.push(namespace, ['latest'], files));
    digest = await push().catch(push).catch(push);
  };
  await publish();
  const spec = { ...SOURCE, url: `oci://${web.host}/${namespace}`, insecure: true, ref: { tag: 'latest' } };
  await cluster.create({ ...source, metadata: { name: 'repo', namespace }, spec });
  await createKustomization(cluster, namespace, 'OCIRepository');
  return {
    namespace,
    wanted,
    publish,
    isSettled: async () => (await kustomizationOf(cluster, namespace)).status?.lastAppliedRevision === `latest@${digest}`,
    statuses: () => statusesOf(cluster, [source, keyOfKind('Kustomization', namespace, 'app')]),
    webhookPath: () => Promise.resolve(undefined),
  };
}

function releaseManifests({ web }: World, wanted: ReadonlyMap<string, string>): string {
  const objects = [
    {
      apiVersion: 'source.toolkit.fluxcd.io/v1',
      kind: 'HelmRepository',
      metadata: { name: 'charts' },
      spec: { ...SOURCE, url: `http://${web.host}/charts` },
    },
    {
      apiVersion: 'helm.toolkit.fluxcd.io/v2',
      kind: 'HelmRelease',
      metadata: { name: 'app' },
      spec: {
        interval: '20s',
        timeout: '20s',
        chart: { spec: { chart: CHART, version: '1.0.0', interval: '20s', sourceRef: { kind: 'HelmRepository', name: 'charts' } } },
        install: { strategy: { name: 'RetryOnFailure', retryInterval: '2s' } },
        upgrade: { strategy: { name: 'RetryOnFailure', retryInterval: '2s' } },
        driftDetection: { mode: 'enabled' },
        values: { maps: Object.fromEntries(wanted) },
      },
    },
  ];
  return objects.map((object) => `---\n${JSON.stringify(object)}\n`).join('');
}

async function createKustomization(cluster: Cluster, namespace: string, kind: string): Promise<void> {
  await cluster.create({
    ...objectOf('kustomize.toolkit.fluxcd.io/v1', 'Kustomization', namespace, 'app'),
    spec: {
      interval: '20s',
      retryInterval: '1s',
      path: './',
      prune: true,
      targetNamespace: namespace,
      sourceRef: { kind, name: 'repo' },
    },
  });
}

function objectOf(apiVersion: string, kind: string, namespace: string, name: string) {
  return { apiVersion, kind, metadata: { name, namespace } };
}

async function kustomizationOf(cluster: Cluster, namespace: string): Promise<Kustomization> {
  return (await cluster.get<Kustomization>(keyOfKind('Kustomization', namespace, 'app')))!;
}

function isReady(object: KubeObject | undefined): boolean {
  const { generation } = object?.metadata ?? {};
  return (
    object !== undefined &&
    conditionsOf(object).some(
      ({ type, status, observedGeneration }) => type === 'Ready' && status === 'True' && observedGeneration === generation,
    )
  );
}

async function statusesOf(cluster: Cluster, keys: readonly ObjectKey[]): Promise<Record<string, unknown>> {
  const found = await Promise.all(
    keys.map(async (key) => [key.kind, (await cluster.get(key))?.['status'] as JsonObject | undefined] as const),
  );
  return Object.fromEntries(found);
}
