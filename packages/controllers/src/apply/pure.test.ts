import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isJsonObject, type KubeObject, type ManagedFieldsEntry } from '@sluice/core';
import { KubeError } from '@sluice/kube';
import { conformanceFile } from '../testing/conformance.js';
import { changeLog, type Action } from './change-set.js';
import { cleanupPatch } from './cleanup.js';
import { hasDrifted, resolveDesired, resolveIgnored } from './drift.js';
import { dryRunMessage, isImmutableError } from './errors.js';
import { migrateManagedFields, takeOverFields } from './field-managers.js';
import { compileIgnoreRules } from './ignore-rules.js';
import { pointerSteps, withoutValueAt } from './json-pointer.js';
import { maskSecret } from './mask.js';
import { anyInMetadata } from './metadata-match.js';
import { normalizeDesired, normalizeDryRun } from './normalize.js';
import { byApplyOrder, parseStageKinds, stageOf } from './order.js';
import { inventoryId, parseInventoryId, referenceOf, subjectOf } from './reference.js';

interface PureCase {
  readonly name: string;
  readonly type: string;
  // eslint-disable-next-line typescript/no-explicit-any -- recorded data of two dozen shapes
  readonly input: any;
  // eslint-disable-next-line typescript/no-explicit-any -- recorded data of two dozen shapes
  readonly expected?: any;
  readonly error?: string;
}

/** By type: what the recorded function answers, from ours. Types of commands that are not in this package are left out. */
const functions: Record<string, (input: PureCase['input']) => unknown> = {
  normalize: ({ object }) => ({ object: normalizeDesired(object) }),
  normalizeDryRun: ({ object }) => ({ object: normalizeDryRun(object) }),
  order({ objects }) {
    const apply = (objects as KubeObject[]).map(referenceOf).sort(byApplyOrder).map(subjectOf);
    return { apply, delete: apply.toReversed() };
  },
  inventoryId({ group, kind, namespace, name }) {
    const id = inventoryId({ group, kind, namespace, name });
    return { id, roundTrip: parseInventoryId(id), subject: subjectOf({ kind, namespace, name }) };
  },
  parseInventoryId: ({ id }) => parseInventoryId(id),
  anyInMetadata: ({ object, selector }) => ({ match: anyInMetadata(object, selector) }),
  immutable: ({ message, code, reason }) => ({ immutable: isImmutableError(apiError({ message, code, reason })) }),
  dryRunError: ({ object, message, code, reason, cause }) => ({
    message: dryRunMessage(object, apiError({ message, code, reason, cause })),
  }),
  replaceFieldManagers({ object, managers, name }) {
    const matches = (managers as { name: string; operationType: 'Apply' | 'Update' }[]).map((m) => ({
      name: m.name,
      operation: m.operationType,
    }));
    const value = takeOverFields(object.metadata.managedFields ?? [], matches, name);
    return { patch: value === undefined ? null : [{ op: 'replace', path: '/metadata/managedFields', value }] };
  },
  migrateVersion({ object, apiVersion }) {
    const value = migrateManagedFields((object.metadata.managedFields ?? []) as ManagedFieldsEntry[], apiVersion);
    return { patch: value === undefined ? null : [{ op: 'replace', path: '/metadata/managedFields', value }] };
  },
  removeMetadata({ object, annotations, labels }) {
    return {
      annotations: nullIfEmpty(cleanupPatch(object, { annotations, labels: [], managers: [] }, 'x')),
      labels: nullIfEmpty(cleanupPatch(object, { annotations: [], labels, managers: [] }, 'x')),
    };
  },
  drift: ({ existing, dryRun, ignore = [] }) => ({ drifted: hasDrifted(existing, dryRun, compileIgnoreRules(ignore).pointersFor(dryRun)) }),
  driftResult({ desired, existing, dryRun, ignore, manager = 'resource-manager' }) {
    const resolutions = resolveIgnored(existing, dryRun, compileIgnoreRules(ignore).pointersFor(dryRun), manager);
    return { payload: resolveDesired(desired, resolutions) };
  },
  removePaths: ({ object, paths }) => ({
    object: (paths as string[]).reduce((result: KubeObject, path) => withoutValueAt(result, pointerSteps(path)), object),
  }),
  selector: ({ object, selector }) => ({ match: compileIgnoreRules([{ paths: ['/x'], target: selector }]).pointersFor(object).length > 0 }),
  sanitize({ old, new: now }) {
    const [before, after] = maskSecret(old ?? undefined, now ?? undefined);
    return { ...(before === undefined ? {} : { old: before }), ...(after === undefined ? {} : { new: after }) };
  },
  caBundle: ({ object }) => ({ object: normalizeDesired(object) }),
  groupKindSet: ({ value }) => ({ set: [...parseStageKinds(value)].sort((a, b) => (a < b ? -1 : 1)) }),
  stages({ objects, customStageKinds = '' }) {
    const custom = parseStageKinds(customStageKinds);
    const stages: Record<string, string[]> = { definitions: [], classes: [], custom: [], resources: [] };
    for (const reference of (objects as KubeObject[]).map(referenceOf).sort(byApplyOrder))
      stages[stageOf(reference, custom)]!.push(subjectOf(reference));
    return { stages };
  },
  changeSet({ entries }) {
    const changes = (entries as [string, Action][]).map(([subject, action]) => {
      const parts = subject.split('/');
      const [kind = '', namespace = '', name = ''] = parts.length === 2 ? [parts[0], '', parts[1]] : parts;
      return { reference: { group: '', version: 'v1', kind, namespace, name }, action };
    });
    return { string: changeLog(changes) };
  },
};

