import { deepEqual, isJsonObject, setOwn } from '@sluice/core';
import * as fc from 'fast-check';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMergePatch } from './merge-patch.js';

const cases: readonly [from: object, to: object, patch: object | undefined][] = [
  [{ a: 1 }, { a: 1 }, undefined],
  [{ a: 1 }, { a: 2 }, { a: 2 }],
  [{ a: 1, b: 1 }, { a: 1 }, { b: null }],
  [{ a: { b: 1, c: 1 } }, { a: { b: 2, c: 1 } }, { a: { b: 2 } }],
  [{ a: [1, 2] }, { a: [2] }, { a: [2] }],
  [{ a: 1 }, { a: { b: 1 } }, { a: { b: 1 } }],
  [{ a: { b: 1 } }, { a: 1 }, { a: 1 }],
  [{}, { a: {} }, { a: {} }],
  [{ a: 1 }, { a: null }, { a: null }],
  [{}, { a: undefined, b: null }, undefined],
];

for (const [from, to, patch] of cases) {
  test(`from ${JSON.stringify(from)} to ${JSON.stringify(to)}`, () => assert.deepEqual(createMergePatch(from, to), patch));
}

/** RFC 7386, as it is written there. */
function applied(target: unknown, patch: unknown): unknown {
  if (!isJsonObject(patch)) return patch;
  const result: Record<string, unknown> = {};
  if (isJsonObject(target)) for (const key of Object.keys(target)) setOwn(result, key, target[key]);
  for (const key of Object.keys(patch)) {
    if (patch[key] === null) delete result[key];
    else setOwn(result, key, applied(Object.hasOwn(result, key) ? result[key] : undefined, patch[key]));
  }
  return result;
}

const key = fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor');
const value = fc.letrec((tie) => ({
  any: fc.oneof({ maxDepth: 4 }, fc.integer(), fc.string(), fc.boolean(), fc.array(fc.integer(), { maxLength: 2 }), tie('object')),
  object: fc.uniqueArray(fc.tuple(key, tie('any')), { selector: ([name]) => name, maxLength: 4 }).map((entries) => {
    const object: Record<string, unknown> = {};
    for (const [name, inner] of entries) setOwn(object, name, inner);
    return object;
  }),
}));

test('applied to the one it gives the other', () => {
  fc.assert(
    fc.property(value.object as fc.Arbitrary<object>, value.object as fc.Arbitrary<object>, (from, to) => {
      const patch = createMergePatch(from, to);
      assert.equal(patch === undefined, deepEqual(from, to));
      assert.ok(deepEqual(applied(from, patch ?? {}), to));
    }),
  );
});
