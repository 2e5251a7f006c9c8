import { SluiceError, isJsonObject, setOwn, type Json } from '@sluice/core';
import { atPlace } from '../errors.js';
import { parseYaml } from '@sluice/yaml';
import { readResources } from '../build/read-resources.js';
import type { HelmChart, HelmGlobals } from '../kustomization/kustomization.js';
import type { Resource, ResourcePlace } from '../resource/resource.js';

/** What a chart of `helmCharts:` asks of Helm. */
export interface HelmChartRequest {
  /** The settings of the chart, the namespace of the kustomization in the place of a missing one. */
  readonly chart: HelmChart;
  /** The directory of the chart in the tree, whether or not it is there: `base/charts/podinfo`. */
  readonly chartDirectory: string;
  /** Values in the order in which they apply: those of the chart or of `valuesFile`, with `valuesInline`, then further files. */
  readonly values: readonly Json[];
}

/** Renders a chart to manifests, as `helm template` does. */
export type HelmRenderer = (request: HelmChartRequest) => string;

export interface HelmContext {
  readonly renderer: HelmRenderer | undefined;
  readonly load: (path: string) => Uint8Array;
  /** The path of a file or directory in the tree, from the directory of the kustomization. */
  readonly resolve: (path: string) => string;
  readonly place: ResourcePlace | undefined;
}

/** Inflates a chart. */
export function inflateChart(globals: HelmGlobals, chart: HelmChart, context: HelmContext): Resource[] {
  if (context.renderer === undefined) {
    throw new SluiceError('BuildRefused', 'must specify --enable-helm: helmCharts are off in this build', atPlace(context.place));
  }
  const { name = '', version = '', repo = '', valuesMerge = 'override' } = chart;
  if (name === '') throw invalid('chart name cannot be empty');
  if (!['merge', 'override', 'replace', ''].includes(valuesMerge)) throw invalid('valuesMerge must be one of [merge override replace]');
  const home = globals.chartHome === undefined || globals.chartHome === '' ? 'charts' : globals.chartHome;
  const chartPath = `${home}/${version !== '' && repo !== '' ? `${name}-${version}/` : ''}${name}`;
  const values = [mainValues(chart, chartPath, context)];
  for (const file of chart.additionalValuesFiles ?? []) values.push(readValues(context.load(file), file));
  const manifests = context.renderer({ chart, chartDirectory: context.resolve(chartPath), values });
  const resources = readResources(fromFirstSeparator(manifests), context.place?.file);
  for (const resource of resources) resource.isFromHelm = true;
  return resources;
}

function mainValues(chart: HelmChart, chartPath: string, context: HelmContext): Json {
  const { valuesFile = '', valuesInline, valuesMerge = 'override' } = chart;
  const inline = valuesInline ?? {};
  const hasInline = Object.keys(inline).length > 0;
  if (hasInline && valuesMerge === 'replace') return inline;
  const file = valuesFile === '' ? `${chartPath}/values.yaml` : valuesFile;
  const fromFile = readValues(context.load(file), file);
  if (!hasInline) return fromFile;
  return valuesMerge === 'merge' ? mergeValues(inline, fromFile) : mergeValues(fromFile, inline);
}

function readValues(content: Uint8Array, file: string): Json {
  return parseYaml(content, { file }) ?? {};
}

/** Deep merge; a null takes a key away. */
function mergeValues(under: Json, over: Json): Json {
  if (!isJsonObject(under) || !isJsonObject(over)) return over;
  const merged: Record<string, Json> = {};
  for (const key of new Set([...Object.keys(under), ...Object.keys(over)])) {
    const below = Object.hasOwn(under, key) ? (under[key] as Json) : undefined;
    const above = Object.hasOwn(over, key) ? (over[key] as Json) : undefined;
    if (above === null) continue;
    setOwn(merged, key, below === undefined ? above! : above === undefined ? below : mergeValues(below, above));
  }
  return merged;
}

/** Helm may print messages in front of the first document. */
function fromFirstSeparator(text: string): string {
  const at = text.startsWith('---') ? 0 : text.indexOf('\n---');
  return at > 0 && !/^\s*(?:#|apiVersion:|kind:)/m.test(text.slice(0, at)) ? text.slice(at + 1) : text;
}

function invalid(message: string): SluiceError {
  return new SluiceError('KustomizationInvalid', message);
}
