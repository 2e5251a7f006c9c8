import { SluiceError } from '@sluice/core';
import type { GoMap, TemplateLimits } from '@sluice/gotemplate';
import { capabilities as capabilitiesOf, type Capabilities } from '../capabilities/capabilities.js';
import { chartCrds, type Chart, type ChartCrd } from '../chart/chart.js';
import { checkDependencies, isCompatible, resolveDependencies, type ResolvedChart } from '../chart/dependencies.js';
import type { Lookup } from '../functions/host.js';
import { sortManifests, type Hook, type Manifest } from '../manifests/manifests.js';
import { checkValues, type SchemaChart } from '../schema/check-values.js';
import { coalesceValues } from '../values/coalesce.js';
import type { Values } from '../values/values.js';
import type { HelmVersion } from '../version.js';
import { goValues, holdsIntegers } from './integers.js';
import { postRendered, type PostRenderer } from './post-render.js';
import { renderTemplates, type ReleaseOptions } from './templates.js';

export interface RenderOptions {
  /** 4 by default. */
  readonly helm?: HelmVersion;
  /** Of the cluster. By default those of none. */
  readonly capabilities?: Capabilities;
  /** Without it, `lookup` finds nothing. */
  readonly lookup?: Lookup;
  readonly skipSchemaValidation?: boolean;
  readonly strict?: boolean;
  readonly lint?: boolean;
  /** The NOTES.txt of subcharts as well. */
  readonly subchartNotes?: boolean;
  readonly postRenderer?: PostRenderer;
  readonly limits?: TemplateLimits;
}

/** What a chart makes of values for a release. Plain data. */
export interface Rendering {
  /** In the order in which they are applied. */
  readonly manifests: readonly Manifest[];
  /** By kind. For the order in which those of an event run see `hooksOf`. */
  readonly hooks: readonly Hook[];
  /** What is below `crds/`; it is not among the manifests. */
  readonly crds: readonly ChartCrd[];
  readonly notes: string;
  readonly warnings: readonly string[];
}

/**
 * Renders a chart, as `helm template` does: dependencies resolved, values checked against the schemas, templates run,
 * their output cut into manifests and hooks. A pure function: the cluster is what the options say it is.
 *
 * What runs too long or makes too much ends with `TemplateOverLimit`; for a deadline that holds whatever a template does
 * see `createRenderer`.
 */
export function render(chart: Chart, values: Readonly<Values>, release: ReleaseOptions, options: RenderOptions = {}): Rendering {
  const { helm = 4 } = options;
  checkInstallable(chart);
  checkReleaseName(release.name, helm);
  const { files, crds, warnings } = renderFiles(chart, values, release, options);
  const notes = takeNotes(files, chart.metadata.name, options.subchartNotes === true);
  const final = options.postRenderer === undefined ? files : postRendered(files, options.postRenderer, helm);
  return { ...sortManifests(final, 'install', helm), crds, notes, warnings };
}

/** The output of every template by its path, before it is cut into documents. NOTES.txt is among it. */
export function renderFiles(
  chart: Chart,
  values: Readonly<Values>,
  release: ReleaseOptions,
  options: RenderOptions = {},
): { readonly files: Map<string, string>; readonly crds: readonly ChartCrd[]; readonly warnings: readonly string[] } {
  const { helm = 4, capabilities = capabilitiesOf(helm) } = options;
  const warnings = new Set<string>();
  const valuesOptions = { helm, warn: (message: string): void => void warnings.add(message) };
  const resolved = resolve(chart, values, valuesOptions);
  const merged = coalesceValues(resolved, values, valuesOptions);
  if (options.skipSchemaValidation !== true) checkValues(schemaChart(resolved), merged, helm);
  checkKubeVersion(chart, capabilities, helm);
  const goMap = holdsIntegers(values) ? goValues(merged) : (merged as GoMap);
  const files = renderTemplates(resolved, goMap, release, {
    helm,
    capabilities,
    ...(options.lookup !== undefined && { lookup: options.lookup }),
    ...(options.strict !== undefined && { strict: options.strict }),
    ...(options.lint !== undefined && { lint: options.lint }),
    ...(options.limits !== undefined && { limits: options.limits }),
  });
  return { files, crds: crdsOf(resolved, resolved.name), warnings: [...warnings] };
}

/** What is below `crds/` of a chart and of those subcharts that values leave in use. */
export function crdsOfChart(chart: Chart, values: Readonly<Values>): readonly ChartCrd[] {
  if (!hasCrds(chart)) return [];
  const resolved = resolve(chart, values, { helm: 4, warn: () => undefined });
  return crdsOf(resolved, resolved.name);
}

function hasCrds(chart: Chart): boolean {
  return chartCrds(chart, '').length > 0 || chart.subcharts.some(hasCrds);
}

const RELEASE_NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const MAX_RELEASE_NAME = 53;

/** Refuses a name that no release can have. */
export function checkReleaseName(name: string, helm: HelmVersion = 4): void {
  if (name.length <= MAX_RELEASE_NAME && RELEASE_NAME.test(name)) return;
  const why =
    name === ''
      ? 'no name provided'
      : `release name ${JSON.stringify(name)}: invalid release name, must match regex ${RELEASE_NAME.source} and the length must not be longer than ${MAX_RELEASE_NAME}`;
  throw new SluiceError('ReleaseInvalid', helm === 4 ? `release name check failed: ${why}` : why);
}

function checkInstallable(chart: Chart): void {
  const { type } = chart.metadata;
  if (type !== '' && type !== 'application') {
    throw new SluiceError('ChartInvalid', `${type} charts are not installable`, { place: { file: 'Chart.yaml' } });
  }
  checkDependencies(chart);
}

function resolve(chart: Chart, values: Readonly<Values>, options: Parameters<typeof resolveDependencies>[2]): ResolvedChart {
  try {
    return resolveDependencies(chart, values, options);
  } catch (error) {
    if (!(error instanceof SluiceError) || options.helm === 3) throw error;
    throw new SluiceError(error.reason, `chart dependencies processing failed: ${error.message}`, { place: error.place, cause: error });
  }
}

function checkKubeVersion(chart: Chart, { kubeVersion }: Capabilities, helm: HelmVersion): void {
  const wanted = chart.metadata.kubeVersion;
  if (wanted === '' || isCompatible(wanted, kubeVersion.normalized)) return;
  const has = helm === 4 ? kubeVersion.version : kubeVersion.normalized;
  throw new SluiceError('ChartIncompatible', `chart requires kubeVersion: ${wanted} which is incompatible with Kubernetes ${has}`, {
    place: { file: 'Chart.yaml' },
  });
}

function schemaChart({ name, chart, subcharts }: ResolvedChart): SchemaChart {
  return { name, ...(chart.schema !== undefined && { schema: chart.schema }), subcharts: subcharts.map(schemaChart) };
}

function takeNotes(files: Map<string, string>, chart: string, ofSubcharts: boolean): string {
  const notes: string[] = [];
  for (const path of [...files.keys()].filter((name) => name.endsWith('NOTES.txt')).sort()) {
    if (ofSubcharts || path === `${chart}/templates/NOTES.txt`) notes.push(files.get(path) ?? '');
    files.delete(path);
  }
  return notes.join('\n');
}

/** Of the subcharts that are in use, under the names that they have here. */
function crdsOf({ chart, subcharts }: ResolvedChart, path: string): ChartCrd[] {
  return [...chartCrds(chart, path), ...subcharts.flatMap((subchart) => crdsOf(subchart, `${path}/charts/${subchart.name}`))];
}
