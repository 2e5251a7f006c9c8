import { rateLimitKey, type NotificationEvent } from '@sluice/notifications';

/** How many keys are remembered. Beyond that the oldest are forgotten: a repeat is told then, nothing is lost. */
const MAX_KEYS = 50_000;

/** Tells events that were told a while ago from new ones. */
export function createRepeats(windowMs: number, now: () => number): { isRepeat(event: NotificationEvent): boolean } {
  const told = new Map<string, number>();
  return {
    isRepeat(event) {
      if (windowMs <= 0) return false;
      const time = now();
      const key = rateLimitKey(event);
      const before = told.get(key);
      if (before !== undefined && time - before < windowMs) return true;
      told.delete(key);
      told.set(key, time);
      for (const [oldest, at] of told) {
        if (told.size <= MAX_KEYS && time - at < windowMs) break;
        told.delete(oldest);
      }
      return false;
    },
  };
}
