import type { KubeObject } from '@sluice/core';
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { computeHealth, computeJobHealth } from './compute-health.js';

const folder = join(import.meta.dirname, '../../../../../shared/conformance/kstatus');

interface Case {
  readonly name: string;
  readonly object: KubeObject;
  readonly expectedStatus?: string;
  readonly expectedMessage?: string;
  readonly conditions?: readonly object[];
  readonly error?: string;
}

function replay(file: string, check: (recorded: Case) => void): void {
  const path = join(folder, file);
  if (!existsSync(path)) {
    test(`kstatus ${file}`, { skip: 'the recorded conformance cases are not there' }, () => undefined);
    return;
  }
  for (const recorded of JSON.parse(readFileSync(path, 'utf8')) as Case[]) test(`kstatus ${recorded.name}`, () => check(recorded));
}

/** Empty texts are left out in the recording. */
function complete(conditions: readonly object[] = []): object[] {
  return conditions.map((condition) => ({ reason: '', message: '', ...condition }));
}

replay('status.json', ({ object, expectedStatus, expectedMessage, conditions, error }) => {
  assert.deepEqual(computeHealth(object), {
    status: expectedStatus ?? 'Unknown',
    message: expectedMessage ?? '',
    conditions: complete(conditions),
    ...(error === undefined ? {} : { error }),
  });
});

replay('flux-job.json', ({ object, expectedStatus, expectedMessage, conditions }) => {
  const health = computeJobHealth(object);
  // Flux has the error in the message; here it has its own place.
  const message = health.error === undefined ? health.message : `Failed to compute job status: ${health.error}`;
  assert.deepEqual(
    { status: health.status, message, conditions: health.conditions },
    { status: expectedStatus, message: expectedMessage, conditions: complete(conditions) },
  );
});
