import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SluiceError } from '@sluice/core';
import * as fc from 'fast-check';
import { failing } from '../../testing/failing.js';
import { readCbor } from './cbor.js';

describe('CBOR', () => {
  // The examples of RFC 8949, appendix A.
  const cases: readonly [string, unknown][] = [
    ['00', 0],
    ['1818', 24],
    ['1a000f4240', 1_000_000],
    ['3903e7', -1000],
    ['f5', true],
    ['f6', null],
    ['fb3ff199999999999a', 1.1],
    ['c11a514b67b0', 1_363_896_240],
    ['4401020304', Buffer.from([1, 2, 3, 4])],
    ['62c3bc', 'ü'],
    ['8301820203820405', [1, [2, 3], [4, 5]]],
    [
      'a26161016162820203',
      new Map<string, unknown>([
        ['a', 1],
        ['b', [2, 3]],
      ]),
    ],
    [
      'a201020304',
      new Map([
        ['1', 2],
        ['3', 4],
      ]),
    ],
  ];
  for (const [hex, value] of cases) test(hex, () => assert.deepEqual(readCbor(Buffer.from(hex, 'hex')), value));

  test('that is none ends in words', () => {
    for (const hex of ['', '18', '5f', '9f', 'fc', '44010203', '0000', '9affffffff', '1bffffffffffffffff', '81'.repeat(100), 'a1f500']) {
      assert.throws(() => readCbor(Buffer.from(hex, 'hex')), failing('SignatureInvalid', /is no CBOR/), hex);
    }
  });

  test('of any bytes is read, or refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          readCbor(Buffer.from(bytes));
        } catch (error) {
          assert(error instanceof SluiceError, String(error));
        }
      }),
    );
  });
});
