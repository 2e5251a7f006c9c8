import { SluiceError, type FileTree } from '@sluice/core';
import { loadChartFiles, readLock, unpackChart, type ChartFile, type Dependency } from '@sluice/helm';
import { parseConstraint, parseVersion } from '@sluice/semver';
import { worded } from '../worded.js';
import { cleanPath } from './build.js';
import { renameChart } from './package.js';
import { readChart } from './read.js';
import type { ChartRepository } from './repository.js';

/** The repository with an address, as the dependencies of charts name it (`https://…`, `oci://…`). */
export type ChartRepositoryFinder = (url: string) => ChartRepository | Promise<ChartRepository>;

interface Surroundings {
  readonly tree: FileTree;
  /** Where the chart is in the tree. */
  readonly path: string;
  readonly repositories: ChartRepositoryFinder;
  readonly signal?: AbortSignal | undefined;
}

/** The files of a chart with the charts that it needs and lacks, as Chart.lock pins them, or Chart.yaml asks for them. */
export async function addDependencies(
  files: readonly ChartFile[],
  where: Surroundings,
): Promise<{ readonly files: readonly ChartFile[]; readonly count: number }> {
  const { metadata, subcharts } = loadChartFiles(files);
  const lock = files.find(({ name }) => name === 'Chart.lock') ?? files.find(({ name }) => name === 'requirements.lock');
  const wanted = lock === undefined ? metadata.dependencies : readLock(lock.data);
  // As in Flux: as many as are wanted are taken for the ones that are.
  if (subcharts.length === wanted.length) return { files, count: 0 };
  const missing = new Map<string, Dependency>();
  for (const dependency of wanted) {
    const name = nameOf(dependency);
    if (!subcharts.some((chart) => chart.metadata.name === name)) missing.set(name, dependency);
  }
  const added: ChartFile[] = [];
  const repositories = new Map<string, Promise<ChartRepository>>();
  const find = (url: string): Promise<ChartRepository> => {
    const repository = repositories.get(url) ?? Promise.resolve(url).then(where.repositories);
    repositories.set(url, repository);
    return repository;
  };
  for (const [name, dependency] of missing) {
    const isLocal = dependency.repository === '' || dependency.repository.startsWith('file://');
    const chart = await worded(`failed to add ${isLocal ? 'local' : 'remote'} dependency '${name}'`, () =>
      isLocal ? localDependency(dependency, where) : remoteDependency(dependency, find, where.signal),
    );
    added.push(...inCharts(chart, dependency, files));
  }
  return { files: [...files, ...added], count: missing.size };
}

/** The name of a dependency in the chart that needs it. */
function nameOf({ name, alias }: Dependency): string {
  return alias === '' ? name : alias;
}

function inCharts(chart: readonly ChartFile[], dependency: Dependency, parent: readonly ChartFile[]): ChartFile[] {
  const loaded = loadChartFiles(chart);
  const named = dependency.alias === '' ? chart : renameChart(chart, loaded, { name: dependency.alias });
  const directory = `charts/${dependency.alias === '' ? loaded.metadata.name : dependency.alias}`;
  if (parent.some(({ name }) => name === directory || name.startsWith(`${directory}/`))) {
    throw new SluiceError('ChartInvalid', `${directory} is there already, and is not the chart '${nameOf(dependency)}'`);
  }
  return named.map(({ name, data }) => ({ name: `${directory}/${name}`, data }));
}

async function localDependency({ name, version, repository }: Dependency, { tree, path }: Surroundings): Promise<readonly ChartFile[]> {
  const place = cleanPath(repository === '' ? `${path}/charts/${name}` : `${path}/${decoded(repository.slice('file://'.length))}`);
  if (tree.stat(place) === undefined) {
    throw new SluiceError('FileNotFound', `no chart found at '/${place}' (reference '${repository}')`, { place: { file: place } });
  }
  const constraint = await worded(`invalid version/constraint format '${version}'`, () => parseConstraint(version));
  const chart = await worded(`failed to load chart from '/${place}' (reference '${repository}')`, () => readChart(tree, place));
  if (!constraint.check(parseVersion(chart.metadata.version))) {
    throw new SluiceError('VersionInvalid', `can't get a valid version for constraint '${version}'`);
  }
  return chart.files;
}

async function remoteDependency(
  { name, version, repository: url }: Dependency,
  find: (url: string) => Promise<ChartRepository>,
  signal: AbortSignal | undefined,
): Promise<readonly ChartFile[]> {
  if (!/^(?:oci|https?):\/\//.test(url)) {
    const why = url.startsWith('@') ? 'aliased repository dependency is not supported' : 'invalid dependency repository URL';
    throw new SluiceError('SourceSettingsInvalid', `${why}: ${url}`);
  }
  const repository = await find(url);
  const chart = await worded(`failed to get chart '${name}' version '${version}' from '${url}'`, () =>
    repository.find(name, version, { signal }),
  );
  const archive = await worded(`chart download of version '${chart.version}' failed`, () => repository.download(chart, { signal }));
  return await worded(`failed to load downloaded archive of version '${chart.version}'`, () => {
    const files = unpackChart(archive);
    loadChartFiles(files);
    return files;
  });
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
