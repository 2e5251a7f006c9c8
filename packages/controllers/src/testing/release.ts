import type { HelmRelease } from '@sluice/api';
import { errorMessage, type KubeObject } from '@sluice/core';
import { decodeRelease, type Release } from '@sluice/helm';
import { findCondition, type Condition } from '@sluice/runtime';
import { keyOfKind, type WorldOver } from './world.js';

let count = 0;

/** A chart with a ConfigMap that has the value `v`, and what else is in `files`. */
export function chartFiles(files: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    'values.yaml': 'v: default\n',
    'templates/cm.yaml': `apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-cm
data:
  v: {{ .Values.v | quote }}
  chart: {{ .Chart.Version | quote }}
`,
    ...files,
  };
}

/** A namespace with a HelmRepository and HelmReleases of a chart of its own, and ways to look at them. */
export async function createReleases(
  world: WorldOver,
  versions: Readonly<Record<string, Readonly<Record<string, string>>>> = { '1.0.0': chartFiles() },
  specs: Readonly<Record<string, Readonly<Record<string, unknown>>>> = { app: {} },
) {
  const namespace = await world.createNamespace(`r${++count}`);
  const chart = `chart-${namespace}`;
  for (const [version, files] of Object.entries(versions)) world.web.charts.add(chart, version, files);
  await world.cluster.create({
    apiVersion: 'source.toolkit.fluxcd.io/v1',
    kind: 'HelmRepository',
    metadata: { name: 'repo', namespace },
    spec: { interval: '10m', url: `http://${world.web.host}/charts` },
  });
  const apply = async (
    name: string,
    { version = '1.0.0', ...spec }: Readonly<Record<string, unknown>> & { readonly version?: string },
  ): Promise<void> => {
    await world.cluster.apply(
      {
        apiVersion: 'helm.toolkit.fluxcd.io/v2',
        kind: 'HelmRelease',
        metadata: { name, namespace },
        spec: {
          interval: '10m',
          timeout: '8s',
          chart: { spec: { chart, version, interval: '10m', sourceRef: { kind: 'HelmRepository', name: 'repo' } } },
          ...spec,
        },
      },
      { fieldManager: 'user', force: true },
    );
  };
  for (const [name, spec] of Object.entries(specs)) await apply(name, spec);
  const get = (kind: string, name: string, apiVersion = 'v1'): Promise<KubeObject | undefined> =>
    world.cluster.get({ apiVersion, kind, namespace, name });
  const release = async (name = 'app'): Promise<HelmRelease> =>
    (await world.cluster.get<HelmRelease>(keyOfKind('HelmRelease', namespace, name)))!;
  const condition = async (type: string, name = 'app'): Promise<Condition | undefined> =>
    findCondition((await release(name)).status?.conditions, type);
  const becomes = async (type: string, status: Condition['status'], reason: RegExp, name = 'app'): Promise<Condition> => {
    let found: Condition | undefined;
    try {
      return await world.eventually(`${name} becomes ${type}=${status} ${reason}`, async () => {
        const { metadata, status: now } = await release(name);
        found = findCondition(now?.conditions, type);
        return found?.status === status && reason.test(found.reason) && found.observedGeneration === metadata.generation && found;
      });
    } catch (error) {
      throw new Error(`${errorMessage(error)}: it is ${found?.status} ${found?.reason} ${found?.message}`, { cause: error });
    }
  };
  /** Helm's records, oldest first. */
  const records = async (name = 'app', at = namespace): Promise<Release[]> => {
    const { items } = await world.cluster.list(
      { apiVersion: 'v1', kind: 'Secret', namespace: at },
      { labelSelector: `owner=helm,name=${name}` },
    );
    return items.map((secret) => decodeRelease(secret).release).sort((a, b) => a.version - b.version);
  };
  const phases = async (name = 'app'): Promise<string[]> => (await records(name)).map(({ version, info }) => `${version} ${info.status}`);
  return {
    namespace,
    chart,
    apply,
    get,
    release,
    condition,
    becomes,
    ready: (name = 'app') => becomes('Ready', 'True', /^/, name),
    failed: (reason: RegExp, name = 'app') => becomes('Ready', 'False', reason, name),
    records,
    phases,
    request: (annotations: Readonly<Record<string, string>> = {}, name = 'app') =>
      world.cluster.patch(keyOfKind('HelmRelease', namespace, name), 'merge', {
        metadata: { annotations: { 'reconcile.fluxcd.io/requestedAt': String(process.hrtime.bigint()), ...annotations } },
      }),
    delete: (name = 'app') => world.cluster.delete(keyOfKind('HelmRelease', namespace, name)),
  };
}
