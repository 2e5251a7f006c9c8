import { groupOf, type KubeObject } from '@sluice/core';
import type { Cluster } from '@sluice/kube';
import {
  externalArtifact,
  field,
  gitRepository,
  helmChart,
  helmRelease,
  helmRepository,
  kustomization,
  ociRepository,
  textField,
} from '../kinds/index.js';
import { identity, objectSection, optional, readyLines, section } from './report.js';
import { found, sourceSection } from './sources.js';

interface Owner {
  readonly namespace: string;
  readonly name: string;
}

/** A report on how an object came into the cluster: who has applied it, and from what source. Throws when nobody of Flux has. */
export async function traceObject(cluster: Cluster, object: KubeObject, signal: AbortSignal): Promise<string> {
  const applied = await managerOf(cluster, object, groupOf(kustomization.apiVersion), signal);
  if (applied !== undefined) return traceKustomization(cluster, applied, object, signal);
  const released = await managerOf(cluster, object, groupOf(helmRelease.apiVersion), signal);
  if (released !== undefined) return traceHelmRelease(cluster, released, object, signal);
  throw new Error('object not managed by Flux');
}

/** Who manages an object, or one of those that own it: by the labels of a group. */
async function managerOf(cluster: Cluster, object: KubeObject, group: string, signal: AbortSignal): Promise<Owner | undefined> {
  const { labels = {}, ownerReferences = [], namespace } = object.metadata;
  const name = Object.hasOwn(labels, `${group}/name`) ? (labels[`${group}/name`] ?? '') : '';
  if (name !== '') return { name, namespace: labels[`${group}/namespace`] ?? '' };
  for (const { apiVersion, kind, name: ownerName } of ownerReferences) {
    const key = { apiVersion, kind, name: ownerName, ...(namespace === undefined ? {} : { namespace }) };
    const owner = await cluster.get(key, { signal }).catch(() => undefined);
    if (owner === undefined) return undefined;
    const manager = await managerOf(cluster, owner, group, signal);
    if (manager !== undefined) return manager;
  }
  return undefined;
}

async function traceKustomization(cluster: Cluster, { namespace, name }: Owner, object: KubeObject, signal: AbortSignal): Promise<string> {
  const width = 17;
  const owner = await found(cluster, kustomization, namespace, name, signal, 'kustomization');
  const source = await sourceSection(
    cluster,
    field(owner, 'spec', 'sourceRef'),
    namespace,
    [gitRepository, ociRepository, externalArtifact],
    false,
    signal,
  );
  const applied = section(width, [
    ...identity('Kustomization', owner),
    ...optional('Target', textField(owner, 'spec', 'targetNamespace')),
    ['Path', textField(owner, 'spec', 'path')],
    ['Revision', textField(owner, 'status', 'lastAppliedRevision')],
    ...readyLines(owner),
  ]);
  return report(objectSection(width, object), applied, source);
}

async function traceHelmRelease(cluster: Cluster, { namespace, name }: Owner, object: KubeObject, signal: AbortSignal): Promise<string> {
  const width = 16;
  const release = await found(cluster, helmRelease, namespace, name, signal);
  const [chartNamespace = '', chartName] = textField(release, 'status', 'helmChart').split('/');
  const chart = chartName === undefined ? undefined : await found(cluster, helmChart, chartNamespace, chartName, signal);
  const chartSource = field(release, 'spec', 'chart', 'spec', 'sourceRef');
  const source = await sourceSection(
    cluster,
    chartSource ?? field(release, 'spec', 'chartRef'),
    namespace,
    chartSource === undefined ? [ociRepository, externalArtifact] : [gitRepository, helmRepository],
    true,
    signal,
  );
  const released = section(width, [
    ...identity('HelmRelease', release),
    ...optional('Target', textField(release, 'spec', 'targetNamespace')),
    ['Revision', textField(release, 'status', 'lastAttemptedRevision')],
    ...readyLines(release),
  ]);
  return report(objectSection(width, object), released, chart === undefined ? undefined : chartSection(chart, width), source);
}

function chartSection(chart: KubeObject, width: number): string {
  return section(width, [
    ...identity('HelmChart', chart),
    ['Chart', textField(chart, 'spec', 'chart')],
    ['Version', textField(chart, 'spec', 'version')],
    ...optional('Revision', textField(chart, 'status', 'artifact', 'revision')),
    ...readyLines(chart),
  ]);
}

function report(...sections: readonly (string | undefined)[]): string {
  return `\n${sections.filter((part) => part !== undefined).join('---\n')}`;
}
