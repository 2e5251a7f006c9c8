import { SluiceError, setOwn, type Json } from '@sluice/core';
import { parseConstraint, tryParseVersion } from '@sluice/semver';
import { coalesceValues, mergeTables, type CoalesceOptions } from '../values/coalesce.js';
import { copyValues, isTable, scalarAt, tableAt, valueAt, type Values } from '../values/values.js';
import type { HelmVersion } from '../version.js';
import type { Chart, ChartMetadata, Dependency } from './chart.js';

/** A chart as it is rendered: only the subcharts that are wanted, under the names that they go by, with imported defaults. */
export interface ResolvedChart {
  readonly name: string;
  readonly chart: Chart;
  readonly metadata: ChartMetadata;
  readonly values: Values;
  readonly subcharts: readonly ResolvedChart[];
}

export interface ResolveOptions {
  readonly helm: HelmVersion;
  readonly warn?: (message: string) => void;
}

/** Which of a chart's subcharts the values enable, by conditions and tags, and what the parents import from them. */
export function resolveDependencies(chart: Chart, user: Readonly<Values>, options: ResolveOptions): ResolvedChart {
  const root = draft(chart);
  enable(root, user, '', options);
  importValues(root, options);
  return root;
}

/** Refuses a chart whose Chart.yaml names charts that are not in it. */
export function checkDependencies(chart: Chart): void {
  const missing = chart.metadata.dependencies.filter(({ name }) => !chart.subcharts.some((subchart) => subchart.metadata.name === name));
  if (missing.length === 0) return;
  throw new SluiceError(
    'ChartInvalid',
    `found in Chart.yaml, but missing in charts/ directory: ${missing.map(({ name }) => name).join(', ')}`,
  );
}

interface Draft {
  name: string;
  readonly chart: Chart;
  metadata: ChartMetadata;
  dependencies: DraftDependency[];
  values: Values;
  subcharts: Draft[];
}

interface DraftDependency {
  readonly dependency: Dependency;
  /** Its alias, or its name. */
  readonly name: string;
  enabled: boolean;
}

function draft(chart: Chart): Draft {
  const { metadata } = chart;
  return {
    name: metadata.name,
    chart,
    metadata,
    dependencies: metadata.dependencies.map((dependency) => ({
      dependency,
      name: dependency.alias === '' ? dependency.name : dependency.alias,
      enabled: true,
    })),
    values: chart.values,
    subcharts: chart.subcharts.map(draft),
  };
}

function enable(chart: Draft, values: Readonly<Values>, path: string, options: ResolveOptions): void {
  if (chart.dependencies.length === 0) return;
  const wanted = (dependency: Dependency, subchart: Draft): boolean =>
    subchart.name === dependency.name && isCompatible(dependency.version, subchart.metadata.version);
  // Charts that Chart.yaml does not name are used as they are.
  const subcharts = chart.subcharts.filter((subchart) => !chart.dependencies.some(({ dependency }) => wanted(dependency, subchart)));
  for (const { dependency, name } of chart.dependencies) {
    const found = chart.subcharts.find((subchart) => wanted(dependency, subchart));
    if (found === undefined) continue;
    const copy = draft(found.chart);
    copy.name = name;
    copy.metadata = { ...copy.metadata, name };
    subcharts.push(copy);
  }
  chart.subcharts = subcharts;
  const merged = coalesceValues(chart, values, withoutKeeping(options));
  applyTags(chart.dependencies, merged, options);
  applyConditions(chart.dependencies, merged, path, options);
  const disabled = new Set(chart.dependencies.filter(({ enabled }) => !enabled).map(({ name }) => name));
  chart.subcharts = chart.subcharts.filter(({ name }) => !disabled.has(name));
  chart.dependencies = chart.dependencies.filter(({ name }) => !disabled.has(name));
  for (const subchart of chart.subcharts) enable(subchart, merged, `${path}${subchart.name}.`, options);
  chart.metadata = {
    ...chart.metadata,
    dependencies: chart.dependencies.map(({ dependency, name }) => ({ ...dependency, name, enabled: true })),
  };
}

function applyTags(dependencies: readonly DraftDependency[], values: Readonly<Values>, { warn }: ResolveOptions): void {
  const found = tableAt(values, 'tags');
  if ('missing' in found) return;
  for (const entry of dependencies) {
    let hasTrue = false;
    let hasFalse = false;
    for (const tag of entry.dependency.tags) {
      const value = valueAt(found.table, tag);
      if (value === undefined) continue;
      if (value === true) hasTrue = true;
      else if (value === false) hasFalse = true;
      else warn?.(`Warning: Tag '${tag}' for chart ${entry.name} returned non-bool value`);
    }
    entry.enabled = hasTrue || !hasFalse;
  }
}

function applyConditions(dependencies: readonly DraftDependency[], values: Readonly<Values>, path: string, { warn }: ResolveOptions): void {
  for (const entry of dependencies) {
    for (const condition of entry.dependency.condition.trim().split(',')) {
      if (condition === '') continue;
      const value = scalarAt(values, path + condition);
      if (value === undefined) continue;
      if (typeof value === 'boolean') {
        entry.enabled = value;
        break;
      }
      warn?.(`Warning: Condition path '${condition}' for chart ${entry.name} returned non-bool value`);
    }
  }
}

function importValues(chart: Draft, options: ResolveOptions): void {
  for (const subchart of chart.subcharts) importValues(subchart, options);
  if (chart.metadata.dependencies.length === 0) return;
  const keeping: CoalesceOptions = { ...withoutKeeping(options), keepNulls: true };
  const merged = coalesceValues(chart, {}, keeping);
  const imported: Values = {};
  for (const { name, dependency } of chart.dependencies) {
    for (const item of dependency.importValues) {
      const [child, parent] = typeof item === 'string' ? [`exports.${item}`, '.'] : [item.child, item.parent];
      const found = tableAt(merged, `${name}.${child}`);
      if ('missing' in found) {
        const chartName = typeof item === 'string' ? '' : ` from chart ${name}`;
        options.warn?.(`Warning: ImportValues missing table${chartName}: ${JSON.stringify(found.missing)} is not a table`);
        continue;
      }
      mergeTables(imported, parent === '.' ? found.table : nested(parent.split('.'), found.table), keeping);
    }
  }
  chart.values = mergeTables(copyValues(merged), imported, keeping);
}

function nested(path: readonly string[], table: Values): Values {
  let value: Json = table;
  for (const key of path.toReversed()) {
    const outer: Values = {};
    setOwn(outer, key, value);
    value = outer;
  }
  return isTable(value) ? value : {};
}

function withoutKeeping({ helm, warn }: ResolveOptions): CoalesceOptions {
  return { helm, ...(warn !== undefined && { warn }) };
}

/** Whether a version is in a range. In one that is empty or malformed nothing is. */
export function isCompatible(range: string, version: string): boolean {
  if (range === '') return false;
  const parsed = tryParseVersion(version);
  if (parsed === undefined) return false;
  try {
    return parseConstraint(range).check(parsed);
  } catch {
    return false;
  }
}
