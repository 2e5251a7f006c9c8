import { errorMessage } from '@sluice/core';
import type { Artifact, HelmChart, HelmRepository } from '@sluice/api';
import type { Reconciler } from '@sluice/runtime';
import {
  buildLocalChart,
  buildRemoteChart,
  ChartBuildError,
  chartBuildSummary,
  type ArtifactStore,
  type ChartBuild,
  type ChartBuildOptions,
  type ChartRepository,
} from '@sluice/sources';
import { SourceFailure } from '../source/failure.js';
import { createSourceReconciler, type SourcePass, type Stored } from '../source/reconciler.js';
import { secretsOf } from '../source/secrets.js';
import { signatureCheck, verifierName } from '../source/signature.js';
import type { Draft } from '../source/status.js';
import { dependencyRepositories } from './dependencies.js';
import { createDownloads } from './downloads.js';
import { openCharts, type ChartAccess } from './repository.js';
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
    try {
      return await (source.kind === 'HelmRepository'
        ? fromRepository(chart, source.repository, pass)
        : fromTree(chart, source.artifact, pass));
    } catch (error) {
      pass.signal.throwIfAborted();
      throw buildFailed(error, source.kind === 'HelmRepository', pass);
    }
  }

  async function fromRepository(chart: HelmChart, repository: HelmRepository, pass: Pass): Promise<ChartBuild> {
    const { spec } = chart;
    const { signal } = pass;
    const charts = downloads.shared(repository, await openCharts(repository, world, signal));
    try {
      // What can't be verified is refused, although Flux lets charts of HTTP repositories pass.
      const verify = spec.verify === undefined ? undefined : await checkOf(chart, pass);
      const metadata = mergesValues(chart) ? String(chart.metadata.generation) : '';
      return await buildRemoteChart(
        charts,
        { name: spec.chart, version: spec.version ?? '*' },
        { ...optionsOf(chart, pass), versionMetadata: metadata, ...(verify !== undefined && { verify }) },
      );
    } finally {
      await charts.close();
    }
  }

  async function fromTree(chart: HelmChart, artifact: Artifact, pass: Pass): Promise<ChartBuild> {
    const opened: ChartRepository[] = [];
    try {
      return await buildLocalChart(await store.tree(artifact.digest), chart.spec.chart, {
        ...optionsOf(chart, pass),
        versionMetadata: treeMetadata(chart, artifact.revision),
        repositories: dependencyRepositories(chart, world, opened, pass.signal),
      });
    } finally {
      await Promise.all(opened.map((repository) => repository.close()));
    }
  }

  async function checkOf(chart: HelmChart, { signal }: Pass) {
    const verify = chart.spec.verify!;
    try {
      return await signatureCheck(verify, secretsOf(chart, world.cluster, signal));
    } catch (error) {
      signal.throwIfAborted();
      const message = `failed to verify the signature using provider '${verifierName(verify)}': ${errorMessage(error)}`;
      throw new SourceFailure('SourceVerified', 'VerificationError', message, { cause: error });
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

function optionsOf({ spec, metadata }: HelmChart, { status, signal }: Pass): ChartBuildOptions {
  const { artifact, observedChartName, observedValuesFiles, observedGeneration } = status.fields;
  // Another generation may merge other files into a chart of the same version.
  const isCurrent = artifact !== undefined && observedChartName !== undefined && metadata.generation === observedGeneration;
  return {
    valuesFiles: spec.valuesFiles,
    ignoreMissingValuesFiles: spec.ignoreMissingValuesFiles,
    signal,
    ...(isCurrent && { current: { name: observedChartName, version: artifact.revision, valuesFiles: observedValuesFiles } }),
  };
}

/** The chart's own values.yaml alone merges nothing. */
function mergesValues({ spec: { valuesFiles = [] } }: HelmChart): boolean {
  return valuesFiles.length > 1 || (valuesFiles.length === 1 && !/^(?:\.?\/)*values\.yaml$/.test(valuesFiles[0]!));
}

const SHORT_HASH = 12;

/** Tells versions apart that differ only in the revision of the source, or in the values that were merged. */
function treeMetadata(chart: HelmChart, revision: string): string {
  const hash = revision.slice(revision.lastIndexOf(':') + 1).slice(0, SHORT_HASH);
  const parts = [
    ...(chart.spec.reconcileStrategy === 'Revision' ? [hash] : []),
    ...(mergesValues(chart) ? [String(chart.metadata.generation)] : []),
  ];
  return parts.join('.');
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
