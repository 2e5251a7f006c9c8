import type { Artifact, HelmChart } from '@sluice/api';
import type { Reconciler } from '@sluice/runtime';
import { ChartBuildError, chartBuildSummary, type ArtifactStore, type ChartBuild, type ChartBuildOptions } from '@sluice/sources';
import { SourceFailure } from '../source/failure.js';
import { createSourceReconciler, type SourcePass, type Stored } from '../source/reconciler.js';
import type { Draft } from '../source/status.js';
import { chartFromRepository, chartFromTree, type ChartBuilding } from './build.js';
import { createDownloads } from './downloads.js';
import type { ChartAccess } from './repository.js';
import { sourceOf, type ChartSource, type ChartSources } from './source.js';

export interface HelmChartWorld extends ChartAccess {
  readonly store: ArtifactStore;
  readonly sources: ChartSources;
}

export type HelmChartStatus = Draft<NonNullable<HelmChart['status']>>;
type Pass = SourcePass<HelmChartStatus>;

const ORDER = [
  'StorageOperationFailed',
  'FetchFailed',
  'BuildFailed',
  'ArtifactOutdated',
  'ArtifactInStorage',
  'SourceVerified',
  'Stalled',
  'Reconciling',
];

/** Keeps the chart of a HelmChart: find it in its source → build → artifact. */
export function createHelmChartReconciler(world: HelmChartWorld): Reconciler<HelmChart, HelmChartStatus> {
  const { store } = world;
  const downloads = createDownloads();
  const building: ChartBuilding = { ...world, share: (repository, charts) => downloads.shared(repository, charts) };

  async function produce(chart: HelmChart, pass: Pass): Promise<Stored> {
    const { status } = pass;
    if (status.has('SourceVerified', 'False')) status.remove('SourceVerified');
    if (chart.spec.verify === undefined) status.remove('SourceVerified');
    const source = await sourceOf(chart, world.sources, store);
    if (source.artifact !== undefined) status.fields.observedSourceArtifactRevision = source.artifact.revision;
    const built = await build(chart, source, pass);
    status.remove('FetchFailed', 'BuildFailed');
    if (built.verification === 'trusted') {
      status.set('SourceVerified', 'True', 'Succeeded', `verified signature of version ${built.version}`);
    }
    if (built.resolvedDependencies > 0) {
      const message = `resolved ${built.resolvedDependencies} chart dependencies`;
      pass.event({ severity: 'trace', reason: 'ResolvedDependencies', message });
    }
    return await keep(chart, built, pass);
  }

  async function build(chart: HelmChart, source: ChartSource, pass: Pass): Promise<ChartBuild> {
    const options = { signal: pass.signal, current: currentOf(chart, pass) };
    try {
      if (source.kind === 'HelmRepository') return await chartFromRepository(chart, source.repository, building, options);
      return await chartFromTree(chart, await store.tree(source.artifact.digest), source.artifact.revision, building, options);
    } catch (error) {
      pass.signal.throwIfAborted();
      throw buildFailed(error, source.kind === 'HelmRepository', pass);
    }
  }

  async function keep(chart: HelmChart, built: ChartBuild, pass: Pass): Promise<Stored> {
    const { status } = pass;
    const { name, version, archive } = built;
    const { artifact } = status.fields;
    if (status.fields.observedChartName !== name || artifact?.revision !== version) pass.found(chartBuildSummary(built), 'NewChart');
    if (archive === undefined && artifact !== undefined) return stored(artifact, built);
    // Charts of a registry may lie deeper in it than its HelmRepository.
    const fileName = `${name.slice(name.lastIndexOf('/') + 1)}-${version}.tgz`;
    const made = await pass.storing('unable to copy Helm chart to storage', () =>
      store.putFile(pass.owner, [archive ?? new Uint8Array()], { revision: version, fileName }),
    );
    status.fields.observedChartName = name;
    delete status.fields.observedValuesFiles;
    if (chart.spec.ignoreMissingValuesFiles === true && built.valuesFiles.length > 0) status.fields.observedValuesFiles = built.valuesFiles;
    return stored(made, built);
  }

  return createSourceReconciler<HelmChart, HelmChartStatus>(store, {
    failures: ['BuildFailed', 'FetchFailed', 'StorageOperationFailed'],
    order: ORDER,
    latestName: 'latest.tar.gz',
    unknownReason: 'Unknown',
    produce,
  });
}

/** What is stored, as long as it is of the same spec: another generation may merge other files into a chart of the same version. */
function currentOf({ metadata }: HelmChart, { status }: Pass): ChartBuildOptions['current'] {
  const { artifact, observedChartName, observedValuesFiles, observedGeneration } = status.fields;
  const isCurrent = artifact !== undefined && observedChartName !== undefined && metadata.generation === observedGeneration;
  return isCurrent ? { name: observedChartName, version: artifact.revision, valuesFiles: observedValuesFiles } : undefined;
}

/** The conditions of a build's failure. */
function buildFailed(error: unknown, isRemote: boolean, pass: Pass): unknown {
  const { status } = pass;
  if (error instanceof SourceFailure) return beforeBuild(error, pass);
  if (!(error instanceof ChartBuildError)) return error;
  const { stage, isPersistent, message } = error;
  if (isRemote && /401|unauthorized|authentication required|tls|unknown certificate authority/.test(message)) {
    const told = `failed to authenticate with the Helm repository: ${message}`;
    return beforeBuild(new SourceFailure('FetchFailed', 'AuthenticationFailed', told, { cause: error }), pass);
  }
  if (stage === 'InvalidChartReference' || stage === 'ChartPullError') {
    status.remove('BuildFailed');
    return new SourceFailure('FetchFailed', stage, message, { terminal: isPersistent, cause: error });
  }
  status.remove('FetchFailed');
  if (stage === 'ChartVerificationError') status.set('SourceVerified', 'False', 'VerificationError', message);
  return new SourceFailure('BuildFailed', stage, message, { terminal: isPersistent, cause: error });
}

/** What goes wrong before there is something to build is an unknown build error to Flux, in conditions; not so in events. */
function beforeBuild({ condition, reason, message, terminal, cause }: SourceFailure, { status }: Pass): SourceFailure {
  if (condition === 'SourceVerified') status.set(condition, 'False', reason, message);
  status.remove('BuildFailed');
  return new SourceFailure('FetchFailed', 'Unknown', `unknown build error: ${message}`, { terminal, cause, told: { reason, message } });
}

function stored(artifact: Artifact, built: ChartBuild): Stored {
  const reason = built.packaged ? 'ChartPackageSucceeded' : 'ChartPullSucceeded';
  const message = chartBuildSummary(built);
  return { artifact, state: { reason, message }, news: { reason, message } };
}
