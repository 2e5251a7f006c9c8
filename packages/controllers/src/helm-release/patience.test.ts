import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Patience } from './patience.js';

test('who has no retries left gets them back after its interval, then after twice that, up to a day', () => {
  const patience = new Patience();
  assert.equal(patience.isOver('a', 0), false);
  assert.equal(patience.exhausted('a', 600_000, 0), 600_000);
  assert.equal(patience.exhausted('a', 600_000, 200_000), 400_000);
  assert.equal(patience.isOver('a', 599_999), false);
  assert.equal(patience.isOver('a', 600_000), true);
  // The retries that it has got are not given again before they are exhausted, too.
  assert.equal(patience.isOver('a', 700_000), false);
  assert.equal(patience.exhausted('a', 600_000, 700_000), 1_200_000);
  let now = 0;
  for (let turn = 0; turn < 20; turn++) now += patience.exhausted('b', 600_000, now);
  assert.equal(patience.exhausted('b', 600_000, now), 86_400_000);
  patience.forget('a');
  assert.equal(patience.exhausted('a', 600_000, 0), 600_000);
});
