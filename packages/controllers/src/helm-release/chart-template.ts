import { deepEqual, errorMessage, isJsonObject, type KubeObject } from '@sluice/core';
import { groups, type HelmRelease } from '@sluice/api';
import type { Cluster } from '@sluice/kube';
import type { ObjectCache, ReconcileContext } from '@sluice/runtime';
import { MANAGER } from './actions/context.js';
import type { HelmReleaseSettings } from './settings.js';
import { checkAccess, chartKeyOf, noteChartObject, type ChartKey } from './source.js';
import { originLabels, type HelmReleaseStatus } from './spec.js';

export interface ChartTemplateWorld {
  readonly cluster: Cluster;
  readonly charts: ObjectCache;
  readonly settings: HelmReleaseSettings;
}

type Context = ReconcileContext<HelmReleaseStatus>;

const API_VERSION = `${groups.source}/v1`;

/**
 * Makes the HelmChart that `spec.chart` describes, or brings it up to date; one that was made before and is not meant any more goes.
 * Returns it when it was written: what is watched may show it a moment later.
 */
export async function applyChartObject(object: HelmRelease, context: Context, world: ChartTemplateWorld): Promise<KubeObject | undefined> {
  const { fields } = context.status;
  const key = object.spec.chart === undefined ? undefined : chartKeyOf(object);
  if (fields.helmChart !== undefined && (key === undefined || fields.helmChart !== `${key.namespace}/${key.name}`)) {
    await deleteChartObject(object, context, world);
  }
  if (key === undefined) return undefined;
  checkAccess(object, key, world.settings);
  const wanted = chartObject(object, key);
  const existing = world.charts.get(key.namespace, key.name);
  const isThere = existing !== undefined && holds(existing, wanted);
  const written = isThere ? undefined : await write(wanted, existing, object, context, world);
  noteChartObject(fields, key);
  return written;
}

/** What is applied and still there needs no request. */
function holds(existing: KubeObject, wanted: KubeObject): boolean {
  const specs = [existing['spec'], wanted['spec']];
  if (!specs.every(isJsonObject)) return false;
  const [has, wants] = specs as [Record<string, unknown>, Record<string, unknown>];
  const { metadata } = existing;
  return (
    metadata.deletionTimestamp === undefined &&
    isWithin(metadata.labels, wanted.metadata.labels) &&
    isWithin(metadata.annotations, wanted.metadata.annotations) &&
    // Defaults are in what is there, and nothing else may be.
    deepEqual({ ...has, interval: '' }, { ...DEFAULTS, ...wants, interval: '' }) &&
    has['interval'] === wants['interval']
  );
}

function isWithin(all: Readonly<Record<string, string>> = {}, some: Readonly<Record<string, string>> = {}): boolean {
  return Object.entries(some).every(([name, value]) => all[name] === value);
}

const DEFAULTS = { version: '*', reconcileStrategy: 'ChartVersion' };

async function write(
  wanted: KubeObject,
  existing: KubeObject | undefined,
  object: HelmRelease,
  context: Context,
  { cluster }: ChartTemplateWorld,
): Promise<KubeObject> {
  const { signal, log } = context;
  let applied: KubeObject;
  try {
    applied = await cluster.apply(wanted, { fieldManager: MANAGER, force: true, signal });
  } catch (error) {
    signal.throwIfAborted();
    const message = `failed to run server-side apply: ${errorMessage(error)}`;
    context.event({ severity: 'trace', reason: 'HelmChartSyncErr', message });
    throw new Error(message, { cause: error });
  }
  if (existing !== undefined && existing.metadata.resourceVersion === applied.metadata.resourceVersion) return applied;
  const { kind, namespace = object.metadata.namespace ?? '', name } = object.spec.chart!.spec.sourceRef;
  const action = existing === undefined ? 'Created' : 'Configured';
  const message = `${action} HelmChart/${wanted.metadata.namespace}/${wanted.metadata.name} with SourceRef '${kind}/${namespace}/${name}'`;
  log.info(message);
  context.event({ severity: 'trace', reason: `HelmChart${action}`, message });
  return applied;
}

/** The HelmChart that `spec.chart` describes. */
export function chartObject(object: HelmRelease, { namespace, name }: ChartKey): KubeObject {
  const { spec: template, metadata = {} } = object.spec.chart!;
  const { sourceRef, interval = object.spec.interval, ...rest } = template;
  const { name: source, kind } = sourceRef;
  const labels = { ...metadata.labels, ...originLabels(object) };
  return {
    apiVersion: API_VERSION,
    kind: 'HelmChart',
    metadata: { name, namespace, labels, ...(metadata.annotations === undefined ? {} : { annotations: metadata.annotations }) },
    spec: { ...rest, interval, sourceRef: { kind, name: source } },
  };
}

/** Deletes the HelmChart that was made for the HelmRelease. */
export async function deleteChartObject(object: HelmRelease, context: Context, { cluster, settings }: ChartTemplateWorld): Promise<void> {
  const { status, signal } = context;
  const { helmChart } = status.fields;
  if (helmChart === undefined || helmChart === '') return;
  const [namespace = '', name = ''] = helmChart.split('/');
  checkAccess(object, { kind: 'HelmChart', namespace, name }, settings);
  try {
    const wasThere = await cluster.delete({ apiVersion: API_VERSION, kind: 'HelmChart', namespace, name }, { signal });
    if (wasThere) context.event({ severity: 'trace', reason: 'HelmChartDeleted', message: `deleted HelmChart '${helmChart}'` });
  } catch (error) {
    signal.throwIfAborted();
    throw new Error(`failed to delete HelmChart '${helmChart}': ${errorMessage(error)}`, { cause: error });
  }
  noteChartObject(status.fields, undefined);
}
