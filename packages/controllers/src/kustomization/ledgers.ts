import type { KubeObject } from '@sluice/core';
import type { Health } from '@sluice/kube';
import type { Ledger } from '../apply/ledger.js';
import { inventoryId, referenceOf, type ObjectReference } from '../apply/reference.js';

interface Account {
  readonly targetKey: string;
  readonly ledger: Ledger;
  /** The versions at which objects were found healthy. */
  readonly healthy: Map<string, string>;
}

/** What Kustomizations have applied, and who of them has applied an object. */
export class Ledgers {
  readonly #accounts = new Map<string, Account>();

  /** The ledger of a Kustomization; a new one when it applies to another target than before. */
  of(key: string, targetKey: string): Ledger {
    const account = this.#accounts.get(key);
    if (account?.targetKey === targetKey) return account.ledger;
    const ledger: Ledger = new Map();
    this.#accounts.set(key, { targetKey, ledger, healthy: new Map() });
    return ledger;
  }

  /** The ledger as it is; undefined when nothing was applied since the start. */
  peek(key: string): Ledger | undefined {
    return this.#accounts.get(key)?.ledger;
  }

  /** Whether the object was found healthy and has not changed since. */
  isHealthy(key: string, reference: ObjectReference, live: KubeObject | undefined): boolean {
    const version = this.#accounts.get(key)?.healthy.get(inventoryId(reference));
    return version !== undefined && version === live?.metadata.resourceVersion;
  }

  noteHealth(key: string, object: KubeObject, health: Health): void {
    const healthy = this.#accounts.get(key)?.healthy;
    const id = inventoryId(referenceOf(object));
    if (health.status === 'Current') healthy?.set(id, object.metadata.resourceVersion ?? '');
    else healthy?.delete(id);
  }

  forget(key: string): void {
    this.#accounts.delete(key);
  }
}
