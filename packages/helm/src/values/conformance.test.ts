import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Chart, Dependency } from '../chart/chart.js';
import { checkDependencies, resolveDependencies, type ResolvedChart } from '../chart/dependencies.js';
import { recordedCases, thrownBy, typedValue } from '../testing/recorded.js';
import { loadChartFiles } from '../chart/load.js';
import { coalesceValues } from './coalesce.js';
import { collectValues, parseValues } from './files.js';
import { setValues, type SetMode } from './set.js';
import type { Values } from './values.js';

interface SetCase {
  readonly mode: string;
  readonly input: string;
  readonly into?: unknown;
  readonly files?: Readonly<Record<string, string>>;
  readonly expected?: unknown;
  readonly error?: string;
}

for (const { mode, input, into, files = {}, expected, error } of recordedCases<SetCase>('helm/sdk/strvals.json')) {
  test(`${mode} ${JSON.stringify(input)}${into === undefined ? '' : ` into ${JSON.stringify(into)}`}`, () => {
    const values = typedValue(into ?? {}) as Values;
    const kind = mode === 'set-file' ? 'set' : mode === 'set' ? 'set' : (mode.replace('set-', '') as SetMode);
    const read = mode === 'set-file' ? readFrom(files) : undefined;
    assert.equal(
      thrownBy(() => setValues(values, input, kind, read)),
      error,
    );
    if (error === undefined) assert.deepEqual(values, typedValue(expected));
  });
}

interface MergeCase {
  readonly name: string;
  readonly valueFiles?: readonly string[];
  readonly set?: readonly string[];
  readonly setString?: readonly string[];
  readonly setJson?: readonly string[];
  readonly setFile?: readonly string[];
  readonly setLiteral?: readonly string[];
  readonly files?: Readonly<Record<string, string>>;
  readonly expected?: unknown;
  readonly error?: string;
  readonly v4?: { readonly expected?: unknown; readonly error?: string };
}

for (const recorded of recordedCases<MergeCase>('helm/sdk/values_merge.json')) {
  for (const helm of [3, 4] as const) {
    test(`${recorded.name}, Helm ${helm}`, () => {
      const { expected, error } = helm === 4 && recorded.v4 !== undefined ? recorded.v4 : recorded;
      let values: Values = {};
      const run = (): void => {
        values = collectValues(
          {
            files: (recorded.valueFiles ?? []).map((content, index) => ({ name: `values${index + 1}.yaml`, content })),
            set: recorded.set ?? [],
            string: recorded.setString ?? [],
            json: recorded.setJson ?? [],
            file: recorded.setFile ?? [],
            literal: recorded.setLiteral ?? [],
            readFile: readFrom(recorded.files ?? {}),
          },
          helm,
        );
      };
      assert.equal(thrownBy(run), error);
      if (error === undefined) assert.deepEqual(values, typedValue(expected));
    });
  }
}

function readFrom(files: Readonly<Record<string, string>>): (name: string) => string {
  return (name) => {
    const content = files[name];
    if (content === undefined) throw new Error(`open ${name}: no such file or directory`);
    return content;
  };
}

interface ChartText {
  readonly name: string;
  readonly version: string;
  readonly values: string;
  readonly dependencies: readonly Record<string, unknown>[];
  readonly charts: readonly ChartText[];
}

interface CoalesceCase {
  readonly name: string;
  readonly chart: ChartText;
  readonly values: string;
  readonly enabled?: unknown;
  readonly expected?: unknown;
  readonly warnings?: readonly string[];
  readonly error?: string;
  readonly dependencyError?: string;
  readonly v4?: { readonly expected?: unknown; readonly error?: string };
}

for (const recorded of recordedCases<CoalesceCase>('helm/sdk/coalesce.json')) {
  for (const helm of [3, 4] as const) {
    test(`${recorded.name}, Helm ${helm}`, () => {
      const { expected, error } = helm === 4 && recorded.v4 !== undefined ? recorded.v4 : recorded;
      const chart = chartOf(recorded.chart);
      const user = parseValues(recorded.values, helm);
      const warnings: string[] = [];
      const options = { helm, warn: (message: string): void => void warnings.push(message) };
      assert.equal(
        thrownBy(() => checkDependencies(chart)),
        recorded.dependencyError,
      );
      let resolved: ResolvedChart | undefined;
      let values: Values = {};
      const run = (): void => {
        resolved = resolveDependencies(chart, user, options);
        values = coalesceValues(resolved, user, options);
      };
      assert.equal(thrownBy(run), error);
      if (error !== undefined || resolved === undefined) return;
      assert.deepEqual(values, typedValue(expected));
      assert.deepEqual(enabledIn(resolved), recorded.enabled);
      if (helm === 3) assert.deepEqual([...new Set(warnings)].sort(), [...new Set(recorded.warnings ?? [])].sort());
    });
  }
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function chartOf({ name, version, values, dependencies, charts }: ChartText): Chart {
  const chart = loadChartFiles([
    {
      name: 'Chart.yaml',
      data: bytes(JSON.stringify({ apiVersion: 'v2', name, version, dependencies: dependencies as unknown as Dependency[] })),
    },
    { name: 'values.yaml', data: bytes(values) },
  ]);
  return { ...chart, subcharts: charts.map(chartOf) };
}

function enabledIn(chart: ResolvedChart): unknown {
  return Object.fromEntries(chart.subcharts.map((subchart) => [subchart.name, enabledIn(subchart)]));
}
