import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The conformance data lies beside the repository; undefined where it is absent. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- who reads a file knows what is in it
export function conformanceFile<T>(path: string): T | undefined {
  const file = join(conformanceRoot, path);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as T) : undefined;
}

/** A file of the conformance data as it is; empty where the data is absent. */
export function conformanceText(path: string): string {
  const file = join(conformanceRoot, path);
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

const conformanceRoot = fileURLToPath(new URL('../../../../../shared/conformance/', import.meta.url));
