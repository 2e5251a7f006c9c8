import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { combineShares, splitSecret } from './shamir.js';

test('enough shares give the secret, whichever they are', () => {
  const cases = fc.tuple(
    fc.uint8Array({ minLength: 1, maxLength: 40 }),
    fc.integer({ min: 2, max: 8 }),
    fc.integer({ min: 0, max: 6 }),
    fc.nat(),
  );
  fc.assert(
    fc.property(cases, ([secret, threshold, more, order]) => {
      const shares = splitSecret(secret, threshold + more, threshold, (size) => randomBytes(size));
      const chosen = [...shares].sort((a, b) => ((a.at(-1)! * 7 + order) % 11) - ((b.at(-1)! * 7 + order) % 11)).slice(0, threshold);
      assert.deepEqual(combineShares(chosen), secret);
      assert.equal(shares[0]?.length, secret.length + 1);
    }),
    { numRuns: 60 },
  );
});

test('too few shares give something else', () => {
  const secret = new Uint8Array(32).fill(7);
  const shares = splitSecret(secret, 3, 3, (size) => randomBytes(size));
  assert.notDeepEqual(combineShares(shares.slice(0, 2)), secret);
});

test('shares that do not belong together are refused', () => {
  const [a, b] = splitSecret(new Uint8Array([1, 2, 3]), 3, 2, (size) => randomBytes(size)) as [Uint8Array, Uint8Array];
  assert.throws(() => combineShares([a, a]), /at the same place/);
  assert.throws(() => combineShares([a, b.subarray(1)]), /different lengths/);
  assert.throws(() => combineShares([a]), /do not fit/);
  assert.throws(() => splitSecret(new Uint8Array(3), 2, 3, (size) => randomBytes(size)), /threshold must be from 2/);
});
