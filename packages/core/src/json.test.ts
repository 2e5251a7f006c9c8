import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deepEqual, setOwn } from './index.js';

test('deepEqual compares JSON, whatever the order of keys', () => {
  assert.ok(deepEqual({ a: [1, { b: null }], c: 'x' }, { c: 'x', a: [1, { b: null }] }));
  for (const [a, b] of [
    [{}, []],
    [{ a: undefined }, { b: undefined }],
    [[1], [1, 2]],
    [null, {}],
    [0, false],
    [{ a: 1 }, { a: 1, b: 2 }],
  ]) {
    assert.ok(!deepEqual(a, b));
  }
});

test('setOwn keeps __proto__ as data', () => {
  const object: Record<string, unknown> = {};
  setOwn(object, '__proto__', { polluted: true });
  assert.equal(Object.getPrototypeOf(object), Object.prototype);
  assert.equal(JSON.stringify(object), '{"__proto__":{"polluted":true}}');
  assert.ok(!deepEqual(object, {}));
});
