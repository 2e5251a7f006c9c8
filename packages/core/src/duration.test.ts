import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { formatDuration, parseDuration } from './index.js';

const durations: [string, number, string][] = [
  ['0', 0, '0s'],
  ['1m', 60_000, '1m0s'],
  ['1h', 3_600_000, '1h0m0s'],
  ['1h30m', 5_400_000, '1h30m0s'],
  ['1.5s', 1_500, '1.5s'],
  ['.5h', 1_800_000, '30m0s'],
  ['100ms', 100, '100ms'],
  ['90s', 90_000, '1m30s'],
  ['-2s', -2_000, '-2s'],
  ['3us', 0.003, '3µs'],
  ['7ns', 0.000007, '7ns'],
];

for (const [text, milliseconds, printed] of durations) {
  test(`${text} is ${milliseconds} ms, printed ${printed}`, () => {
    assert.equal(parseDuration(text), milliseconds);
    assert.equal(formatDuration(milliseconds), printed);
  });
}

for (const [text, message] of [
  ['', 'time: invalid duration ""'],
  ['abc', 'time: invalid duration "abc"'],
  ['5', 'time: missing unit in duration "5"'],
  ['5x', 'time: unknown unit "x" in duration "5x"'],
  ['5constructor', 'time: unknown unit "constructor" in duration "5constructor"'],
  ['1\t"é"', 'time: unknown unit "\\x09\\"\\xc3\\xa9\\"" in duration "1\\x09\\"\\xc3\\xa9\\""'],
  ['9999999999999h', 'time: invalid duration "9999999999999h"'],
] as const) {
  test(`${JSON.stringify(text)} is refused as Go refuses it`, () => {
    assert.throws(() => parseDuration(text), { message });
  });
}

test('what is printed reads back', () => {
  fc.assert(
    fc.property(fc.integer({ min: -1e12, max: 1e12 }), (milliseconds) => {
      assert.equal(parseDuration(formatDuration(milliseconds)), milliseconds);
    }),
  );
});
