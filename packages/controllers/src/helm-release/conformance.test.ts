import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { formatDuration, isJsonObject, type KubeObject } from '@sluice/core';
import type { HelmRelease, ReleaseSnapshot } from '@sluice/api';
import type { Release, ReleaseStatus, Values } from '@sluice/helm';
import { StatusDraft, type Condition, type EventInput } from '@sluice/runtime';
import { parseYamlDocuments, printYaml } from '@sluice/yaml';
import { conformanceFile } from '../testing/conformance.js';
import { changedTarget, reasonToForgetFailures } from './changes.js';
import { commonMetadataDigest, encodeValues, postRenderersDigest, valuesDigest } from './digests.js';
import type { Drift } from './drift.js';
import { previous, truncate, truncateToNewest } from './history.js';
import { actionType, nextAction } from './next-action.js';
import { postRendererOf } from './post-render.js';
import { activeRemediation, activeRetry } from './remediation.js';
import { encodeObservation, isObserved, snapshotOf } from './snapshot.js';
import { chartObjectName, maxHistory, releaseName, releaseNamespace, storageNamespace, timeoutOf, type HelmReleaseStatus } from './spec.js';
import { releaseState, type ReleaseState } from './state.js';
import { summarize } from './summary.js';
import { composeValues } from './values.js';

interface StoredCase {
  readonly version: number;
  readonly status: ReleaseStatus;
  readonly config?: Values;
  readonly manifest?: string;
}

interface SnapshotCase extends StoredCase {
  readonly digestChanged?: boolean;
  readonly legacySnapshot?: boolean;
  readonly tested?: boolean;
  readonly tests?: Readonly<Record<string, string>>;
}

interface Case {
  readonly name: string;
  readonly type: string;
  readonly generation?: number;
  readonly metadataName?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly spec?: Partial<HelmRelease['spec']>;
  readonly status?: HelmReleaseStatus;
  readonly chart?: { readonly chartName?: string; readonly chartVersion?: string };
  readonly values?: Values | null;
  readonly storage?: readonly StoredCase[];
  readonly history?: readonly SnapshotCase[];
  readonly state?: string;
  readonly drift?: 'update' | 'create';
  readonly defaultToRetryOnFailure?: boolean;
  readonly ignoreTests?: boolean;
  readonly manifest?: string;
  readonly objects?: readonly (KubeObject & { readonly data?: object; readonly stringData?: Readonly<Record<string, string>> })[];
  readonly valuesFrom?: HelmRelease['spec']['valuesFrom'];
  readonly expected: Readonly<Record<string, unknown>>;
}

const time = '2024-05-01T10:00:00Z';

function storedRelease({ version, status, config, manifest }: StoredCase): Release {
  return {
    name: 'app',
    namespace: 'apps',
    version,
    info: { first_deployed: time, last_deployed: time, description: 'x', status },
    chart: {
      metadata: { name: 'demo', version: '1.0.0', apiVersion: 'v2', appVersion: '1' },
      lock: null,
      templates: null,
      values: null,
      schema: null,
      files: null,
    },
    ...(config === undefined ? {} : { config }),
    manifest: manifest ?? 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: demo\n',
  };
}

function snapshot(given: SnapshotCase): ReleaseSnapshot {
  const { digestChanged = false, legacySnapshot = false, tested = false, tests } = given;
  const testHooks = tests === undefined ? (tested ? {} : undefined) : phases(tests);
  const { apiVersion, ...made } = snapshotOf(storedRelease(given), { testHooks });
  return {
    ...made,
    ...(legacySnapshot || apiVersion === undefined ? {} : { apiVersion }),
    ...(digestChanged || legacySnapshot ? { digest: `sha256:${'0'.repeat(64)}` } : {}),
  };
}

function phases(tests: Readonly<Record<string, string>>): NonNullable<ReleaseSnapshot['testHooks']> {
  return Object.fromEntries(Object.entries(tests).map(([name, phase]) => [name, { phase }]));
}

