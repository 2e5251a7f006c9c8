import type { KubeObject } from '@sluice/core';
import { objectKey } from '@sluice/runtime';
import type { FieldManagerMatch } from '../apply/field-managers.js';
import { disturbance, type Disturbance } from '../apply/ledger.js';
import type { LiveObjects } from '../apply/live-objects.js';
import { inventoryId, subjectOf, type ObjectReference } from '../apply/reference.js';
import type { Ledgers } from './ledgers.js';
import { MANAGER } from './settings.js';

/** Notices when somebody changes or deletes what a Kustomization has applied. */
export class DriftWatch {
  readonly #ledgers: Ledgers;
  readonly #takenOver: readonly FieldManagerMatch[];
  readonly #unlisten: () => void;
  /** What was noticed and not told yet. */
  readonly #notes = new Map<string, Map<string, string>>();
  /** While a pass writes, its own changes come by: they are looked at when it is over. */
  readonly #paused = new Map<string, Map<string, () => void>>();
  #listener: (key: string) => void = () => {};

  constructor(live: LiveObjects, ledgers: Ledgers, takenOver: readonly FieldManagerMatch[]) {
    this.#ledgers = ledgers;
    this.#takenOver = takenOver;
    this.#unlisten = live.listen((reference, metadata, before) => {
      const key = ownerOf(metadata ?? before);
      if (key !== undefined) this.#look(key, reference, metadata);
    });
  }

  /** Calls with the key of each Kustomization whose objects were disturbed. */
  onDrift(listener: (key: string) => void): void {
    this.#listener = listener;
  }

  /** What is changed from now on is looked at when the pass is over. */
  pause(key: string): { resume: () => void } {
    const later = new Map<string, () => void>();
    this.#paused.set(key, later);
    return {
      resume: () => {
        this.#paused.delete(key);
        for (const look of later.values()) look();
      },
    };
  }

  /** What was noticed of a Kustomization's objects since the last time: one line each. */
  take(key: string): string[] {
    const notes = [...(this.#notes.get(key)?.values() ?? [])];
    this.#notes.delete(key);
    return notes;
  }

  stop(): void {
    this.#unlisten();
  }

  #look(key: string, reference: ObjectReference, metadata: KubeObject | undefined): void {
    const id = inventoryId(reference);
    const paused = this.#paused.get(key);
    if (paused !== undefined) {
      paused.set(id, () => this.#look(key, reference, metadata));
      return;
    }
    const entry = this.#ledgers.peek(key)?.get(id);
    if (entry === undefined) return;
    const found = disturbance(entry, metadata, MANAGER, this.#takenOver);
    if (found === undefined) return;
    const notes = this.#notes.get(key) ?? new Map<string, string>();
    this.#notes.set(key, notes.set(id, describe(reference, found)));
    this.#listener(key);
  }
}

function describe(reference: ObjectReference, found: Disturbance): string {
  const subject = subjectOf(reference);
  if (found.type !== 'changed') return `${subject} was ${found.type}`;
  const fields = found.fields.length === 0 ? 'fields that are not in the manifests' : found.fields.join(', ');
  return `${subject}: ${fields} ${found.fields.length === 1 ? 'was' : 'were'} changed by ${found.managers.join(', ')}`;
}

/** The Kustomization that an object's labels name. */
function ownerOf(object: KubeObject | undefined): string | undefined {
  const labels = object?.metadata.labels ?? {};
  const name = labels['kustomize.toolkit.fluxcd.io/name'];
  const namespace = labels['kustomize.toolkit.fluxcd.io/namespace'];
  return name === undefined || namespace === undefined ? undefined : objectKey(namespace, name);
}
