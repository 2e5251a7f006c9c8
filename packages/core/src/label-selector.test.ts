import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseLabelSelector } from './label-selector.js';

test('label selectors select as apimachinery does', async (t) => {
  const labels = { app: 'web', tier: 'front', weight: '5', 'example.com/team': 'a' };
  const cases: [string, boolean][] = [
    ['', true],
    ['app', true],
    ['!app', false],
    ['!canary', true],
    ['app=web', true],
    ['app==web,tier=front', true],
    ['app=web,tier=back', false],
    ['app!=web', false],
    ['canary!=yes', true],
    ['app in (web, api)', true],
    ['app notin (web)', false],
    ['canary notin (yes)', true],
    ['weight>4', true],
    ['weight<5', false],
    ['example.com/team=a', true],
    ['toString', false],
    ['constructor=x', false],
  ];
  for (const [text, expected] of cases) {
    await t.test(text === '' ? 'the empty one' : text, () => {
      const selects = parseLabelSelector(text);
      assert.equal(selects(labels), expected);
      assert.equal(selects(new Map(Object.entries(labels))), expected);
    });
  }
  await t.test('no labels at all', () => assert.equal(parseLabelSelector('!app')(undefined), true));
});

test('label selectors that do not parse say why', () => {
  for (const text of ['app in web', 'a,,b', '=x', 'app in (a', 'a b', 'app=a b', 'UPPER/x=1', 'app=-x', 'weight>x']) {
    assert.throws(() => parseLabelSelector(text), { reason: 'SelectorInvalid' }, text);
  }
});
