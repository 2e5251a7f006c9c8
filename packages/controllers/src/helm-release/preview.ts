import type { HelmRelease } from '@sluice/api';
import { createRenderer, type Release, type Renderer, type StoredHook } from '@sluice/helm';
import type { Cluster, Health, HealthReader } from '@sluice/kube';
import { systemClock } from '@sluice/runtime';
import type { KeySource } from '@sluice/sops';
import type { ObjectDiff } from '../apply/diff.js';
import { Pretence } from '../apply/pretence.js';
import type { ActionContext, ReleaseContext } from './actions/context.js';
import { chartDefinitions } from './actions/crds.js';
import { install, withStatus } from './actions/install.js';
import { ReleaseRecords } from './actions/records.js';
import { uninstall } from './actions/uninstall.js';
import { upgrade } from './actions/upgrade.js';
import { changedTarget } from './changes.js';
import { clusterCapabilities } from './cluster-view.js';
import { createDecryption } from './decrypt-values.js';
import { correctDrift, detectDrift } from './drift-detection.js';
import { forget } from './outcomes.js';
import { findReleaseChart, type ChartPreviewOptions } from './preview-chart.js';
import { renderRelease } from './rendering.js';
import { helmDefaults, type HelmReleaseSettings } from './settings.js';
import { releaseName, storageNamespace, type HelmReleaseStatus } from './spec.js';
import { releaseState } from './state.js';
import { composeValues } from './values.js';

export interface ReleasePreviewOptions extends Pick<ChartPreviewOptions, 'local' | 'version' | 'treeOf' | 'signal'> {
  /** The cluster of the release. Nothing is written to it. */
  readonly cluster: Cluster;
  /** Where the values, the sources and their Secrets are read, when some of them are not in the cluster yet. Default: the cluster. */
  readonly references?: ChartPreviewOptions['cluster'];
  readonly settings?: Partial<HelmReleaseSettings>;
  /** Opens values that are encrypted; asked for when some are. */
  readonly keys?: () => Promise<readonly KeySource[]>;
}

/** What a HelmRelease would lead to. */
export interface ReleasePreview {
  /** What would be done; undefined when nothing would be. */
  readonly action?: 'install' | 'upgrade' | 'uninstall and install' | 'correct drift';
  readonly reason: string;
  /** `name@version` of the chart that is released, and of the one that would be. */
  readonly from?: string;
  readonly to: string;
  /** In the order of writing. What is deleted, and what would stay as it is, is among them. */
  readonly objects: readonly ObjectDiff[];
  /** Definitions of the chart that differ from those in the cluster, and are left alone by the policy for `crds`. */
  readonly leftAlone: readonly ObjectDiff[];
  /** What would run before and after, and in tests. */
  readonly hooks: readonly Pick<StoredHook, 'kind' | 'name' | 'events'>[];
}

/**
 * What the controller would do about a HelmRelease as it is given, with the status that the cluster's has: its own actions,
 * done to a {@link Pretence}. Hooks are named instead of being run, and nothing is waited for. Throws what the controller
 * would fail of, as far as a server that is asked to pretend says it.
 */
export async function previewRelease(object: HelmRelease, options: ReleasePreviewOptions): Promise<ReleasePreview> {
  const renderer = createRenderer();
  try {
    return await new Preview(object, options, renderer).run();
  } finally {
    await renderer.close();
  }
}

class Preview {
  readonly #object: HelmRelease;
  readonly #options: ReleasePreviewOptions;
  readonly #renderer: Renderer;
  readonly #settings: HelmReleaseSettings;
  readonly #status: HelmReleaseStatus;
  readonly #objects: Pretence;
  /** Records are no objects of the release. */
  readonly #records: Pretence;

  constructor(object: HelmRelease, options: ReleasePreviewOptions, renderer: Renderer) {
    this.#object = object;
    this.#options = options;
    this.#renderer = renderer;
    this.#settings = { ...helmDefaults, ...options.settings };
    this.#status = structuredClone({ ...object.status });
    this.#objects = new Pretence(options.cluster);
    this.#records = new Pretence(options.cluster);
  }

