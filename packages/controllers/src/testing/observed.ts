import type { KubeObject } from '@sluice/core';
import { createCluster } from '@sluice/kube';
import { conditionsOf, createClientMetrics, createRegistry } from '@sluice/runtime';
import type { Controllers, ControllersOptions } from '../start.js';
import { chartFiles } from './release.js';
import { startWorld, type World } from './world.js';

/** Controllers with an object of most kinds each, that have done something of everything. */
export interface Observed {
  readonly world: World;
  readonly controllers: Controllers;
  readonly apply: (object: object) => Promise<KubeObject>;
}

export const OBSERVED_NAMESPACE = 'apps';

/** The caller closes the world. */
export async function startObserved(options: Partial<ControllersOptions> = {}): Promise<Observed> {
  const world = await startWorld();
  const metrics = createRegistry();
  const cluster = createCluster(createClientMetrics(metrics).counted(world.embedded.fetch, 'kubernetes.default.svc'));
  const controllers = await world.startControllers({ cluster, metrics, ...options });
  const apply = (object: object): Promise<KubeObject> => world.cluster.apply(object as KubeObject, { fieldManager: 'test', force: true });
  await apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: OBSERVED_NAMESPACE } });
  world.git.commit('repo', { files: { 'cm.yaml': configMap('from-git', 1) } });
  world.web.charts.add('demo', '1.0.0', chartFiles());
  await world.web.push('manifests/app', ['1.0.0'], { 'cm.yaml': configMap('from-oci', 1) });
  for (const object of objects(world)) await apply(object);
  await world.eventually('everything is ready', async () => {
    const found = await Promise.all(
      objects(world).map(({ apiVersion, kind, metadata }) => world.cluster.get({ apiVersion, kind, ...metadata })),
    );
    return found.every((object) => object === undefined || NO_STATUS.has(object.kind) || isReady(object));
  });
  return { world, controllers, apply };
}

const NO_STATUS: ReadonlySet<string> = new Set(['Alert', 'Provider', 'Secret']);

function isReady(object: KubeObject): boolean {
  return conditionsOf(object).some(({ type, status }) => type === 'Ready' && status === 'True');
}

export function configMap(name: string, value: number): string {
  return `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}, namespace: ${OBSERVED_NAMESPACE}}\ndata: {v: "${value}"}\n`;
}

function objects({ git, web }: World) {
  const of = (group: string, version: string, kind: string, name: string, spec: object) => ({
    apiVersion: `${group}.toolkit.fluxcd.io/${version}`,
    kind,
    metadata: { name, namespace: OBSERVED_NAMESPACE },
    spec,
  });
  const source = (kind: string, name: string, spec: object) => of('source', 'v1', kind, name, { interval: '1m', ...spec });
  const kustomization = (name: string, kind: string) =>
    of('kustomize', 'v1', 'Kustomization', name, { interval: '1m', prune: true, path: './', sourceRef: { kind, name } });
  return [
    { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'token', namespace: OBSERVED_NAMESPACE }, stringData: { token: 'abc' } },
    of('notification', 'v1beta3', 'Provider', 'chat', { type: 'generic', address: `http://${web.host}/nobody` }),
    of('notification', 'v1beta3', 'Alert', 'chat', {
      providerRef: { name: 'chat' },
      eventSeverity: 'error',
      eventSources: [{ kind: 'Kustomization', name: '*' }],
    }),
    of('notification', 'v1', 'Receiver', 'hook', {
      type: 'generic',
      secretRef: { name: 'token' },
      resources: [{ kind: 'GitRepository', name: 'from-git' }],
    }),
    source('GitRepository', 'from-git', { url: git.urlOf('repo'), ref: { branch: 'main' } }),
    source('OCIRepository', 'from-oci', { url: `oci://${web.host}/manifests/app`, ref: { tag: '1.0.0' }, insecure: true }),
    source('HelmRepository', 'charts', { url: `http://${web.host}/charts` }),
    kustomization('from-git', 'GitRepository'),
    kustomization('from-oci', 'OCIRepository'),
    of('helm', 'v2', 'HelmRelease', 'demo', {
      interval: '1m',
      chart: { spec: { chart: 'demo', sourceRef: { kind: 'HelmRepository', name: 'charts' } } },
    }),
  ];
}
