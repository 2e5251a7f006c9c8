import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { Comment, Mapping, Timestamp, type Value } from '../tree.js';
import { printPlain, readPlain, type SopsFormat } from './format.js';

/** What a text becomes when it is read and printed again, as SOPS prints it. */
const printed = (text: string, format: SopsFormat): string =>
  Buffer.from(printPlain(readPlain(Buffer.from(text), format), format)).toString('utf8');

describe('what is read is printed as SOPS prints it', () => {
  const cases: readonly (readonly [format: SopsFormat, text: string, expected: string])[] = [
    ['yaml', 'a: [1, two]\nb: {c: ~}\n', 'a:\n    - 1\n    - two\nb:\n    c: null\n'],
    ['yaml', 'a: 2001-12-14t21:59:43.10-05:00\nb: 0x1F\nc: 1e3\n', 'a: 2001-12-14T21:59:43.1-05:00\nb: 31\nc: 1000\n'],
    ['yaml', 'base: &b\n  x: 1\nref:\n  <<: *b\n', 'base:\n    x: 1\nref:\n    !!merge <<:\n        x: 1\n'],
    ['yaml', 'a: "yes"\nb: "1:20"\nc: "a\\nb\\n"\n', 'a: "yes"\nb: "1:20"\nc: |\n    a\n    b\n'],
    ['yaml', '---\n---\na: 1\n', '{}\n---\na: 1\n'],
    ['yaml', 'a: !!binary gIGC\n', 'a: !!binary gIGC\n'],
    [
      'json',
      '{"a":1e21,"b":-0,"c":9223372036854775808,"d":"<\\ud800>"}x',
      '{\n\t"a": 1e+21,\n\t"b": 0,\n\t"c": 9223372036854776000,\n\t"d": "\\u003c\uFFFD\\u003e"\n}\n',
    ],
    ['dotenv', '# c\n\nA="x\\ny"\nexport B=\n', '# c\nA="x\\ny"\nexport B=\n'],
    ['ini', '; c\na = `x;y`\n[s]\nlong = "p"\nb =\n', '; c\na = `x;y`\n\n[s]\nlong = p\nb    = \n'],
    ['ini', '[s]\na = 1\na = 2\n- = x\nk = one \\\n two\n', '[s]\na  = 2\n#1 = x\nk  = one two\n'],
    ['binary', '\u0000x', '\u0000x'],
  ];
  for (const [format, text, expected] of cases)
    test(`${format}: ${JSON.stringify(text)}`, () => assert.equal(printed(text, format), expected));
});

describe('what can not be read, and where', () => {
  const cases: readonly (readonly [format: SopsFormat, text: string, message: RegExp])[] = [
    ['yaml', '- a\n', /a mapping at its root, and this one is a list/],
    ['yaml', 'a: 1\na: 2\n', /"a" is there twice/],
    ['yaml', '1: x\n', /a key is not a string/],
    ['yaml', 'a: 18446744073709551615\n', /more than 64 bits/],
    ['yaml', 'a: {<<: 5}\n', /is no mapping/],
    ['json', '[1]', /an object at its root/],
    ['json', '{"a": 1', /line 1, column 8: the file ends in the middle/],
    ['json', '{"a":\n tru}', /line 2, column 2: this is no value/],
    ['dotenv', 'A=1\nJUST\n', /line 2 of the environment file has no "="/],
    ['ini', '[s\n', /line 1: the header of a section is not closed/],
    ['ini', 'a = `x\n', /quotes around a value are not closed/],
  ];
  for (const [format, text, message] of cases) {
    test(`${format}: ${JSON.stringify(text)}`, () => assert.throws(() => readPlain(Buffer.from(text), format), message));
  }
});

const scalars = fc.oneof(
  fc.string({ unit: 'binary' }).map((text) => Buffer.from(text).toString('utf8')),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.boolean(),
  fc.constant(null),
);
/** `<<` merges, and is no key like others. */
const isPlainKey = (key: string): boolean => key !== '<<';

const { tree } = fc.letrec<{ tree: Value; value: Value }>((tie) => ({
  value: fc.oneof({ depthSize: 'small' }, scalars, fc.array(tie('value'), { maxLength: 4 }), tie('tree')),
  tree: fc
    .uniqueArray(fc.tuple(fc.string().filter(isPlainKey), tie('value')), { selector: ([key]) => key, maxLength: 5 })
    .map((entries) => new Mapping(entries.map(([key, value]) => ({ key, value })))),
}));

for (const format of ['yaml', 'json'] as const) {
  test(`${format}: whatever is printed is read again`, () => {
    fc.assert(
      fc.property(tree, (document) => {
        assert.deepEqual(readPlain(printPlain([document as Mapping], format), format), [document]);
      }),
    );
  });
}

test('comments and times keep their places', () => {
  const document = new Mapping([
    { key: new Comment(' above'), value: null },
    { key: new Comment(' behind', true), value: null },
    { key: 'at', value: new Timestamp('2026-01-01T00:00:00Z') },
    { key: 'list', value: [new Comment(' first'), 'x', new Comment(' last')] },
  ]);
  assert.equal(
    Buffer.from(printPlain([document], 'yaml')).toString('utf8'),
    '# above\nat: 2026-01-01T00:00:00Z # behind\nlist:\n    # first\n    - x\n    # last\n',
  );
});
