import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readEvent, type NotificationEvent } from '@sluice/notifications';
import { eventAbout } from '../testing/inbox.js';
import { createRepeats } from './repeats.js';

const event = (message: string): NotificationEvent => readEvent(eventAbout('apps', message));

function repeatsAt(windowMs: number) {
  const clock = { now: 0 };
  const repeats = createRepeats(windowMs, () => clock.now);
  return { clock, isRepeat: (message: string) => repeats.isRepeat(event(message)) };
}

test('what was told within the window is a repeat, until the window has passed since it was told', () => {
  const { clock, isRepeat } = repeatsAt(100);
  assert.equal(isRepeat('a'), false);
  clock.now = 60;
  assert.equal(isRepeat('b'), false);
  clock.now = 99;
  assert.equal(isRepeat('a'), true);
  clock.now = 100;
  assert.equal(isRepeat('a'), false);
  clock.now = 159;
  assert.equal(isRepeat('b'), true);
  clock.now = 160;
  assert.equal(isRepeat('b'), false);
  clock.now = 199;
  assert.equal(isRepeat('a'), true);
  clock.now = 10_000;
  assert.equal(isRepeat('a'), false);
});

test('without a window nothing is a repeat', () => {
  const { isRepeat } = repeatsAt(0);
  assert.equal(isRepeat('a'), false);
  assert.equal(isRepeat('a'), false);
});

test('of a flood the newest are remembered, and what is oldest is forgotten', () => {
  const { clock, isRepeat } = repeatsAt(1_000_000);
  for (let index = 0; index < 80_000; index++) {
    clock.now = index;
    assert.equal(isRepeat(`message ${index}`), false);
  }
  assert.equal(isRepeat('message 79999'), true);
  assert.equal(isRepeat('message 60000'), true);
  assert.equal(isRepeat('message 0'), false);
});
