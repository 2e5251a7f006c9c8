import type { Kustomization } from '@sluice/api';
import { hasCondition, keyOf, objectKey, splitKey, type Cause, type ObjectCache } from '@sluice/runtime';
import { dependenciesOf, isKustomization, sameSource } from './dependencies.js';

interface Deferred {
  readonly cause: Cause;
  readonly revision: string;
}

/** Whoever was deferred for so long is asked in any case, and says what it waits for. */
const AT_MOST_MS = 5_000;

/**
 * Kustomizations of a new revision whose dependencies get it, too: asked at the same time they would only say that these are
 * not there yet. They are asked when their dependencies are at the revision, or turn out not to get there.
 */
export class Deferral {
  readonly #all: ObjectCache<Kustomization>;
  readonly #enqueue: (key: string, cause: Cause) => void;
  readonly #deferred = new Map<string, Deferred>();
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(all: ObjectCache<Kustomization>, enqueue: (key: string, cause: Cause) => void) {
    this.#all = all;
    this.#enqueue = enqueue;
  }

  /** Puts the keys in line, those that have to wait for others among them later. */
  enqueueAll(keys: readonly string[], revision: string, cause: Cause): void {
    const together = new Set(keys);
    const later = keys.filter((key) => this.#waitsFor(key, (dependency) => together.has(dependency), revision));
    for (const key of later) {
      together.delete(key);
      this.#deferred.set(key, { cause, revision });
    }
    for (const key of keys) {
      if (!together.has(key)) continue;
      this.#deferred.delete(key);
      this.#enqueue(key, cause);
    }
    if (later.length === 0) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      for (const key of later) if (this.#deferred.get(key)?.revision === revision) this.#release(key);
    }, AT_MOST_MS);
    this.#timers.add(timer.unref());
  }

  /** A Kustomization has changed that others depend on. Answers whether the dependent was deferred, and is cared for. */
  changed(dependent: string): boolean {
    const deferred = this.#deferred.get(dependent);
    if (deferred === undefined) return false;
    if (!this.#waitsFor(dependent, () => true, deferred.revision)) this.#release(dependent);
    return true;
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #release(key: string): void {
    const { cause } = this.#deferred.get(key)!;
    this.#deferred.delete(key);
    this.#enqueue(key, cause);
  }

  /** Whether it is ready itself, and something that it depends on is ready but not at the revision yet. */
  #waitsFor(key: string, comes: (dependency: string) => boolean, revision: string): boolean {
    const kustomization = this.#find(key);
    if (kustomization === undefined || !hasCondition(kustomization.status?.conditions, 'Ready')) return false;
    return dependenciesOf(kustomization).some((dependency) => {
      if (!isKustomization(dependency) || dependency.readyExpr !== undefined) return false;
      const object = this.#find(objectKey(dependency.namespace, dependency.name));
      if (object === undefined || object.spec.suspend === true || keyOf(object) === key) return false;
      if (!comes(keyOf(object)) || !sameSource(kustomization, object)) return false;
      return hasCondition(object.status?.conditions, 'Ready') && object.status?.lastAppliedRevision !== revision;
    });
  }

  #find(key: string): Kustomization | undefined {
    const { namespace, name } = splitKey(key);
    return this.#all.get(namespace, name);
  }
}