function apiError({ message, code = 0, reason = '', cause }: { message: string; code?: number; reason?: string; cause?: string }): Error {
  if (code === 0) return new Error(message);
  return new KubeError(code, { message, reason, code, ...(cause === undefined ? {} : { details: { causes: [{ reason: cause }] } }) });
}

function nullIfEmpty<T>(list: readonly T[]): readonly T[] | null {
  return list.length === 0 ? null : list;
}

/** The first words of an error, up to where the library below begins to speak. */
function messageLike(error: string): RegExp {
  return new RegExp(error.split(':', 1)[0]!.replaceAll(/[.*+?^$()[\]{}|\\]/g, '\\$&'));
}

/** What a typed Go client adds to every object and the server takes for nothing: empty objects, a null creation time. */
function withoutArtefacts(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutArtefacts);
  if (!isJsonObject(value)) return value;
  const entries = Object.entries(value)
    .map(([key, child]) => [key, withoutArtefacts(child)] as const)
    .filter(
      ([key, child]) => !(key === 'creationTimestamp' && child === null) && !(isJsonObject(child) && Object.keys(child).length === 0),
    );
  return Object.fromEntries(entries);
}

/** What is done to desired objects only because a typed Go client does it; the server takes either for the same. */
const goOnly: Readonly<Record<string, string>> = {
  'normalize-quantity-canonicalised': 'quantities are compared by the server',
  'normalize-string-replicas-falls-back': 'the server refuses the object in any case',
  'normalize-empty-env-value': 'an empty value and none are the same to the server',
  'normalize-null-annotations': 'the server takes null for nothing',
  'dryrun-hpa-no-duplicates': 'the status is not compared',
  'fieldmanager-kubectl-after-existing-order': 'there the own entry comes out twice, as its copy is no longer equal to it',
  'dryrun-hpa-v2beta2-error': 'the version is no longer served',
};

const suite = conformanceFile<readonly PureCase[]>('ssa/pure.json');
if (suite === undefined) test('ssa/pure.json', { skip: 'the conformance data is not there' }, () => {});
for (const { name, type, input, expected, error } of suite ?? []) {
  const run = functions[type];
  if (run === undefined || Object.hasOwn(goOnly, name)) continue;
  test(`ssa ${type}: ${name}`, () => {
    if (error !== undefined) {
      if (type === 'parseInventoryId') assert.equal(run(input), undefined);
      else assert.throws(() => run(input), messageLike(error));
      return;
    }
    const actual = run(input);
    const wanted = isJsonObject(actual) ? Object.fromEntries(Object.keys(actual).map((key) => [key, expected[key]])) : expected;
    assert.deepEqual(withoutArtefacts(actual), withoutArtefacts(wanted));
  });
}
