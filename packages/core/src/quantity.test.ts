import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { compareQuantities, formatQuantity, parseQuantity, type Quantity } from './quantity.js';

function parsed(text: string): Quantity {
  const quantity = parseQuantity(text);
  assert.ok(typeof quantity !== 'string', text);
  return quantity;
}

function fault(text: string): string {
  const quantity = parseQuantity(text);
  return typeof quantity === 'string' ? quantity : '';
}

test('quantities read and print as the API server stores them', () => {
  const cases: [text: string, canonical: string][] = [
    ['0', '0'],
    ['0Mi', '0'],
    ['1', '1'],
    ['1000m', '1'],
    ['0.5', '500m'],
    ['.5', '500m'],
    ['1.', '1'],
    ['1500m', '1500m'],
    ['1024Mi', '1Gi'],
    ['1.5Gi', '1536Mi'],
    ['0.1Ki', '102400m'],
    ['512', '512'],
    ['1000', '1k'],
    ['1000Ki', '1000Ki'],
    ['12e6', '12e6'],
    ['12E6', '12e6'],
    ['1e3', '1e3'],
    ['100e-2', '1'],
    ['-1Gi', '-1Gi'],
    ['+5', '5'],
    ['0.0000000001', '1n'],
    ['1E', '1E'],
    ['1Ei', '1Ei'],
    ['10000000000E', '9223372036854775807'],
    ['1e999999999', '9223372036854775807'],
    ['1e-999999999', '1e-9'],
  ];
  for (const [text, canonical] of cases) assert.equal(formatQuantity(parsed(text)), canonical, text);
});

test('what is no quantity comes back with the fault', () => {
  for (const text of ['', 'x', '1 Gi', '--1', '1..2', '.', '1x', '1KI']) assert.match(fault(text), /^quantities must match/, text);
  for (const text of ['1mm', '1K', '1e', '1Mi5']) assert.equal(parseQuantity(text), "unable to parse quantity's suffix", text);
});

test('printing and reading again is the same quantity', () => {
  const suffix = fc.constantFrom('n', 'u', 'm', '', 'k', 'M', 'G', 'Ki', 'Mi', 'Gi', 'e3', 'e-2');
  fc.assert(
    fc.property(fc.integer({ min: -1_000_000, max: 1_000_000 }), suffix, (number, unit) => {
      const quantity = parsed(`${number}${unit}`);
      const again = parsed(formatQuantity(quantity));
      assert.equal(compareQuantities(quantity, again), 0);
      assert.equal(formatQuantity(again), formatQuantity(quantity));
    }),
  );
});
