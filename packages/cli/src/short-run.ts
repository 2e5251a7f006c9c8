import { createHash } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';

const FLAGS = [
  // V8 waits longer before it optimizes a function. With its own patience, a third of the processor time of rendering a large
  // chart or of building a thousand objects goes into code that is then hardly run. Later versions are patient, and do not know it.
  ...(process.versions.node.startsWith('20.') ? ['--interrupt-budget=1000000'] : []),
  // As little of the HTTP library's parser, which is in WebAssembly: to optimize it takes longer than all that a command asks for.
  '--wasm-tiering-budget=2000000000',
  // It collects its garbage by itself, and only what is young: what helpers save in time they take twice in processor time, and
  // the process ends before an old generation is worth marking.
  '--no-parallel-scavenge',
  '--no-incremental-marking',
];

/**
 * For commands that compute for a moment and end. V8 takes code that was compiled earlier, Node's own as well, only with the flags
 * that it was compiled with: so this comes when everything is loaded, and loads what most commands make their digests with.
 */
export function expectShortRun(): void {
  createHash('sha256');
  for (const flag of FLAGS) setFlagsFromString(flag);
}
