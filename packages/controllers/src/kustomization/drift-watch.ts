import type { KubeObject } from '@sluice/core';
import { systemClock } from '@sluice/runtime';
import type { FieldManagerMatch } from '../apply/field-managers.js';
import { disturbance, type Disturbance } from '../apply/ledger.js';
import type { LiveObjects } from '../apply/live-objects.js';
import { inventoryId, subjectOf, type ObjectReference } from '../apply/reference.js';
import { FightRate } from './fight-rate.js';
import type { Ledgers } from './ledgers.js';
import { MANAGER } from './settings.js';
import { ownerOf } from './spec.js';

/** A Kustomization at work. */
interface Account {
  /** Where its objects are. */
  readonly live: LiveObjects;
  /** Objects of its manifests that it leaves to another Kustomization. */
  yielded: ReadonlySet<string>;
}

/** Notices when somebody changes or deletes what a Kustomization has applied. */
export class DriftWatch {
  readonly #ledgers: Ledgers;
  readonly #takenOver: readonly FieldManagerMatch[];
  readonly #accounts = new Map<string, Account>();
  /** Who leaves an object to another one. */
  readonly #yielding = new Map<string, Set<string>>();
  /** What was noticed and not told yet. */
  readonly #notes = new Map<string, Map<string, string>>();
  /** While a pass writes, its own changes come by: they are looked at when it is over. */
  readonly #paused = new Map<string, Map<string, () => void>>();
  readonly #rate = new FightRate(systemClock);
  readonly #delays = new Map<string, () => void>();
  #listener: (key: string) => void = () => {};

  constructor(ledgers: Ledgers, takenOver: readonly FieldManagerMatch[]) {
    this.#ledgers = ledgers;
    this.#takenOver = takenOver;
  }

  /** Watches what is applied to a cluster. The result ends it. */
  watch(live: LiveObjects): () => void {
    return live.listen((reference, metadata, before) => {
      const [now, then] = [ownerOf(metadata), ownerOf(before)];
      const key = now ?? then;
      if (key !== undefined) this.#look(key, live, reference, metadata);
      const id = inventoryId(reference);
      // Another one's labels are on it: whoever had it looks, and finds out whether it was meant.
      if (then !== undefined && now !== undefined && then !== now && this.#ledgers.peek(then)?.has(id) === true) this.#listener(then);
      if (then !== now || metadata === undefined) for (const other of this.#yielding.get(id) ?? []) this.#listener(other);
    });
  }

  /** Calls with the key of each Kustomization whose objects were disturbed. */
  onDrift(listener: (key: string) => void): void {
    this.#listener = listener;
  }

  /** What is changed from now on is looked at when the pass goes on. */
  pause(key: string, live: LiveObjects): { resume: () => void } {
    const later = new Map<string, () => void>();
    this.#accounts.set(key, { live, yielded: this.#accounts.get(key)?.yielded ?? new Set() });
    this.#paused.set(key, later);
    return {
      resume: () => {
        if (this.#paused.get(key) !== later) return;
        this.#paused.delete(key);
        for (const look of later.values()) look();
      },
    };
  }

  /** The Kustomization has these objects in its manifests, and leaves them to another one until that lets go. */
  yields(key: string, ids: ReadonlySet<string>): void {
    const account = this.#accounts.get(key);
    for (const id of account?.yielded ?? []) {
      const keys = this.#yielding.get(id);
      if (!ids.has(id) && keys?.delete(key) === true && keys.size === 0) this.#yielding.delete(id);
    }
    for (const id of ids) this.#yielding.set(id, (this.#yielding.get(id) ?? new Set<string>()).add(key));
    if (account !== undefined) account.yielded = ids;
  }

  /** Whoever has it in its manifests may take it over. */
  letGo(ids: Iterable<string>): void {
    for (const id of ids) for (const key of this.#yielding.get(id) ?? []) this.#listener(key);
  }

  /** What was noticed of a Kustomization's objects since the last time: one line each. */
  take(key: string): string[] {
    const notes = [...(this.#notes.get(key)?.values() ?? [])];
    this.#notes.delete(key);
    return notes;
  }

  /** Whether something was noticed that was not put right yet. */
  isDisturbed(key: string): boolean {
    return this.#notes.has(key);
  }

  stop(): void {
    for (const cancel of this.#delays.values()) cancel();
    this.#delays.clear();
  }

  forget(key: string): void {
    this.yields(key, new Set());
    this.#accounts.delete(key);
    this.#notes.delete(key);
  }

  #look(key: string, live: LiveObjects, reference: ObjectReference, metadata: KubeObject | undefined): void {
    // A Kustomization of that name may be in another cluster as well.
    if (this.#accounts.get(key)?.live !== live) return;
    const id = inventoryId(reference);
    const paused = this.#paused.get(key);
    if (paused !== undefined) {
      paused.set(id, () => this.#look(key, live, reference, metadata));
      return;
    }
    const entry = this.#ledgers.peek(key)?.get(id);
    if (entry === undefined) return;
    const found = disturbance(entry, metadata, MANAGER, this.#takenOver);
    if (found === undefined) return;
    const { delayMs, times } = this.#rate.count(`${key} ${id}`);
    const often = delayMs === 0 ? '' : `; that was ${times} times in a row, and is put right less and less often`;
    const tell = (): void => {
      const notes = this.#notes.get(key) ?? new Map<string, string>();
      this.#notes.set(key, notes.set(id, `${describe(reference, found)}${often}`));
      this.#listener(key);
    };
    if (delayMs === 0) tell();
    else this.#delays.set(`${key} ${id}`, systemClock.after(delayMs, tell));
  }
}

function describe(reference: ObjectReference, found: Disturbance): string {
  const subject = subjectOf(reference);
  if (found.type !== 'changed') return `${subject} was ${found.type}`;
  const fields = found.fields.length === 0 ? 'fields that are not in the manifests' : found.fields.join(', ');
  return `${subject}: ${fields} ${found.fields.length === 1 ? 'was' : 'were'} changed by ${found.managers.join(', ')}`;
}
