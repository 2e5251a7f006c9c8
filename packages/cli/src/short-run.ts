import { setFlagsFromString } from 'node:v8';

/**
 * For commands that compute for a moment and end: V8 waits longer before it optimizes a function. With its own patience, a
 * third of the processor time of rendering a large chart goes into code that is then hardly run.
 * And it collects its garbage by itself: what helpers save in time they take twice in processor time.
 */
export function expectShortRun(): void {
  setFlagsFromString('--interrupt-budget=5000000');
  setFlagsFromString('--no-parallel-scavenge');
  setFlagsFromString('--no-incremental-marking');
}
