import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deepEqual, goJson, setOwn } from './index.js';

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

test('goJson escapes what Go escapes, in keys and values', () => {
  const separators = String.fromCharCode(0x2028, 0x2029);
  assert.equal(goJson({ 'a<b': `<&>${separators}"\n` }), String.raw`{"a\u003cb":"\u003c\u0026\u003e\u2028\u2029\"\n"}`);
  assert.deepEqual(JSON.parse(goJson(['<&>', separators])), ['<&>', separators]);
});
