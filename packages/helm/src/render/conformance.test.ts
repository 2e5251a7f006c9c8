import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { JsonObject } from '@sluice/core';
import { capabilities, parseKubeVersion } from '../capabilities/capabilities.js';
import type { Chart } from '../chart/chart.js';
import { loadChartArchive, loadChartFiles } from '../chart/load.js';
import type { Hook } from '../manifests/manifests.js';
import type { Lookup } from '../functions/host.js';
import { recordedCases, recordedRoot } from '../testing/recorded.js';
import { collectValues, parseValues } from '../values/files.js';
import { render, renderFiles, type Rendering, type RenderOptions } from './render.js';
import { templateText } from './text.js';

interface ChartCase {
  readonly name: string;
  readonly chart: string;
  readonly release: string;
  readonly namespace: string;
  readonly kubeVersion: string;
  readonly apiVersions?: readonly string[];
  readonly includeCRDs?: boolean;
  readonly isUpgrade?: boolean;
  readonly skipTests?: boolean;
  readonly noHooks?: boolean;
  readonly skipSchemaValidation?: boolean;
  readonly valuesFiles?: readonly string[];
  readonly set?: readonly string[];
  readonly setString?: readonly string[];
  readonly setJson?: readonly string[];
  readonly expected?: string;
  readonly placeholders?: number;
  readonly unorderedDocuments?: boolean;
  readonly notes?: string;
  readonly hooks?: readonly Partial<Hook>[];
  readonly error?: string;
  readonly errorUnordered?: boolean;
  readonly v4?: 'same';
  readonly expectedV4?: string;
  readonly errorV4?: string;
}

const charts = new Map<string, Chart>();

function chartOf(path: string): Chart {
  let chart = charts.get(path);
  if (chart === undefined) charts.set(path, (chart = loadChartArchive(readFileSync(join(recordedRoot, 'helm', path)))));
  return chart;
}

function textOf(path: string): string {
  return readFileSync(join(recordedRoot, 'helm', path), 'utf8');
}

for (const recorded of recordedCases<ChartCase>('helm/cases.json')) {
  for (const helm of [3, 4] as const) {
    test(`${recorded.name}, Helm ${helm}`, () => {
      const error = helm === 4 ? (recorded.errorV4 ?? recorded.error) : recorded.error;
      if (error !== undefined) {
        const message = (thrown(() => run(recorded, helm)) ?? '').trim();
        const wanted = error
          .replace(/^Error: /, '')
          .replace('\n\nUse --debug flag to render out invalid YAML', '')
          .replace(/^an error occurred while checking for chart dependencies.*?: found/i, 'found')
          .trim();
        if (recorded.errorUnordered === true) assert.deepEqual(lines(message), lines(wanted));
        else assert.equal(message, wanted);
        return;
      }
      const rendering = run(recorded, helm);
      const text = templateText(rendering, {
        includeCrds: recorded.includeCRDs === true,
        noHooks: recorded.noHooks === true,
        skipTests: recorded.skipTests === true,
      });
      const isSame = helm === 4 && recorded.expectedV4 === undefined;
      const expected = textOf((helm === 4 ? recorded.expectedV4 : undefined) ?? recorded.expected ?? '');
      if (recorded.unorderedDocuments === true) assert.deepEqual(documents(text).sort(), documents(expected).sort());
      else if (isSame) matches(documents(text).join('\n---\n'), documents(expected).join('\n---\n'), recorded.placeholders);
      else matches(text, expected, recorded.placeholders);
      if (recorded.notes !== undefined) matches(rendering.notes, textOf(recorded.notes), recorded.placeholders);
      if (recorded.hooks === undefined) return;
      const fields = (hook: Partial<Hook>): unknown[] => [
        // Names of tests are random in some charts, and are not in the output that would have their patterns.
        recorded.skipTests === true ? '' : hook.name,
        hook.kind,
        hook.path,
        hook.events,
        hook.weight ?? 0,
        hook.deletePolicies ?? [],
        hook.outputLogPolicies ?? [],
      ];
      const hooks = (list: readonly Partial<Hook>[]): string => JSON.stringify(list.map(fields));
      matches(hooks(rendering.hooks), hooks(recorded.hooks), recorded.placeholders);
    });
  }
}

function run(recorded: ChartCase, helm: 3 | 4): Rendering {
  const kube = capabilitiesFor(recorded, helm);
  const values = collectValues(
    {
      files: (recorded.valuesFiles ?? []).map((name) => ({ name, content: textOf(name) })),
      set: recorded.set ?? [],
      string: recorded.setString ?? [],
      json: recorded.setJson ?? [],
    },
    helm,
  );
  const release = { name: recorded.release, namespace: recorded.namespace, isUpgrade: recorded.isUpgrade === true };
  const skipSchemaValidation = recorded.skipSchemaValidation === true;
  return render(chartOf(recorded.chart), values, release, { helm, capabilities: kube, skipSchemaValidation });
}

