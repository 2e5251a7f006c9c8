import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { createWorkQueue, Priority, type Next, type Turn } from './index.js';
import { manualClock, settle } from './testing/index.js';

const IDLE: Next = { type: 'idle' };

function queueOf(process: (turn: Turn<string>) => Promise<Next>, concurrency = 1) {
  const clock = manualClock();
  const queue = createWorkQueue<string>({ concurrency, clock, random: () => 0, process, backoff: { firstMs: 100, longestMs: 1000 } });
  return { clock, queue };
}

test('a key that waits is not doubled; its causes add up and its priority rises', async () => {
  const turns: string[] = [];
  const { queue } = queueOf(async ({ key, causes }) => {
    turns.push(`${key}:${causes.join('+')}`);
    return IDLE;
  });
  queue.add('low', Priority.resync, 'a');
  queue.add('high', Priority.change, 'b');
  queue.add('low', Priority.request, 'c');
  queue.add('low', Priority.resync, 'd');
  await settle();
  assert.deepEqual(turns, ['low:a+c+d', 'high:b']);
});

test('one key is never worked on twice at the same time; what comes meanwhile runs afterwards and is announced', async () => {
  let active = 0;
  let release: (() => void) | undefined;
  const seen: unknown[] = [];
  const { queue } = queueOf(async ({ causes, onOvertaken }) => {
    assert.equal(++active, 1);
    onOvertaken((cause) => seen.push(`overtaken by ${cause}`));
    if (causes.includes('first')) await new Promise<void>((resolve) => (release = resolve));
    seen.push(causes.join('+'));
    active--;
    return IDLE;
  }, 4);
  queue.add('a', Priority.change, 'first');
  await settle();
  queue.add('a', Priority.change, 'second');
  queue.add('a', Priority.change, 'third');
  await settle();
  release!();
  await settle();
  assert.deepEqual(seen, ['overtaken by second', 'overtaken by third', 'first', 'second+third']);
});

test('failures back off twice as long each time, up to a limit, and a success starts over', async () => {
  const times: number[] = [];
  let outcome: Next = { type: 'retry' };
  const { clock, queue } = queueOf(async () => {
    times.push(clock.now() - start);
    return outcome;
  });
  const start = clock.now();
  queue.add('a', Priority.change);
  await clock.advance(3600);
  assert.deepEqual(times, [0, 100, 300, 700, 1500, 2500, 3500]);
  outcome = { type: 'after', delayMs: 5000 };
  await clock.advance(1000);
  outcome = { type: 'retry' };
  await clock.advance(5200);
  assert.deepEqual(times.slice(7), [4500, 9500, 9600, 9800]);
});

test('what is thrown counts as a failure', async () => {
  let turns = 0;
  const { clock, queue } = queueOf(async () => {
    turns++;
    throw new Error('boom');
  });
  queue.add('a', Priority.change);
  await clock.advance(150);
  assert.equal(turns, 2);
});

test('a change takes the place of the interval that was waited for', async () => {
  const times: number[] = [];
  const { clock, queue } = queueOf(async () => {
    times.push(clock.now() - start);
    return { type: 'after', delayMs: 1000 };
  });
  const start = clock.now();
  queue.add('a', Priority.change);
  await clock.advance(400);
  queue.add('a', Priority.change);
  await clock.advance(1200);
  assert.deepEqual(times, [0, 400, 1400]);
});

test('under a flood of changes the safety net is not starved', async () => {
  const order: string[] = [];
  const { queue } = queueOf(async ({ key }) => {
    order.push(key);
    return IDLE;
  });
  queue.add('patient', Priority.resync);
  for (let i = 0; i < 50; i++) queue.add(`c${i}`, Priority.change);
  await settle();
  assert.ok(order.indexOf('patient') < 10, String(order.indexOf('patient')));
});

test('stop lets running turns end and starts no more', async () => {
  let release: (() => void) | undefined;
  const started: string[] = [];
  const { queue } = queueOf(async ({ key }) => {
    started.push(key);
    await new Promise<void>((resolve) => (release = resolve));
    return { type: 'after', delayMs: 0 };
  });
  queue.add('a', Priority.change);
  queue.add('b', Priority.change);
  await settle();
  let stopped = false;
  const done = queue.stop().then(() => (stopped = true));
  queue.add('c', Priority.change);
  await settle();
  assert.equal(stopped, false);
  release!();
  await done;
  await settle();
  assert.deepEqual(started, ['a']);
});

test('whatever is added, in whatever order: every key runs after its last cause, never twice at once', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 4 }), fc.constantFrom(...Object.values(Priority)), fc.boolean()), { maxLength: 40 }),
      async (adds) => {
        const active = new Set<string>();
        const delivered = new Map<string, string[]>();
        const { queue } = queueOf(async ({ key, causes }) => {
          assert.ok(!active.has(key));
          active.add(key);
          await Promise.resolve();
          delivered.set(key, [...(delivered.get(key) ?? []), ...causes]);
          active.delete(key);
          return IDLE;
        }, 2);
        const wanted = new Map<string, string[]>();
        for (const [index, [id, priority, pause]] of adds.entries()) {
          queue.add(`k${id}`, priority, String(index));
          wanted.set(`k${id}`, [...(wanted.get(`k${id}`) ?? []), String(index)]);
          if (pause) await Promise.resolve();
        }
        await settle();
        assert.deepEqual(Object.fromEntries(delivered), Object.fromEntries(wanted));
      },
    ),
    { numRuns: 50 },
  );
});
