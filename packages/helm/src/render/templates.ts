import { SluiceError, baseName, setOwn } from '@sluice/core';
import {
  createTemplateCache,
  createTemplates,
  goInt,
  goMethod,
  TemplateError,
  typedMap,
  type GoMap,
  type Methods,
  type TemplateLimits,
  type Templates,
} from '@sluice/gotemplate';
import type { Capabilities } from '../capabilities/capabilities.js';
import type { Chart } from '../chart/chart.js';
import type { ResolvedChart } from '../chart/dependencies.js';
import { toYaml } from '../functions/documents.js';
import { helmFunctions } from '../functions/functions.js';
import type { Lookup, RenderHost } from '../functions/host.js';
import { tableAt, type Values } from '../values/values.js';
import type { HelmVersion } from '../version.js';
import { capabilitiesObject } from './capabilities-object.js';
import { chartObject } from './chart-object.js';
import { executionFault, parseFault } from './faults.js';
import { filesObject } from './files.js';

/** The release that a chart is rendered for: `.Release`. */
export interface ReleaseOptions {
  readonly name: string;
  readonly namespace: string;
  readonly revision?: number;
  readonly isUpgrade?: boolean;
}

export interface TemplateOptions {
  readonly helm: HelmVersion;
  readonly capabilities: Capabilities;
  readonly lookup?: Lookup;
  /** Values that are not there are errors. */
  readonly strict?: boolean;
  readonly lint?: boolean;
  readonly limits?: TemplateLimits;
}

/** All templates of a chart and its subcharts, rendered, by path. Values must be the chart's own: templates may change them. */
export function renderTemplates(
  chart: ResolvedChart,
  values: GoMap,
  release: ReleaseOptions,
  options: TemplateOptions,
): Map<string, string> {
  const { helm } = options;
  const scopes: TemplateScope[] = [];
  collect(chart, chart.name, typedValues(values, helm), true, baseScope(release, options), scopes, helm);
  const ordered = inOrder(scopes);
  const templates = templateSet(chart, ordered, options);
  const rendered = new Map<string, string>();
  const host: RenderHost = { lookup: options.lookup, lint: options.lint === true, included: new Map() };
  const limits = options.limits ?? {};
  for (const { path, scope, basePath } of ordered) {
    if (baseName(path).startsWith('_')) continue;
    scope['Template'] = typedValues({ Name: path, BasePath: basePath }, helm);
    try {
      rendered.set(path, templates.execute(path, scope, { host, limits }).replaceAll('<no value>', ''));
    } catch (error) {
      if (!(error instanceof TemplateError) || error.reason === 'TemplateOverLimit') throw error;
      throw executionFault(error, helm);
    }
  }
  return rendered;
}

const decoder = new TextDecoder();

/** A template with the data that it is given. */
interface TemplateScope {
  readonly path: string;
  readonly text: () => string;
  readonly scope: GoMap;
  readonly basePath: string;
  /** How many directories down it is. */
  readonly depth: number;
}

function collect(
  chart: ResolvedChart,
  path: string,
  values: GoMap,
  isRoot: boolean,
  base: GoMap,
  scopes: TemplateScope[],
  helm: HelmVersion,
): GoMap {
  const subcharts: GoMap = {};
  const scope: GoMap = {
    ...base,
    Chart: chartObject(chart.metadata, isRoot, helm),
    Files: filesObject(chart.chart.files, helm),
    Values: values,
    Subcharts: subcharts,
  };
  typedValues(scope, helm);
  for (const subchart of chart.subcharts) {
    const found = tableAt(values as Values, subchart.name);
    const own = typedValues('table' in found ? (found.table as GoMap) : {}, helm);
    setOwn(subcharts, subchart.name, collect(subchart, `${path}/charts/${subchart.name}`, own, false, base, scopes, helm));
  }
  const isLibrary = chart.metadata.type.toLowerCase() === 'library';
  for (const template of chart.chart.templates) {
    const { name } = template;
    if (isLibrary && !baseName(name).startsWith('_')) continue;
    scopes.push({
      path: `${path}/${name}`,
      text: () => decoder.decode(template.data),
      scope,
      basePath: `${path}/templates`,
      depth: `${path}/${name}`.split('/').length,
    });
  }
  return scope;
}

/** Deep paths first and backwards: a chart's own definitions come after those of its subcharts, and so win. */
function inOrder(scopes: readonly TemplateScope[]): TemplateScope[] {
  return scopes.toSorted((a, b) => b.depth - a.depth || (a.path < b.path ? 1 : -1));
}

const cache = createTemplateCache();
/** The templates of charts by which of their subcharts are in use: they are parsed once for all releases. */
const sets = new WeakMap<Chart, Map<string, Templates>>();

function templateSet(chart: ResolvedChart, scopes: readonly TemplateScope[], { helm, strict }: TemplateOptions): Templates {
  let known = sets.get(chart.chart);
  if (known === undefined) sets.set(chart.chart, (known = new Map()));
  const key = `${helm} ${strict === true} ${treeOf(chart)}`;
  let set = known.get(key);
  if (set !== undefined) return set;
  set = createTemplates({ name: 'gotpl', functions: helmFunctions(helm), missingKey: strict === true ? 'error' : 'zero', cache });
  for (const { path, text } of scopes) {
    try {
      set.parse(path, text());
    } catch (error) {
      if (error instanceof SluiceError) throw parseFault(error, path);
      throw error;
    }
  }
  known.set(key, set);
  return set;
}

function treeOf({ name, chart, subcharts }: ResolvedChart): string {
  return `${name}=${chart.metadata.name}@${chart.metadata.version}(${subcharts.map(treeOf).join(',')})`;
}

function baseScope({ name, namespace, revision = 1, isUpgrade = false }: ReleaseOptions, { helm, capabilities }: TemplateOptions): GoMap {
  return {
    Capabilities: capabilitiesObject(capabilities, helm),
    Release: { Name: name, Namespace: namespace, IsUpgrade: isUpgrade, IsInstall: !isUpgrade, Revision: goInt(revision), Service: 'Helm' },
  };
}

const valuesMethods: Methods = new Map([
  ['AsMap', goMethod('map', [], 'map[string]any', (values) => values)],
  ['YAML', goMethod('map', [], 'string', (values) => `${toYaml(values)}\n`)],
]);

/** In place: a subchart's values are a part of its parent's, and what one does to them the other one sees. */
function typedValues(values: GoMap, helm: HelmVersion): GoMap {
  return typedMap(helm === 3 ? 'chartutil.Values' : 'common.Values', values, valuesMethods);
}
