import { onAbort } from './on-abort.js';

/** Time and chance, as parameters: a test holds them still. */
export interface Timers {
  /** Milliseconds of the wall clock. */
  now(): number;
  /** Calls once after a delay; the returned function takes it back. */
  after(ms: number, call: () => void): () => void;
  /** In [0, 1). */
  random(): number;
}

export const systemTimers: Timers = {
  now: Date.now,
  after: (ms, call) => {
    const timer = setTimeout(call, ms);
    return () => clearTimeout(timer);
  },
  random: Math.random,
};

/** Waits; rejects with the signal's reason when it is aborted first. */
export function pause(timers: Timers, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason);
      return;
    }
    const cancel = timers.after(ms, () => {
      forget();
      resolve();
    });
    const forget = onAbort(signal, () => {
      cancel();
      reject(signal?.reason);
    });
  });
}

/** A delay that grows from `base` by doubling to `cap`, spread over its upper half so that many callers do not come back together. */
export function backOff(attempt: number, base: number, cap: number, random: number): number {
  const full = Math.min(cap, base * 2 ** Math.min(attempt, 30));
  return full / 2 + (full / 2) * random;
}
