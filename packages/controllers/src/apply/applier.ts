import { errorMessage, type Json, type KubeObject } from '@sluice/core';
import { isForbidden, isKindUnknown, isNotFound, type Cluster } from '@sluice/kube';
import type { Change } from './change-set.js';
import { cleanupPatch, type JsonPatchOperation, type Leftovers } from './cleanup.js';
import type { Desired } from './desired.js';
import { hasDrifted, resolveDesired, resolveIgnored } from './drift.js';
import { applyMessage, dryRunMessage, isImmutableError, isRequestInvalid } from './errors.js';
import { migrateManagedFields } from './field-managers.js';
import type { IgnoreRules } from './ignore-rules.js';
import { disturbance, ledgerEntry, type Ledger } from './ledger.js';
import type { LiveObjects } from './live-objects.js';
import { anyInMetadata, selectors } from './metadata-match.js';
import { needOf, type Need } from './need.js';
import { kindRank, STAGES } from './order.js';
import { mapParallel } from './parallel.js';
import { withPlace } from './place.js';
import { recreate } from './recreate.js';
import { objectKeyOf, referenceOf, type VersionedReference } from './reference.js';

export interface ApplierOptions {
  readonly cluster: Cluster;
  /** Absent for clusters that are not watched: every object is then compared with the cluster. */
  readonly live?: LiveObjects;
  readonly ledger: Ledger;
  /** The field manager. */
  readonly manager: string;
  /** Make objects anew where a change is refused because a field is immutable. */
  readonly force: boolean;
  readonly leftovers: Leftovers;
  readonly ignore: IgnoreRules;
  /** Rewrite managed fields that are in another version of the API than the desired object. */
  readonly migrateApiVersion: boolean;
  /** Who else has applied an object that is to be left to it now, by the object's metadata in the cluster. */
  readonly leftTo?: (object: KubeObject, live: Pick<KubeObject, 'metadata'>) => string | undefined;
  readonly concurrency: number;
  readonly signal: AbortSignal;
  /** Waits until definitions and classes are ready for what stands on them. */
  readonly whenReady: (applied: readonly KubeObject[]) => Promise<void>;
}

export interface Applied {
  /** One change an object, in the order of the desired set. */
  readonly changes: readonly Change[];
  /** What the server answered, by object, for those that were written. */
  readonly objects: ReadonlyMap<string, KubeObject>;
  /** Objects that were left to somebody else, with whom. */
  readonly left: ReadonlyMap<string, { readonly reference: VersionedReference; readonly to: string }>;
}

/** The set was not applied, or not all of it. The message names every object that is to blame, and where it is written. */
export class ApplyError extends Error {
  /** What was done before. */
  readonly changes: readonly Change[];
  /** What has to come first, and is not part of the set. */
  readonly needs: readonly Need[];

  constructor(message: string, changes: readonly Change[], needs: readonly Need[] = []) {
    super(message);
    this.changes = changes;
    this.needs = needs;
  }
}

/** What is to be done about an object. */
type Verdict =
  | { readonly type: 'skip'; readonly object: KubeObject }
  | { readonly type: 'leave' }
  | {
      readonly type: 'write';
      readonly object: KubeObject;
      readonly action: 'created' | 'configured';
      readonly cleanup: readonly JsonPatchOperation[];
      /** The version that is there, where it is known: the same after the write means nothing has changed. */
      readonly version?: string;
      readonly recreate?: boolean;
      /** What is there, and what would be. */
      readonly existing?: KubeObject;
      readonly dryRun?: KubeObject;
    }
  /** Can't be judged before something else of the set is there. */
  | { readonly type: 'later'; readonly reason: string };

/**
 * Applies a set by server-side apply. Objects that are as they were applied last cost no request. Of all others the
 * server is asked first, by dry run, and nothing is written when it refuses any; what stands on definitions of the same
 * set is asked again when those are there. Objects of one rank are written side by side, ranks one after the other.
 */
export async function applySet(set: readonly Desired[], options: ApplierOptions): Promise<Applied> {
  return await new Applier(set, options).run();
}

/** What an apply would do about an object. */
export interface Judgement extends Change {
  /** What is there, and what would be, where it would be changed. */
  readonly existing?: KubeObject;
  readonly dryRun?: KubeObject;
}

