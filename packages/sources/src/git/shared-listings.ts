import type { RefListing } from './listing.js';

interface Entry {
  readonly startedAt: number;
  readonly refs: Promise<RefListing>;
  /** When it has come. */
  settled?: RefListing;
}

/** How long a listing may be remembered at all. */
const keptMs = 3600_000;

/** How many references are remembered, of all listings together. The oldest listings go first. */
const keptRefs = 500_000;

/** Listings of references, joined by all who ask for the same at about the same time. */
export class SharedListings {
  readonly #now: () => number;
  readonly #changed: (key: string) => void;
  readonly #entries = new Map<string, Entry>();
  #count = 0;

  /** `now` gives milliseconds since some fixed moment; `changed` is told of listings that differ from those before. */
  constructor(now: () => number, changed: (key: string) => void) {
    this.#now = now;
    this.#changed = changed;
  }

  /** How many listings were made. */
  get count(): number {
    return this.#count;
  }

  /** A listing that is at most so old, by when it was begun: one made later than that, or under way, or a new one. */
  async get(key: string, maxAgeMs: number, list: () => Promise<RefListing>): Promise<RefListing> {
    const time = this.#now();
    const current = this.#entries.get(key);
    if (current !== undefined && time - current.startedAt <= maxAgeMs) return await current.refs;
    this.#forgetOld(time);
    this.#count++;
    const entry: Entry = { startedAt: time, refs: list() };
    // At the end of the map: it is in the order of age.
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    try {
      const refs = await entry.refs;
      entry.settled = refs;
      if (current?.settled !== undefined && !areSame(current.settled, refs)) this.#changed(key);
      return refs;
    } catch (error) {
      // A failure is for those who waited for it; the next one asks again.
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
      throw error;
    }
  }

  /** Waits until nothing is under way. */
  async idle(): Promise<void> {
    await Promise.allSettled([...this.#entries.values()].map(({ refs }) => refs));
  }

  #forgetOld(time: number): void {
    let total = 0;
    for (const { settled } of this.#entries.values()) total += settled?.size ?? 0;
    for (const [key, { startedAt, settled }] of this.#entries) {
      if (time - startedAt <= keptMs && total <= keptRefs) return;
      this.#entries.delete(key);
      total -= settled?.size ?? 0;
    }
  }
}

function areSame(a: RefListing, b: RefListing): boolean {
  if (a.size !== b.size) return false;
  for (const [ref, object] of a) if (b.get(ref) !== object) return false;
  return true;
}
