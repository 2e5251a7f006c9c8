import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { deadlineSignal, startDeadline, withDeadline } from './index.js';

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test('a deadline fires, also when only a listener knows it', async () => {
  let fired: unknown;
  deadlineSignal(20).addEventListener('abort', ({ target }) => (fired = (target as AbortSignal).reason));
  globalThis.gc?.();
  await pause(60);
  assert.equal((fired as Error).name, 'TimeoutError');
});

test("another signal's abortion and its reason come through, at once when it is aborted already", async () => {
  const reason = new Error('interrupted');
  const controller = new AbortController();
  const signal = deadlineSignal(10_000, controller.signal);
  assert.equal(signal.aborted, false);
  controller.abort(reason);
  assert.equal(signal.reason, reason);
  assert.equal(deadlineSignal(10_000, controller.signal).reason, reason);
});

test('what has ended under a deadline leaves no listener on the signal that it was given', async () => {
  const { signal } = new AbortController();
  await withDeadline(10_000, signal, () => Promise.resolve());
  await assert.rejects(
    withDeadline(10_000, signal, () => Promise.reject(new Error('failed'))),
    /failed/,
  );
  startDeadline(10_000, signal).cancel();
  assert.equal(getEventListeners(signal, 'abort').length, 0);
});
