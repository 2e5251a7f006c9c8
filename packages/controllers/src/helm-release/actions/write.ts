import { errorMessage, groupOf, versionOf, type Json, type KubeObject } from '@sluice/core';
import { isConflict, isKindUnknown, isNotFound, type ObjectKey } from '@sluice/kube';
import { takeOverFields } from '../../apply/field-managers.js';
import { mapParallel } from '../../apply/parallel.js';
import { inventoryId, objectKeyOf, referenceOf } from '../../apply/reference.js';
import { mergedUpdate } from './client-side.js';
import { MANAGER, type ActionContext } from './context.js';
import { isKept } from './objects.js';

export interface WriteOptions {
  readonly serverSide: boolean;
  /** Replace objects instead of changing them (client-side only). */
  readonly replace?: boolean;
  /** Fields that were once written without server-side apply are given to it. */
  readonly upgradeManagers?: boolean;
}

/** What a change of objects has done: by id, as the server answered. */
export interface Written {
  readonly objects: ReadonlyMap<string, KubeObject>;
  /** Those that were not there before, in as far as somebody asked. */
  readonly created: readonly KubeObject[];
}

/** A change failed after some of it was done. */
export class WriteError extends Error {
  readonly written: Written;

  constructor(message: string, written: Written, cause: unknown) {
    super(message, { cause });
    this.written = written;
  }
}

/** Creates objects; those of one kind side by side. */
export async function createObjects(targets: readonly KubeObject[], options: WriteOptions, context: ActionContext): Promise<Written> {
  return await inOrder(targets, context, (target) => (options.serverSide ? applied(target, context) : created(target, context)));
}

/**
 * Turns the objects of one revision into those of another: applies the targets, then deletes what is not among them any
 * more. `existing` are those that are there by what is known of them.
 */
export async function updateObjects(
  originals: readonly KubeObject[],
  targets: readonly KubeObject[],
  options: WriteOptions,
  context: ActionContext,
): Promise<Written> {
  const before = new Map(originals.map((object) => [idOf(object), object]));
  const written = await inOrder(targets, context, (target) => {
    const original = before.get(idOf(target));
    return options.serverSide ? updateByServer(original, target, options, context) : updateByClient(original, target, options, context);
  });
  const kept = new Set(targets.map(idOf));
  const faults: string[] = [];
  for (const original of originals.filter((object) => !kept.has(idOf(object)))) {
    try {
      await deleteUnlessKept(original, context);
    } catch (error) {
      context.signal.throwIfAborted();
      const { namespace, name, kind } = referenceOf(original);
      faults.push(`failed to delete resource namespace=${namespace}, name=${name}, kind=${kind}: ${errorMessage(error)}`);
    }
  }
  if (faults.length > 0) throw new WriteError(faults.join(' && '), written, undefined);
  return written;
}

async function inOrder(
  targets: readonly KubeObject[],
  { concurrency, signal }: ActionContext,
  write: (target: KubeObject) => Promise<{ readonly object: KubeObject; readonly isNew: boolean }>,
): Promise<Written> {
  const objects = new Map<string, KubeObject>();
  const newOnes: KubeObject[] = [];
  const written: Written = { objects, created: newOnes };
  for (const batch of byKind(targets)) {
    signal.throwIfAborted();
    const faults: unknown[] = [];
    await mapParallel(batch, concurrency, async (target) => {
      try {
        const { object, isNew } = await write(target);
        objects.set(idOf(target), object);
        if (isNew) newOnes.push(target);
      } catch (error) {
        signal.throwIfAborted();
        faults.push(error);
      }
    });
    if (faults.length > 0) throw new WriteError(faults.map(errorMessage).join(' && '), written, faults[0]);
  }
  return written;
}

/** Cut where the kind changes: what is of one kind does not wait for each other. */
function byKind(objects: readonly KubeObject[]): KubeObject[][] {
  const batches: KubeObject[][] = [];
  for (const object of objects) {
    const last = batches.at(-1);
    if (last?.[0]?.kind === object.kind) last.push(object);
    else batches.push([object]);
  }
  return batches;
}

async function updateByServer(original: KubeObject | undefined, target: KubeObject, options: WriteOptions, context: ActionContext) {
  if (options.upgradeManagers === true) await upgradeManagers(target, context);
  if (original !== undefined) return await applied(target, context);
  try {
    return { ...(await applied(target, context)), isNew: true };
  } catch (error) {
    context.signal.throwIfAborted();
    throw new Error(`failed to create resource: ${errorMessage(error)}`, { cause: error });
  }
}

