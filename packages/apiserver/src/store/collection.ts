import type { Stored } from './stored.js';

/** The objects of one resource: by key, and in the order of lists. */
export class Collection {
  readonly #byKey = new Map<string, Stored>();
  /** Sorted by key, so that a namespace is one range and a page starts by binary search. */
  readonly #sorted: Stored[] = [];
  /** Rises with every change: what was computed from the objects is computed again. */
  changes = 0;

  get size(): number {
    return this.#sorted.length;
  }

  get(key: string): Stored | undefined {
    return this.#byKey.get(key);
  }

  put(stored: Stored): void {
    this.changes++;
    const at = this.#position(stored.key);
    if (this.#byKey.has(stored.key)) this.#sorted[at] = stored;
    else if (at === this.#sorted.length) this.#sorted.push(stored);
    else this.#sorted.splice(at, 0, stored);
    this.#byKey.set(stored.key, stored);
  }

  remove(key: string): void {
    this.changes++;
    if (this.#byKey.delete(key)) this.#sorted.splice(this.#position(key), 1);
  }

  /** The objects of a namespace (all without one), from after a key on. The caller does not keep the list. */
  list(namespace?: string, after?: string): readonly Stored[] {
    if (namespace === undefined) return after === undefined ? this.#sorted : this.#sorted.slice(this.#positionAfter(after));
    const start = after === undefined ? this.#position(`${namespace}/`) : this.#positionAfter(after);
    return this.#sorted.slice(start, this.#position(`${namespace}0`)); // '0' comes right after '/'
  }

  /** The first place whose key is not below `key`. */
  #position(key: string): number {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#sorted[middle]!.key < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #positionAfter(key: string): number {
    const at = this.#position(key);
    return this.#sorted[at]?.key === key ? at + 1 : at;
  }
}
