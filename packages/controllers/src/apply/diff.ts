import type { KubeObject } from '@sluice/core';
import { judgeSet, type ApplierOptions } from './applier.js';
import type { Change } from './change-set.js';
import type { Desired } from './desired.js';
import { hasDrifted } from './drift.js';
import { pointerSteps, withoutValueAt } from './json-pointer.js';
import { maskSecret } from './mask.js';
import type { VersionedReference } from './reference.js';

/** What an apply would do about an object; with both of its states where it would change it. Values of Secrets are hidden. */
export interface ObjectDiff extends Change {
  readonly live?: KubeObject;
  readonly merged?: KubeObject;
}

/** What applying a set would change, by asking the server; nothing is written. Throws an `ApplyError` that names all that is refused. */
export async function diffSet(
  set: readonly Desired[],
  options: Omit<ApplierOptions, 'ledger' | 'live' | 'migrateApiVersion' | 'whenReady'>,
): Promise<ObjectDiff[]> {
  const judgements = await judgeSet(set, options);
  return judgements.map(({ reference, action, existing, dryRun }, index) => {
    if (existing === undefined || dryRun === undefined) return { reference, action };
    return { ...difference(reference, existing, dryRun, options.ignore.pointersFor(set[index]!.object)), action };
  });
}

/** How an object would differ after a write that the server was asked to pretend. */
export function differenceOf(reference: VersionedReference, existing: KubeObject, dryRun: KubeObject): ObjectDiff {
  const action = hasDrifted(existing, dryRun) ? 'configured' : 'unchanged';
  return { ...difference(reference, existing, dryRun, []), action };
}

function difference(reference: VersionedReference, existing: KubeObject, dryRun: KubeObject, ignored: readonly string[]) {
  const [live, merged] = maskSecret(comparable(existing, ignored), comparable(dryRun, ignored));
  return { reference, live: live!, merged: merged! };
}

/** The object without what is the server's own, and what the rules leave alone. */
function comparable(object: KubeObject, ignored: readonly string[]): KubeObject {
  const { name, namespace, labels, annotations } = object.metadata;
  const { status: _, ...rest } = object as KubeObject & { status?: unknown };
  const stripped: KubeObject = {
    ...(rest as KubeObject),
    metadata: {
      ...(name === undefined ? {} : { name }),
      ...(namespace === undefined ? {} : { namespace }),
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
    },
  };
  return ignored.reduce((result, pointer) => withoutValueAt(result, pointerSteps(pointer)), stripped);
}
