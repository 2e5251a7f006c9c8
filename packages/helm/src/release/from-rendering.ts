import type { Json, JsonObject } from '@sluice/core';
import type { Chart, ChartFile } from '../chart/chart.js';
import type { Hook } from '../manifests/manifests.js';
import { metadataJson } from '../render/chart-object.js';
import type { Rendering } from '../render/render.js';
import { releaseManifest } from '../render/text.js';
import type { Values } from '../values/values.js';
import type { Release, ReleaseInfo, StoredFile, StoredHook } from './release.js';

export interface NewRelease {
  readonly name: string;
  readonly namespace: string;
  readonly version: number;
  readonly info: Omit<ReleaseInfo, 'notes'>;
  readonly chart: Chart;
  readonly values: Readonly<Values>;
  readonly rendering: Rendering;
  readonly applyMethod?: 'ssa' | 'csa';
}

/** A release of what a chart rendered to, as Helm stores it. */
export function releaseOf({ name, namespace, version, info, chart, values, rendering, applyMethod }: NewRelease): Release {
  return {
    name,
    info: { ...info, ...(rendering.notes !== '' && { notes: rendering.notes }) },
    chart: storedChart(chart),
    ...(Object.keys(values).length > 0 && { config: plain(values) as JsonObject }),
    manifest: releaseManifest(rendering),
    ...(rendering.hooks.length > 0 && { hooks: rendering.hooks.map(storedHook) }),
    version,
    namespace,
    ...(applyMethod !== undefined && { apply_method: applyMethod }),
  };
}

const storedCharts = new WeakMap<Chart, Release['chart']>();

/** The same one for all releases of a chart. */
function storedChart(chart: Chart): Release['chart'] {
  let stored = storedCharts.get(chart);
  if (stored === undefined) storedCharts.set(chart, (stored = chartToStore(chart)));
  return stored;
}

function chartToStore({ metadata, templates, values, schema, files }: Chart): Release['chart'] {
  return {
    metadata: metadataJson(metadata),
    lock: null,
    templates: templates.map(storedFile),
    values: plain(values) as JsonObject,
    schema: schema === undefined ? null : Buffer.from(schema).toString('base64'),
    files: files.map(storedFile),
  };
}

/** A hook as a release has it. */
export function storedHook({ name, kind, path, content, events, weight, deletePolicies, outputLogPolicies }: Hook): StoredHook {
  return {
    name,
    kind,
    path,
    manifest: content,
    events,
    last_run: { phase: '' },
    ...(weight !== 0 && { weight }),
    ...(deletePolicies.length > 0 && { delete_policies: deletePolicies }),
    ...(outputLogPolicies.length > 0 && { output_log_policies: outputLogPolicies }),
  };
}

/** The other way round: a hook of a release, to run. */
export function hookOf(stored: StoredHook): Hook {
  return {
    name: stored.name ?? '',
    kind: stored.kind ?? '',
    path: stored.path ?? '',
    content: stored.manifest ?? '',
    events: stored.events ?? [],
    weight: stored.weight ?? 0,
    deletePolicies: stored.delete_policies ?? [],
    outputLogPolicies: stored.output_log_policies ?? [],
  };
}

function storedFile({ name, data }: ChartFile): StoredFile {
  return { name, data: Buffer.from(data).toString('base64') };
}

/** Values as JSON has them: an int64 becomes a number, as it does in Helm when a release is read again. */
function plain(value: Json): Json {
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return (value as readonly Json[]).map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}
