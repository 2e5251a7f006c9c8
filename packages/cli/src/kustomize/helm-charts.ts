import { SluiceError, type FileTree } from '@sluice/core';
import { capabilities, loadChartDirectory, mergeValues, render, templateText, type Values } from '@sluice/helm';
import type { HelmRenderer } from '@sluice/kustomize';

export interface ChartOptions {
  readonly kubeVersion: string;
  readonly apiVersions: readonly string[];
}

/** Renders the charts of `helmCharts` that lie in the tree, as kustomize has `helm template` do. */
export function chartRenderer(tree: FileTree, options: ChartOptions): HelmRenderer {
  return ({ chart, chartDirectory, values }) => {
    if (tree.stat(chartDirectory) !== 'directory') {
      const pull =
        chart.repo === undefined || chart.repo === '' ? '' : ` Pull it first: helm pull ${chart.name ?? ''} --repo ${chart.repo} --untar.`;
      throw new SluiceError(
        'FileNotFound',
        `the chart ${chart.name ?? ''} is not in ${chartDirectory}: charts are not downloaded in a build.${pull}`,
        {
          place: { file: chartDirectory },
        },
      );
    }
    const kubeVersion = chart.kubeVersion !== undefined && chart.kubeVersion !== '' ? chart.kubeVersion : options.kubeVersion;
    const rendering = render(
      loadChartDirectory(tree, chartDirectory),
      values.reduce<Values>((merged, more) => mergeValues(merged, more as Values), {}),
      { name: nonEmpty(chart.releaseName) ?? 'release-name', namespace: nonEmpty(chart.namespace) ?? 'default' },
      {
        capabilities: capabilities(4, nonEmpty(kubeVersion), [...options.apiVersions, ...(chart.apiVersions ?? [])]),
      },
    );
    return templateText(rendering, {
      includeCrds: chart.includeCRDs === true,
      noHooks: chart.skipHooks === true,
      skipTests: chart.skipTests === true,
    });
  };
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}
