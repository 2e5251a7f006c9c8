import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCluster } from '../client/create-cluster.js';
import { FakeApi } from '../testing/fake-api.js';
import { VirtualTimers } from '../testing/virtual-timers.js';
import { waitFor } from './wait-for.js';

const KEY = { apiVersion: 'v1', kind: 'ConfigMap', name: 'a' };

function start() {
  const api = new FakeApi();
  const timers = new VirtualTimers();
  return { api, timers, cluster: createCluster(api.fetch, { timers }), controller: new AbortController() };
}

test('waits for a state, through a lost connection; the watch ends with it', async () => {
  const { api, timers, cluster, controller } = start();
  const waiting = waitFor(cluster, KEY, (object) => (object?.['data'] as { x?: string } | undefined)?.x === '2', {
    signal: controller.signal,
    timers,
  });
  await timers.pass(0);
  api.put('a', { x: '1' });
  api.drop();
  await timers.pass(5_000);
  api.put('a', { x: '2' });
  await timers.pass(1_000);
  assert.equal((await waiting)?.metadata.name, 'a');
  await timers.pass(0);
  assert.equal(api.watches, 0);
});

function isGone(object: unknown): boolean {
  return object === undefined;
}

test('waits for an object to be gone, or not to be there at all', async () => {
  const { api, timers, cluster, controller } = start();
  assert.equal(await waitFor(cluster, KEY, isGone, { signal: controller.signal, timers }), undefined);
  api.put('a');
  const waiting = waitFor(cluster, KEY, isGone, { signal: controller.signal, timers });
  await timers.pass(0);
  api.delete('a');
  assert.equal(await waiting, undefined);
});

test('ends when its signal says so, and with what the condition throws', async () => {
  const { timers, cluster, controller } = start();
  const waiting = waitFor(cluster, KEY, () => false, { signal: controller.signal, timers });
  const failing = waitFor(
    cluster,
    KEY,
    () => {
      throw new Error('it has failed');
    },
    { signal: controller.signal, timers },
  );
  await assert.rejects(failing, /it has failed/);
  controller.abort(new Error('enough'));
  await assert.rejects(waiting, /enough/);
  await assert.rejects(
    waitFor(cluster, KEY, () => true, { signal: controller.signal, timers }),
    /enough/,
  );
});
