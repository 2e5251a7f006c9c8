import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SluiceError } from '@sluice/core';
import { printYaml, printYamlPretty, printYamlSorted } from '../index.js';

const long = 'every word of this text counts for the column at which it is folded, and it is folded at a space';

test('values are printed as sigs.k8s.io/yaml prints them', () => {
  for (const [value, text] of [
    [null, 'null\n'],
    [{}, '{}\n'],
    [[], '[]\n'],
    ['a', 'a\n'],
    [{ b: 1, a: [1, [2, { c: [] }]], aa: { x: null } }, 'a:\n- 1\n- - 2\n  - c: []\naa:\n  x: null\nb: 1\n'],
    [{ v10: 1, v9: 2, 'a-b': 3, a_b: 4, A: 5 }, 'A: 5\na-b: 3\na_b: 4\nv9: 2\nv10: 1\n'],
    [{ text: long }, 'text: every word of this text counts for the column at which it is folded, and it\n  is folded at a space\n'],
    [
      { text: `'${long}` },
      `text: '''every word of this text counts for the column at which it is folded, and\n  it is folded at a space'\n`,
    ],
    [
      { text: `\t${long}` },
      `text: "\\tevery word of this text counts for the column at which it is folded, and\n  it is folded at a space"\n`,
    ],
    [['😀', '☃', 'é', '\u0001', '\u00a0', '\u2028', '\ud800'], '- "\\U0001F600"\n- ☃\n- é\n- "\\x01"\n- \u00a0\n- \'\u2028\'\n- �\n'],
    [{ ['k'.repeat(129)]: 1, 'a\nb': [2] }, `? |-\n  a\n  b\n: - 2\n? ${'k'.repeat(129)}\n: 1\n`],
    [{ '1': 'a', true: 'b', '': 'c', 'd e': 'f', undefined: undefined }, '"": c\n"1": a\nd e: f\n"true": b\n'],
  ] as const) {
    assert.equal(printYaml(value), text);
  }
});

test('strings are quoted where they would be read as something else', () => {
  for (const [value, text] of [
    ['', '""'],
    [' a', "' a'"],
    ['a ', "'a '"],
    ['a: b', "'a: b'"],
    ['a #b', "'a #b'"],
    ['- a', "'- a'"],
    ['-a', '-a'],
    ['?a', '?a'],
    ['*a', "'*a'"],
    ["it's", "it's"],
    ["'a", "'''a'"],
    ['on', '"on"'],
    ['y', '"y"'],
    ['~', '"~"'],
    ['1', '"1"'],
    ['1_0', '"1_0"'],
    ['1:30', '"1:30"'],
    ['2001-01-01', '"2001-01-01"'],
    ['.inf', '".inf"'],
    ['=', '='],
    ['<<', '<<'],
    ['---', "'---'"],
    ['a\tb', '"a\\tb"'],
    ['./a', './a'],
    ['--a=b', '--a=b'],
    ['a\nb', '|-\n  a\n  b'],
    ['a\nb\n', '|\n  a\n  b'],
    ['a\n\n', '|+\n  a\n'],
    ['\na', '|2-\n\n  a'],
    ['a\n ', '"a\\n "'],
  ] as const) {
    assert.equal(printYaml({ k: value }), `k: ${text}\n`);
  }
});

test('numbers are printed as Go does', () => {
  for (const [value, text, pretty] of [
    [0, '0', '0'],
    [-0, '0', '-0'],
    [1_000_000, '1000000', '1e+06'],
    [1234567.5, '1.2345675e+06', '1.2345675e+06'],
    [1e20, '1e+20', '1e+20'],
    [1e19, '10000000000000000000', '1e+19'],
    [0.00001, '1e-05', '1e-05'],
    [0.1, '0.1', '0.1'],
    [9007199254740993n, '9007199254740993', '9007199254740993'],
    [2n ** 64n, '1.8446744073709552e+19', '18446744073709551616'],
  ] as const) {
    assert.equal(printYaml(value), `${text}\n`);
    assert.equal(printYamlPretty(value), `${pretty}\n`);
  }
  assert.throws(() => printYaml({ a: NaN }), SluiceError);
});

test('what JSON and YAML together can not carry is refused, as by the Go tools', () => {
  assert.throws(() => printYaml('a\x7F'), SluiceError);
  assert.throws(() => printYaml({ ['k'.repeat(1_100)]: 1 }), SluiceError);
});

test('toYamlPretty indents sequences and folds nothing', () => {
  assert.equal(printYamlPretty({ a: [{ b: ['y'] }], t: long }), `a:\n  - b:\n      - "y"\nt: ${long}\n`);
});

test('keys can come in the order of their bytes', () => {
  const value = { v9: { b: [{ z: 1, Z: 2 }] }, v10: 1, 10: 'ten', 9: 'nine', é: 1, '😀': 2 };
  const text = '"10": ten\n"9": nine\nv10: 1\nv9:\n  b:\n  - Z: 2\n    z: 1\né: 1\n"\\U0001F600": 2\n';
  assert.equal(printYamlSorted(value), text);
});