/** The object of a case, and its status as a pass works on it. */
function subject(given: Case): { object: HelmRelease; draft: StatusDraft<HelmReleaseStatus> } {
  const object = {
    apiVersion: 'helm.toolkit.fluxcd.io/v2',
    kind: 'HelmRelease',
    metadata: {
      name: given.metadataName ?? 'app',
      namespace: 'apps',
      ...(given.generation === undefined ? {} : { generation: given.generation }),
      ...(given.annotations === undefined ? {} : { annotations: given.annotations }),
    },
    spec: { interval: '10m', ...given.spec, ...(given.valuesFrom === undefined ? {} : { valuesFrom: given.valuesFrom }) },
    status: { ...given.status, ...(given.history === undefined ? {} : { history: given.history.map(snapshot) }) },
  } as unknown as HelmRelease;
  return { object, draft: new StatusDraft<HelmReleaseStatus>(object, () => time) };
}

function withoutTimes(conditions: readonly Condition[]): object[] {
  return conditions.map(({ lastTransitionTime: _time, ...rest }) => rest);
}

const chartOf = ({ chart }: Case): { name: string; version: string } => ({
  name: chart?.chartName ?? 'demo',
  version: chart?.chartVersion ?? '1.0.0',
});

function driftOf(kind: Case['drift']): Drift {
  const reference = { group: '', version: 'v1', kind: 'ConfigMap', namespace: 'apps', name: 'demo' };
  const desired = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'demo' } };
  if (kind === 'create') return [{ reference, desired, difference: { type: 'removed' } }];
  return [{ reference, desired, difference: { type: 'changed', additions: 0, changes: 0, removals: 0 } }];
}

