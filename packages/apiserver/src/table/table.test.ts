import assert from 'node:assert/strict';
import { test } from 'node:test';
import { humanDuration } from '@sluice/core';
import { readJsonPath } from './json-path.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const durations: readonly (readonly [milliseconds: number, text: string])[] = [
  [-5 * SECOND, '<invalid>'],
  [0, '0s'],
  [119 * SECOND, '119s'],
  [3 * MINUTE + 20 * SECOND, '3m20s'],
  [5 * MINUTE, '5m'],
  [100 * MINUTE, '100m'],
  [5 * HOUR + 10 * MINUTE, '5h10m'],
  [47 * HOUR, '47h'],
  [3 * DAY + 2 * HOUR, '3d2h'],
  [400 * DAY, '400d'],
  [3 * 365 * DAY + 10 * DAY, '3y10d'],
  [9 * 365 * DAY, '9y'],
];

for (const [milliseconds, text] of durations) test(`${milliseconds} ms is ${text}`, () => assert.equal(humanDuration(milliseconds), text));

const object = {
  spec: { n: 5, list: ['a', 'b', 'c'], 'dotted.key': 'd', __proto__x: 1 },
  status: {
    conditions: [
      { type: 'Other', status: 'False' },
      { type: 'Ready', status: 'True', count: 3 },
    ],
  },
};

const paths: readonly (readonly [path: string, found: readonly unknown[]])[] = [
  ['.spec.n', [5]],
  ['.spec.missing.deeper', []],
  ['.spec.list[1]', ['b']],
  ['.spec.list[-1]', ['c']],
  ['.spec.list[0:2]', ['a', 'b']],
  ['.spec.list[*]', ['a', 'b', 'c']],
  ['.spec.dotted\\.key', ['d']],
  [".spec['dotted.key']", ['d']],
  ['.status.conditions[?(@.type=="Ready")].status', ['True']],
  ['.status.conditions[?(@.count>2)].type', ['Ready']],
  ['.status.conditions[?(@.count)].type', ['Ready']],
  ['.spec.constructor', []],
  ['.spec[', []],
];

for (const [path, found] of paths)
  test(`${path} finds ${JSON.stringify(found)}`, () => assert.deepEqual(readJsonPath(path, object), found));
