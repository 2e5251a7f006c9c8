import { setFlagsFromString } from 'node:v8';

/**
 * For commands that compute for a moment and end: V8 waits longer before it optimizes a function. With its own patience, a
 * third of the processor time of rendering a large chart goes into code that is then hardly run.
 */
export function expectShortRun(): void {
  setFlagsFromString('--interrupt-budget=5000000');
}
