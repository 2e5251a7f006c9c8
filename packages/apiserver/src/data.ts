import { readFileSync } from 'node:fs';

/** The facts of the built-in API that are kept as data, beside the code. A bundle brings them along by replacing this module. */
export function readData(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../data/${name}.json`, import.meta.url), 'utf8'));
}
