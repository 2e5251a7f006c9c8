import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Json } from '@sluice/core';

const repository = join(dirname(fileURLToPath(import.meta.url)), '../../../..');

/** Where the recorded data is, beside the project. */
export const recordedRoot: string = join(repository, '..', 'shared', 'conformance');

/** The cases of a recorded file. Without the data, one skipped test says so. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller says what is in the file
export function recordedCases<T>(file: string, list = 'cases'): readonly T[] {
  const path = join(recordedRoot, file);
  if (!existsSync(path)) {
    void test(`the recorded cases of ${file}`, { skip: 'the recorded data is not on this machine' }, () => undefined);
    return [];
  }
  const content = JSON.parse(readFileSync(path, 'utf8')) as Record<string, readonly T[]> | readonly T[];
  return Array.isArray(content) ? (content as readonly T[]) : ((content as Record<string, readonly T[]>)[list] ?? []);
}

/** A value in the form of the recorded data: `{"$int64": "1"}` is an integer, a number a float64. */
export function typedValue(value: unknown): Json {
  if (Array.isArray(value)) return value.map(typedValue);
  if (typeof value !== 'object' || value === null) return value as Json;
  const entries = Object.entries(value);
  const [first] = entries;
  if (entries.length === 1 && first?.[0] === '$int64') return BigInt(first[1] as string);
  return Object.fromEntries(entries.map(([key, item]) => [key, typedValue(item)]));
}

/** What a function throws, as a text; undefined when it does not throw. */
export function thrownBy(run: () => unknown): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return error.message;
  }
}
