import { SluiceError, type ErrorReason } from '@sluice/core';
import type { ChartMetadata } from '@sluice/helm';
import { formatVersion, parseVersion } from '@sluice/semver';
import { worded } from '../worded.js';

/** What a chart is made with, beyond where it comes from. */
export interface ChartBuildOptions {
  /** Becomes the build metadata of the version: `1.2.3` with `5` is `1.2.3+5`. */
  readonly versionMetadata?: string | undefined;
  /** Files whose values, merged, take the place of values.yaml. */
  readonly valuesFiles?: readonly string[] | undefined;
  readonly ignoreMissingValuesFiles?: boolean | undefined;
  /** What was built last and is still there: a chart of the same name and version is not built again. */
  readonly current?: { readonly name: string; readonly version: string; readonly valuesFiles?: readonly string[] | undefined } | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A chart, ready to be an artifact: its revision is the version, its file `<name>-<version>.tgz`. */
export interface ChartBuild {
  readonly name: string;
  readonly version: string;
  /** The chart's archive. Undefined when `current` is the very chart. */
  readonly archive?: Uint8Array;
  /** Whether it was packaged here, as opposed to taken as it came. */
  readonly packaged: boolean;
  /** The files that were merged into values.yaml. */
  readonly valuesFiles: readonly string[];
  /** How many dependencies were added. */
  readonly resolvedDependencies: number;
  /** Whether its signature was looked at, and with which result. */
  readonly verification: 'none' | 'trusted' | 'skipped';
}

const summaries = {
  InvalidChartReference: 'invalid chart reference',
  ChartPullError: 'chart pull error',
  MetadataPatchError: 'chart metadata patch error',
  ValuesFilesError: 'values files merge error',
  DependencyBuildError: 'dependency build error',
  ChartPackageError: 'chart package error',
  ChartVerificationError: 'chart verification error',
} as const;

/** Where a build failed: the reasons that Flux has for conditions. */
export type ChartBuildStage = keyof typeof summaries;

const reasons: Readonly<Record<ChartBuildStage, ErrorReason>> = {
  InvalidChartReference: 'ChartInvalid',
  ChartPullError: 'SourceUnreachable',
  MetadataPatchError: 'ChartInvalid',
  ValuesFilesError: 'ValuesInvalid',
  DependencyBuildError: 'ChartInvalid',
  ChartPackageError: 'ChartInvalid',
  ChartVerificationError: 'SignatureInvalid',
};

/** A build that failed; its message begins with what was being done. */
export class ChartBuildError extends SluiceError {
  readonly stage: ChartBuildStage;
  /** Whether trying again can't help, until the chart's object is changed. */
  readonly isPersistent: boolean;

  constructor(stage: ChartBuildStage, error: unknown, detail = '') {
    const message = error instanceof Error ? error.message : String(error);
    super(error instanceof SluiceError ? error.reason : reasons[stage], `${summaries[stage]}: ${detail}${message}`, {
      cause: error,
      ...(error instanceof SluiceError && { place: error.place }),
    });
    this.stage = stage;
    this.isPersistent = stage === 'InvalidChartReference' || stage === 'MetadataPatchError' || stage === 'ValuesFilesError';
  }
}

/** Runs a part of a build; what it throws becomes the failure of that stage, with some words before it. */
export async function during<T>(stage: ChartBuildStage, run: () => T | Promise<T>, detail = ''): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw error instanceof ChartBuildError ? error : new ChartBuildError(stage, error, detail);
  }
}

/** A build in a sentence: the message of ArtifactInStorage and of its event. */
export function chartBuildSummary({ name, version, packaged, valuesFiles }: ChartBuild): string {
  const merged = valuesFiles.length === 0 ? '' : ` and merged values files [${valuesFiles.join(' ')}]`;
  return `${packaged ? 'packaged' : 'pulled'} '${name}' chart with version '${version}'${merged}`;
}

/** The files to merge; the chart's own values.yaml alone is as good as none. */
export function mergedValuesFiles({ valuesFiles = [] }: ChartBuildOptions): readonly string[] {
  return valuesFiles.length === 1 && cleanPath(valuesFiles[0] ?? '') === 'values.yaml' ? [] : valuesFiles;
}

/** The version with the metadata of the build. */
export async function buildVersion(version: string, { versionMetadata = '' }: ChartBuildOptions): Promise<string> {
  if (versionMetadata === '') return version;
  return await during('MetadataPatchError', async () => {
    const parsed = await worded('failed to parse version from chart metadata as SemVer', () => parseVersion(version));
    if (!/^[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*$/.test(versionMetadata)) {
      throw new SluiceError('VersionInvalid', 'failed to set SemVer metadata on chart version: invalid metadata string');
    }
    return formatVersion({ ...parsed, metadata: versionMetadata });
  });
}

/** The build that leaves what is there as it is; undefined when another one is wanted. */
export function unchanged(
  { name, version }: Pick<ChartMetadata, 'name' | 'version'>,
  packaged: boolean,
  options: ChartBuildOptions,
): ChartBuild | undefined {
  const { current } = options;
  if (current?.name !== name || current.version !== version) return undefined;
  const valuesFiles = current.valuesFiles ?? mergedValuesFiles(options);
  return { name, version, packaged, valuesFiles, resolvedDependencies: 0, verification: 'none' };
}

/** A path below a root that nothing leads out of: `..` at the root stays there, as in a changed root directory. */
export function cleanPath(path: string): string {
  const kept: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop();
    else if (segment !== '' && segment !== '.') kept.push(segment);
  }
  return kept.length === 0 ? '.' : kept.join('/');
}
