import { formatDuration, parseDuration } from '@sluice/core';

/** The nanoseconds of a duration as Go writes it (`1h30m`). Throws with Go's text for anything else. */
export function parseGoDuration(text: string): bigint {
  return BigInt(Math.round(parseDuration(text) * 1e6));
}

/** Nanoseconds as Go prints a duration: `1h30m0s`. */
export function formatGoDuration(nanoseconds: bigint): string {
  return formatDuration(Number(nanoseconds) / 1e6);
}
