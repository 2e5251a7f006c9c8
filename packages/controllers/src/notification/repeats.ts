import { rateLimitKey, type NotificationEvent } from '@sluice/notifications';

/** How many keys are remembered. Beyond that the oldest are forgotten: a repeat is told then, nothing is lost. */
const MAX_KEYS = 50_000;

/**
 * Tells events that were told a while ago from new ones. Keys are forgotten by generations: one map that loses its oldest
 * key with each new one looks for it among the holes of all that it lost before.
 */
export function createRepeats(windowMs: number, now: () => number): { isRepeat(event: NotificationEvent): boolean } {
  let newer = new Map<string, number>();
  let older = newer;
  let since = now();
  return {
    isRepeat(event) {
      if (windowMs <= 0) return false;
      const time = now();
      const key = rateLimitKey(event);
      const before = newer.get(key) ?? older.get(key);
      if (before !== undefined && time - before < windowMs) return true;
      if (time - since >= windowMs || newer.size >= MAX_KEYS / 2) {
        older = newer;
        newer = new Map();
        since = time;
      }
      newer.set(key, time);
      return false;
    },
  };
}