  async run(): Promise<ReleasePreview> {
    const { spec } = this.#object;
    const context = await this.#context();
    const { records, chart, values } = context;
    const from = chartOf(records.last());
    const to = `${chart.metadata.name}@${chart.metadata.version}`;
    const known = { ...(from === undefined ? {} : { from }), to };
    const removal = this.#reasonToUninstall(chart.metadata.name);
    if (removal !== undefined) {
      await uninstall(records.last()?.name ?? releaseName(this.#object), context);
      forget(this.#status);
      const made = await install({ ...context, records: await this.#recordsOf(records) });
      return await this.#told(known, 'uninstall and install', `the ${removal} changes`, made, context);
    }
    const state = releaseState({ object: this.#object, status: this.#status, release: records.last(), chart: chart.metadata, values });
    const reason = 'reason' in state ? (state.reason ?? '') : '';
    if (state.type === 'Absent') return await this.#told(known, 'install', reason, await install(context), context);
    const isSettled = state.type === 'InSync' || state.type === 'Untested';
    // A chart at hand is what somebody works on, and may have its next version last.
    if (isSettled && this.#options.local === undefined) {
      if (spec.driftDetection?.mode === 'enabled') await this.#correct(records.last()!, context);
      return { ...known, ...this.#asIs(this.#objects.changes()) };
    }
    const last = records.last()!;
    if (state.type === 'Locked') await records.update(withStatus(last, 'failed', 'Release unlocked'));
    const why = isSettled ? `the chart is given; its version is that of the release: the controller would not upgrade` : reason;
    return await this.#told(known, 'upgrade', why, await upgrade(context), context);
  }

  #asIs(objects: readonly ObjectDiff[]): Pick<ReleasePreview, 'action' | 'reason' | 'objects' | 'leftAlone' | 'hooks'> {
    const rest = { objects, leftAlone: [], hooks: [] };
    if (objects.every(({ action }) => action === 'unchanged')) return { reason: 'the release is as it should be', ...rest };
    return { action: 'correct drift', reason: 'objects differ from the release', ...rest };
  }

  async #correct(release: Release, context: ActionContext): Promise<void> {
    const { errors } = await correctDrift(await detectDrift(release, new Map(), context), new Map(), context);
    if (errors.length > 0) throw new Error(errors.join('\n'));
  }

  #reasonToUninstall(chartName: string): string | undefined {
    const reason = changedTarget(this.#object, this.#status, chartName);
    return reason === 'chart name' && this.#object.spec.upgrade?.chartNameChangeStrategy === 'InPlaceUpdate' ? undefined : reason;
  }

  async #told(
    known: Pick<ReleasePreview, 'from' | 'to'>,
    action: NonNullable<ReleasePreview['action']>,
    reason: string,
    made: Release,
    context: ReleaseContext,
  ): Promise<ReleasePreview> {
    const objects = this.#objects.changes();
    const kind = action === 'upgrade' ? 'upgrade' : 'install';
    return { ...known, action, reason, objects, leftAlone: await this.#leftAlone(kind, context), hooks: this.#hooks(kind, made) };
  }

  #hooks(action: 'install' | 'upgrade', { hooks = [] }: Release): ReleasePreview['hooks'] {
    const { spec } = this.#object;
    const events = new Set([
      ...(spec[action]?.disableHooks === true ? [] : ([`pre-${action}`, `post-${action}`] as const)),
      ...(spec.test?.enable === true ? (['test'] as const) : []),
    ]);
    return hooks
      .map((hook) => ({ ...hook, events: (hook.events ?? []).filter((event) => (events as ReadonlySet<string>).has(event)) }))
      .filter((hook) => hook.events.length > 0);
  }

  async #leftAlone(action: 'install' | 'upgrade', { chart, values, signal }: ReleaseContext): Promise<ObjectDiff[]> {
    const { install: first, upgrade: next } = this.#object.spec;
    const { crds: policy = 'Create' } = (action === 'install' ? first : next) ?? {};
    if (policy === 'CreateReplace') return [];
    const asked = new Pretence(this.#options.cluster);
    for (const definition of chartDefinitions(chart, values).definitions) {
      await asked.cluster.apply(definition, { fieldManager: 'helm-controller', force: true, signal });
    }
    return asked.changes().filter(({ action: change }) => change === 'configured' || (policy === 'Skip' && change === 'created'));
  }

  async #context(): Promise<ReleaseContext> {
    const { cluster, references = cluster, keys, signal } = this.#options;
    const { helm3, trackChartDigests, requestConcurrency } = this.#settings;
    const object = this.#object;
    const namespace = object.metadata.namespace ?? '';
    const values = await composeValues(
      object,
      (kind, name) => references.get({ apiVersion: 'v1', kind, namespace, name }, { signal }),
      createDecryption(references, this.#settings, signal, keys),
    );
    const { chart } = await findReleaseChart(object, { ...this.#options, cluster: references, trackChartDigests });
    const world = { renderer: this.#renderer, capabilities: () => clusterCapabilities(cluster, signal), cluster, helm3, signal };
    return {
      object: withoutWaiting(object),
      cluster: this.#objects.cluster,
      live: undefined,
      records: await this.#recordsOf(),
      health: wellAtOnce,
      clock: systemClock,
      signal,
      concurrency: requestConcurrency,
      helm3,
      note: () => undefined,
      overtaken: signal,
      chart,
      values,
      render: (used, release, other) => renderRelease(object, other ?? chart, used, release, world),
    };
  }

  /** Those of a release that was pretended to be gone, when they are in the same place. */
  async #recordsOf(kept?: ReleaseRecords): Promise<ReleaseRecords> {
    const { history = [], storageNamespace: stored } = this.#status;
    const name = history.toSorted((a, b) => b.version - a.version)[0]?.name ?? releaseName(this.#object);
    const namespace = stored === undefined || stored === '' ? storageNamespace(this.#object) : stored;
    if (kept !== undefined && this.#object.status?.storageNamespace === namespace && latestName(this.#object) === name) return kept;
    const { signal } = this.#options;
    return await ReleaseRecords.read({ cluster: this.#records.cluster, namespace, name, now: Date.now, signal });
  }
}

function latestName({ status }: HelmRelease): string | undefined {
  return status?.history?.[0]?.name;
}

function chartOf(release: Release | undefined): string | undefined {
  if (release === undefined || release.info.status === 'uninstalled') return undefined;
  const { name, version } = release.chart.metadata as { readonly name?: string; readonly version?: string };
  return `${name ?? ''}@${version ?? ''}`;
}

/** Hooks would do something; and what is pretended never gets healthy. */
function withoutWaiting(object: HelmRelease): HelmRelease {
  const off = { disableHooks: true, disableWait: true } as const;
  const { install: first, upgrade: next, uninstall: last } = object.spec;
  return {
    ...object,
    spec: { ...object.spec, install: { ...first, ...off }, upgrade: { ...next, ...off }, uninstall: { ...last, ...off } },
  };
}

const well: Health = { status: 'Current', message: '', conditions: [] };
const wellAtOnce: HealthReader = { compute: () => well, judge: () => Promise.resolve(well), read: () => Promise.resolve(well) };
