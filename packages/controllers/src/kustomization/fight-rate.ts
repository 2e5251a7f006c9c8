import type { Clock } from '@sluice/runtime';

/** So many changes of an object in a row are put right at once. */
const AT_ONCE = 5;
/** The longest that somebody else's change is left. */
const LONGEST_MS = 60_000;
/** An object that was left alone for so long is at peace. */
const PEACE_MS = 5 * LONGEST_MS;

/**
 * How often an object is put right that somebody else keeps changing. Two that both insist would otherwise write as fast as
 * the API server lets them.
 */
export class FightRate {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #fights = new Map<string, { times: number; last: number }>();

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  /** Counts a change, and says how long to leave it. */
  count(id: string): { readonly delayMs: number; readonly times: number } {
    const now = this.#clock.now();
    for (const [other, { last }] of this.#fights) {
      // In the order of their last changes: the first that is recent ends it.
      if (now - last < PEACE_MS) break;
      this.#fights.delete(other);
    }
    const times = (this.#fights.get(id)?.times ?? 0) + 1;
    this.#fights.delete(id);
    this.#fights.set(id, { times, last: now });
    return { times, delayMs: times <= AT_ONCE ? 0 : Math.min(LONGEST_MS, 1000 * 2 ** (times - AT_ONCE - 1)) };
  }
}