function capabilitiesFor(
  { kubeVersion, apiVersions }: Pick<ChartCase, 'kubeVersion' | 'apiVersions'>,
  helm: 3 | 4,
): RenderOptions['capabilities'] & {} {
  try {
    return capabilities(helm, kubeVersion, apiVersions);
  } catch (error) {
    throw new Error(`invalid kube version '${kubeVersion}': ${(error as Error).message}`, { cause: error });
  }
}

function thrown(action: () => unknown): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Lines that may come in any order, with quoted names within them that may, too. */
function lines(text: string): string[] {
  return text
    .trim()
    .split('\n')
    .map((line) => Array.from(line).sort().join(''))
    .sort();
}

function documents(text: string): string[] {
  return text
    .split(/^---$/m)
    .map((document) => document.trim())
    .filter((document) => document !== '');
}

/** Compares texts, with random parts by their patterns. */
function matches(text: string, expected: string, placeholders: number | undefined): void {
  if (placeholders === undefined || placeholders === 0) return assert.equal(text, expected);
  const pattern = expected
    .split(/⟪re:(.*?)⟫/)
    .map((part, index) => (index % 2 === 0 ? part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&') : `(?:${part})`))
    .join('');
  if (!new RegExp(`^${pattern}$`).test(text)) assert.equal(text, expected);
}

interface FunctionCase {
  readonly name: string;
  readonly func: string;
  readonly template?: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly values?: string;
  readonly release?: { readonly name?: string; readonly namespace?: string; readonly revision?: number; readonly isUpgrade?: boolean };
  readonly kubeVersion?: string;
  readonly apiVersions?: readonly string[];
  readonly strict?: boolean;
  readonly lint?: boolean;
  readonly cluster?: readonly ClusterObject[];
  readonly expected?: string | Readonly<Record<string, string>>;
  readonly error?: string;
  readonly v4?: { readonly expected?: string | Readonly<Record<string, string>>; readonly error?: string };
}

interface ClusterObject extends JsonObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string };
}

for (const file of ['helm_toyaml', 'helm_fromyaml', 'helm_json_toml', 'helm_funcs', 'helm_objects', 'helm_render']) {
  for (const recorded of recordedCases<FunctionCase>(`sprig/${file}.json`)) {
    for (const helm of [3, 4] as const) {
      test(`${file}: ${recorded.name}, Helm ${helm}`, () => {
        const { expected, error } = helm === 4 && recorded.v4 !== undefined ? recorded.v4 : recorded;
        if (error !== undefined) {
          // The steps before rendering are named otherwise in the record.
          const message = thrown(() => runFunction(recorded, helm))?.replace(/^chart dependencies processing failed: /, '');
          assert.equal(message, error.replace(/^dependencies: /, ''));
          return;
        }
        const rendered = runFunction(recorded, helm);
        assert.deepEqual(typeof expected === 'string' ? rendered['c/templates/t.yaml'] : rendered, expected);
      });
    }
  }
}

function runFunction(recorded: FunctionCase, helm: 3 | 4): Record<string, string> {
  const { files = {}, template, release = {}, cluster } = recorded;
  const all: Record<string, string> = { 'Chart.yaml': 'apiVersion: v2\nname: c\nversion: 1.2.3\nappVersion: 4.5.6\n', ...files };
  if (template !== undefined) all['templates/t.yaml'] = template;
  const chart = loadChartFiles(Object.entries(all).map(([name, content]) => ({ name, data: new TextEncoder().encode(content) })));
  let kube;
  try {
    const { kubeVersion = 'v1.33.1', apiVersions = [] } = recorded;
    kube = { ...capabilities(helm, undefined, apiVersions), kubeVersion: parseKubeVersion(kubeVersion, helm) };
  } catch (error) {
    throw new Error(`kubeVersion: ${(error as Error).message}`, { cause: error });
  }
  const { name = 'rel', namespace = 'ns', revision = 1, isUpgrade = false } = release;
  const { files: rendered } = renderFiles(
    chart,
    parseValues(recorded.values ?? '', helm),
    { name, namespace, revision, isUpgrade },
    {
      helm,
      capabilities: kube,
      strict: recorded.strict === true,
      lint: recorded.lint === true,
      ...(cluster !== undefined && { lookup: lookupIn(cluster) }),
    },
  );
  return Object.fromEntries(rendered);
}

const KINDS = new Set(['v1/ConfigMap', 'v1/Secret', 'v1/Service', 'v1/Namespace', 'apps/v1/Deployment']);

function lookupIn(cluster: readonly ClusterObject[]): Lookup {
  return (apiVersion, kind, namespace, name) => {
    if (!KINDS.has(`${apiVersion}/${kind}`)) {
      const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
      throw new Error(`unable to get apiresource from unstructured: ${group}/${version}, Kind=${kind}`);
    }
    const found = cluster.filter(
      (object) =>
        object.apiVersion === apiVersion &&
        object.kind === kind &&
        (name === '' || object.metadata.name === name) &&
        (namespace === '' || object.metadata.namespace === namespace),
    );
    if (name !== '') return found[0];
    return { apiVersion, kind: `${kind}List`, metadata: { resourceVersion: '' }, items: found };
  };
}
