import { errorMessage, type FileTree } from '@sluice/core';
import type { HelmChart, HelmRepository } from '@sluice/api';
import {
  buildLocalChart,
  buildRemoteChart,
  type ChartBuild,
  type ChartBuildOptions,
  type ChartRepository,
  type SignatureCheck,
} from '@sluice/sources';
import { SourceFailure } from '../source/failure.js';
import { secretsOf } from '../source/secrets.js';
import { signatureCheck, verifierName } from '../source/signature.js';
import { dependencyRepositories, type DependencyWorld } from './dependencies.js';
import { openCharts } from './repository.js';

export interface ChartBuilding extends DependencyWorld {
  /** One download for all who want the same. */
  readonly share?: (repository: HelmRepository, charts: ChartRepository) => ChartRepository;
}

export interface ChartBuildCall extends Pick<ChartBuildOptions, 'current'> {
  readonly signal: AbortSignal;
}

/** Builds what a HelmChart names of a HelmRepository. */
export async function chartFromRepository(
  chart: HelmChart,
  repository: HelmRepository,
  world: ChartBuilding,
  call: ChartBuildCall,
): Promise<ChartBuild> {
  const { spec } = chart;
  const opened = await openCharts(repository, world, call.signal);
  const charts = world.share?.(repository, opened) ?? opened;
  try {
    // What can't be verified is refused, although Flux lets charts of HTTP repositories pass.
    const verify = spec.verify === undefined ? undefined : await checkOf(chart, world, call);
    return await buildRemoteChart(
      charts,
      { name: spec.chart, version: spec.version ?? '*' },
      { ...optionsOf(chart, call), versionMetadata: repositoryMetadata(chart), ...(verify !== undefined && { verify }) },
    );
  } finally {
    await charts.close();
  }
}

/** Builds what a HelmChart names of the tree of a GitRepository or Bucket, which is of a revision. */
export async function chartFromTree(
  chart: HelmChart,
  tree: FileTree,
  revision: string,
  world: ChartBuilding,
  call: ChartBuildCall,
): Promise<ChartBuild> {
  const opened: ChartRepository[] = [];
  try {
    return await buildLocalChart(tree, chart.spec.chart, {
      ...optionsOf(chart, call),
      versionMetadata: treeMetadata(chart, revision),
      repositories: dependencyRepositories(chart, world, opened, call.signal),
    });
  } finally {
    await Promise.all(opened.map((repository) => repository.close()));
  }
}

async function checkOf(chart: HelmChart, { cluster }: ChartBuilding, { signal }: ChartBuildCall): Promise<SignatureCheck> {
  const verify = chart.spec.verify!;
  try {
    return await signatureCheck(verify, secretsOf(chart, cluster, signal));
  } catch (error) {
    signal.throwIfAborted();
    const message = `failed to verify the signature using provider '${verifierName(verify)}': ${errorMessage(error)}`;
    throw new SourceFailure('SourceVerified', 'VerificationError', message, { cause: error });
  }
}

function optionsOf({ spec }: HelmChart, { signal, current }: ChartBuildCall): ChartBuildOptions {
  const { valuesFiles, ignoreMissingValuesFiles } = spec;
  return { valuesFiles, ignoreMissingValuesFiles, signal, ...(current !== undefined && { current }) };
}

/** The chart's own values.yaml alone merges nothing. */
function mergesValues({ spec: { valuesFiles = [] } }: HelmChart): boolean {
  return valuesFiles.length > 1 || (valuesFiles.length === 1 && !/^(?:\.?\/)*values\.yaml$/.test(valuesFiles[0]!));
}

const SHORT_HASH = 12;

/** Tells versions apart that differ only in the values that were merged. */
export function repositoryMetadata(chart: HelmChart): string {
  return mergesValues(chart) ? String(chart.metadata.generation) : '';
}

/** Tells versions apart that differ only in the revision of the source, or in the values that were merged. */
function treeMetadata(chart: HelmChart, revision: string): string {
  const hash = revision.slice(revision.lastIndexOf(':') + 1).slice(0, SHORT_HASH);
  const parts = [...(chart.spec.reconcileStrategy === 'Revision' ? [hash] : []), repositoryMetadata(chart)];
  return parts.filter((part) => part !== '').join('.');
}
