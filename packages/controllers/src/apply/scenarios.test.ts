import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { isJsonObject, parseDuration, type Json, type KubeObject, type ManagedFieldsEntry } from '@sluice/core';
import { startCluster, type EmbeddedCluster } from '@sluice/apiserver';
import { createCluster, createHealthReader, type Cluster } from '@sluice/kube';
import { systemClock } from '@sluice/runtime';
import { waitForHealth } from '../kustomization/health.js';
import { conformanceFile } from '../testing/conformance.js';
import { applySet, ApplyError } from './applier.js';
import { changeLog, type Change } from './change-set.js';
import { desiredSet } from './desired.js';
import { diffSet, type ObjectDiff } from './diff.js';
import { compileIgnoreRules, type IgnoreRule } from './ignore-rules.js';
import { pointerSteps, valueAt } from './json-pointer.js';
import { pruneObjects } from './prune.js';
import { objectKeyOf, referenceOf, subjectOf } from './reference.js';

interface Step {
  readonly op: string;
  readonly objects?: readonly KubeObject[];
  readonly object?: KubeObject;
  readonly fieldManager?: string;
  readonly force?: boolean;
  readonly patch?: Json;
  readonly timeout?: string;
  readonly failFast?: boolean;
  readonly duration?: string;
  readonly fields?: readonly string[];
  readonly owner?: { readonly name: string; readonly namespace: string };
  readonly options?: {
    readonly force?: boolean;
    readonly ignore?: readonly IgnoreRule[];
    readonly migrateAPIVersion?: boolean;
    readonly inclusions?: Readonly<Record<string, string>>;
    readonly cleanup?: {
      readonly annotations?: readonly string[];
      readonly fieldManagers?: readonly { readonly name: string; readonly operationType: 'Apply' | 'Update' }[];
    };
  };
  readonly expect?: {
    readonly changes?: readonly string[];
    readonly error?: string;
    readonly object?: KubeObject;
    readonly values?: Readonly<Record<string, unknown>>;
    readonly managedFields?: readonly ManagedFieldsEntry[];
    readonly diffs?: readonly { readonly change?: string; readonly live?: KubeObject; readonly merged?: KubeObject }[];
  };
}

interface Scenario {
  readonly name: string;
  readonly description: string;
  readonly fieldManager: string;
  readonly ownerGroup: string;
  readonly steps: readonly Step[];
}

/** Steps that end otherwise on purpose. */
const BETTER: Readonly<Record<string, string>> = {
  'scenario-migrate-api-version 5': 'the object is as it should be, and left alone',
  'scenario-wait 10': 'an object that has failed for good ends the wait at once, whatever else is waited for',
};

const suite = conformanceFile<readonly Scenario[]>('ssa/scenarios.json');

describe('ssa scenarios', { skip: suite === undefined ? 'the conformance data is not there' : false }, () => {
  let embedded: EmbeddedCluster;
  let cluster: Cluster;
  before(async () => {
    embedded = await startCluster({ ephemeral: true, simulate: false });
    cluster = createCluster(embedded.fetch);
  });
  after(() => embedded.stop());

  for (const scenario of suite ?? []) {
    test(`${scenario.name}: ${scenario.description}`, async () => {
      for (const [index, step] of scenario.steps.entries()) {
        const { error, ...seen } = await perform(cluster, scenario, step).then(
          (result) => ({ ...result, error: undefined }),
          (thrown: Error) => ({ error: thrown.message, ...(thrown instanceof ApplyError ? { changes: thrown.changes } : {}) }),
        );
        if (Object.hasOwn(BETTER, `${scenario.name} ${index}`)) continue;
        const at = `step ${index} (${step.op})`;
        check(step, at, seen, error);
      }
    });
  }
});

interface Seen {
  readonly changes?: readonly Change[];
  readonly object?: KubeObject;
  readonly diffs?: readonly ObjectDiff[];
}

function check({ op, expect = {}, fields }: Step, at: string, { changes, object, diffs }: Seen, error: string | undefined): void {
  if (expect.error === undefined) assert.equal(error, undefined, at);
  else assert.ok(error !== undefined && sameFault(error, expect.error), `${at}: ${error}\n  instead of ${expect.error}`);
  // Of a set that was refused nothing is written, where the recorded one goes on to the first fault.
  if (expect.changes !== undefined && expect.error === undefined) {
    assert.deepEqual(changeLog(changes ?? []).split('\n'), expect.changes, at);
  }
  if (op === 'diff' && expect.error === undefined) {
    const told = (diffs ?? []).map(({ reference, action, live, merged }) => ({
      change: `${subjectOf(reference)} ${action}`,
      ...(live === undefined ? {} : { live, merged }),
    }));
    // An empty status is shown there.
    assert.deepEqual(withoutStatus(told), withoutStatus(expect.diffs), at);
  }
  if (op !== 'get' || object === undefined) return;
  if (expect.object !== undefined)
    assert.ok(contains(object, expect.object), `${at}: ${JSON.stringify(object)}\n  lacks ${JSON.stringify(expect.object)}`);
  for (const [pointer, value] of Object.entries(expect.values ?? {})) {
    assert.deepEqual(valueAt(object, pointerSteps(pointer)) ?? null, value, `${at}: ${pointer}`);
  }
  if (fields !== undefined) assert.ok(fields.length > 0);
  if (expect.managedFields !== undefined)
    assert.deepEqual(ownership(object.metadata.managedFields ?? []), ownership(expect.managedFields), at);
}

