import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readEvent, type NotificationEvent } from '@sluice/notifications';
import * as fc from 'fast-check';
import { ProviderQueue, type Waiting } from './provider-queue.js';

function eventOf(message: string, name = 'app', metadata: Record<string, string> = {}): NotificationEvent {
  return readEvent({
    involvedObject: { kind: 'Kustomization', namespace: 'apps', name },
    severity: 'info',
    message,
    reason: 'R',
    metadata,
  });
}

const all = (queue: ProviderQueue): Waiting[] => {
  const taken: Waiting[] = [];
  for (let next = queue.take(); next !== undefined; next = queue.take()) taken.push(next);
  return taken;
};

void test('events come out as they came in', () => {
  const queue = new ProviderQueue();
  for (const message of ['one', 'two', 'three']) assert.equal(queue.add({ alert: 'a/b', event: eventOf(message) }), 'queued');
  assert.deepEqual(
    all(queue).map(({ event }) => event.message),
    ['one', 'two', 'three'],
  );
});

void test('a burst about one object becomes one message with the newest metadata', () => {
  const queue = new ProviderQueue({ items: 100, bytes: 1_000_000, groupFrom: 2 });
  queue.add({ alert: 'a/b', event: eventOf('other', 'other') });
  queue.add({ alert: 'a/b', event: eventOf('step 0') });
  for (let step = 1; step < 30; step += 1) {
    assert.equal(queue.add({ alert: 'a/b', event: eventOf(`step ${step}`, 'app', { revision: String(step) }) }), 'grouped');
  }
  const [, group, ...rest] = all(queue);
  assert.equal(rest.length, 0);
  assert.deepEqual(group?.event.message.split('\n'), [...Array.from({ length: 10 }, (_, step) => `step ${step}`), '… and 20 more']);
  assert.deepEqual(group?.event.metadata, { revision: '29' });
});

void test('whatever comes, what waits is bounded, and nothing is neither told, grouped nor dropped', () => {
  const limits = { items: 8, bytes: 400, groupFrom: 3 };
  const arrival = fc.record({
    name: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'),
    message: fc.string({ maxLength: 120 }),
    take: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(arrival, { maxLength: 60 }), (arrivals) => {
      const queue = new ProviderQueue(limits);
      const counts = { queued: 0, grouped: 0, dropped: 0 };
      let told = 0;
      for (const { name, message, take } of arrivals) {
        counts[queue.add({ alert: 'a/b', event: eventOf(message, name) })] += 1;
        assert.ok(queue.size <= limits.items);
        if (take && queue.take() !== undefined) told += 1;
      }
      told += all(queue).length;
      assert.equal(told, counts.queued);
      assert.equal(counts.queued + counts.grouped + counts.dropped, arrivals.length);
    }),
  );
});
