import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../../../shared/conformance/notifications/', import.meta.url));

/** The recorded cases of a file; undefined where the data is not beside the repository. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- who reads a file knows what is in it
export function recordedCases<T>(file: string): readonly T[] | undefined {
  return existsSync(root + file) ? (JSON.parse(readFileSync(root + file, 'utf8')) as T[]) : undefined;
}
