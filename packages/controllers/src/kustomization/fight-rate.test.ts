import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FightRate } from './fight-rate.js';

test('an object that somebody keeps changing is put right less and less often, until there is peace', () => {
  let now = 0;
  const rate = new FightRate({ now: () => now });
  const delays = Array.from({ length: 13 }, () => rate.count('a').delayMs);
  assert.deepEqual(delays, [0, 0, 0, 0, 0, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
  assert.equal(rate.count('b').delayMs, 0);
  now += 5 * 60_000;
  assert.deepEqual(rate.count('a'), { times: 1, delayMs: 0 });
});
