import type { Chart, Dependency } from '@sluice/helm';
import type { Invocation } from '../command-line/index.js';
import { loadChart } from './chart-source.js';
import { readRepositories } from './settings.js';

/**
 * A chart with the dependencies that its `charts/` lacks, fetched from where Chart.yaml says. Nothing is written:
 * the chart's directory stays as it is.
 */
export async function withDependencies(chart: Chart, directory: string, invocation: Invocation): Promise<Chart> {
  const has = new Set(chart.subcharts.map(({ metadata }) => metadata.name));
  const missing = chart.metadata.dependencies.filter(({ name }) => !has.has(name));
  const fetched: Chart[] = [];
  for (const dependency of missing) {
    invocation.terminal.action(`fetching the chart ${dependency.name} ${dependency.version} of ${dependency.repository}`);
    fetched.push(await loadDependency(dependency, directory, invocation));
  }
  return fetched.length === 0 ? chart : { ...chart, subcharts: [...chart.subcharts, ...fetched] };
}

function loadDependency({ name, version, repository }: Dependency, directory: string, invocation: Invocation): Promise<Chart> {
  if (repository.startsWith('file://')) return loadChart({ chart: repository.slice(7), repo: '', version }, invocation, directory);
  if (repository.startsWith('oci://')) return loadChart({ chart: `${repository}/${name}`, repo: '', version }, invocation);
  const alias = /^(?:@|alias:)(.+)$/.exec(repository)?.[1];
  if (alias === undefined) return loadChart({ chart: name, repo: repository, version }, invocation);
  if (!readRepositories(invocation.terminal.environment).some((known) => known.name === alias)) {
    throw new Error(`no repository definition for ${repository}: add it with helm repo add`);
  }
  return loadChart({ chart: `${alias}/${name}`, repo: '', version }, invocation);
}
