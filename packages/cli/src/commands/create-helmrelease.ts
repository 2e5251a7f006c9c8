import { readFile } from 'node:fs/promises';
import { errorMessage, isJsonObject, setOwn, type Json, type JsonObject } from '@sluice/core';
import { parseYaml } from '@sluice/yaml';
import type { FlagValues, Invocation } from '../command-line/index.js';
import {
  createdName,
  createObject,
  durationField,
  filled,
  intervalField,
  kindAndName,
  kubeConfigField,
  namespacedName,
  objectReference,
} from '../create/index.js';
import { helmRelease } from '../kinds/index.js';

const STRATEGIES = ['Revision', 'ChartVersion'];
const CHART_KINDS = ['OCIRepository', 'HelmChart'];
const VALUES_KINDS = ['Secret', 'ConfigMap'];

/** `create helmrelease NAME`. */
export async function run(invocation: Invocation): Promise<void> {
  const { flags } = invocation;
  const name = createdName(invocation);
  const crds = flags.string('crds');
  const strategy = flags.string('reconcile-strategy');
  const targetNamespace = flags.string('target-namespace');
  const chart = chartFields(flags);
  if (!STRATEGIES.includes(strategy)) throw new Error(`'${strategy}' is an invalid reconcile strategy(valid: Revision, ChartVersion)`);
  const install = filled({ crds: crds === '' ? '' : 'Create', createNamespace: flags.bool('create-target-namespace') });
  await createObject(invocation, name, {
    kind: helmRelease,
    title: 'HelmRelease',
    spec: filled({
      ...chart,
      dependsOn: flags.list('depends-on').map((reference) => filled({ ...namespacedName(reference) })),
      install: Object.keys(install).length === 0 ? undefined : install,
      interval: intervalField(flags),
      kubeConfig: kubeConfigField(flags),
      releaseName: flags.string('release-name'),
      serviceAccountName: flags.string('service-account'),
      storageNamespace: flags.string('storage-namespace') || targetNamespace,
      targetNamespace,
      upgrade: crds === '' ? undefined : { crds },
      values: await valuesOf(flags.list('values')),
      valuesFrom: flags.list('values-from').map(valuesReference),
    }),
    done: (object) => [`HelmRelease ${name} is ready`, helmRelease.successMessage(object)],
  });
}

/** Where the chart is: in a source, by name and version, or an object that is the chart. */
function chartFields(flags: FlagValues): JsonObject {
  const chart = flags.string('chart');
  const chartRef = flags.string('chart-ref');
  if (chart === '' && chartRef === '') throw new Error('chart or chart-ref is required');
  if (chart !== '' && chartRef !== '') throw new Error('cannot use --chart in combination with --chart-ref');
  if (chartRef !== '') {
    const reference = objectReference(chartRef);
    if (!CHART_KINDS.includes(reference.kind))
      throw new Error(`chart reference kind '${reference.kind}' is not supported, must be one of: ${CHART_KINDS.join(', ')}`);
    return { chartRef: filled({ ...reference }) };
  }
  if (flags.string('source') === '') throw new Error('source is required: --source=<kind>/<name> says where the chart is');
  const spec = filled({
    chart,
    interval: durationField(flags, 'chart-interval'),
    reconcileStrategy: flags.string('reconcile-strategy'),
    sourceRef: filled({ ...objectReference(flags.string('source')) }),
    version: flags.string('chart-version'),
  });
  return { chart: { spec } };
}

/** The values of some files, later ones over earlier ones; undefined when there are no files. */
async function valuesOf(files: readonly string[]): Promise<JsonObject | undefined> {
  if (files.length === 0) return undefined;
  let values: JsonObject = {};
  for (const file of files) {
    const text = await readFile(file, 'utf8').catch((error: unknown) => {
      throw new Error(`reading values from ${file} failed: ${errorMessage(error)}`, { cause: error });
    });
    let more: Json;
    try {
      more = (parseYaml(text) ?? {}) as Json;
    } catch (error) {
      throw new Error(`converting values to JSON from ${file} failed: ${errorMessage(error)}`, { cause: error });
    }
    if (!isJsonObject(more)) throw new Error(`unmarshaling values from ${file} failed: its values are no mapping`);
    values = merged(values, more);
  }
  return values;
}

function merged(base: JsonObject, over: JsonObject): JsonObject {
  const result: JsonObject = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const before = Object.hasOwn(result, key) ? result[key] : undefined;
    setOwn(result, key, isJsonObject(before) && isJsonObject(value) ? merged(before, value) : value);
  }
  return result;
}

function valuesReference(text: string): JsonObject {
  const { kind, name } = kindAndName(text);
  if (kind === '') throw new Error(`invalid Kubernetes object reference '${text}', must be in format <kind>/<name>`);
  const known = VALUES_KINDS.find((candidate) => candidate.toLowerCase() === kind.toLowerCase());
  if (known === undefined) throw new Error(`reference kind '${kind}' is not supported, must be one of: ${VALUES_KINDS.join(', ')}`);
  return { kind: known, name };
}
