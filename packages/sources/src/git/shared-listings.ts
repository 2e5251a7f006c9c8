import type { RefListing } from './listing.js';

interface Entry {
  readonly startedAt: number;
  readonly refs: Promise<RefListing>;
}

/** How long a listing may be remembered at all. */
const keptMs = 60_000;

/** Listings of references, joined by all who ask for the same at about the same time. */
export class SharedListings {
  readonly #now: () => number;
  readonly #entries = new Map<string, Entry>();
  #count = 0;

  /** `now` gives milliseconds since some fixed moment. */
  constructor(now: () => number) {
    this.#now = now;
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
    const entry = { startedAt: time, refs: list() };
    this.#entries.set(key, entry);
    try {
      return await entry.refs;
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
    for (const [key, { startedAt }] of this.#entries) if (time - startedAt > keptMs) this.#entries.delete(key);
  }
}