async function updateByClient(original: KubeObject | undefined, target: KubeObject, options: WriteOptions, context: ActionContext) {
  const { cluster, signal } = context;
  const existing = await cluster.get(keyOf(target), { signal });
  if (existing === undefined) {
    try {
      return await created(target, context);
    } catch (error) {
      signal.throwIfAborted();
      throw new Error(`failed to create resource: ${errorMessage(error)}`, { cause: error });
    }
  }
  const { resourceVersion } = existing.metadata;
  const wanted = options.replace === true ? target : mergedUpdate(original ?? existing, target, existing);
  if (wanted === undefined) return { object: existing, isNew: false };
  try {
    const versioned = resourceVersion === undefined ? wanted : { ...wanted, metadata: { ...wanted.metadata, resourceVersion } };
    return { object: await cluster.replace(versioned, { fieldManager: MANAGER, signal }), isNew: false };
  } catch (error) {
    signal.throwIfAborted();
    const what =
      options.replace === true
        ? 'failed to replace object'
        : `cannot patch ${JSON.stringify(target.metadata.name)} with kind ${target.kind}`;
    throw new Error(`${what}: ${errorMessage(error)}`, { cause: error });
  }
}

async function created(target: KubeObject, { cluster, signal }: ActionContext) {
  return { object: await cluster.create(target, { fieldManager: MANAGER, signal }), isNew: true };
}

async function applied(target: KubeObject, { cluster, signal }: ActionContext) {
  try {
    const object = await cluster.apply(target, { fieldManager: MANAGER, force: true, fieldValidation: 'Strict', signal });
    return { object, isNew: false };
  } catch (error) {
    signal.throwIfAborted();
    const what = isConflict(error) ? 'conflict occurred while applying object' : 'server-side apply failed for object';
    throw new Error(`${what} ${describe(target)}: ${errorMessage(error)}`, { cause: error });
  }
}

/** `apps/web apps/v1, Kind=Deployment` */
function describe({ apiVersion, kind, metadata }: KubeObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name ?? ''} ${groupOf(apiVersion)}/${versionOf(apiVersion)}, Kind=${kind}`;
}

async function upgradeManagers(target: KubeObject, { cluster, signal }: ActionContext): Promise<void> {
  const existing = await cluster.get(keyOf(target), { as: 'metadata', signal });
  const taken = takeOverFields(existing?.metadata.managedFields ?? [], [{ name: MANAGER, operation: 'Update' }], MANAGER);
  if (taken === undefined) return;
  const patch = [{ op: 'replace', path: '/metadata/managedFields', value: taken as unknown as Json }] as Json;
  await cluster.patch(keyOf(target), 'json', patch, { fieldManager: MANAGER, signal });
}

async function deleteUnlessKept(object: KubeObject, { cluster, signal }: ActionContext): Promise<void> {
  let existing;
  try {
    existing = await cluster.get(keyOf(object), { as: 'metadata', signal });
  } catch (error) {
    if (isKindUnknown(error) || isNotFound(error)) return;
    throw error;
  }
  if (existing === undefined || isKept(existing)) return;
  await cluster.delete(keyOf(object), { propagationPolicy: 'Background', signal });
}

/** Deletes objects; returns what went wrong. What is not there, or not served, is gone. */
export async function deleteObjects(
  objects: readonly KubeObject[],
  propagationPolicy: 'Background' | 'Foreground' | 'Orphan',
  { cluster, concurrency, signal }: ActionContext,
): Promise<string[]> {
  const faults: string[] = [];
  for (const batch of byKind(objects)) {
    await mapParallel(batch, concurrency, async (object) => {
      try {
        await cluster.delete(keyOf(object), { propagationPolicy, signal });
      } catch (error) {
        signal.throwIfAborted();
        if (!isNotFound(error) && !isKindUnknown(error)) faults.push(errorMessage(error));
      }
    });
  }
  return faults;
}

export function keyOf(object: KubeObject): ObjectKey {
  return objectKeyOf(referenceOf(object));
}

/** One text for one object, whatever its version. */
export function idOf(object: KubeObject): string {
  return inventoryId(referenceOf(object));
}