const replays: Readonly<Record<string, (given: Case) => unknown>> = {
  state(given) {
    const { object, draft } = subject(given);
    const release = given.storage?.toSorted((a, b) => b.version - a.version)[0];
    try {
      const state = releaseState({
        object,
        status: draft.fields,
        release: release === undefined ? undefined : storedRelease(release),
        chart: chartOf(given),
        values: given.values ?? {},
      });
      return { state: state.type, ...('reason' in state && state.reason !== undefined ? { reason: state.reason } : {}) };
    } catch (error) {
      return { state: 'Unknown', error: (error as Error).message };
    }
  },

  action(given) {
    const { object, draft } = subject(given);
    const events: EventInput[] = [];
    const stored = (given.storage ?? []).map(storedRelease);
    let result: object;
    try {
      const state = {
        type: given.state,
        reason: '',
        ...(given.state === 'Drifted' ? { drift: driftOf(given.drift) } : {}),
      } as ReleaseState;
      const action = nextAction(object, draft, state, {
        retryByDefault: given.defaultToRetryOnFailure === true,
        recordOf: (made) => {
          const record = stored.find(({ version }) => version === made.version);
          return record === undefined ? 'gone' : isObserved(made, record) ? 'there' : 'changed';
        },
        tell: (event) => events.push(event),
      });
      result =
        action === undefined
          ? { action: 'none' }
          : { action, actionType: actionType(action), timeout: formatDuration(timeoutOf(object, action)) };
    } catch (error) {
      result = { error: (error as Error).message };
    }
    const { history = [], lastHandledForceAt } = draft.fields;
    return {
      ...result,
      conditions: draft.conditions.length === 0 ? null : withoutTimes(draft.conditions),
      history: history.map(({ version }) => version),
      ...(events.length === 0 ? {} : { events: events.map(({ reason, message }) => ({ message, reason, type: 'Warning' })) }),
      ...(lastHandledForceAt === undefined ? {} : { lastHandledForceAt }),
    };
  },

  retries(given) {
    const { object, draft } = subject(given);
    const remediation = activeRemediation(object.spec, draft.fields);
    const retry = activeRetry(object.spec, draft.fields, given.defaultToRetryOnFailure === true);
    return {
      remediation:
        remediation === undefined
          ? null
          : {
              failureCount: remediation.failureCount,
              mustIgnoreTestFailures: remediation.ignoreTestFailures,
              mustRemediateLastFailure: remediation.lastFailure,
              retries: remediation.retries,
              retriesExhausted: remediation.retriesExhausted,
              strategy: remediation.strategy,
              uninstallAfterUpgrade: remediation.uninstallAfterUpgrade,
            },
      retry: retry === undefined ? null : { retryInterval: formatDuration(retry) },
    };
  },

  truncate({ history = [], ignoreTests = false }) {
    const snapshots = history.map(snapshot);
    return {
      previous: previous(snapshots, ignoreTests)?.version ?? null,
      truncate: truncate(snapshots, ignoreTests).map(({ version }) => version),
      truncateIgnoringPrevious: truncateToNewest(snapshots).map(({ version }) => version),
    };
  },

  reset(given) {
    const { object, draft } = subject(given);
    const reason = reasonToForgetFailures(object, draft.fields, chartOf(given), given.values ?? {});
    const { lastHandledResetAt } = draft.fields;
    return {
      reset: reason !== undefined,
      ...(reason === undefined ? {} : { reason }),
      ...(lastHandledResetAt === undefined ? {} : { lastHandledResetAt }),
    };
  },

  target(given) {
    const { object, draft } = subject(given);
    const reason = changedTarget(object, draft.fields, chartOf(given).name);
    return { changed: reason !== undefined, ...(reason === undefined ? {} : { reason }) };
  },

  names(given) {
    const { object } = subject(given);
    return {
      helmChartName: chartObjectName(object),
      maxHistory: maxHistory(object),
      releaseName: releaseName(object),
      releaseNamespace: releaseNamespace(object),
      storageNamespace: storageNamespace(object),
      timeout: formatDuration(timeoutOf(object)),
    };
  },

  summarize(given) {
    const { object, draft } = subject(given);
    summarize(object, draft);
    return { conditions: withoutTimes(draft.conditions) };
  },

  valuesDigest: ({ values }) => ({ digest: valuesDigest(values ?? null), encoded: encodeValues(values ?? null) }),

  postRendererDigest(given) {
    const { spec } = subject(given).object;
    return {
      ...(spec.postRenderers === undefined ? {} : { postRenderers: postRenderersDigest(spec) }),
      ...(spec.commonMetadata === undefined ? {} : { commonMetadata: commonMetadataDigest(spec) }),
    };
  },

  snapshot: ({ storage = [] }) => ({
    snapshots: storage.map(storedRelease).map((release) => {
      const { configDigest, digest } = snapshotOf(release);
      return { configDigest, digest, digestInput: encodeObservation(release) };
    }),
  }),

  postRender(given) {
    try {
      const run = postRendererOf(subject(given).object);
      const manifest = given.manifest ?? '';
      if (typeof run === 'function') return { manifest: run(manifest) };
      const documents = parseYamlDocuments(manifest, { types: 'kyaml' }).flatMap(({ value }) => (isJsonObject(value) ? [value] : []));
      return {
        manifest: run
          .documents(documents)
          .map((document) => printYaml(document))
          .join('---\n'),
      };
    } catch (error) {
      return { error: (error as Error).message };
    }
  },

  async values(given) {
    const { object } = subject(given);
    const spec = { ...object.spec, ...(given.values === undefined || given.values === null ? {} : { values: given.values }) };
    try {
      const values = await composeValues({ ...object, spec }, async (kind, name) => {
        const found = given.objects?.find((candidate) => candidate.kind === kind && candidate.metadata.name === name);
        if (found?.stringData === undefined) return found;
        const data = Object.entries(found.stringData).map(([key, text]) => [key, Buffer.from(text).toString('base64')]);
        return { ...found, data: Object.fromEntries(data) };
      });
      return { values: JSON.parse(JSON.stringify(values, (_, item: unknown) => (typeof item === 'bigint' ? Number(item) : item))) };
    } catch (error) {
      return { error: (error as Error).message };
    }
  },
};

const FILES = [
  'release-state',
  'next-action',
  'retries',
  'history',
  'failure-reset',
  'target-changed',
  'names',
  'ready-summary',
  'digests',
  'post-render',
  'values-from',
];

describe('recorded decisions about HelmReleases', () => {
  for (const file of FILES) {
    const cases = conformanceFile<readonly Case[]>(`helm-release/${file}.json`);
    if (cases === undefined) test(file, { skip: 'the conformance data is not there' }, () => undefined);
    for (const given of cases ?? []) {
      const skip = given.state === 'Unknown' ? 'a record that says nothing is an error before anything is decided' : false;
      test(given.name, { skip }, async () => {
        const replay = replays[given.type];
        assert.ok(replay, `there is no replay of ${given.type}`);
        assert.deepEqual(await replay(given), given.expected);
      });
    }
  }
});
