const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * When releases that have no retries left are tried again: what made them fail may be gone without anybody having changed
 * them. After their interval, then after twice that, and so on, up to a day.
 */
export class Patience {
  readonly #waits = new Map<string, { readonly times: number; readonly until: number | undefined }>();

  /** The retries of a release are exhausted. Returns how long to wait until it is tried again, in milliseconds. */
  exhausted(key: string, intervalMs: number, now: number): number {
    const { times = 0, until } = this.#waits.get(key) ?? {};
    // A pass in between changes nothing.
    if (until !== undefined && now < until) return until - now;
    const delayMs = Math.min(intervalMs * 2 ** times, DAY_MS);
    this.#waits.set(key, { times: times + 1, until: now + delayMs });
    return delayMs;
  }

  /** Whether the wait is over; asked once, the release has its retries again. */
  isOver(key: string, now: number): boolean {
    const { times = 0, until } = this.#waits.get(key) ?? {};
    if (until === undefined || now < until) return false;
    this.#waits.set(key, { times, until: undefined });
    return true;
  }

  forget(key: string): void {
    this.#waits.delete(key);
  }
}
