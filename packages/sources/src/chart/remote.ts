import { SluiceError } from '@sluice/core';
import { loadChartArchive, loadChartFiles, unpackChart, type ChartFile } from '@sluice/helm';
import {
  ChartBuildError,
  buildVersion,
  cleanPath,
  during,
  mergedValuesFiles,
  unchanged,
  type ChartBuild,
  type ChartBuildOptions,
} from './build.js';
import { worded } from '../worded.js';
import { packageChart } from './package.js';
import type { ChartRepository, SignatureCheck } from './repository.js';
import { mergeValuesFiles, valuesFileName, withDefaultValues } from './values.js';

export interface RemoteChartOptions extends ChartBuildOptions {
  /** Checks the signature of the chart's manifest, also of one that is not downloaded again. */
  readonly verify?: SignatureCheck | undefined;
}

const nameForm = /^[-a-z0-9]+(?:(?:\/\.?|\.)[-a-z0-9]+)*(?:\/\.?|\.)?$/;

/** Archives that were found to be charts: many may share one download. */
const loadable = new WeakSet<Uint8Array>();

/**
 * Builds a chart of a repository: the very archive that the repository has, unless its values or its version change.
 * Values files are looked for in the chart.
 */
export async function buildRemoteChart(
  repository: ChartRepository,
  wanted: { readonly name: string; readonly version: string },
  options: RemoteChartOptions = {},
): Promise<ChartBuild> {
  checkName(wanted.name);
  const call = { signal: options.signal };
  let chart = await repository.find(wanted.name, wanted.version, call).catch((error: unknown) => {
    const stage = repository.isReferenceError(error) ? 'InvalidChartReference' : 'ChartPullError';
    throw new ChartBuildError(stage, error, 'failed to get chart version for remote reference: ');
  });
  let verification: ChartBuild['verification'] = 'none';
  const check = options.verify;
  if (check !== undefined) {
    const verified = await during('ChartVerificationError', () => repository.verify(chart, check, call));
    ({ chart, result: verification } = verified);
  }
  const version = await buildVersion(chart.version, options);
  const packaged = mergedValuesFiles(options).length > 0 || (options.versionMetadata ?? '') !== '';
  const known = unchanged({ name: chart.name, version }, packaged, options);
  if (known !== undefined) return { ...known, verification };

  const downloaded = await during(
    'ChartPullError',
    () => repository.download(chart, call),
    'failed to download chart for remote reference: ',
  );
  const taken = { name: chart.name, version, packaged, valuesFiles: [], resolvedDependencies: 0, verification } as const;
  if (!packaged) {
    if (!loadable.has(downloaded)) {
      await during('ChartPullError', () => loadChartArchive(downloaded), 'failed to load chart metadata from written chart: ');
      loadable.add(downloaded);
    }
    return { ...taken, archive: downloaded };
  }
  const files = await during('ChartPackageError', () => unpackChart(downloaded), 'failed to load downloaded chart: ');
  const changed = await during('ValuesFilesError', () => withMergedValues(files, options));
  const archive = await during('ChartPackageError', () => packageChart(changed.files, { version }));
  return { ...taken, archive, valuesFiles: changed.valuesFiles };
}

function checkName(name: string): void {
  if (name === '') {
    throw new ChartBuildError('InvalidChartReference', new SluiceError('ChartInvalid', 'no name set for remote chart reference'));
  }
  if (!nameForm.test(name)) {
    const why = `invalid chart name '${name}': a valid name must be lower case letters and numbers and MAY be separated with dashes (-), slashes (/) or periods (.)`;
    throw new ChartBuildError('InvalidChartReference', new SluiceError('ChartInvalid', why));
  }
}

async function withMergedValues(
  files: readonly ChartFile[],
  { valuesFiles = [], ignoreMissingValuesFiles }: ChartBuildOptions,
): Promise<{ readonly files: readonly ChartFile[]; readonly valuesFiles: readonly string[] }> {
  const { values } = loadChartFiles(files);
  const read = (path: string) => {
    const name = cleanPath(path);
    return name === valuesFileName ? values : files.find((file) => file.name === name)?.data;
  };
  const { values: merged, files: used } = await worded('failed to merge chart values', () =>
    mergeValuesFiles(valuesFiles, read, { ignoreMissing: ignoreMissingValuesFiles === true, missing }),
  );
  const changed = withDefaultValues(files, merged);
  return { files: changed, valuesFiles: changed === files ? [] : used };
}

function missing(path: string): string {
  return `no values file found at path '${path}'`;
}