/** What {@link applySet} would do, in the order of the set; nothing is written. Throws the same faults. */
export async function judgeSet(
  set: readonly Desired[],
  options: Omit<ApplierOptions, 'ledger' | 'live' | 'migrateApiVersion' | 'whenReady'>,
): Promise<Judgement[]> {
  const nothing = { ledger: new Map(), migrateApiVersion: false, whenReady: () => Promise.resolve() };
  return await new Applier(set, { ...options, ...nothing }).judge();
}

class Applier {
  readonly #set: readonly Desired[];
  readonly #options: ApplierOptions;
  readonly #verdicts = new Map<string, Verdict>();
  readonly #changes = new Map<string, Change>();
  readonly #objects = new Map<string, KubeObject>();
  readonly #left = new Map<string, { readonly reference: VersionedReference; readonly to: string }>();
  readonly #needs = new Map<string, Need>();

  constructor(set: readonly Desired[], options: ApplierOptions) {
    this.#set = set;
    this.#options = options;
  }

  async run(): Promise<Applied> {
    await this.#follow();
    await this.#judge(this.#set, 'first');
    for (const stage of STAGES) {
      const ofStage = this.#set.filter((desired) => desired.stage === stage);
      const late = ofStage.filter(({ id }) => this.#verdicts.get(id)?.type === 'later');
      if (late.length > 0) await this.#judge(late, 'last');
      await this.#writeStage(ofStage);
      if (stage === 'definitions' || stage === 'classes') await this.#wait(ofStage);
    }
    return { changes: this.#done(), objects: this.#objects, left: this.#left };
  }

  async judge(): Promise<Judgement[]> {
    await this.#judge(this.#set, 'first');
    return this.#set.map(({ id, reference }) => {
      const verdict = this.#verdicts.get(id)!;
      if (verdict.type === 'skip') return { reference, action: 'skipped' };
      if (verdict.type === 'leave') return { reference, action: 'unchanged' };
      // What stands on something that the set brings is new, too.
      if (verdict.type === 'later') return { reference, action: 'created' };
      const { action, existing, dryRun } = verdict;
      return { reference, action, ...(existing === undefined ? {} : { existing }), ...(dryRun === undefined ? {} : { dryRun }) };
    });
  }

  /** One watch for each kind of the set. */
  async #follow(): Promise<void> {
    const { live } = this.#options;
    if (live === undefined) return;
    const kinds = new Map(this.#set.map(({ reference }) => [`${reference.group}/${reference.version}/${reference.kind}`, reference]));
    await Promise.all([...kinds.values()].map((kind) => live.follow(kind)));
  }

