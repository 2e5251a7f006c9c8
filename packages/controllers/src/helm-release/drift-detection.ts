import { createHash } from 'node:crypto';
import { isJsonObject, printJson, type KubeObject } from '@sluice/core';
import type { Release } from '@sluice/helm';
import { isKindUnknown } from '@sluice/kube';
import { hasDrifted, resolveDesired, resolveIgnored } from '../apply/drift.js';
import { compileIgnoreRules } from '../apply/ignore-rules.js';
import { pointerSteps, withoutValueAt } from '../apply/json-pointer.js';
import { disturbance, ledgerEntry, type Ledger } from '../apply/ledger.js';
import { anyInMetadata } from '../apply/metadata-match.js';
import { normalizeDesired, normalizeDryRun } from '../apply/normalize.js';
import { mapParallel } from '../apply/parallel.js';
import { byApplyOrder } from '../apply/order.js';
import { inventoryId, referenceOf, subjectOf } from '../apply/reference.js';
import { MANAGER, type ActionContext } from './actions/context.js';
import { manifestObjects, owned } from './actions/objects.js';
import { keyOf } from './actions/write.js';
import type { Drift, ObjectDrift } from './drift.js';

/** Objects that carry this are left alone. */
const EXCLUDED = { 'helm.toolkit.fluxcd.io/driftDetection': 'disabled' };

/** What of a release is not in the cluster as it was applied. What is known to be so by the ledger costs no request. */
export async function detectDrift(release: Release, ledger: Ledger, context: ActionContext): Promise<Drift> {
  const { object, cluster, live, signal, concurrency } = context;
  const ignore = compileIgnoreRules(object.spec.driftDetection?.ignore ?? []);
  const desired = (await manifestObjects(release.manifest, release.namespace, cluster, signal))
    .map((item) => owned(normalizeDesired(item), release))
    .filter((item) => !anyInMetadata(item, EXCLUDED));
  if (live !== undefined) await Promise.all(desired.map((item) => live.follow(referenceOf(item))));
  const found = await mapParallel(desired, concurrency, (item) => driftOf(item, ignore.pointersFor(item), ledger, context));
  return found.flatMap((drift) => drift ?? []);
}

async function driftOf(
  desired: KubeObject,
  ignored: readonly string[],
  ledger: Ledger,
  context: ActionContext,
): Promise<ObjectDrift | undefined> {
  const { cluster, live, signal } = context;
  const reference = referenceOf(desired);
  const id = inventoryId(reference);
  const hash = createHash('sha1').update(printJson(desired)).digest('base64');
  const entry = ledger.get(id);
  const seen = live?.get(reference);
  if (entry?.hash === hash && seen !== undefined && disturbance(entry, seen, MANAGER, []) === undefined) return undefined;
  let existing: KubeObject | undefined;
  try {
    existing = await cluster.get(keyOf(desired), { signal });
  } catch (error) {
    signal.throwIfAborted();
    if (!isKindUnknown(error)) throw error;
  }
  if (existing === undefined) return { reference, desired, difference: { type: 'removed' } };
  if (anyInMetadata(existing, EXCLUDED)) return undefined;
  const dryRun = await cluster.apply(desired, { fieldManager: MANAGER, force: true, dryRun: true, signal });
  if (!hasDrifted(existing, dryRun, ignored)) {
    ledger.set(id, ledgerEntry(existing, hash, MANAGER));
    return undefined;
  }
  const resolved = resolveDesired(desired, resolveIgnored(existing, dryRun, ignored, MANAGER));
  return {
    reference,
    desired: resolved,
    difference: { type: 'changed', ...countChanges(comparable(existing, ignored), comparable(dryRun, ignored)) },
  };
}

function comparable(object: KubeObject, ignored: readonly string[]): unknown {
  const stripped = ignored.reduce((result, pointer) => withoutValueAt(result, pointerSteps(pointer)), normalizeDryRun(object));
  const { metadata, status: _status, ...rest } = stripped as KubeObject & { status?: unknown };
  return { ...rest, metadata: { labels: metadata.labels ?? {}, annotations: metadata.annotations ?? {} } };
}

/** How many operations a JSON patch from one to the other has. */
function countChanges(from: unknown, to: unknown): { additions: number; changes: number; removals: number } {
  const count = { additions: 0, changes: 0, removals: 0 };
  const compare = (a: unknown, b: unknown): void => {
    if (isJsonObject(a) && isJsonObject(b)) {
      for (const key of Object.keys(a)) {
        if (Object.hasOwn(b, key)) compare(a[key], b[key]);
        else count.removals++;
      }
      for (const key of Object.keys(b)) if (!Object.hasOwn(a, key)) count.additions++;
    } else if (Array.isArray(a) && Array.isArray(b)) {
      for (let index = 0; index < Math.min(a.length, b.length); index++) compare(a[index], b[index]);
      count.additions += Math.max(0, b.length - a.length);
      count.removals += Math.max(0, a.length - b.length);
    } else if (a !== b) {
      count.changes++;
    }
  };
  compare(from, to);
  return count;
}

export interface Correction {
  /** One line an object. */
  readonly done: readonly string[];
  readonly errors: readonly string[];
}

/** Writes drifted objects as the release has them. What fails does not stop the others. */
export async function correctDrift(drift: Drift, ledger: Ledger, { cluster, signal }: ActionContext): Promise<Correction> {
  const done: string[] = [];
  const errors: string[] = [];
  for (const { reference, desired, difference } of drift.toSorted((a, b) => byApplyOrder(a.reference, b.reference))) {
    const isNew = difference.type === 'removed';
    try {
      const applied = await cluster.apply(desired, { fieldManager: MANAGER, force: true, signal });
      const hash = createHash('sha1').update(printJson(desired)).digest('base64');
      ledger.set(inventoryId(reference), ledgerEntry(applied, hash, MANAGER));
      done.push(`${subjectOf(reference)} ${isNew ? 'created' : 'configured'}`);
    } catch (error) {
      signal.throwIfAborted();
      errors.push(`${subjectOf(reference)} ${isNew ? 'creation' : 'patch'} failure: ${errorText(desired, error)}`);
    }
  }
  return { done, errors };
}

/** What the server says of a Secret may quote what is in it: only the end is told, which says what is wrong. */
function errorText({ kind }: KubeObject, error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return kind === 'Secret' && text.includes('is invalid') ? text.slice(text.lastIndexOf(':') + 1).trim() : text;
}
