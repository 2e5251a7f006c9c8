import type { KubeObject } from '@sluice/core';
import { objectKey } from '@sluice/runtime';
import { disturbance, type Ledger } from '../apply/ledger.js';
import type { LiveObjects } from '../apply/live-objects.js';
import { inventoryId, type ObjectReference } from '../apply/reference.js';
import { MANAGER } from './actions/context.js';

/** Notices when somebody changes or deletes what a release consists of, for those that detect drift. */
export class HelmDriftWatch {
  readonly #ledgers = new Map<string, { readonly target: string; readonly ledger: Ledger }>();
  /** While a pass writes, its own changes come by: they are looked at when it is over. */
  readonly #paused = new Map<string, Map<string, () => void>>();
  readonly #unlisten: () => void;
  #listener: (key: string) => void = () => {};

  constructor(live: LiveObjects) {
    this.#unlisten = live.listen((reference, metadata, before) => {
      const key = ownerOf(metadata ?? before);
      if (key !== undefined) this.#look(key, reference, metadata);
    });
  }

  /** Calls with the key of each HelmRelease whose objects were disturbed. */
  onDrift(listener: (key: string) => void): void {
    this.#listener = listener;
  }

  /** What is known of the objects of a HelmRelease in a cluster. */
  ledgerOf(key: string, target: string): Ledger {
    const known = this.#ledgers.get(key);
    if (known?.target === target) return known.ledger;
    const ledger: Ledger = new Map();
    this.#ledgers.set(key, { target, ledger });
    return ledger;
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

  forget(key: string): void {
    this.#ledgers.delete(key);
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
    const entry = this.#ledgers.get(key)?.ledger.get(id);
    if (entry !== undefined && disturbance(entry, metadata, MANAGER, []) !== undefined) this.#listener(key);
  }
}

/** The HelmRelease that an object's labels name. */
function ownerOf(object: KubeObject | undefined): string | undefined {
  const labels = object?.metadata.labels ?? {};
  const name = labels['helm.toolkit.fluxcd.io/name'];
  const namespace = labels['helm.toolkit.fluxcd.io/namespace'];
  return name === undefined || namespace === undefined ? undefined : objectKey(namespace, name);
}