  /** Throws, with all that is wrong, when any object is refused. */
  async #judge(set: readonly Desired[], round: 'first' | 'last'): Promise<void> {
    const found = await mapParallel(set, this.#options.concurrency, async (desired): Promise<string | undefined> => {
      try {
        const verdict = await this.#verdictOn(desired);
        this.#verdicts.set(desired.id, verdict);
        return verdict.type === 'later' && round === 'last' ? withPlace(verdict.reason, desired.place) : undefined;
      } catch (error) {
        this.#options.signal.throwIfAborted();
        return withPlace(errorMessage(error), desired.place);
      }
    });
    // In the order of the set: in that of the answers the same fault would be another message each time.
    const faults = found.filter((fault) => fault !== undefined);
    if (faults.length > 0) throw new ApplyError(faults.join('\n'), this.#done(), [...this.#needs.values()]);
  }

  async #verdictOn(desired: Desired): Promise<Verdict> {
    const { ledger, live, manager, leftovers } = this.#options;
    const { object, reference } = desired;
    if (anyInMetadata(object, selectors.excluded)) return { type: 'skip', object };
    const entry = ledger.get(desired.id);
    const seen = live?.get(reference);
    if (seen !== undefined && this.#isLeft(desired, seen)) return { type: 'leave' };
    if (entry?.hash === desired.hash && seen !== undefined && disturbance(entry, seen, manager, leftovers.managers) === undefined) {
      return { type: 'leave' };
    }
    if (seen !== undefined && anyInMetadata(seen, selectors.excluded)) return { type: 'skip', object: seen };
    if (seen !== undefined && anyInMetadata(object, selectors.ifNotPresent)) return { type: 'skip', object: seen };
    return await this.#compare(desired, seen);
  }

  async #compare(desired: Desired, seen: KubeObject | undefined): Promise<Verdict> {
    const { cluster, live, ignore, manager, signal, migrateApiVersion, ledger } = this.#options;
    const { object, reference } = desired;
    const ignored = ignore.pointersFor(object);
    // What has changed on our side will be written anyway; only then the cluster's state need not be read first.
    const knownToDiffer =
      seen !== undefined &&
      ignored.length === 0 &&
      !migrateApiVersion &&
      ledger.has(desired.id) &&
      ledger.get(desired.id)!.hash !== desired.hash;
    const certain = live === undefined || (seen !== undefined && !knownToDiffer);
    let existing = certain ? await getIfServed(cluster, reference, signal) : seen;
    if (existing !== undefined) {
      if (this.#skipExisting(object, existing)) return { type: 'skip', object: existing };
      if (seen === undefined && this.#isLeft(desired, existing)) return { type: 'leave' };
    }
    const migrated = migrateApiVersion && existing !== undefined && (await this.#migrate(object, existing));

    let dryRun: KubeObject;
    try {
      dryRun = await cluster.apply(object, { fieldManager: manager, force: true, dryRun: true, signal });
    } catch (error) {
      return await this.#refused(desired, existing, error);
    }
    if (isNew(dryRun)) return { type: 'write', object, action: 'created', cleanup: [] };

    if (existing === undefined) {
      // There, but without our label: somebody else's so far.
      existing = (await cluster.get(objectKeyOf(reference), { signal })) ?? dryRun;
      if (this.#skipExisting(object, existing)) return { type: 'skip', object: existing };
      if (this.#isLeft(desired, existing)) return { type: 'leave' };
    }
    const cleanup = this.#cleanup(object, existing);
    const version = existing.metadata.resourceVersion;
    if (knownToDiffer) return { type: 'write', object, action: 'configured', cleanup, ...(version === undefined ? {} : { version }) };
    if (!migrated && cleanup.length === 0 && !hasDrifted(existing, dryRun, ignored)) {
      ledger.set(desired.id, ledgerEntry(existing, desired.hash, manager));
      return { type: 'leave' };
    }
    const resolved = resolveDesired(object, resolveIgnored(existing, dryRun, ignored, manager));
    return { type: 'write', object: resolved, action: 'configured', cleanup, existing, dryRun };
  }

  #isLeft({ id, object, reference }: Desired, live: KubeObject): boolean {
    const to = this.#options.leftTo?.(object, live);
    if (to === undefined) return false;
    this.#left.set(id, { reference, to });
    this.#options.ledger.delete(id);
    return true;
  }

  #skipExisting(object: KubeObject, existing: KubeObject): boolean {
    return anyInMetadata(existing, selectors.excluded) || anyInMetadata(object, selectors.ifNotPresent);
  }

  #cleanup(object: KubeObject, existing: KubeObject): JsonPatchOperation[] {
    if (anyInMetadata(object, selectors.merged) || anyInMetadata(existing, selectors.merged)) return [];
    return cleanupPatch(existing, this.#options.leftovers, this.#options.manager);
  }

  async #migrate(object: KubeObject, existing: KubeObject): Promise<boolean> {
    const migrated = migrateManagedFields(existing.metadata.managedFields ?? [], object.apiVersion);
    if (migrated === undefined) return false;
    const patch = [{ op: 'replace', path: '/metadata/managedFields', value: migrated as unknown as Json }] as Json;
    const { cluster, manager, signal } = this.#options;
    await cluster.patch(objectKeyOf(referenceOf(object)), 'json', patch, { fieldManager: manager, signal });
    return true;
  }

  /** The server does not accept the object as a change of what is there: perhaps in its place, perhaps later, perhaps never. */
  async #refused({ object }: Desired, existing: KubeObject | undefined, error: unknown): Promise<Verdict> {
    const reason = dryRunMessage(object, error);
    if (this.#standsOnSet(object, error)) return { type: 'later', reason };
    const need = needOf(object, error);
    if (need !== undefined) this.#needs.set(JSON.stringify(need), need);
    if (!isImmutableError(error)) throw new Error(reason);
    const { cluster, signal, force } = this.#options;
    const there = existing ?? (await cluster.get(objectKeyOf(referenceOf(object)), { as: 'metadata', signal }));
    const forced = force || anyInMetadata(object, selectors.forced) || (there !== undefined && anyInMetadata(there, selectors.forced));
    if (there === undefined || !forced) throw new Error(reason);
    return { type: 'write', object, action: 'created', cleanup: [], recreate: true };
  }

  /** Whether the refusal may be because a namespace or a kind is missing that this set will bring. */
  #standsOnSet(object: KubeObject, error: unknown): boolean {
    const defines = (test: (definition: KubeObject) => boolean): boolean =>
      this.#set.some((other) => other.stage === 'definitions' && !this.#changes.has(other.id) && test(other.object));
    if (isKindUnknown(error) || (isNotFound(error) && object.metadata.namespace === undefined)) {
      const { group, kind } = referenceOf(object);
      return defines(({ kind: defining, spec }) => defining === 'CustomResourceDefinition' && isDefinitionOf(spec, group, kind));
    }
    if (!isNotFound(error) && !isForbidden(error)) return false;
    return defines(({ kind, metadata }) => kind === 'Namespace' && metadata.name === object.metadata.namespace);
  }

  async #writeStage(set: readonly Desired[]): Promise<void> {
    for (const rank of byRank(set)) {
      const faults: string[] = [];
      await mapParallel(rank, this.#options.concurrency, async (desired) => {
        try {
          this.#changes.set(desired.id, await this.#write(desired, this.#verdicts.get(desired.id)!));
        } catch (error) {
          this.#options.signal.throwIfAborted();
          faults.push(withPlace(applyMessage(desired.object, error), desired.place));
        }
      });
      if (faults.length > 0) throw new ApplyError(faults.join('\n'), this.#done());
    }
  }

  async #write(desired: Desired, verdict: Verdict): Promise<Change> {
    const { cluster, manager, signal, ledger } = this.#options;
    const { reference } = desired;
    if (verdict.type === 'skip') return { reference: referenceOf(verdict.object), action: 'skipped' };
    if (verdict.type !== 'write') return { reference, action: 'unchanged' };
    signal.throwIfAborted();
    if (verdict.recreate === true) {
      ledger.delete(desired.id);
      await recreate(cluster, reference, signal);
    }
    if (verdict.cleanup.length > 0) {
      await cluster.patch(objectKeyOf(reference), 'json', verdict.cleanup as unknown as Json, { fieldManager: manager, signal });
    }
    const applied = await cluster.apply(verdict.object, { fieldManager: manager, force: true, signal });
    ledger.set(desired.id, ledgerEntry(applied, desired.hash, manager));
    this.#objects.set(desired.id, applied);
    const same = verdict.version !== undefined && verdict.version === applied.metadata.resourceVersion;
    return { reference: referenceOf(applied), action: same ? 'unchanged' : verdict.action };
  }

  async #wait(set: readonly Desired[]): Promise<void> {
    const written = set.flatMap(({ id }) => this.#objects.get(id) ?? []);
    if (written.length === 0) return;
    try {
      await this.#options.whenReady(written);
    } catch (error) {
      this.#options.signal.throwIfAborted();
      throw new ApplyError(errorMessage(error), this.#done());
    }
  }

  #done(): Change[] {
    return this.#set.flatMap(({ id }) => this.#changes.get(id) ?? []);
  }
}

