import { createHash } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';

/**
 * For commands that compute for a moment and end: V8 waits longer before it optimizes a function. With its own patience, a
 * third of the processor time of rendering a large chart goes into code that is then hardly run.
 * And it collects its garbage by itself, and only what is young: what helpers save in time they take twice in processor time,
 * and the process ends before an old generation is worth marking.
 */
export function expectShortRun(): void {
  // V8 takes code that was compiled earlier, Node's own as well, only with the flags that it was compiled with. So this comes when
  // everything is loaded, and first what most charts make their checksums with.
  createHash('sha256');
  for (const flag of ['--interrupt-budget=5000000', '--no-parallel-scavenge', '--no-incremental-marking']) setFlagsFromString(flag);
}
