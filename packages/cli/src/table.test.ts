import assert from 'node:assert/strict';
import { test } from 'node:test';
import { printTable } from './table.js';

test('cells are padded to their column and followed by a tab', () => {
  assert.equal(
    printTable(
      ['Name', 'Ready'],
      [
        ['podinfo', 'True'],
        ['a', 'False'],
      ],
    ),
    'NAME   \tREADY \npodinfo\tTrue \t\na      \tFalse\t\n',
  );
});

test('a table without rows is its header; without a header its rows', () => {
  assert.equal(printTable(['Name', 'Ready'], []), 'NAME\tREADY \n');
  assert.equal(printTable([], [['a', 'b']]), 'a\tb\t\n');
});

test('a message can neither break the table nor drive the terminal', () => {
  assert.equal(printTable([], [['a\rb\tc', '\u001b[31mred\u0007']]), 'a b c\t\\x1b[31mred\\x07\t\n');
});

test('a message of several lines makes its row as high', () => {
  assert.equal(
    printTable(
      ['Name', 'Message', 'More'],
      [
        ['a', 'first\nsecond line', 'x'],
        ['b', '', 'y'],
      ],
    ),
    'NAME\tMESSAGE    \tMORE \na   \tfirst      \tx   \t\n    \tsecond line\t    \t\nb   \t           \ty   \t\n',
  );
});

test('columns are as wide as a terminal shows them', () => {
  assert.equal(printTable([], [['日本'], ['abcd'], ['e\u0301']]), '日本\t\nabcd\t\ne\u0301   \t\n');
});
