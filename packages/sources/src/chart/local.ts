import { SluiceError, type FileTree } from '@sluice/core';
import type { ChartFile } from '@sluice/helm';
import { buildVersion, cleanPath, during, mergedValuesFiles, unchanged, type ChartBuild, type ChartBuildOptions } from './build.js';
import { addDependencies, type ChartRepositoryFinder } from './dependencies.js';
import { packageChart } from './package.js';
import { readChart } from './read.js';
import { mergeValuesFiles, withDefaultValues } from './values.js';

export interface LocalChartOptions extends ChartBuildOptions {
  /** Finds the repository of a dependency by its address. */
  readonly repositories: ChartRepositoryFinder;
}

/**
 * Builds the chart at a path of a tree, a directory or an archive: HelmChart of a GitRepository or Bucket. Values files are
 * looked for in the tree, not in the chart. Dependencies that a directory lacks are added.
 */
export async function buildLocalChart(tree: FileTree, path: string, options: LocalChartOptions): Promise<ChartBuild> {
  const place = cleanPath(path);
  const chart = await during('InvalidChartReference', () => {
    if (path === '') throw new SluiceError('ChartInvalid', 'no path set for local chart reference');
    if (path.startsWith('/')) throw new SluiceError('ChartInvalid', 'local chart reference path is expected to be relative');
    return readChart(tree, place);
  });
  const { isDirectory, archive } = chart;
  const { name } = chart.metadata;
  const version = await buildVersion(chart.metadata.version, options);
  const paths = mergedValuesFiles(options);
  const packaged = isDirectory || (options.versionMetadata ?? '') !== '' || paths.length > 0;
  const known = unchanged({ name, version }, packaged, options);
  if (known !== undefined) return known;
  const taken = { name, version, packaged, valuesFiles: [], resolvedDependencies: 0, verification: 'none' } as const;
  if (!packaged) return { ...taken, archive };

  let files: readonly ChartFile[] = chart.files;
  let valuesFiles: readonly string[] = [];
  if (paths.length > 0) {
    await during('ValuesFilesError', () => {
      const merged = mergeValuesFiles(paths, (each) => readFile(tree, cleanPath(each)), {
        ignoreMissing: options.ignoreMissingValuesFiles === true,
        missing: (each) => `no values file found at path '/${cleanPath(each)}' (reference '${each}')`,
      });
      const changed = withDefaultValues(files, merged.values);
      if (changed !== files) valuesFiles = merged.files;
      files = changed;
    });
  }
  let resolvedDependencies = 0;
  if (isDirectory) {
    const resolved = await during('DependencyBuildError', () => addDependencies(files, { tree, path: place, ...options }));
    files = resolved.files;
    resolvedDependencies = resolved.count;
  }
  const built = await during('ChartPackageError', () => packageChart(files, { version }));
  return { ...taken, archive: built, valuesFiles, resolvedDependencies };
}

function readFile(tree: FileTree, path: string): Uint8Array | undefined {
  return tree.stat(path) === 'file' ? tree.read(path) : undefined;
}
