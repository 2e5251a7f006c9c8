import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { goInt, nilSlice, typedSlice, type GoValue } from '../values/values.js';
import { decodeJson } from './decode.js';
import { encodeJson } from './encode.js';

describe('JSON as encoding/json has it', () => {
  test('what is printed reads back as it was', () => {
    // Without -0, which JavaScript does not print as such.
    const values = fc.jsonValue({ maxDepth: 4, stringUnit: 'binary' }).map((value) => JSON.parse(JSON.stringify(value)) as GoValue);
    fc.assert(
      fc.property(values, (value) => {
        const text = encodeJson(value);
        assert.deepEqual(JSON.parse(text), value);
        assert.equal(encodeJson(decodeJson(text)), text);
        assert.deepEqual(JSON.parse(encodeJson(value, { indent: '  ' })), JSON.parse(text));
      }),
    );
  });

  test('what JavaScript refuses is refused, with words of Go', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 2 }), fc.nat(), fc.constantFrom('', ',', '}', ']', '"', ':', 'x', '\n', '0'), (text, at, put) => {
        const broken = text.slice(0, at % (text.length + 1)) + put + text.slice((at % (text.length + 1)) + 1);
        // A number beyond float64's is infinite in JavaScript, and refused by Go.
        fc.pre(!/e\+?\d{3}/i.test(broken));
        let isValid = true;
        try {
          JSON.parse(broken);
        } catch {
          isValid = false;
        }
        if (isValid) decodeJson(broken);
        else assert.throws(() => decodeJson(broken), /^Error: (unexpected end of JSON input|invalid character '.+' )/);
      }),
    );
  });

  const printed: readonly (readonly [GoValue, string])[] = [
    ['<a & b>\u2028', '"\\u003ca \\u0026 b\\u003e\\u2028"'],
    [1e21, '1e+21'],
    [1e-7, '1e-7'],
    [1_000_000, '1000000'],
    [-0, '-0'],
    [goInt(2n ** 62n, 'int64'), '4611686018427387904'],
    [nilSlice(), 'null'],
    [typedSlice('[]string', []), '[]'],
    [Uint8Array.from([1, 2]), '"AQI="'],
  ];
  for (const [value, text] of printed) test(`prints ${text}`, () => assert.equal(encodeJson(value), text));
});
