import { deepEqual, SluiceError, type FileTree, type KubeObject } from '@sluice/core';
import { groups, type HelmChart, type HelmRelease, type HelmRepository, type OCIRepository } from '@sluice/api';
import { loadChartArchive, loadChartDirectory } from '@sluice/helm';
import type { Cluster } from '@sluice/kube';
import { createRegistry } from '@sluice/runtime';
import type { ChartBuild } from '@sluice/sources';
import { chartFromRepository, chartFromTree, type ChartBuilding } from '../helm-chart/build.js';
import { openRepository } from '../oci-repository/access.js';
import { pullArtifact, resolveRevision, verifySignature } from '../oci-repository/content.js';
import { createCloudIdentities } from '../source/cloud.js';
import { secretsOf } from '../source/secrets.js';
import { chartObject } from './chart-template.js';
import { withRevision, type LoadedChart } from './charts.js';
import { chartKeyOf } from './source.js';

export interface ChartPreviewOptions {
  /** Where sources and their Secrets are read. */
  readonly cluster: Pick<Cluster, 'get' | 'list'>;
  /** A chart on this machine, a directory or an archive in a tree, in the place of what the HelmRelease names. */
  readonly local?: { readonly tree: FileTree; readonly path: string };
  /** Another version of the chart. */
  readonly version?: string;
  /** What a GitRepository, Bucket or ExternalArtifact has. Throws when that is not known. */
  readonly treeOf: (kind: string, namespace: string, name: string) => FileTree;
  readonly trackChartDigests: boolean;
  readonly signal: AbortSignal;
}

const API_VERSION = `${groups.source}/v1` as const;

/** What a tree on this machine is a revision of. */
const LOCAL_REVISION = 'local';

/** The chart of a HelmRelease as the controllers of its source would find and build it, without them. */
export async function findReleaseChart(object: HelmRelease, options: ChartPreviewOptions): Promise<LoadedChart> {
  const { local, version } = options;
  const key = chartKeyOf(object);
  if (local === undefined && key.kind === 'OCIRepository') return await fromRegistry(await read<OCIRepository>(key, options), options);
  if (local === undefined && key.kind === 'ExternalArtifact') {
    return { chart: loadChartDirectory(options.treeOf(key.kind, key.namespace, key.name), '.'), ociDigest: '' };
  }
  const existing = await find<HelmChart>({ ...key, kind: 'HelmChart' }, options);
  const named = object.spec.chart === undefined ? existing : sameOrNext(chartObject(object, key) as HelmChart, existing);
  if (local !== undefined) return await fromTree(atPath(named, local.path), local.tree, options);
  if (named === undefined) throw missing(key);
  const chart = version === undefined ? named : { ...named, spec: { ...named.spec, version } };
  const { namespace = '' } = chart.metadata;
  const { kind, name } = chart.spec.sourceRef;
  if (kind !== 'HelmRepository') return await fromTree(chart, options.treeOf(kind, namespace, name), options);
  const { status: _, ...repository } = await read<HelmRepository>({ kind, namespace, name }, options);
  return loaded(await chartFromRepository(chart, repository, building(options, []), options));
}

interface SourceKey {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

async function find<T extends KubeObject>(key: SourceKey, { cluster, signal }: ChartPreviewOptions): Promise<T | undefined> {
  return await cluster.get<T>({ apiVersion: API_VERSION, ...key }, { signal });
}

async function read<T extends KubeObject>(key: SourceKey, options: ChartPreviewOptions): Promise<T> {
  const found = await find<T>(key, options);
  if (found === undefined) throw missing(key);
  return found;
}

function missing({ kind, namespace, name }: SourceKey): SluiceError {
  return new SluiceError('SourceSettingsInvalid', `${kind} ${namespace}/${name}, which has the chart, is not there`);
}

/** The generation becomes part of the version of some charts: of a spec that changes it is the next. */
function sameOrNext(wanted: HelmChart, existing: HelmChart | undefined): HelmChart {
  if (existing === undefined) return { ...wanted, metadata: { ...wanted.metadata, generation: 1 } };
  const before = { ...existing.spec, ...wanted.spec };
  const generation = (existing.metadata.generation ?? 1) + (deepEqual(before, existing.spec) ? 0 : 1);
  return { ...wanted, metadata: { ...wanted.metadata, generation } };
}

/** The same chart, from another place. */
function atPath(named: HelmChart | undefined, path: string): HelmChart {
  const { metadata = {} } = named ?? {};
  const sourceRef = { kind: 'GitRepository', name: '' } as const;
  return {
    apiVersion: API_VERSION,
    kind: 'HelmChart',
    metadata,
    spec: { interval: '1m', sourceRef, ...named?.spec, chart: path, reconcileStrategy: 'ChartVersion' },
  };
}

async function fromTree(chart: HelmChart, tree: FileTree, options: ChartPreviewOptions): Promise<LoadedChart> {
  const { cluster, signal } = options;
  const { namespace = '' } = chart.metadata;
  // Dependencies come by the HelmRepositories of the namespace.
  const { items } = await cluster.list<HelmRepository>({ apiVersion: API_VERSION, kind: 'HelmRepository', namespace }, { signal });
  const repositories = items.map(({ status: _status, ...repository }) => repository);
  return loaded(await chartFromTree(chart, tree, LOCAL_REVISION, building(options, repositories), options));
}

function building({ cluster }: ChartPreviewOptions, repositories: readonly HelmRepository[]): ChartBuilding {
  return { cluster, identities: createCloudIdentities(createRegistry()), sources: { HelmRepository: { list: () => [...repositories] } } };
}

function loaded({ archive }: ChartBuild): LoadedChart {
  return { chart: loadChartArchive(archive ?? new Uint8Array()), ociDigest: '' };
}

async function fromRegistry(repository: OCIRepository, options: ChartPreviewOptions): Promise<LoadedChart> {
  const { cluster, version, signal, trackChartDigests } = options;
  const wanted = version === undefined ? repository : { ...repository, spec: { ...repository.spec, ref: { semver: version } } };
  const secrets = secretsOf(wanted, cluster, signal);
  const client = await openRepository(wanted, secrets, createCloudIdentities(createRegistry()).of(wanted), signal);
  try {
    const resolved = await resolveRevision(wanted, client, signal);
    await verifySignature(wanted, client, resolved.digest, secrets, signal);
    const { layer } = await pullArtifact(wanted, client, resolved, signal);
    const chunks: Uint8Array[] = [];
    for await (const chunk of client.blob(layer, { signal })) chunks.push(chunk);
    return withRevision(loadChartArchive(Buffer.concat(chunks)), resolved.revision, trackChartDigests);
  } finally {
    await client.close();
  }
}
