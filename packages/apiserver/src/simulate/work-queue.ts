import type { Timers } from '@sluice/kube';

export interface WorkQueueOptions {
  readonly timers: Timers;
  readonly onError: (error: unknown) => void;
}

const FIRST_RETRY_MS = 10;
const LAST_RETRY_MS = 30_000;
const CONCURRENCY = 4;

/**
 * Keys of objects that wait to be brought to where they should be. A key is worked on by one call at a time; one that
 * is added while it is worked on comes again; one whose work failed comes again later, and later each time.
 */
export class WorkQueue {
  readonly #work: (key: string) => Promise<void>;
  readonly #timers: Timers;
  readonly #onError: (error: unknown) => void;
  readonly #waiting = new Set<string>();
  readonly #active = new Set<string>();
  readonly #failures = new Map<string, number>();
  readonly #delays = new Map<string, { readonly at: number; readonly cancel: () => void }>();
  #scheduled = false;
  #stopped = false;

  constructor(work: (key: string) => Promise<void>, { timers, onError }: WorkQueueOptions) {
    this.#work = work;
    this.#timers = timers;
    this.#onError = onError;
  }

  add(key: string): void {
    if (this.#stopped || this.#waiting.has(key)) return;
    this.#waiting.add(key);
    if (this.#scheduled) return;
    this.#scheduled = true;
    // After the write that caused it is done with: work never runs inside of somebody else's request.
    setImmediate(() => {
      this.#scheduled = false;
      this.#next();
    });
  }

  /** Adds a key after a while; of two delays the shorter one counts. */
  addAfter(key: string, ms: number): void {
    if (this.#stopped) return;
    const at = this.#timers.now() + ms;
    const known = this.#delays.get(key);
    if (known !== undefined && known.at <= at) return;
    known?.cancel();
    const cancel = this.#timers.after(Math.max(0, ms), () => {
      this.#delays.delete(key);
      this.add(key);
    });
    this.#delays.set(key, { at, cancel });
  }

  stop(): void {
    this.#stopped = true;
    this.#waiting.clear();
    for (const { cancel } of this.#delays.values()) cancel();
    this.#delays.clear();
  }

  #next(): void {
    for (const key of this.#waiting) {
      if (this.#active.size >= CONCURRENCY) return;
      if (this.#active.has(key)) continue;
      this.#waiting.delete(key);
      void this.#run(key);
    }
  }

  async #run(key: string): Promise<void> {
    this.#active.add(key);
    try {
      await this.#work(key);
      this.#failures.delete(key);
    } catch (error) {
      const failures = this.#failures.get(key) ?? 0;
      this.#failures.set(key, failures + 1);
      if (!this.#stopped) {
        this.#onError(error);
        this.addAfter(key, Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures));
      }
    } finally {
      this.#active.delete(key);
      if (!this.#stopped) this.#next();
    }
  }
}
