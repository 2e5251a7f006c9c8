import { chartCrds, metadataJson, type Chart } from '@sluice/helm';
import { printYaml } from '@sluice/yaml';
import type { RunCommand } from '../command-line/index.js';
import { findChart } from '../helm/chart-source.js';

/** What each command shows of a chart. */
const PARTS = {
  all: allText,
  chart: metadataText,
  crds: crdsText,
  readme: readmeText,
  values: valuesText,
} as const;

/** `helm show all|chart|crds|readme|values CHART`. */
export function show(part: keyof typeof PARTS): RunCommand {
  return async (invocation) => {
    const [path, ...others] = invocation.args;
    if (path === undefined || others.length > 0) throw new Error('specify one chart');
    invocation.terminal.out(PARTS[part](await findChart(path, invocation)));
  };
}

function allText(chart: Chart): string {
  const parts = [valuesText(chart), readmeText(chart)].filter((text) => text !== '').map((text) => `---\n${text}`);
  return [metadataText(chart), ...parts, crdsText(chart)].join('');
}

function metadataText({ metadata }: Chart): string {
  return `${printYaml(metadataJson(metadata))}\n`;
}

function valuesText({ valuesText: text }: Chart): string {
  return text === '' ? '' : `${text}\n`;
}

const READMES: ReadonlySet<string> = new Set(['readme.md', 'readme.txt', 'readme']);

function readmeText({ files }: Chart): string {
  const readme = files.find(({ name }) => READMES.has(name.toLowerCase()));
  return readme === undefined ? '' : `${new TextDecoder().decode(readme.data)}\n`;
}

/** Of the chart and of all its subcharts. */
function crdsText(chart: Chart): string {
  const own = chartCrds(chart, chart.metadata.name).map(({ data }) => {
    const text = new TextDecoder().decode(data);
    return `${text.startsWith('---') ? '' : '---\n'}${text}\n`;
  });
  return [...own, ...chart.subcharts.map(crdsText)].join('');
}
