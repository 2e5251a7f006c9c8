import assert from 'node:assert/strict';
import { test } from 'node:test';
import { integer } from './der.js';

const cases: readonly [string, Buffer | number, string][] = [
  ['zero', 0, '020100'],
  ['one byte', 0x7f, '02017f'],
  ['a high bit', 0x80, '02020080'],
  ['bytes that begin with zeros, as one of 256 random ones does', Buffer.from('0000017f', 'hex'), '0202017f'],
  ['a zero that is needed', Buffer.from('00ff', 'hex'), '020200ff'],
  ['no bytes', Buffer.alloc(0), '020100'],
];
for (const [name, value, expected] of cases) {
  test(`an integer in DER: ${name}`, () => assert.equal(integer(value).toString('hex'), expected));
}
