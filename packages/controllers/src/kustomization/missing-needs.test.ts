import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startCluster } from '@sluice/apiserver';
import { createCluster } from '@sluice/kube';
import type { Need } from '../apply/need.js';
import { MissingNeeds } from './missing-needs.js';

const eventually = async (holds: () => boolean): Promise<void> => {
  for (let turn = 0; !holds(); turn++) {
    assert(turn < 500);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};

test('who fails again although all is there waits longer and longer, and at last for the interval', async () => {
  const embedded = await startCluster({ ephemeral: true, simulate: false });
  const cluster = createCluster(embedded.fetch);
  const pauses: number[] = [];
  const told: string[] = [];
  const missing = new MissingNeeds({
    after(delayMs, run) {
      if (delayMs !== 20) pauses.push(delayMs);
      setImmediate(run);
      return () => undefined;
    },
  });
  try {
    const needs: readonly Need[] = [{ type: 'namespace', name: 'default' }];
    missing.onArrival((key, { reason, object }) => {
      told.push(`${key} ${reason} ${object?.kind} ${object?.name}`);
      missing.await(key, cluster, needs);
    });
    missing.await('ns/app', cluster, needs);
    await eventually(() => told.length === 6);
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.deepEqual(pauses, [0, 1000, 2000, 4000, 8000, 16_000]);
    assert.deepEqual(new Set(told), new Set(['ns/app dependency Namespace default']));
    // Other needs are a new beginning.
    missing.await('ns/app', cluster, [...needs, { type: 'namespace', name: 'kube-system' }]);
    await eventually(() => told.length > 6);
    assert.equal(pauses[6], 0);
  } finally {
    missing.stop();
    await embedded.stop();
  }
});
