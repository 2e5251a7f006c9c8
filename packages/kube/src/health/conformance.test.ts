import { parseLabelSelector, type KubeObject } from '@sluice/core';
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { storeKey } from '../informer/object-store.js';
import { computeHealth, computeJobHealth } from './compute-health.js';
import { compileHealthExpressions } from './health-expressions.js';
import { createHealthReader, type HealthSource } from './health-reader.js';

const folder = join(import.meta.dirname, '../../../../../shared/conformance/kstatus');

interface Case {
  readonly name: string;
  readonly object: KubeObject;
  readonly expectedStatus?: string;
  readonly expectedMessage?: string;
  readonly conditions?: readonly object[];
  readonly error?: string;
  readonly errorPhase?: 'parse' | 'evaluate';
  readonly clusterObjects?: readonly KubeObject[];
  readonly exprs?: { readonly current: string; readonly inProgress?: string; readonly failed?: string };
}

function replay(file: string, check: (recorded: Case) => void | Promise<void>): void {
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

/** The objects of a recorded case as a cluster would have them. */
function sourceOf(objects: readonly KubeObject[]): HealthSource {
  return {
    get: async ({ kind, namespace, name }) =>
      objects.find(
        (object) =>
          object.kind === kind && storeKey(object.metadata) === storeKey(namespace === undefined ? { name } : { namespace, name }),
      ),
    list: async ({ kind, namespace }, { labelSelector = '' }) => {
      const matches = parseLabelSelector(labelSelector);
      const items = objects.filter(
        (object) => object.kind === kind && object.metadata.namespace === namespace && matches(object.metadata.labels),
      );
      return { items };
    },
  };
}

replay('poller.json', async ({ object, clusterObjects = [], expectedStatus, expectedMessage }) => {
  const { apiVersion, kind, metadata } = object;
  const key = { apiVersion, kind, namespace: metadata.namespace ?? '', name: metadata.name ?? '' };
  const { status, message } = await createHealthReader().read(sourceOf(clusterObjects), key);
  assert.deepEqual({ status, message }, { status: expectedStatus, message: expectedMessage });
});

replay('health-check-exprs.json', ({ object, exprs, expectedStatus, error, errorPhase }) => {
  assert.ok(exprs);
  if (errorPhase === 'parse') {
    assert.throws(
      () => compileHealthExpressions(exprs),
      (thrown: Error) => thrown.message.startsWith(error?.split(': ERROR', 1)[0] ?? ''),
    );
    return;
  }
  const health = compileHealthExpressions(exprs)(object);
  assert.equal(health.status, expectedStatus ?? 'Unknown');
  assert.equal(health.error === undefined, errorPhase === undefined);
});
