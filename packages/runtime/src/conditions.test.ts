import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setCondition, type Condition } from './index.js';

const at = (generation: number, time = '2026-01-01T00:00:00Z') => ({ generation, time });
const ready = (message: string, reason = 'Succeeded') => ({ type: 'Ready', status: 'True', reason, message }) as const;

test('a change of status, reason or message moves the transition time; nothing else does', () => {
  const first = setCondition([], ready('a'), at(1, 't1'));
  for (const [state, moved] of [
    [ready('a'), false],
    [ready('b'), true],
    [ready('a', 'Other'), true],
    [{ ...ready('a'), status: 'False' }, true],
  ] as const) {
    const [condition] = setCondition(first, state, at(2, 't2'));
    assert.equal(condition!.lastTransitionTime, moved ? 't2' : 't1');
    assert.equal(condition!.observedGeneration, 2);
  }
});

test('Stalled, Reconciling and Ready stand first, then the newest generation, then the name', () => {
  let list: Condition[] = [];
  for (const [type, generation] of [
    ['B', 1],
    ['Ready', 1],
    ['A', 1],
    ['C', 3],
    ['Reconciling', 1],
    ['Stalled', 1],
  ] as const) {
    list = setCondition(list, { type, status: 'True', reason: 'X', message: '' }, at(generation));
  }
  assert.deepEqual(
    list.map(({ type }) => type),
    ['Stalled', 'Reconciling', 'Ready', 'C', 'A', 'B'],
  );
});

test('a message is cut at 32,768 bytes, between characters', () => {
  for (const [message, bytes] of [
    ['x'.repeat(32_768), 32_768],
    ['x'.repeat(32_769), 32_768],
    ['é'.repeat(20_000), 32_767],
    ['😀'.repeat(10_000), 32_767],
  ] as const) {
    const cut = setCondition([], ready(message), at(1))[0]!.message;
    assert.equal(Buffer.byteLength(cut), bytes);
    assert.equal(cut.endsWith('...'), cut !== message);
    assert.ok(!cut.includes('\ufffd'));
  }
});