async function perform(cluster: Cluster, scenario: Scenario, step: Step): Promise<Seen> {
  const { op, objects = [], object, options = {}, fieldManager = scenario.fieldManager } = step;
  const signal = AbortSignal.timeout(20_000);
  switch (op) {
    case 'create':
      for (const item of objects) await cluster.create(item, { fieldManager });
      return {};
    case 'serverSideApply':
      for (const item of objects) await cluster.apply(item, { fieldManager, force: step.force === true });
      return {};
    case 'mergePatch':
    case 'statusMergePatch': {
      const subresource = op === 'statusMergePatch' ? { subresource: 'status' } : {};
      for (const item of objects)
        await cluster.patch(objectKeyOf(referenceOf(item)), 'merge', step.patch!, { fieldManager, ...subresource });
      return {};
    }
    case 'sleep':
      await new Promise((resolve) => setTimeout(resolve, Math.min(parseDuration(step.duration!), 500)));
      return {};
    case 'get': {
      const found = await cluster.get(objectKeyOf(referenceOf(object!)));
      if (found === undefined) throw new Error(`${object!.kind.toLowerCase()}s ${JSON.stringify(object!.metadata.name)} not found`);
      return { object: found };
    }
    case 'wait':
      await waitForHealth(objects.map(referenceOf), {
        cluster,
        live: undefined,
        clock: systemClock,
        timeoutMs: Math.min(parseDuration(step.timeout ?? '5s'), 1000),
        signal,
        reader: createHealthReader(),
        known: new Map(),
        mayBeGone: () => false,
      });
      return {};
    case 'delete': {
      const { changes } = await pruneObjects(objects.map(referenceOf), { cluster, owner: options.inclusions ?? {}, signal });
      return { changes };
    }
    default: {
      const owned = step.owner === undefined ? objects : objects.map((item) => withOwner(item, scenario.ownerGroup, step.owner!));
      const { annotations = [], fieldManagers = [] } = options.cleanup ?? {};
      const desired = desiredSet(
        owned.map((object) => ({ object })),
        new Set(),
      );
      const applier = {
        cluster,
        manager: fieldManager,
        force: options.force === true,
        leftovers: {
          annotations,
          labels: [],
          managers: fieldManagers.map(({ name, operationType }) => ({ name, operation: operationType })),
        },
        ignore: compileIgnoreRules(options.ignore ?? []),
        concurrency: 4,
        signal,
      };
      if (op === 'diff') return { diffs: await diffSet(desired, applier) };
      return await applySet(desired, {
        ...applier,
        ledger: new Map(),
        migrateApiVersion: options.migrateAPIVersion === true,
        whenReady: () => new Promise((resolve) => setTimeout(resolve, 20)),
      });
    }
  }
}

function withOwner(object: KubeObject, group: string, owner: { name: string; namespace: string }): KubeObject {
  const labels = { ...object.metadata.labels, [`${group}/name`]: owner.name, [`${group}/namespace`]: owner.namespace };
  return { ...object, metadata: { ...object.metadata, labels } };
}

/** All that is refused is told at once; the recorded message names one of it. */
function sameFault(actual: string, recorded: string): boolean {
  const [told, wanted] = [plain(actual), plain(recorded)];
  return told.split('\n').includes(wanted) || told.startsWith(wanted.slice(0, 30));
}

function plain(text: string): string {
  return text.replaceAll(': ensure its CustomResourceDefinition is installed first', '').replaceAll(/<uid>|[0-9a-f-]{36}/g, '<uid>');
}

function contains(actual: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted))
    return Array.isArray(actual) && actual.length === wanted.length && wanted.every((item, index) => contains(actual[index], item));
  if (!isJsonObject(wanted)) return Object.is(actual, wanted);
  return isJsonObject(actual) && Object.entries(wanted).every(([key, value]) => contains(actual[key], value));
}

function ownership(entries: readonly ManagedFieldsEntry[]): unknown {
  return entries
    .map(({ manager, operation, apiVersion, fieldsV1, subresource }) => ({
      manager,
      operation,
      apiVersion,
      fieldsV1,
      ...(subresource === undefined ? {} : { subresource }),
    }))
    .sort((a, b) => (`${a.manager}${a.operation}` < `${b.manager}${b.operation}` ? -1 : 1));
}

function withoutStatus(diffs: unknown): unknown {
  return JSON.parse(JSON.stringify(diffs), (key, value: unknown) => (key === 'status' || key === 'creationTimestamp' ? undefined : value));
}
