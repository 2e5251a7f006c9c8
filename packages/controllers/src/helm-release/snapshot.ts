import type { ReleaseSnapshot } from '@sluice/api';
import { goJson } from '@sluice/core';
import { encodeJson, type GoValue } from '@sluice/gotemplate';
import type { Release, StoredHook } from '@sluice/helm';
import { digestOf, valuesDigest } from './digests.js';

/** The way in which digests of releases are made now; those of other ways are not checked. */
const SNAPSHOT_VERSION = 'v2';

/** What is known of a release besides its record. */
export interface SnapshotExtras {
  readonly action?: string | undefined;
  readonly ociDigest?: string | undefined;
  readonly testHooks?: ReleaseSnapshot['testHooks'] | undefined;
}

/** What the status remembers of a release, so that changes of it by others are noticed. */
export function snapshotOf(release: Release, { action, ociDigest, testHooks }: SnapshotExtras = {}): ReleaseSnapshot {
  const { name, namespace, version, info, chart, config } = release;
  const field = (key: string): string => (typeof chart.metadata[key] === 'string' ? chart.metadata[key] : '');
  const appVersion = field('appVersion');
  const deleted = seconds(info.deleted);
  return {
    apiVersion: SNAPSHOT_VERSION,
    digest: digestOf(encodeObservation(release, ociDigest)),
    name,
    namespace,
    version,
    status: info.status,
    ...nonEmpty({ action }),
    chartName: field('name'),
    chartVersion: field('version'),
    ...nonEmpty({ appVersion }),
    configDigest: valuesDigest({ ...config }),
    firstDeployed: seconds(info.first_deployed) ?? ZERO_TIME,
    lastDeployed: seconds(info.last_deployed) ?? ZERO_TIME,
    ...(deleted === undefined ? {} : { deleted }),
    ...(testHooks === undefined ? {} : { testHooks }),
    ...nonEmpty({ ociDigest }),
  };
}

const ZERO_TIME = '0001-01-01T00:00:00Z';

function nonEmpty<T extends Readonly<Record<string, string | undefined>>>(fields: T): { [K in keyof T]?: string } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== '')) as {
    [K in keyof T]?: string;
  };
}

/** `apps/web.v3` */
export function fullName({ namespace, name, version }: Pick<ReleaseSnapshot, 'namespace' | 'name' | 'version'>): string {
  return `${namespace}/${name}.v${version}`;
}

/** `podinfo@6.0.0` */
export function chartOf({ chartName, chartVersion }: Pick<ReleaseSnapshot, 'chartName' | 'chartVersion'>): string {
  return `${chartName}@${chartVersion}`;
}

/** Whether the snapshot is of this revision. */
export function targets(snapshot: ReleaseSnapshot, { name, namespace, version }: Pick<Release, 'name' | 'namespace' | 'version'>): boolean {
  return snapshot.name === name && snapshot.namespace === namespace && snapshot.version === version;
}

/** Whether a release is still what its snapshot says. Snapshots of early versions can't tell. */
export function isObserved(snapshot: ReleaseSnapshot, release: Release): boolean {
  if (snapshot.apiVersion !== SNAPSHOT_VERSION) return true;
  return snapshot.digest === digestOf(encodeObservation(release, snapshot.ociDigest));
}

/** What happened to the tests of a release, by name. */
export function testHooksOf({ hooks = [] }: Release, isSelected: (name: string) => boolean): NonNullable<ReleaseSnapshot['testHooks']> {
  const tests = hooks.filter((hook) => isTest(hook) && isSelected(hook.name ?? ''));
  return Object.fromEntries(
    tests.map(({ name = '', last_run: run }) => {
      const [lastStarted, lastCompleted] = [seconds(run?.started_at), seconds(run?.completed_at)];
      return [
        name,
        {
          ...(lastStarted === undefined ? {} : { lastStarted }),
          ...(lastCompleted === undefined ? {} : { lastCompleted }),
          ...(run === undefined || run.phase === '' ? {} : { phase: run.phase }),
        },
      ];
    }),
  );
}

/** Whether its tests have run: one has failed, or all have succeeded, or there are none to run. */
export function hasBeenTested({ testHooks }: ReleaseSnapshot): boolean {
  if (testHooks === undefined) return false;
  const phases = Object.values(testHooks).map(({ phase }) => phase);
  return phases.includes('Failed') || phases.every((phase) => phase === 'Succeeded');
}

export function hasFailedTest({ testHooks }: ReleaseSnapshot): boolean {
  return Object.values(testHooks ?? {}).some(({ phase }) => phase === 'Failed');
}

/**
 * What the digest of a release is made of, byte for byte as Flux has it: everything about the release but its chart's
 * templates, and but its tests, which people may run as they like.
 */
export function encodeObservation(
  { name, version, info, chart, config, manifest, hooks = [], namespace }: Release,
  ociDigest = '',
): string {
  const kept = hooks.filter((hook) => !isTest(hook));
  const fields = {
    first_deployed: moment(info.first_deployed),
    last_deployed: moment(info.last_deployed),
    deleted: moment(info.deleted),
    description: info.description === '' ? undefined : info.description,
    status: info.status,
    notes: info.notes === '' ? undefined : info.notes,
  };
  const values = config === undefined || Object.keys(config).length === 0 ? 'null' : encodeJson(config as GoValue);
  return [
    `{"name":${goJson(name)},"version":${version},"info":${goJson(fields)},"chartMetadata":${goJson(chart.metadata)}`,
    `"config":${values},"manifest":${goJson(manifest)},"hooks":${kept.length === 0 ? 'null' : goJson(kept.map(hookFields))}`,
    `"namespace":${goJson(namespace)}${ociDigest === '' ? '' : `,"ociDigest":${goJson(ociDigest)}`}}\n`,
  ].join(',');
}

function isTest({ events = [] }: StoredHook): boolean {
  return events.includes('test');
}

/** In the order of Helm's type. */
function hookFields(hook: StoredHook): object {
  const { name, kind, path, manifest, events, last_run: run, weight, delete_policies: policies, output_log_policies: logPolicies } = hook;
  return {
    name: name === '' ? undefined : name,
    kind: kind === '' ? undefined : kind,
    path: path === '' ? undefined : path,
    manifest: manifest === '' ? undefined : manifest,
    events: events?.length === 0 ? undefined : events,
    last_run: { started_at: moment(run?.started_at), completed_at: moment(run?.completed_at), phase: run?.phase ?? '' },
    weight: weight === 0 ? undefined : weight,
    delete_policies: policies?.length === 0 ? undefined : policies,
    output_log_policies: logPolicies?.length === 0 ? undefined : logPolicies,
  };
}

/** A moment as Go prints it again; undefined for none. */
function moment(text: string | undefined): string | undefined {
  if (text === undefined || text === '' || text.startsWith('0001-01-01T00:00:00')) return undefined;
  return text.replace(/(\.\d*?)0+(Z|[+-]\d\d:\d\d)$/, '$1$2').replace(/\.(Z|[+-]\d\d:\d\d)$/, '$1');
}

/** A moment in whole seconds, in UTC. */
function seconds(text: string | undefined): string | undefined {
  const time = moment(text);
  return time === undefined ? undefined : `${new Date(Math.floor(Date.parse(time) / 1000) * 1000).toISOString().slice(0, 19)}Z`;
}
