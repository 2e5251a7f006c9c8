import { setFlagsFromString } from 'node:v8';

/**
 * For processes that stay: V8 lets garbage lie until the heap is a multiple of what lives in it, four times with a thousand
 * HelmReleases. Collecting it at 1.6 times costs no processor time that could be measured, and saves a quarter of the memory.
 */
export function expectLongRun(): void {
  setFlagsFromString('--heap-growing-percent=60');
}
