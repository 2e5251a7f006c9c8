import { deepEqual, type KubeObject } from '@sluice/core';
import { appliedFields, lostFields, takeOverFields, type FieldManagerMatch, type FieldSet } from './field-managers.js';
import { anyInMetadata, selectors } from './metadata-match.js';

/** What is known of an object since it was last applied. */
export interface LedgerEntry {
  readonly hash: string;
  readonly resourceVersion: string;
  readonly uid: string | undefined;
  /** What we own of it, as the server said after the apply. */
  readonly fields: FieldSet | undefined;
}

/**
 * What one owner has applied, by object. Lost at a restart, then every object is compared with the cluster once; never
 * trusted further than the versions in it: see {@link disturbance}.
 */
export type Ledger = Map<string, LedgerEntry>;

export function ledgerEntry(applied: KubeObject, hash: string, manager: string): LedgerEntry {
  const { resourceVersion = '', uid } = applied.metadata;
  return { hash, resourceVersion, uid, fields: appliedFields(applied, manager) };
}

/** What somebody did to an object that we have applied. */
export type Disturbance =
  | { readonly type: 'deleted' }
  /** Made anew by somebody under the same name. */
  | { readonly type: 'replaced' }
  /** Fields that we own were changed, or others were set by a tool whose fields we take over. */
  | { readonly type: 'changed'; readonly fields: readonly string[]; readonly managers: readonly string[] };

/**
 * What has become of an applied object, by its metadata alone; undefined when what we own of it is as we left it. Whoever
 * changes a field takes it out of our set, so that the values need not be looked at. What others own, its status
 * included, may change as it likes.
 */
export function disturbance(
  entry: LedgerEntry,
  live: Pick<KubeObject, 'metadata'> | undefined,
  own: string,
  takenOver: readonly FieldManagerMatch[],
): Disturbance | undefined {
  if (live === undefined || live.metadata.deletionTimestamp !== undefined) return { type: 'deleted' };
  if (live.metadata.uid !== entry.uid) return { type: 'replaced' };
  if (!isNewer(live.metadata.resourceVersion, entry.resourceVersion)) return undefined;
  const fields = appliedFields(live, own);
  const lost = entry.fields === undefined || deepEqual(entry.fields, fields) ? [] : lostFields(entry.fields, fields);
  const managedFields = live.metadata.managedFields ?? [];
  const intruders =
    anyInMetadata(live, selectors.merged) || takeOverFields(managedFields, takenOver, own) === undefined
      ? []
      : managedFields.filter((e) => isTakenOver(e, takenOver));
  if (lost.length === 0 && intruders.length === 0) return undefined;
  const takers = managedFields.filter((other) => other.manager !== own || other.operation !== 'Apply');
  const managers =
    lost.length === 0
      ? intruders
      : takers.filter(({ fieldsV1 }) => lostFields(entry.fields ?? {}, fields).some((path) => holds(fieldsV1, path)));
  return { type: 'changed', fields: lost, managers: [...new Set(managers.map(({ manager = 'unknown' }) => manager))] };
}

function isTakenOver(
  entry: { manager?: string; operation?: string; subresource?: string },
  matches: readonly FieldManagerMatch[],
): boolean {
  return matches.some(
    ({ name, operation }) => entry.operation === operation && (entry.subresource ?? '') === '' && (entry.manager ?? '').startsWith(name),
  );
}

/** Whether a set holds a field, given as {@link lostFields} names it. */
function holds(fields: FieldSet | undefined, path: string): boolean {
  return (
    fields !== undefined &&
    lostFields(fields, {}).some(
      (own) => own === path || own.startsWith(`${path}.`) || own.startsWith(`${path}[`) || path.startsWith(`${own}.`),
    )
  );
}

/** Whether the first version is the later one. They are numbers on every server there is. */
export function isNewer(version: string | undefined, than: string | undefined): boolean {
  return Number(version) > Number(than);
}