/** The set, which is in order, cut where the rank of the kinds changes. */
function byRank(set: readonly Desired[]): Desired[][] {
  const ranks: Desired[][] = [];
  for (const desired of set) {
    const last = ranks.at(-1);
    if (last !== undefined && kindRank(last[0]!.reference.kind) === kindRank(desired.reference.kind)) last.push(desired);
    else ranks.push([desired]);
  }
  return ranks;
}

/** The object; undefined also where its kind is not served, or it lacks its namespace: the dry run says so in its own words. */
async function getIfServed(cluster: Cluster, reference: VersionedReference, signal: AbortSignal): Promise<KubeObject | undefined> {
  try {
    return await cluster.get(objectKeyOf(reference), { signal });
  } catch (error) {
    if (isKindUnknown(error) || isRequestInvalid(error)) return undefined;
    throw error;
  }
}

/** What a dry run answers for an object that is not there has no version. */
function isNew(dryRun: KubeObject): boolean {
  return dryRun.metadata.resourceVersion === undefined || dryRun.metadata.resourceVersion === '';
}

function isDefinitionOf(spec: unknown, group: string, kind: string): boolean {
  const { group: ofGroup, names } = (spec ?? {}) as { group?: string; names?: { kind?: string } };
  return ofGroup === group && names?.kind === kind;
}
